"""A loopback TCP proxy that cuts connections, or lets them fall silent, at a given byte."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Proxy", "proxy"]

Direction = Literal["up", "down"]
_PIECE_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)


@dataclass
class _Fault:
    """What happens to whichever connection carries the last one of so many bytes."""

    kind: Literal["cut", "swallow"]
    direction: Direction
    left: int
    again: int
    times: int


@dataclass
class _Link:
    """A client's connection and the one to the server that belongs to it."""

    client: socket.socket
    server: socket.socket
    silent: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        """Ends both as if the machine between them had gone."""
        for side in (self.client, self.server):
            with suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()


class Proxy:
    """Forwards to `target` (a port of this machine) what comes to `port`.

    A fault is armed with `cut` or `swallow`; it counts the bytes of all connections from then on,
    `up` from the clients or `down` from the server, and meets the connection that carries the
    last one. `faults` says how many have happened, `connections` how often somebody came.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.faults = 0
        self.connections = 0
        self.bytes: dict[Direction, int] = {"up": 0, "down": 0}
        self._fault: _Fault | None = None
        self._refusing = threading.Event()
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self._start(self._accept)

    def cut(self, direction: Direction, after: int = 0, times: int = 1) -> None:
        """Resets a connection after so many bytes, and then again, `times` in all."""
        with self._lock:
            self._fault = _Fault("cut", direction, after, after, times)

    def swallow(self, direction: Direction, after: int = 0, times: int = 1) -> None:
        """Lets a connection fall silent: nothing arrives any more on either side, and no end."""
        with self._lock:
            self._fault = _Fault("swallow", direction, after, after, times)

    def clear(self) -> None:
        """Disarms; what is silent stays so."""
        with self._lock:
            self._fault = None
        self._refusing.clear()

    def swallow_new(self) -> None:
        """Lets every connection made from now on fall silent at once, and all that exist."""
        self._refusing.set()
        with self._lock:
            for link in self._links:
                link.silent.set()

    def cut_all(self) -> None:
        """Resets every connection."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.reset()

    def close(self) -> None:
        """Stops listening and ends all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            if self._refusing.is_set():
                link.silent.set()
            with self._lock:
                self._links.append(link)
            self._start(self._pump, link, "up")
            self._start(self._pump, link, "down")

    def _pump(self, link: _Link, direction: Direction) -> None:
        source, sink = (
            (link.client, link.server) if direction == "up" else (link.server, link.client)
        )
        try:
            while data := source.recv(_PIECE_BYTES):
                if link.silent.is_set():
                    continue
                allowed, fault = self._judge(direction, len(data))
                sink.sendall(data[:allowed])
                if fault == "cut":
                    break
                if fault == "swallow":
                    link.silent.set()
        except OSError:
            pass
        # To the other side a silent connection still stands.
        if not link.silent.is_set():
            link.reset()
            with self._lock:
                if link in self._links:
                    self._links.remove(link)

    def _judge(self, direction: Direction, size: int) -> tuple[int, str | None]:
        """How many of the bytes may pass, and what then happens."""
        with self._lock:
            self.bytes[direction] += size
            fault = self._fault
            if fault is None or fault.direction != direction:
                return size, None
            fault.left -= size
            if fault.left >= 0:
                return size, None
            allowed = size + fault.left
            self.faults += 1
            fault.left = fault.again
            fault.times -= 1
            if fault.times <= 0:
                self._fault = None
            return allowed, fault.kind

    def _start(self, target: object, *arguments: object) -> None:
        assert callable(target)
        threading.Thread(target=target, args=arguments, daemon=True).start()


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """A proxy to a port of this machine, gone with the block."""
    made = Proxy(target)
    try:
        yield made
    finally:
        made.close()
