"""The listener: a thread for each connection."""

from __future__ import annotations

import socket
import ssl
import threading
from itertools import count

from tests.tds.engine import Engine
from tests.tds.faults import Fault, FaultList
from tests.tds.login import Encryption
from tests.tds.session import Session

__all__ = ["Server"]


class Server:
    """Accepts connections on a free port of 127.0.0.1.

    `tls` is None for a server that can't encrypt.
    """

    def __init__(self, *, user: str, password: str, tls: ssl.SSLContext | None) -> None:
        self.user = user
        self.password = password
        self._tls = tls
        self.faults = FaultList()
        self._statements: list[tuple[int, str]] = []
        self._spids = count(51)
        self._sessions: dict[int, Session] = {}
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]

    @property
    def tls(self) -> ssl.SSLContext:
        assert self._tls is not None
        return self._tls

    def encryption_for(self, asked: Encryption) -> Encryption:
        if self._tls is None:
            return Encryption.NOT_SUPPORTED
        if asked in (Encryption.ON, Encryption.REQUIRED):
            return Encryption.ON
        return asked
    def open_engine(self, database: str, spid: int) -> Engine:
        return Engine()

    def meet(self, spid: int, text: str) -> Fault | None:
        self._statements.append((spid, text))
        return self.faults.meet(text)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spid = next(self._spids)
            session = Session(connection, self, spid)
            threading.Thread(target=session.run, daemon=True).start()
