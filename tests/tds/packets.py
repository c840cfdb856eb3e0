"""TDS messages over a socket, in clear or through TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Channel", "DisconnectedError", "Kind", "Message"]

_HEADER = struct.Struct(">BBHHBB")
_END_OF_MESSAGE = 0x01
_RESET = 0x08 | 0x10


class Kind(IntEnum):
    """The first byte of a packet."""

    BATCH = 0x01
    RPC = 0x03
    REPLY = 0x04
    ATTENTION = 0x06
    BULK = 0x07
    TRANSACTION = 0x0E
    LOGIN = 0x10
    PRELOGIN = 0x12


class DisconnectedError(Exception):
    """The peer is gone, or a fault has cut the connection."""


@dataclass(frozen=True)
class Message:
    """A whole message, its packets put together."""

    kind: int
    body: bytes
    resets: bool = False


class Channel:
    """One client's connection.

    One thread may read while another writes: the TLS object is guarded by a lock, and nothing
    waits for the network while it holds it but for room in the send buffer.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._lock = threading.Lock()
        self._clear = bytearray()
        self._number = 0
        self.packet_size = 4096

    def read(self) -> Message:
        """The next message; waits for it.

        Raises:
            DisconnectedError: the peer has closed.
        """
        parts = []
        resets = False
        while True:
            kind, status, length, _, _, _ = _HEADER.unpack(self._take(_HEADER.size))
            parts.append(self._take(length - _HEADER.size))
            resets = resets or bool(status & _RESET)
            if status & _END_OF_MESSAGE or kind == Kind.ATTENTION:
                return Message(kind, b"".join(parts), resets)

    def write(self, body: bytes, *, kind: int = Kind.REPLY, last: bool = True) -> bytes:
        """Sends whole packets; where more is to come, returns what did not fill one."""
        room = self.packet_size - _HEADER.size
        packets = bytearray()
        at = 0
        while len(body) - at > room:
            packets += self._packet(kind, 0, body[at : at + room])
            at += room
        rest = body[at:]
        if last:
            packets += self._packet(kind, _END_OF_MESSAGE, rest)
            self._number = 0
            rest = b""
        if packets:
            self._send(bytes(packets))
        return rest

    def write_now(self, body: bytes) -> None:
        """Sends packets of a message that goes on, the last of them as short as it is."""
        rest = self.write(body, last=False)
        if rest:
            self._send(self._packet(Kind.REPLY, 0, rest))

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shakes hands inside PRELOGIN packets, as TDS 7 does; what follows is encrypted.

        Raises:
            DisconnectedError: the client refused, for instance the certificate.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush_handshake()
                self._incoming.write(self.read().body)
            except ssl.SSLError as error:
                raise DisconnectedError(f"TLS handshake: {error.reason}") from error
            else:
                self._flush_handshake()
                self._tls = tls
                return

    def stop_tls(self) -> None:
        """Goes on in clear, as it is done where only the login is encrypted."""
        self._tls = None

    def close(self, *, abruptly: bool = False) -> None:
        """Closes; `abruptly` by a reset that the peer sees as a lost connection."""
        try:
            if abruptly:
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                # The thread that waits for the client holds the socket until it is woken.
                self._socket.shutdown(socket.SHUT_RD)
            else:
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _packet(self, kind: int, status: int, data: bytes) -> bytes:
        self._number = (self._number + 1) & 0xFF
        return _HEADER.pack(kind, status, len(data) + _HEADER.size, 0, self._number, 0) + data

    def _flush_handshake(self) -> None:
        if data := self._outgoing.read():
            # Before TLS is on, write() goes to the socket in clear.
            self.write(data, kind=Kind.PRELOGIN)

    def _send(self, data: bytes) -> None:
        try:
            if self._tls is None:
                self._socket.sendall(data)
                return
            with self._lock:
                self._tls.write(data)
                self._socket.sendall(self._outgoing.read())
        except (OSError, ssl.SSLError) as error:
            raise DisconnectedError(str(error)) from error

    def _take(self, size: int) -> bytes:
        while len(self._clear) < size:
            self._clear += self._receive()
        taken = bytes(self._clear[:size])
        del self._clear[:size]
        return taken

    def _receive(self) -> bytes:
        while True:
            if self._tls is not None:
                with self._lock:
                    try:
                        if data := self._tls.read(65536):
                            return data
                        raise DisconnectedError("end of TLS")
                    except ssl.SSLWantReadError:
                        pass
                    except ssl.SSLError as error:
                        raise DisconnectedError(str(error)) from error
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise DisconnectedError(str(error)) from error
            if not data:
                raise DisconnectedError("end of stream")
            if self._tls is None:
                return data
            self._incoming.write(data)
