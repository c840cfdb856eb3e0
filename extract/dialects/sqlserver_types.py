"""SQL Server's types: how they are written, and what becomes of them in lv0."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extract.errors import SourceError

__all__ = [
    "BINARY",
    "CHARACTER",
    "INTEGERS",
    "MONEY",
    "NATIONAL",
    "Native",
    "lv0_type",
    "selected_as",
]

INTEGERS = frozenset(("bigint", "int", "smallint", "tinyint"))
CHARACTER = frozenset(("char", "varchar", "text"))
NATIONAL = frozenset(("nchar", "nvarchar", "ntext"))
BINARY = frozenset(("binary", "varbinary", "image", "rowversion"))
MONEY = {"money": "decimal(19,4)", "smallmoney": "decimal(10,4)"}

_PLAIN = {
    "bigint": "bigint",
    "int": "integer",
    "smallint": "smallint",
    "tinyint": "smallint",
    "bit": "boolean",
    "money": "numeric(19,4)",
    "smallmoney": "numeric(10,4)",
    "float": "double precision",
    "real": "real",
    "date": "date",
    "smalldatetime": "timestamp(0) without time zone",
    "datetime": "timestamp(3) without time zone",
    "datetimeoffset": "timestamp with time zone",
    "uniqueidentifier": "uuid",
    "text": "text",
    "ntext": "text",
    "xml": "text",
    "binary": "bytea",
    "varbinary": "bytea",
    "image": "bytea",
    "rowversion": "bytea",
    "sql_variant": "text",
    "hierarchyid": "text",
    "geography": "text",
    "geometry": "text",
    "json": "text",
    "vector": "text",
}
_SCALED = {"datetime2": "timestamp", "time": "time"}
_SIZED = {
    "char": "character",
    "nchar": "character",
    "varchar": "character varying",
    "nvarchar": "character varying",
}
# Drivers know these as bytes only, or not at all.
_CONVERTED = {
    "sql_variant": "cast({} as nvarchar(4000))",
    "hierarchyid": "cast({} as nvarchar(4000))",
    "geography": "{}.ToString()",
    "geometry": "{}.ToString()",
    "json": "cast({} as nvarchar(max))",
    "vector": "cast({} as nvarchar(max))",
    # mssql-python's Rust driver takes an empty image for a null.
    "image": "cast({} as varbinary(max))",
}
# Postgres' times have six digits at most, which is also what no number means.
_MOST_DIGITS = 6
_WRITTEN = re.compile(
    r"(?P<name>\w+)(?:\((?P<size>\d+|max)(?:, ?(?P<scale>\d+))?\))?(?: collate (?P<collation>\w+))?"
)
_OTHER_NAMES = {"timestamp": "rowversion", "numeric": "decimal", "sysname": "nvarchar"}


@dataclass(frozen=True)
class Native:
    """A type as a column has it.

    `size` is the length in characters or bytes, the precision, or the digits of a second; None
    where the type has none, or for (max). `collation` is that of a column of a code page.
    """

    name: str
    size: int | None = None
    scale: int = 0
    collation: str | None = None

    @classmethod
    def parse(cls, text: str) -> Native:
        """The type that `text` writes, such as `varchar(20) collate Korean_Wansung_CI_AS`."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            return cls(text)
        size = None if match["size"] in (None, "max") else int(match["size"])
        name = _OTHER_NAMES.get(match["name"].lower(), match["name"].lower())
        return cls(name, size, int(match["scale"] or 0), match["collation"])

    def __str__(self) -> str:
        text = self.name
        if self.name == "decimal":
            text += f"({self.size},{self.scale})"
        elif self.size is not None:
            text += f"({self.size})"
        elif self.name in ("varchar", "nvarchar", "varbinary"):
            text += "(max)"
        return text if self.collation is None else f"{text} collate {self.collation}"


def lv0_type(native: Native) -> str:
    """The lv0 column that holds every value of a type, as Postgres' format_type spells it.

    Raises:
        SourceError: no conversion of the type is known.
    """
    name, size = native.name, native.size
    if name in _PLAIN:
        return _PLAIN[name]
    if name == "decimal":
        return f"numeric({size},{native.scale})"
    if name in _SCALED:
        digits = "" if size is None or size > _MOST_DIGITS else f"({size})"
        return f"{_SCALED[name]}{digits} without time zone"
    if name in _SIZED:
        return "text" if size is None else f"{_SIZED[name]}({size})"
    raise SourceError(
        f"Type {native} has no form in lv0. Leave its column out by `config.meta.extract.exclude`, "
        "or convert it in `expressions`."
    )


def selected_as(reference: str, native: Native) -> str:
    """What to select, so that every driver delivers the column's values in full."""
    return _CONVERTED.get(native.name, "{}").format(reference)
