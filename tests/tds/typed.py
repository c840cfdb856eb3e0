"""Typed Postgres expressions: literals, conversions and what two types become together."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tests.tds.collations import COLLATIONS
from tests.tds.errors import SqlError
from tests.tds.types import BYTES, INTEGERS, STRINGS, SqlType

__all__ = [
    "Typed", "as_unknown", "combine", "convert", "encoding", "exact", "family", "literal",
    "pg_type", "quote", "sort_key",
]  # fmt: skip

_PRECEDENCE = (
    "xml", "datetimeoffset", "datetime2", "datetime", "smalldatetime", "date", "time", "float",
    "real", "decimal", "numeric", "money", "smallmoney", "bigint", "int", "smallint", "tinyint",
    "bit", "ntext", "text", "image", "rowversion", "uniqueidentifier", "nvarchar", "nchar",
    "varchar", "char", "varbinary", "binary",
)  # fmt: skip
_BOUNDS = {
    "tinyint": (0, 255), "smallint": (-(2**15), 2**15 - 1), "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}  # fmt: skip
_SIZES = {"bit": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_DAY = 864_000_000_000
_1900 = 693_595


@dataclass(frozen=True)
class Typed:
    """An expression of Postgres and the T-SQL type of its value."""

    sql: str
    type: SqlType
    nullable: bool = True
    is_null: bool = False
    constant: bool = False


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def family(kind: SqlType) -> str:
    """I integers and bit, N exact and F approximate numbers, S text, B bytes, U uniqueidentifier;
    date, time, moment and offset."""
    name = kind.name
    if name in INTEGERS or name == "bit":
        return "I"
    if name in STRINGS:
        return "S"
    if name in BYTES:
        return "B"
    return {
        "decimal": "N", "numeric": "N", "money": "N", "smallmoney": "N", "float": "F", "real": "F",
        "uniqueidentifier": "U", "date": "date", "time": "time", "datetimeoffset": "offset",
    }.get(name, "moment")  # fmt: skip


def pg_type(kind: SqlType) -> str:
    """The Postgres type that holds it."""
    if kind.name in ("decimal", "numeric"):
        return f"numeric({kind.precision},{kind.scale})"
    return {
        "bigint": "bigint", "money": "numeric(19,4)", "smallmoney": "numeric(10,4)",
        "float": "float8", "real": "real", "date": "integer", "uniqueidentifier": "uuid",
    }.get(kind.name) or {
        "I": "integer", "S": "text", "B": "bytea", "time": "bigint",
        "moment": "bigint", "offset": "numeric",
    }[family(kind)]  # fmt: skip


def literal(value: Any, kind: SqlType) -> Typed:
    """A value in the engine's form as an expression."""
    if value is None:
        return Typed(f"null::{pg_type(kind)}", kind, True, constant=True)
    if isinstance(value, str):
        text = quote(value)
    elif isinstance(value, bytes):
        text = f"'\\x{value.hex()}'"
    elif isinstance(value, uuid.UUID):
        text = f"'{value}'"
    elif isinstance(value, float):
        text = f"'{value!r}'"
    else:
        text = f"'{Decimal(value):f}'"
    return Typed(f"{text}::{pg_type(kind)}", kind, False, constant=True)


def as_unknown(value: Typed, kind: SqlType) -> Typed:
    """A bare NULL takes the other side's type."""
    return literal(None, kind) if value.is_null else value


def encoding(kind: SqlType) -> str:
    """Postgres's name of the code page; '' for UTF-16."""
    if kind.is_national:
        return ""
    return COLLATIONS[(kind.collation or "sql_latin1_general_cp1_ci_as").lower()].encoding


def sort_key(value: Typed) -> str:
    """What comparisons, orders and groups look at."""
    group = family(value.type)
    if group == "S":
        known = COLLATIONS[(value.type.collation or "sql_latin1_general_cp1_ci_as").lower()]
        return f"tds.k({value.sql})" if known.ignores_case else f'rtrim({value.sql}) collate "C"'
    if group == "U":
        return f"tds.uk({value.sql})"
    if group == "offset":
        return f"tds.offset_utc({value.sql})"
    return value.sql


def combine(left: SqlType, right: SqlType) -> SqlType:
    """The type of CASE, COALESCE, UNION and comparisons of these two."""
    if left == right:
        return left
    high, low = sorted((left, right), key=lambda kind: _PRECEDENCE.index(kind.name))
    if family(high) == "S" and family(low) in ("S", "I", "N", "F", "U", "moment", "date"):
        if family(low) != "S":
            return high
        length = -1 if -1 in (high.length, low.length) else max(high.length, low.length)
        name = high.name
        if length == -1 or high.length != low.length:
            name = {"char": "varchar", "nchar": "nvarchar"}.get(name, name)
        return replace(high, name=name, length=length, collation=left.collation or right.collation)
    if family(high) == "B" and family(low) == "B":
        length = -1 if -1 in (high.length, low.length) else max(high.length, low.length)
        return SqlType("varbinary", length=length)
    if high.name in ("decimal", "numeric") and family(low) in ("N", "I"):
        other = exact(low)
        scale = max(high.scale, other.scale)
        whole = max(high.precision - high.scale, other.precision - other.scale)
        return replace(high, precision=min(38, whole + scale), scale=scale)
    if high.name == low.name:
        return replace(high, scale=max(high.scale, low.scale))
    return high


def exact(kind: SqlType) -> SqlType:
    """The decimal that holds all values of an integer or money type."""
    if kind.name in ("decimal", "numeric"):
        return kind
    precision = {
        "bit": 1, "tinyint": 3, "smallint": 5, "int": 10, "bigint": 19, "smallmoney": 10,
        "money": 19,
    }[kind.name]  # fmt: skip
    return SqlType("decimal", precision=precision, scale=4 if "money" in kind.name else 0)


def convert(
    value: Typed, kind: SqlType, *, style: int | None = None, assign: bool = False,
    tries: bool = False,
) -> Typed:  # fmt: skip
    """The value as another type.

    Args:
        style: of CONVERT; None for the type's own default.
        assign: text and bytes that are too long are an error, as in INSERT, and not cut.
        tries: text that can't be read becomes NULL.

    Raises:
        SqlError: 529, T-SQL allows no such conversion or the stand-in knows none.
    """
    if value.is_null:
        return literal(None, kind)
    if value.type == kind:
        return value
    maker = _CONVERTERS[family(kind)]
    sql = maker(value, kind, style, tries) if maker is not _to_text else None
    if sql is None and maker is _to_text:
        sql = _to_text(value, kind, style, assign)
    if sql is None:
        raise SqlError(
            529,
            f"Explicit conversion from data type {value.type.name} to {kind.name} is not allowed.",
        )
    if family(kind) == "B":
        sql = _fit_bytes(value, sql, kind, assign)
    return Typed(sql, kind, value.nullable or tries, constant=value.constant)


def _to_integer(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    group = family(value.type)
    if kind.name == "bit":
        if group == "S":
            return f"tds.s2bit({value.sql}, {tries})"
        return f"({value.sql} <> 0)::int" if group in ("I", "N", "F") else None
    low, high = _BOUNDS[kind.name]
    if group == "I" and _SIZES[value.type.name] <= _SIZES[kind.name]:
        source = value.sql
        if kind.name == "bigint":
            return f"({source})::bigint"
        if not (value.type.name == "tinyint" or kind.name != "tinyint"):
            return f"tds.int_in({source}, 0, 255, 'tinyint')::int"
        return source
    source = {
        "I": value.sql, "N": f"trunc({value.sql})", "F": f"trunc({value.sql})::numeric",
        "S": f"tds.s2i({value.sql}, {tries}, '{kind.name}')", "B": f"tds.b2i({value.sql})",
    }.get(group, "")  # fmt: skip
    if not source:
        return None
    pg = "bigint" if kind.name == "bigint" else "int"
    return f"tds.int_in({source}, {low}, {high}, '{kind.name}')::{pg}"


def _to_exact(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    source = {
        "I": value.sql, "N": value.sql, "F": f"({value.sql})::text",
        "S": f"tds.s2n({value.sql}, {tries})",
    }.get(family(value.type))  # fmt: skip
    if family(value.type) == "F":
        source = f"({source})::numeric"
    return None if source is None else f"({source})::{pg_type(kind)}"


def _to_float(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    if family(value.type) == "S":
        return f"tds.s2f({value.sql}, {tries})::{pg_type(kind)}"
    return f"({value.sql})::{pg_type(kind)}" if family(value.type) in ("I", "N", "F") else None


def _to_uuid(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    return {
        "S": f"tds.s2u({value.sql}, {tries})", "B": f"tds.b2u({value.sql})",
    }.get(family(value.type))  # fmt: skip


def _to_bytes(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    group = family(value.type)
    if group == "I":
        length = 2**31 - 1 if kind.is_max else kind.length
        pad = kind.name == "binary" or kind.name == "rowversion"
        return f"tds.i2b({value.sql}, {_SIZES[value.type.name]}, {length}, {pad})"
    return {
        "B": value.sql, "U": f"tds.u2b({value.sql})",
        "F": f"float{4 if value.type.name == 'real' else 8}send({value.sql})",
        "S": f"tds.s2b({value.sql}, {style or 0}, '{encoding(value.type)}', {tries})",
    }.get(group)  # fmt: skip


def _fit_bytes(value: Typed, sql: str, kind: SqlType, assign: bool) -> str:
    if kind.is_max or family(value.type) == "I":
        return sql
    pad = kind.name in ("binary", "rowversion")
    known = value.type.length if family(value.type) == "B" else 0
    if not pad and 0 < known <= kind.length:
        return sql
    return f"tds.bfit({sql}, {kind.length}, {assign}, {pad})"


def _to_text(value: Typed, kind: SqlType, style: int | None, assign: bool) -> str | None:
    group = family(value.type)
    name = value.type.name
    if group == "S":
        source = value.sql
    elif group == "N":
        source = f"({value.sql})::text"
        if "money" in name:
            source = f"tds.money_text({value.sql}, {style or 0})"
    elif group == "moment":
        scale = {"datetime": 3, "smalldatetime": 0}.get(name, value.type.scale)
        default = 121 if name == "datetime2" else 0
        source = f"tds.moment_text({value.sql}, {scale}, {style or default})"
    else:
        source = {
            "I": f"({value.sql})::text", "U": f"upper(({value.sql})::text)",
            "F": f"tds.float_text({value.sql}, {style or 0})",
            "B": f"tds.b2s({value.sql}, {style or 0}, '{encoding(kind)}')",
            "date": f"tds.date_text({value.sql}, {style or 23})",
            "time": f"tds.time_text({value.sql}, {value.type.scale})",
            "offset": f"tds.offset_text({value.sql}, {value.type.scale}, {style or 121})",
        }[group]  # fmt: skip
    return _fit_text(value, source, kind, assign)


def _fit_text(value: Typed, source: str, kind: SqlType, assign: bool) -> str:
    pad = kind.name in ("char", "nchar")
    same = encoding(value.type) == encoding(kind) if family(value.type) == "S" else False
    fits = 0 < value.type.length <= kind.length and not pad
    if kind.is_national:
        if kind.is_max or (fits and family(value.type) == "S"):
            return source
        return f"tds.nfit({source}, {kind.length}, {assign}, {pad})"
    if kind.is_max:
        return source if same else f"tds.to_cp({source}, '{encoding(kind)}')"
    if same and fits:
        return source
    return f"tds.cfit({source}, {kind.length}, '{encoding(kind)}', {assign}, {pad})"


def _ticks(value: Typed, tries: bool) -> str | None:
    """Local ticks of whatever has a date or a time."""
    return {
        "S": f"tds.s2ticks({value.sql}, {tries})", "date": f"({value.sql})::bigint * {_DAY}",
        "time": f"({value.sql}) + {_1900 * _DAY}", "moment": value.sql,
        "offset": f"tds.offset_local({value.sql})",
        "I": f"(({value.sql})::bigint + {_1900}) * {_DAY}",
    }.get(family(value.type))  # fmt: skip


def _to_date(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    ticks = _ticks(value, tries)
    return None if ticks is None else f"(({ticks}) / {_DAY})::int"


def _to_time(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    ticks = _ticks(value, tries)
    # Rounding up at the end of the day comes out as midnight.
    rounded = f"tds.round_ticks(({ticks}) % {_DAY}, {kind.scale})"
    return None if ticks is None else f"({rounded}) % {_DAY}"


def _to_moment(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    ticks = _ticks(value, tries)
    if ticks is None or kind.name == "datetime2":
        return None if ticks is None else f"tds.round_ticks({ticks}, {kind.scale})"
    return f"tds.to_{kind.name}({ticks}, {tries})"


def _to_offset(value: Typed, kind: SqlType, style: int | None, tries: bool) -> str | None:
    if family(value.type) == "S":
        source: str | None = f"tds.s2offset({value.sql}, {tries})"
    elif family(value.type) == "offset":
        source = value.sql
    else:
        ticks = _ticks(value, tries)
        source = None if ticks is None else f"tds.to_offset({ticks}, 0)"
    return None if source is None else f"tds.round_offset({source}, {kind.scale})"


_CONVERTERS: dict[str, Any] = {
    "I": _to_integer, "N": _to_exact, "F": _to_float, "S": _to_text, "B": _to_bytes,
    "U": _to_uuid, "date": _to_date, "time": _to_time, "moment": _to_moment, "offset": _to_offset,
}  # fmt: skip
