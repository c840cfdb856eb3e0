"""T-SQL types: their properties in sys.types and their TYPE_INFO on the wire."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from tests.tds.collations import COLLATIONS, collation_for

__all__ = [
    "BIGINT", "BIT", "BYTES", "DATES", "FLOAT", "INT", "INTEGERS", "STRINGS", "Column", "SqlType",
    "make_type", "read_type_info", "type_info", "varchar",
]  # fmt: skip

_DEFAULT_COLLATION = "SQL_Latin1_General_CP1_CI_AS"
# name: (system_type_id, user_type_id, max_length, precision, scale); None where it depends.
_FACTS: dict[str, tuple[int, int, int | None, int | None, int | None]] = {
    "image": (34, 34, 16, 0, 0), "text": (35, 35, 16, 0, 0), "ntext": (99, 99, 16, 0, 0),
    "uniqueidentifier": (36, 36, 16, 0, 0), "date": (40, 40, 3, 10, 0),
    "time": (41, 41, None, None, None), "datetime2": (42, 42, None, None, None),
    "datetimeoffset": (43, 43, None, None, None), "tinyint": (48, 48, 1, 3, 0),
    "smallint": (52, 52, 2, 5, 0), "int": (56, 56, 4, 10, 0), "bigint": (127, 127, 8, 19, 0),
    "smalldatetime": (58, 58, 4, 16, 0), "real": (59, 59, 4, 24, 0), "money": (60, 60, 8, 19, 4),
    "datetime": (61, 61, 8, 23, 3), "float": (62, 62, 8, 53, 0), "bit": (104, 104, 1, 1, 0),
    "decimal": (106, 106, None, None, None), "numeric": (108, 108, None, None, None),
    "smallmoney": (122, 122, 4, 10, 4), "varbinary": (165, 165, None, 0, 0),
    "varchar": (167, 167, None, 0, 0), "binary": (173, 173, None, 0, 0),
    "char": (175, 175, None, 0, 0), "rowversion": (189, 189, 8, 0, 0),
    "nvarchar": (231, 231, None, 0, 0), "nchar": (239, 239, None, 0, 0),
    "sysname": (231, 256, 256, 0, 0), "xml": (241, 241, -1, 0, 0),
}  # fmt: skip
INTEGERS = ("tinyint", "smallint", "int", "bigint")
STRINGS = ("char", "varchar", "text", "nchar", "nvarchar", "ntext", "xml")
BYTES = ("binary", "varbinary", "image", "rowversion")
DATES = ("date", "time", "smalldatetime", "datetime", "datetime2", "datetimeoffset")
_FIXED = {
    "tinyint": 0x30, "bit": 0x32, "smallint": 0x34, "int": 0x38, "smalldatetime": 0x3A,
    "real": 0x3B, "money": 0x3C, "datetime": 0x3D, "float": 0x3E, "smallmoney": 0x7A,
    "bigint": 0x7F,
}  # fmt: skip
# The nullable form of the same: (token, bytes).
_NULLABLE = {
    "tinyint": (0x26, 1), "smallint": (0x26, 2), "int": (0x26, 4), "bigint": (0x26, 8),
    "bit": (0x68, 1), "real": (0x6D, 4), "float": (0x6D, 8), "smallmoney": (0x6E, 4),
    "money": (0x6E, 8), "smalldatetime": (0x6F, 4), "datetime": (0x6F, 8),
    "uniqueidentifier": (0x24, 16),
}  # fmt: skip
_SCALED = {"time": 0x29, "datetime2": 0x2A, "datetimeoffset": 0x2B}
_SIZED = {
    "varbinary": 0xA5, "binary": 0xAD, "rowversion": 0xAD,
    "varchar": 0xA7, "char": 0xAF, "nvarchar": 0xE7, "nchar": 0xEF,
}  # fmt: skip
_LONG = {"text": 0x23, "image": 0x22, "ntext": 0x63}


@dataclass(frozen=True)
class SqlType:
    """A T-SQL type.

    `length` counts bytes, for nchar and nvarchar UTF-16 units, and is -1 for (max).
    """

    name: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    collation: str | None = None

    @property
    def is_max(self) -> bool:
        return self.length == -1 or self.name in _LONG or self.name == "xml"

    @property
    def is_national(self) -> bool:
        return self.name in ("nchar", "nvarchar", "ntext", "xml")

    @property
    def codec(self) -> str:
        """Python's name of the encoding of its text on the wire."""
        if self.is_national:
            return "utf-16-le"
        return COLLATIONS[(self.collation or _DEFAULT_COLLATION).lower()].codec

    @property
    def declaration(self) -> str:
        """As one writes it, and as sys.dm_exec_describe_first_result_set names it."""
        if self.name in ("decimal", "numeric"):
            return f"{self.name}({self.precision},{self.scale})"
        if self.name in _SCALED:
            return f"{self.name}({self.scale})"
        if self.name == "rowversion":
            return "timestamp"
        if self.name in _SIZED:
            return f"{self.name}({'max' if self.length == -1 else self.length})"
        return self.name

    @property
    def system_id(self) -> int:
        return _FACTS[self.name][0]

    @property
    def max_length(self) -> int:
        """sys.columns.max_length: bytes."""
        if (known := _FACTS[self.name][2]) is not None:
            return known
        if self.name in ("decimal", "numeric"):
            return _decimal_size(self.precision)
        if self.name in _SCALED:
            return _time_size(self.scale) + {"time": 0, "datetime2": 3}.get(self.name, 5)
        return self.length * 2 if self.is_national and self.length > 0 else self.length

    @property
    def shown_precision(self) -> int:
        """sys.columns.precision."""
        if self.name in _SCALED:
            base = {"time": 8, "datetime2": 19, "datetimeoffset": 26}[self.name]
            return base + (self.scale + 1 if self.scale else 0)
        known = _FACTS[self.name][3]
        return self.precision if known is None else known

    @property
    def shown_scale(self) -> int:
        """sys.columns.scale."""
        known = _FACTS[self.name][4]
        return self.scale if known is None else known

    def with_collation(self, collation: str) -> SqlType:
        return replace(self, collation=collation)


@dataclass(frozen=True)
class Column:
    """A column of a result or of a table."""

    name: str
    type: SqlType
    nullable: bool = True
    identity: bool = False


INT, BIGINT, BIT, FLOAT = SqlType("int"), SqlType("bigint"), SqlType("bit"), SqlType("float")


def varchar(length: int, collation: str) -> SqlType:
    return SqlType("varchar", length=length, collation=collation)


def make_type(name: str, args: list[str], collation: str) -> SqlType:
    """The type that a declaration names, its defaults filled in.

    Raises:
        KeyError: there is no such type.
    """
    name = {
        "integer": "int", "dec": "decimal", "timestamp": "rowversion", "character": "char",
    }.get(name.lower(), name.lower())  # fmt: skip
    if name == "sysname":
        return SqlType("nvarchar", length=128, collation=collation)
    if name not in _FACTS:
        raise KeyError(name)
    if name in ("decimal", "numeric"):
        precision = int(args[0]) if args else 18
        return SqlType(name, precision=precision, scale=int(args[1]) if len(args) > 1 else 0)
    if name in _SCALED:
        return SqlType(name, scale=int(args[0]) if args else 7)
    if name == "float":
        return SqlType("real" if args and int(args[0]) <= 24 else "float")
    if name == "rowversion":
        return SqlType(name, length=8)
    if name in _SIZED:
        length = 1 if not args else -1 if args[0].lower() == "max" else int(args[0])
        return SqlType(name, length=length, collation=None if name in BYTES else collation)
    return SqlType(name, collation=collation if name in STRINGS else None)


def _time_size(scale: int) -> int:
    return 3 if scale < 3 else 4 if scale < 5 else 5


def _decimal_size(precision: int) -> int:
    return 5 if precision < 10 else 9 if precision < 20 else 13 if precision < 29 else 17


def type_info(kind: SqlType, *, nullable: bool = True) -> bytes:
    """TYPE_INFO; what can't be NULL has the fixed form, as SQL Server sends it."""
    name = kind.name
    collation = COLLATIONS[(kind.collation or _DEFAULT_COLLATION).lower()].wire
    if not nullable and name in _FIXED:
        return bytes([_FIXED[name]])
    if name in _NULLABLE:
        return bytes(_NULLABLE[name])
    if name == "date":
        return b"\x28"
    if name in _SCALED:
        return bytes([_SCALED[name], kind.scale])
    if name in ("decimal", "numeric"):
        token = 0x6A if name == "decimal" else 0x6C
        return bytes([token, _decimal_size(kind.precision), kind.precision, kind.scale])
    if name == "xml":
        return b"\xf1\x00"
    tail = b"" if name in BYTES else collation
    if name in _LONG:
        return struct.pack("<BI", _LONG[name], 0x7FFFFFFE if name == "ntext" else 0x7FFFFFFF) + tail
    length = 0xFFFF if kind.length == -1 else kind.length * (2 if kind.is_national else 1)
    return struct.pack("<BH", _SIZED[name], length) + tail


_FIXED_NAMES = {token: name for name, token in _FIXED.items()}
_NULLABLE_NAMES = {parts: name for name, parts in _NULLABLE.items()}
_SCALED_NAMES = {token: name for name, token in _SCALED.items()}
_SIZED_NAMES = {token: name for name, token in _SIZED.items() if name != "rowversion"}
_LONG_NAMES = {token: name for name, token in _LONG.items()}
# The old forms with one byte of length, which clients still send.
_SHORT_NAMES = {0x25: "varbinary", 0x27: "varchar", 0x2D: "binary", 0x2F: "char"}


def read_type_info(data: bytes, at: int) -> tuple[SqlType, int]:
    """The type of a parameter, and where its value begins."""
    token = data[at]
    at += 1
    if token in _FIXED_NAMES:
        return SqlType(_FIXED_NAMES[token]), at
    if token in _SCALED_NAMES:
        return SqlType(_SCALED_NAMES[token], scale=data[at]), at + 1
    if token in (0x6A, 0x6C):
        name = "decimal" if token == 0x6A else "numeric"
        return SqlType(name, precision=data[at + 1], scale=data[at + 2]), at + 3
    if token == 0x28:
        return SqlType("date"), at
    if token == 0x1F:
        return SqlType("int"), at
    if token == 0xF1:
        if data[at]:
            raise ValueError("a parameter of typed xml")
        return SqlType("xml"), at + 1
    if token in _SHORT_NAMES:
        return SqlType(_SHORT_NAMES[token], length=data[at]), at + 1
    if token in _SIZED_NAMES:
        return _read_sized(_SIZED_NAMES[token], data, at)
    if token in _LONG_NAMES:
        name = _LONG_NAMES[token]
        at += 4
        if name == "image":
            return SqlType(name), at
        return SqlType(name, collation=collation_for(data[at : at + 5]).name), at + 5
    if (name := _NULLABLE_NAMES.get((token, data[at]), "")) or token in (0x26, 0x68):
        return SqlType(name or "int"), at + 1
    raise ValueError(f"a parameter of type 0x{token:02X}")


def _read_sized(name: str, data: bytes, at: int) -> tuple[SqlType, int]:
    length: int = struct.unpack_from("<H", data, at)[0]
    at += 2
    if name.startswith("n") and length != 0xFFFF:
        length //= 2
    length = -1 if length == 0xFFFF else length
    if name in BYTES:
        return SqlType(name, length=length), at
    return SqlType(name, length=length, collation=collation_for(data[at : at + 5]).name), at + 5
