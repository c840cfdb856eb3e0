"""One client: its login, then request after request."""

from __future__ import annotations

import queue
import socket
import struct
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from tests.tds import tokens
from tests.tds.engine import Engine
from tests.tds.errors import SqlError, beyond
from tests.tds.events import Count, Environment, Event, Notice, Output, Rows, Status
from tests.tds.failures import Interrupted
from tests.tds.faults import Fault
from tests.tds.login import Encryption, Login, prelogin_encryption, prelogin_reply
from tests.tds.packets import Channel, DisconnectedError, Kind, Message
from tests.tds.procedures import Prepared, call, text_of
from tests.tds.reply import Reply
from tests.tds.rpc import read_calls, skip_headers
from tests.tds.values import encode, encoder

if TYPE_CHECKING:
    from tests.tds.server import Server

__all__ = ["Session"]

# Clients ask for less than they can read; what they ask for is kept within TDS's own bounds.
_SMALLEST_PACKET, _LARGEST_PACKET = 512, 32_767
# The first version of TDS, 7.3 B, that knows rows with a bitmap of their NULLs.
_NULL_BITMAPS = 0x730B0003
_BEGIN, _COMMIT, _ROLLBACK = 5, 7, 8
_LEVELS = {1: "read uncommitted", 2: "read committed", 3: "repeatable read", 4: "serializable",
           5: "snapshot"}  # fmt: skip


class _CancelledError(Exception):
    """The client sent Attention."""


class Session:
    """Serves one connection until it ends."""

    def __init__(self, sock: socket.socket, server: Server, spid: int) -> None:
        self._channel = Channel(sock)
        self._server = server
        self._spid = spid
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._attention = threading.Event()
        self._gone = threading.Event()
        self._engine: Engine | None = None
        self._prepared = Prepared()
        self._version = 0

    def run(self) -> None:
        """Serves; returns when the connection is over."""
        try:
            try:
                logged_in = self._log_in()
            except (IndexError, ValueError, struct.error) as error:
                # A client of TDS 8 speaks TLS from its first byte on.
                raise DisconnectedError("not a login of TDS 7") from error
            if logged_in:
                threading.Thread(target=self._read, daemon=True).start()
                self._serve()
        except DisconnectedError:
            pass
        finally:
            self._channel.close()
            if self._engine is not None:
                self._engine.close()

    def close(self) -> None:
        """Cuts the connection, from whatever thread."""
        self._gone.set()
        self._channel.close(abruptly=True)

    # Login

    def _log_in(self) -> bool:
        asked = prelogin_encryption(self._channel.read().body)
        answer = self._server.encryption_for(asked)
        self._channel.write(prelogin_reply(answer))
        if answer is Encryption.NOT_SUPPORTED and asked in (Encryption.ON, Encryption.REQUIRED):
            return False
        if answer is not Encryption.NOT_SUPPORTED:
            self._channel.start_tls(self._server.tls)
        login = Login.parse(self._channel.read().body)
        if answer is Encryption.LOGIN_ONLY:
            self._channel.stop_tls()
        reply = Reply(self._channel)
        try:
            self._accept(login, reply)
        except SqlError as error:
            reply.add(tokens.error(error.number, error.severity, error.text, state=error.state))
            reply.done(failed=True)
            reply.send()
            return False
        reply.done()
        reply.send()
        self._channel.packet_size = self._packet_size(login)
        return True

    def _accept(self, login: Login, reply: Reply) -> None:
        if order := self._server.faults.refuse_login():
            raise SqlError(order["number"], order["text"], severity=order["severity"])
        if (login.user, login.password) != (self._server.user, self._server.password):
            raise SqlError(18456, f"Login failed for user '{login.user}'.", severity=14)
        self._engine = self._server.open_engine(login, self._spid)
        database = self._engine.database
        reply.add(tokens.environment(1, database, "master"))
        text = f"Changed database context to '{database}'."
        reply.add(tokens.info(5701, text, state=2))
        reply.add(tokens.environment_bytes(7, self._engine.collation_wire, b""))
        reply.add(tokens.environment(2, "us_english", ""))
        reply.add(tokens.info(5703, "Changed language setting to us_english."))
        self._version = _version(login.version)
        reply.add(tokens.login_acknowledged(self._version))
        size = self._packet_size(login)
        reply.add(tokens.environment(4, str(size), str(login.packet_size)))

    @staticmethod
    def _packet_size(login: Login) -> int:
        return max(_SMALLEST_PACKET, min(login.packet_size, _LARGEST_PACKET))

    # Requests

    def _read(self) -> None:
        try:
            while True:
                message = self._channel.read()
                if message.kind == Kind.ATTENTION:
                    self._attention.set()
                    assert self._engine is not None
                    self._engine.cancel()
                self._inbox.put(message)
        except DisconnectedError:
            self._gone.set()
            if self._engine is not None:
                self._engine.cancel()
            self._inbox.put(None)

    def _serve(self) -> None:
        assert self._engine is not None
        while (message := self._inbox.get()) is not None:
            if message.kind == Kind.ATTENTION:
                # It came after the reply it was meant for, which is complete.
                self._attention.clear()
                Reply(self._channel).send_cancelled()
                continue
            if message.resets:
                self._engine.reset()
            reply = Reply(self._channel, procedure=message.kind == Kind.RPC)
            try:
                self._answer(message, reply)
            except _CancelledError:
                self._inbox.get()
                self._attention.clear()
                reply.send_cancelled()
            else:
                reply.send()

    def _answer(self, message: Message, reply: Reply) -> None:
        assert self._engine is not None
        if message.kind == Kind.RPC:
            requests = list(read_calls(message.body))
            for number, request in enumerate(requests, 1):
                text = text_of(self._prepared, request)
                events = call(self._engine, self._prepared, request)
                self._send_events(events, reply, text)
                reply.end_procedure(last=number == len(requests))
        elif message.kind == Kind.BATCH:
            text = message.body[skip_headers(message.body) :].decode("utf-16-le")
            self._send_events(self._engine.batch(text, {}), reply, text)
        elif message.kind == Kind.TRANSACTION:
            self._send_events(self._transaction(message.body), reply, "")
        else:
            self._send_events(_raise(beyond(f"knows no message {message.kind}")), reply, "")

    def _transaction(self, body: bytes) -> Generator[Event, None, None]:
        assert self._engine is not None
        at = skip_headers(body)
        request = struct.unpack_from("<H", body, at)[0]
        if request == _BEGIN:
            yield from self._engine.begin(_LEVELS.get(body[at + 2]))
        elif request in (_COMMIT, _ROLLBACK):
            end = self._engine.commit if request == _COMMIT else self._engine.rollback
            yield from end()
            flags = at + 3 + body[at + 2]
            if flags < len(body) and body[flags] & 1:
                yield from self._engine.begin(_LEVELS.get(body[flags + 1]))
        else:
            raise beyond(f"knows no transaction request {request}")
        yield Count(None)

    def _send_events(self, events: Generator[Event, None, None], reply: Reply, text: str) -> None:
        assert self._engine is not None
        fault = self._server.meet(text) if text else None
        cut_after = None
        try:
            if fault is not None:
                cut_after = self._act(fault, reply)
            for event in events:
                try:
                    self._send_event(event, reply, cut_after)
                except Interrupted as error:
                    # Let the engine undo the statement and say what happened.
                    events.throw(error)
        except SqlError as error:
            if self._attention.is_set():
                raise _CancelledError from error
            reply.add(tokens.error(error.number, error.severity, error.text, state=error.state))
            reply.done(failed=True)
        finally:
            events.close()
        if self._attention.is_set():
            raise _CancelledError

    def _act(self, fault: Fault, reply: Reply) -> int | None:
        assert self._engine is not None
        if fault.kind == "error":
            if fault.number == 1205:
                for event in self._engine.abandon():
                    self._send_event(event, reply, None)
            raise SqlError(fault.number, fault.text, severity=fault.severity)
        if fault.kind == "cut":
            if fault.rows < 0:
                self._cut()
            return fault.rows
        while not fault.released.wait(0.02):
            if self._attention.is_set():
                raise _CancelledError
            if self._gone.is_set():
                raise DisconnectedError("the client left a stalled statement")
        return None

    def _cut(self) -> None:
        self.close()
        raise DisconnectedError("cut by order")

    def _send_event(self, event: Event, reply: Reply, cut_after: int | None) -> None:
        if isinstance(event, Rows):
            self._send_rows(event, reply, cut_after)
        elif isinstance(event, Count):
            reply.done(rows=event.rows)
        elif isinstance(event, Notice):
            reply.add(tokens.info(event.number, event.text, severity=event.severity))
        elif isinstance(event, Environment):
            reply.add(event.token)
        elif isinstance(event, Status):
            reply.add(tokens.return_status(event.value))
        elif isinstance(event, Output):
            encoded = encode(event.type, event.value)
            reply.add(tokens.return_value(event.ordinal, event.name, event.type, encoded))

    def _send_rows(self, result: Rows, reply: Reply, cut_after: int | None) -> None:
        reply.add(tokens.column_metadata(result.columns))
        encoders = [encoder(column.type, nullable=column.nullable) for column in result.columns]
        count = 0
        nullable = self._version >= _NULL_BITMAPS
        for row in result.rows:
            if cut_after is not None and count >= cut_after:
                reply.flush()
                self._cut()
            if self._attention.is_set():
                raise _CancelledError
            if nullable and None in row:
                reply.add(_row_with_nulls(encoders, row))
            else:
                parts = [write(value) for write, value in zip(encoders, row, strict=True)]
                reply.add(b"\xd1" + b"".join(parts))
            count += 1
        if cut_after is not None:
            reply.flush()
            self._cut()
        reply.done(rows=count)


def _row_with_nulls(encoders: Sequence[Callable[[Any], bytes]], row: Sequence[Any]) -> bytes:
    """NBCROW: a bit for each column says whether it is NULL, and NULLs take no further room."""
    bitmap = 0
    parts = []
    for at, (write, value) in enumerate(zip(encoders, row, strict=True)):
        if value is None:
            bitmap |= 1 << at
        else:
            parts.append(write(value))
    return b"\xd2" + bitmap.to_bytes((len(row) + 7) // 8, "little") + b"".join(parts)


def _version(asked: int) -> int:
    """The version to acknowledge; SQL Server's own spelling of 7.2 and 7.3 differs from ours."""
    return {0x730A0003: 0x730A0003, 0x730B0003: 0x730B0003, 0x72090002: 0x72090002}.get(
        asked, 0x74000004
    )


def _raise(error: SqlError) -> Generator[Event, None, None]:
    raise error
    yield
