"""The messages before the first statement: PRELOGIN and LOGIN7."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Encryption", "Login", "prelogin_encryption", "prelogin_reply"]

_TERMINATOR = 0xFF
_VERSION, _ENCRYPTION, _INSTANCE, _THREAD, _MARS = range(5)


class Encryption(IntEnum):
    """What one side says about encryption in PRELOGIN."""

    LOGIN_ONLY = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


def prelogin_encryption(body: bytes) -> Encryption:
    """What the client asks for."""
    at = 0
    while body[at] != _TERMINATOR:
        token, offset, _ = struct.unpack_from(">BHH", body, at)
        if token == _ENCRYPTION:
            return Encryption(body[offset] & 0x03)
        at += 5
    return Encryption.NOT_SUPPORTED


def prelogin_reply(encryption: Encryption) -> bytes:
    """The server's side: SQL Server 2019, no MARS."""
    options = [
        (_VERSION, bytes([15, 0, 0x10, 0xE1, 0, 0])),
        (_ENCRYPTION, bytes([encryption])),
        (_INSTANCE, b"\0"),
        (_THREAD, b""),
        (_MARS, b"\0"),
    ]
    offset = 5 * len(options) + 1
    head = b""
    for token, value in options:
        head += struct.pack(">BHH", token, offset, len(value))
        offset += len(value)
    return head + bytes([_TERMINATOR]) + b"".join(value for _, value in options)


@dataclass(frozen=True)
class Login:
    """What the client says in LOGIN7."""

    version: int
    packet_size: int
    user: str
    password: str
    database: str
    application: str
    language: str

    @classmethod
    def parse(cls, body: bytes) -> Login:
        """Reads the message's body."""
        _, version, packet_size = struct.unpack_from("<IIi", body)

        def raw(at: int) -> bytes:
            offset, length = struct.unpack_from("<HH", body, at)
            return body[offset : offset + 2 * length]

        def text(at: int) -> str:
            return raw(at).decode("utf-16-le")

        # Each byte of the password has its halves swapped after an exclusive or.
        hidden = bytes(byte ^ 0xA5 for byte in raw(44))
        password = bytes((byte << 4 & 0xF0) | byte >> 4 for byte in hidden)
        return cls(
            version=version,
            packet_size=packet_size or 4096,
            user=text(40),
            password=password.decode("utf-16-le"),
            database=text(68),
            application=text(48),
            language=text(64),
        )
