"""One reply: tokens are gathered into packets, and every DONE but the last says that more comes."""

from __future__ import annotations

from collections.abc import Callable

from tests.tds import tokens
from tests.tds.packets import Channel

__all__ = ["Reply"]

_FLUSH_AT = 32_768


class Reply:
    """What the client gets for one request."""

    def __init__(self, channel: Channel, *, procedure: bool = False) -> None:
        self._channel = channel
        self._procedure = procedure
        self._parts = bytearray()
        self._pending: Callable[[int], bytes] | None = None

    def add(self, token: bytes) -> None:
        """Appends a token or a row."""
        if self._pending is not None:
            self._parts += self._pending(tokens.MORE)
            self._pending = None
        self._parts += token
        if len(self._parts) > _FLUSH_AT:
            self._parts = bytearray(self._channel.write(bytes(self._parts), last=False))

    def done(self, *, rows: int | None = None, failed: bool = False) -> None:
        """Ends a statement; nothing is sent before it is known whether another follows."""
        self.add(b"")
        status = (tokens.COUNT if rows is not None else 0) | (tokens.ERROR if failed else 0)
        token = tokens.done_in_procedure if self._procedure else tokens.done
        self._pending = lambda more: token(status | more, rows or 0)

    def end_procedure(self, *, last: bool) -> None:
        """Ends a procedure call, the last of its message or not."""
        self.add(b"")
        status = 0 if last else tokens.IN_BATCH
        self._pending = lambda more: tokens.done_procedure(status | more)

    def send(self) -> None:
        """Sends everything; an empty reply still ends with a DONE."""
        if self._pending is None:
            self.done()
        assert self._pending is not None
        self._parts += self._pending(0)
        self._pending = None
        self._channel.write(bytes(self._parts))
        self._parts.clear()

    def send_cancelled(self) -> None:
        """Sends what is there and acknowledges the client's Attention."""
        self.add(tokens.done(tokens.ATTENTION))
        self._channel.write(bytes(self._parts))
        self._parts.clear()

    def flush(self) -> None:
        """Sends what is there, in a packet that isn't the last, whatever its size."""
        self.add(b"")
        if self._parts:
            self._channel.write_now(bytes(self._parts))
            self._parts.clear()
