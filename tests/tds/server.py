"""The listener: a thread for each connection."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from itertools import count

from tests.tds.catalog import Generation
from tests.tds.engine import Engine
from tests.tds.faults import Fault, FaultList
from tests.tds.login import Encryption, Login
from tests.tds.session import Session

__all__ = ["Server"]


class Server:
    """Accepts connections on a free port of 127.0.0.1.

    `tls` is None for a server that can't encrypt.
    """

    def __init__(
        self, url: str, default: str, generation: Generation, *, user: str, password: str,
        tls: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        self._url = url
        self._default = default
        self._generation = generation
        self._tls = tls
        self.user = user
        self.password = password
        self.faults = FaultList()
        self._statements: list[str] = []
        self._spids = count(51)
        self._sessions: set[Session] = set()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]

    @property
    def tls(self) -> ssl.SSLContext:
        assert self._tls is not None
        return self._tls

    def encryption_for(self, asked: Encryption) -> Encryption:
        """The answer to a client's PRELOGIN; as real servers do, the login itself is encrypted
        wherever both can."""
        if self._tls is None:
            return Encryption.NOT_SUPPORTED
        if asked in (Encryption.ON, Encryption.REQUIRED):
            return Encryption.ON
        return asked

    def open_engine(self, login: Login, spid: int) -> Engine:
        """A session's engine; SqlError 4060 where the database is not there."""
        database = login.database or self._default
        return Engine(
            self._url, database, self._generation,
            spid=spid, user=login.user, application=login.application,
        )  # fmt: skip

    def meet(self, text: str) -> Fault | None:
        """Notes a statement and gives the fault that it meets."""
        self._statements.append(text)
        return self.faults.meet(text)

    def mark(self) -> int:
        """How many statements there were."""
        return len(self._statements)

    def statements(self, pattern: str, since: int) -> list[str]:
        """The statements after a mark that a pattern finds."""
        return [s for s in self._statements[since:] if re.search(pattern, s, re.I | re.S)]

    def sessions(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    def serve(self) -> None:
        """Accepts until the process ends."""
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(connection, self, next(self._spids))
            threading.Thread(target=self._run, args=(session,), daemon=True).start()

    def _run(self, session: Session) -> None:
        self._sessions.add(session)
        try:
            session.run()
        finally:
            self._sessions.discard(session)
