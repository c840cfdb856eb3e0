"""Values between the engine's form and their bytes on the wire.

The engine holds dates as days since 0001-01-01, times and date-times as ticks of 100 ns since
midnight or 0001-01-01, a datetimeoffset as its UTC ticks times 10,000 plus its offset in minutes
plus 5,000, money and decimals as Decimal, and NUL in text as U+FDD0, since Postgres has no other
place for any of them.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from tests.tds.types import SqlType

__all__ = [
    "DAY", "EPOCH_1900", "NUL", "OFFSET_BASE", "OFFSET_UNIT", "decode", "encode", "encoder",
]  # fmt: skip

NUL = "\ufdd0"
DAY = 864_000_000_000
EPOCH_1900 = 693_595
OFFSET_UNIT, OFFSET_BASE = 10_000, 5_000
_WIDE = Context(prec=80)
_INTEGER = {"tinyint": "<B", "bit": "<B", "smallint": "<h", "int": "<i", "bigint": "<q"}
_PLP_NULL = b"\xff" * 8


def encoder(kind: SqlType, *, nullable: bool = True) -> Callable[[Any], bytes]:
    """What turns one value of a column into its bytes, in the form that its TYPE_INFO says."""
    name = kind.name
    if kind.is_max and name in ("text", "ntext", "image"):
        return _long(kind)
    to_bytes = _to_bytes(kind)
    if kind.is_max:
        return _plp(to_bytes)
    if name in ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary", "rowversion"):

        def two_byte_length(value: Any) -> bytes:
            if value is None:
                return b"\xff\xff"
            data = to_bytes(value)
            return len(data).to_bytes(2, "little") + data

        return two_byte_length
    if not nullable and name not in (
        "date", "time", "datetime2", "datetimeoffset", "decimal", "numeric", "uniqueidentifier",
    ):  # fmt: skip
        return to_bytes

    def one_byte_length(value: Any) -> bytes:
        if value is None:
            return b"\0"
        data = to_bytes(value)
        return bytes([len(data)]) + data

    return one_byte_length


def encode(kind: SqlType, value: Any) -> bytes:
    """One value in the nullable form."""
    return encoder(kind)(value)


def _to_bytes(kind: SqlType) -> Callable[[Any], bytes]:
    name = kind.name
    if name in _INTEGER:
        return struct.Struct(_INTEGER[name]).pack
    if name == "float":
        return struct.Struct("<d").pack
    if name == "real":
        return struct.Struct("<f").pack
    if name in ("binary", "varbinary", "image", "rowversion"):
        return bytes
    if name == "uniqueidentifier":
        return lambda value: value.bytes_le
    if name in ("decimal", "numeric"):
        return lambda value: _decimal(value, kind)
    if name in ("money", "smallmoney"):
        return _small_money if name == "smallmoney" else _money
    if name in ("date", "time", "datetime2", "datetimeoffset", "datetime", "smalldatetime"):
        return lambda value: _temporal(value, kind)
    codec = kind.codec
    if codec == "utf-16-le":
        return lambda value: value.replace(NUL, "\0").encode(codec)
    return lambda value: value.replace(NUL, "\0").encode(codec, "replace")


def _plp(to_bytes: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def partial(value: Any) -> bytes:
        if value is None:
            return _PLP_NULL
        data = to_bytes(value)
        chunk = struct.pack("<I", len(data)) + data if data else b""
        return struct.pack("<Q", len(data)) + chunk + b"\0\0\0\0"

    return partial


def _long(kind: SqlType) -> Callable[[Any], bytes]:
    to_bytes = _to_bytes(kind)

    def with_pointer(value: Any) -> bytes:
        if value is None:
            return b"\0"
        data = to_bytes(value)
        return b"\x10" + b"p" * 16 + b"t" * 8 + struct.pack("<i", len(data)) + data

    return with_pointer


def _decimal(value: Decimal, kind: SqlType) -> bytes:
    unscaled = int(value.scaleb(kind.scale, _WIDE))
    return bytes([unscaled >= 0]) + abs(unscaled).to_bytes(kind.max_length - 1, "little")


def _money(value: Decimal) -> bytes:
    unscaled = int(value.scaleb(4, _WIDE))
    return struct.pack("<iI", unscaled >> 32, unscaled & 0xFFFFFFFF)


def _small_money(value: Decimal) -> bytes:
    return struct.pack("<i", int(value.scaleb(4, _WIDE)))


def _clock(ticks: int, scale: int) -> bytes:
    size = 3 if scale < 3 else 4 if scale < 5 else 5
    return int(ticks // 10 ** (7 - scale)).to_bytes(size, "little")


def _temporal(value: Any, kind: SqlType) -> bytes:
    name = kind.name
    if name == "date":
        return int(value).to_bytes(3, "little")
    if name == "time":
        return _clock(value, kind.scale)
    if name == "datetimeoffset":
        ticks, offset = divmod(int(value), OFFSET_UNIT)
        days, rest = divmod(ticks, DAY)
        utc = _clock(rest, kind.scale) + days.to_bytes(3, "little")
        return utc + struct.pack("<h", offset - OFFSET_BASE)
    days, rest = divmod(int(value), DAY)
    if name == "datetime2":
        return _clock(rest, kind.scale) + days.to_bytes(3, "little")
    if name == "smalldatetime":
        return struct.pack("<HH", days - EPOCH_1900, rest // 600_000_000)
    return struct.pack("<iI", days - EPOCH_1900, (rest * 3 + 50_000) // 100_000)


def decode(kind: SqlType, data: bytes, at: int, token: int) -> tuple[Any, int]:
    """The value of a parameter in the engine's form, and where it ends.

    Args:
        token: the first byte of its TYPE_INFO, which says how its length is written.
    """
    if token in (0x22, 0x23, 0x63):
        size = struct.unpack_from("<i", data, at)[0]
        if size < 0:
            return None, at + 4
        return _from_bytes(kind, data[at + 4 : at + 4 + size]), at + 4 + size
    if kind.is_max:
        return _decode_plp(kind, data, at)
    if token in (0xA5, 0xAD, 0xA7, 0xAF, 0xE7, 0xEF):
        size = struct.unpack_from("<H", data, at)[0]
        if size == 0xFFFF:
            return None, at + 2
        return _from_bytes(kind, data[at + 2 : at + 2 + size]), at + 2 + size
    if token == 0x1F:
        return None, at
    if token in (0x30, 0x32, 0x34, 0x38, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x7A, 0x7F):
        return _from_bytes(kind, data[at : at + kind.max_length]), at + kind.max_length
    size = data[at]
    if size == (0xFF if token in (0x25, 0x27, 0x2D, 0x2F) else 0):
        return None, at + 1
    return _from_bytes(kind, data[at + 1 : at + 1 + size]), at + 1 + size


def _decode_plp(kind: SqlType, data: bytes, at: int) -> tuple[Any, int]:
    if data[at : at + 8] == _PLP_NULL:
        return None, at + 8
    at += 8
    parts = []
    while size := struct.unpack_from("<I", data, at)[0]:
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return _from_bytes(kind, b"".join(parts)), at + 4


def _from_bytes(kind: SqlType, data: bytes) -> Any:
    name = kind.name
    if name in ("tinyint", "bit"):
        return data[0]
    if name in _INTEGER:
        return int.from_bytes(data, "little", signed=True)
    if name in ("float", "real"):
        return struct.unpack("<d" if len(data) == 8 else "<f", data)[0]
    if name in ("decimal", "numeric"):
        unscaled = int.from_bytes(data[1:], "little") * (1 if data[0] else -1)
        return Decimal(unscaled).scaleb(-kind.scale, _WIDE)
    if name == "money":
        high, low = struct.unpack("<iI", data)
        return Decimal((high << 32) + low).scaleb(-4, _WIDE)
    if name == "smallmoney":
        return Decimal(struct.unpack("<i", data)[0]).scaleb(-4, _WIDE)
    if name == "uniqueidentifier":
        return uuid.UUID(bytes_le=data)
    if name in ("binary", "varbinary", "image"):
        return data
    if name in ("date", "time", "datetime2", "datetimeoffset", "datetime", "smalldatetime"):
        return _temporal_from(kind, data)
    return data.decode(kind.codec, "replace").replace("\0", NUL)


def _temporal_from(kind: SqlType, data: bytes) -> int | Decimal:
    name = kind.name
    if name == "datetime":
        days, parts = struct.unpack("<iI", data)
        return int((days + EPOCH_1900) * DAY + (parts * 100_000 + 1) // 3)
    if name == "smalldatetime":
        days, minutes = struct.unpack("<HH", data)
        return int((days + EPOCH_1900) * DAY + minutes * 600_000_000)
    if name == "date":
        return int.from_bytes(data, "little")
    tail = {"time": 0, "datetime2": 3, "datetimeoffset": 5}[name]
    clock = data[: len(data) - tail]
    ticks: int = int.from_bytes(clock, "little") * 10 ** (7 - kind.scale)
    if name == "time":
        return ticks
    ticks += int.from_bytes(data[len(clock) : len(clock) + 3], "little") * DAY
    if name == "datetime2":
        return ticks
    offset = struct.unpack("<h", data[-2:])[0]
    return Decimal(ticks * OFFSET_UNIT + offset + OFFSET_BASE)
