"""The tokens that a server's reply is made of."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.tds.types import Column, SqlType, type_info

__all__ = [
    "ATTENTION", "COUNT", "ERROR", "IN_BATCH", "MORE", "column_metadata", "done",
    "done_in_procedure", "done_procedure", "environment", "environment_bytes", "error", "info",
    "login_acknowledged", "return_status", "return_value", "us_varchar",
]  # fmt: skip

MORE, ERROR, COUNT, ATTENTION, IN_BATCH = 0x01, 0x02, 0x10, 0x20, 0x80
_SERVER = "STANDIN"
_PROGRAM = "Microsoft SQL Server"


def us_varchar(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<H", len(data) // 2) + data


def _b_varchar(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return bytes([len(data) // 2]) + data


def _sized(token: int, body: bytes) -> bytes:
    return struct.pack("<BH", token, len(body)) + body


def done(status: int = 0, rows: int = 0, command: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFD, status, command, rows)


def done_procedure(status: int = 0, rows: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFE, status, 0xE0, rows)


def done_in_procedure(status: int = 0, rows: int = 0, command: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFF, status, command, rows)


def _message(token: int, number: int, severity: int, state: int, text: str, line: int) -> bytes:
    body = struct.pack("<iBB", number, state, severity) + us_varchar(text)
    return _sized(token, body + _b_varchar(_SERVER) + _b_varchar("") + struct.pack("<i", line))


def error(number: int, severity: int, text: str, *, state: int = 1, line: int = 1) -> bytes:
    return _message(0xAA, number, severity, state, text, line)


def info(number: int, text: str, *, severity: int = 0, state: int = 1) -> bytes:
    return _message(0xAB, number, severity, state, text, 1)


def environment(kind: int, new: str, old: str) -> bytes:
    return _sized(0xE3, bytes([kind]) + _b_varchar(new) + _b_varchar(old))


def environment_bytes(kind: int, new: bytes, old: bytes) -> bytes:
    return _sized(0xE3, bytes([kind, len(new)]) + new + bytes([len(old)]) + old)


def login_acknowledged(version: int) -> bytes:
    body = b"\x01" + struct.pack(">I", version) + _b_varchar(_PROGRAM) + bytes([15, 0, 0x10, 0xE1])
    return _sized(0xAD, body)


def return_status(value: int) -> bytes:
    return struct.pack("<Bi", 0x79, value)


def return_value(ordinal: int, name: str, kind: SqlType, encoded: bytes) -> bytes:
    head = struct.pack("<BH", 0xAC, ordinal) + _b_varchar(name) + b"\x01"
    return head + struct.pack("<IH", 0, 1) + type_info(kind) + encoded


def column_metadata(columns: Sequence[Column]) -> bytes:
    """COLMETADATA for a result; the table of a text, ntext or image column is left empty."""
    out = struct.pack("<BH", 0x81, len(columns))
    for column in columns:
        flags = int(column.nullable) | (0x10 if column.identity else 0)
        user_type = 80 if column.type.name == "rowversion" else 0
        out += struct.pack("<IH", user_type, flags)
        out += type_info(column.type, nullable=column.nullable)
        if column.type.name in ("text", "ntext", "image"):
            out += b"\x01" + us_varchar("t")
        out += _b_varchar(column.name)
    return out
