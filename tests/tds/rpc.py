"""Remote procedure calls, as the drivers send parameterised statements."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.tds.types import SqlType, read_type_info
from tests.tds.values import decode

__all__ = ["Call", "Parameter", "read_calls", "skip_headers"]

_NAMES = {
    1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute",
    5: "sp_cursorprepexec", 6: "sp_cursorunprepare", 7: "sp_cursorfetch", 8: "sp_cursoroption",
    9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute",
    13: "sp_prepexec", 14: "sp_prepexecrpc", 15: "sp_unprepare",
}  # fmt: skip
_SEPARATORS = (0x80, 0xFF)


@dataclass(frozen=True)
class Parameter:
    """One argument; `name` is empty where it goes by position."""

    name: str
    output: bool
    type: SqlType
    value: Any


@dataclass(frozen=True)
class Call:
    """One procedure with its arguments."""

    procedure: str
    parameters: list[Parameter]


def skip_headers(body: bytes) -> int:
    """Where a message begins after ALL_HEADERS."""
    size: int = struct.unpack_from("<I", body)[0]
    return size


def read_calls(body: bytes) -> Iterator[Call]:
    """The calls of an RPC message, in order."""
    at = skip_headers(body)
    while at < len(body):
        length = struct.unpack_from("<H", body, at)[0]
        at += 2
        if length == 0xFFFF:
            procedure = _NAMES[struct.unpack_from("<H", body, at)[0]]
            at += 2
        else:
            procedure = body[at : at + 2 * length].decode("utf-16-le")
            at += 2 * length
        at += 2
        parameters = []
        while at < len(body) and body[at] not in _SEPARATORS:
            size = body[at] * 2
            name = body[at + 1 : at + 1 + size].decode("utf-16-le")
            at += 1 + size
            status = body[at]
            token = body[at + 1]
            kind, at = read_type_info(body, at + 1)
            value, at = decode(kind, body, at, token)
            parameters.append(Parameter(name.lower(), bool(status & 1), kind, value))
        at += 1
        yield Call(procedure, parameters)
