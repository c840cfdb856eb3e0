"""The spelling of MySQL and MariaDB."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from extract.dialects.postgres import escaped
from extract.paging import not_a_time, spelled_out

__all__ = ["BINARY", "MysqlDialect", "base_of", "is_whole"]

_WHOLE = ("tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit")
_TIMES = ("date", "datetime", "timestamp")
BINARY = (
    ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
    + ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring")
    + ("multipolygon", "geometrycollection", "geomcollection", "vector")
)
"""Types whose values are bytes."""
_BASE = re.compile(r"\w+")
_SIZE = re.compile(r"\w+\((\d+)")
_TEXT = "using utf8mb4"


@dataclass(frozen=True)
class MysqlDialect:
    """Implements `extract.paging.Dialect`; native types are COLUMN_TYPE of information_schema."""

    hashing: str = "md5"

    def quote(self, name: str) -> str:
        """`name` in backticks."""
        return escaped("`" + name.replace("`", "``") + "`")

    def typed(self, native: str) -> str:
        """A placeholder cast to what `native` compares with by its index."""
        base = base_of(native)
        if (is_whole(base) and "unsigned" in native) or base == "bit":
            return "cast(%s as unsigned)"
        if is_whole(base):
            return "cast(%s as signed)"
        if base in ("float", "double"):
            return "(%s + 0e0)"
        if base == "decimal":
            return f"cast(%s as {native.split()[0]})"
        if base in BINARY:
            # lv0's own text begins with \\x.
            return r"unhex(replace(%s, '\\x', ''))"
        if base in ("date", "time"):
            return f"cast(%s as {native})"
        if base in ("datetime", "timestamp"):
            return "cast(%s as datetime(6))"
        return "%s"

    def as_text(self, expression: str, native: str) -> str:
        """The value as MySQL prints it; binary in hex."""
        base = base_of(native)
        if base in BINARY:
            return f"hex({expression})"
        if is_whole(base) or base in ("float", "double"):
            return f"cast({_plain_number(expression, base)} as char)"
        if base in ("decimal", "time", *_TIMES):
            return f"cast({expression} as char)"
        return expression

    def canonical(self, expression: str, native: str) -> str:
        """The text that Postgres gives to the value in lv0."""
        base = base_of(native)
        if base == "bit" and native != "bit(1)":
            size = _SIZE.match(native)
            return f"lpad(bin({expression} + 0), {size[1] if size else 1}, '0')"
        if base == "double":
            return _double_bits(expression)
        if base == "float":
            return _float_bits(expression)
        if base == "decimal":
            return f"cast({expression} + 0 as char)"
        if is_whole(base):
            return f"cast({_plain_number(expression, base)} as char)"
        if base in BINARY:
            return f"lower(hex({expression}))"
        if base in ("datetime", "timestamp"):
            return f"cast(cast({expression} as datetime(6)) as char)"
        if base == "time":
            text = f"cast({expression} as char)"
            trimmed = f"trim(trailing '.' from trim(trailing '0' from {text}))"
            return trimmed if _SIZE.match(native) else text
        if base == "date":
            return f"cast({expression} as char)"
        return f"replace(convert({expression} {_TEXT}), char(0 {_TEXT}), '')"

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment."""
        if base_of(native) in _TIMES:
            return f"{expression} - interval {seconds} second"
        raise not_a_time(native)

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """Spelled out, as MySQL finds no index range for a comparison of rows."""
        return spelled_out(columns, operator, values)

    def limited(self, body: str, limit: int) -> str:
        """A query with LIMIT."""
        return f"select {body} limit {limit}"

    def hashed(self, texts: Sequence[str]) -> str:
        """48 bits of md5."""
        text = f", char(31 {_TEXT}), ".join(texts)
        return self.md5_number(f"concat({text})")

    def total(self, expression: str) -> str:
        """A sum of whole numbers is of a wider type."""
        return f"sum({expression})"

    def joined(self, texts: Sequence[str]) -> str:
        """Canonical texts as one that is never null: chr(31) before each, chr(30) for a null."""
        parts = [f"coalesce(concat(char(31 {_TEXT}), {text}), char(30 {_TEXT}))" for text in texts]
        return f"concat({', '.join(parts)})"

    def md5_number(self, text: str) -> str:
        """The first 48 bits of the md5 of the text's UTF-8."""
        return f"cast(conv(left(md5(convert({text} {_TEXT})), 12), 16, 10) as unsigned)"

    def settled(self, expression: str, native: str) -> str | None:
        """No column type says so."""
        return None


def base_of(native: str) -> str:
    """The type's name without size and attributes."""
    found = _BASE.match(native)
    return found[0].lower() if found else ""


def is_whole(base: str) -> bool:
    """Whether values are whole numbers."""
    return base in _WHOLE


def _plain_number(expression: str, base: str) -> str:
    # Adding nothing takes off the zeros of ZEROFILL, makes bits a number, and shows a float whole.
    return f"{expression} + {'0e0' if base == 'float' else '0'}"


def _double_bits(expression: str) -> str:
    """A double as the hex of its 8 bytes, the highest first.

    Nothing in MySQL says so but the binary form of a point: byte order, type, x from the lowest
    byte, y.
    """
    wkb = f"hex(st_asbinary(point({expression}, 0)))"
    pairs = [f"substr({wkb}, {11 + 2 * place}, 2)" for place in reversed(range(8))]
    return f"lower(concat({', '.join(pairs)}))"


def _float_bits(expression: str) -> str:
    """A float as the hex of its 4 bytes, from the bits of the double that equals it."""
    bits = f"cast(conv({_double_bits(expression)}, 16, 10) as unsigned)"
    sign = f"({bits} >> 63 << 31)"
    exponent = f"cast({bits} >> 52 & 2047 as signed)"
    fraction = f"({bits} & 4503599627370495)"
    normal = f"({exponent} - 896 << 23 | {fraction} >> 29)"
    # Below its smallest exponent a float has no leading one, and what remains is shifted.
    small = f"(({fraction} | 4503599627370496) >> 926 - {exponent})"
    value = f"case when {exponent} = 0 then 0 when {exponent} > 896 then {normal} else {small} end"
    return f"lower(lpad(hex({sign} | {value}), 8, '0'))"
