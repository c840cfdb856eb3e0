"""SQLite's spelling. What its SQL lacks are functions that the source registers."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from extract.dialects.postgres import escaped
from extract.paging import not_a_time

__all__ = ["AGGREGATES", "FUNCTIONS", "SqliteDialect", "kind_of"]

Value = int | float | str | bytes | None

# What a value of another class than the column's begins with where keys are text.
_TAG = "\x01"
_DECIMAL = re.compile(r"(?:NUMERIC|DECIMAL)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_FRACTION = re.compile(r"[.en]")
_MOMENT = "timestamp without time zone"
_MOMENTS = ("date", _MOMENT)
_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True)
class SqliteDialect:
    """Implements `extract.paging.Dialect`; native types are those of `kind_of`."""

    hashing: str = "md5"

    def quote(self, name: str) -> str:
        """`name` in double quotes."""
        return escaped('"' + name.replace('"', '""') + '"')

    def typed(self, native: str) -> str:
        """A placeholder turned into the value of the class that it was stored with."""
        return f"stairway_value(%s, '{native}')"

    def as_text(self, expression: str, native: str) -> str:
        """The value as text; one of another class than the column's keeps a mark of it."""
        return f"stairway_text({expression}, '{native}')"

    def canonical(self, expression: str, native: str) -> str:
        """Python's rendering, equal to that of Postgres for what lv0 holds."""
        return f"stairway_canonical({expression}, '{native}')"

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment, as text of the same form."""
        if native in _MOMENTS:
            return f"stairway_earlier({expression}, {seconds})"
        raise not_a_time(native)

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """A row comparison, which one index scan answers."""
        if len(columns) == 1:
            return f"{columns[0]} {operator} {values[0]}", [0]
        text = f"({', '.join(columns)}) {operator} ({', '.join(values)})"
        return text, list(range(len(columns)))

    def limited(self, body: str, limit: int) -> str:
        """A query with LIMIT."""
        return f"select {body} limit {limit}"

    def hashed(self, texts: Sequence[str]) -> str:
        """48 bits of md5."""
        return f"stairway_hash({', '.join(texts)})"

    def total(self, expression: str) -> str:
        """A sum of integers would have to fit 64 bits, which 32,768 hashes may exceed."""
        return f"stairway_total({expression})"

    def joined(self, texts: Sequence[str]) -> str:
        """Canonical texts as one that is never null: chr(31) before each, chr(30) for a null."""
        return " || ".join(f"coalesce(char(31) || {text}, char(30))" for text in texts)

    def md5_number(self, text: str) -> str:
        """The first 48 bits of the md5 of the text's UTF-8."""
        return f"stairway_hash({text})"

    def settled(self, expression: str, native: str) -> str | None:
        """SQLite has one writer at a time, but no column type that says who came first."""
        return None


def kind_of(declared: str) -> str:
    """The lv0 type that a declared type calls for; `any` where it says nothing.

    SQLite takes any word for a type and gives unknown ones to numbers (`STRING` too), so only
    the words that mean a number everywhere count as one.
    """
    name = declared.upper().strip()
    number = _DECIMAL.fullmatch(name)
    if number is not None:
        return f"numeric({number[1]},{number[2] or 0})"
    if name in ("NUMERIC", "DECIMAL", "NUM"):
        return "numeric"
    if name.startswith("BOOL"):
        return "boolean"
    if name == "DATE":
        return "date"
    if name.startswith(("DATETIME", "TIMESTAMP")):
        return _MOMENT
    # From here on SQLite's own rules, in their order.
    if "INT" in name:
        return "bigint"
    if any(word in name for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    if "BLOB" in name:
        return "bytea"
    if any(word in name for word in ("REAL", "FLOA", "DOUB")):
        return "double precision"
    return "any"


def _text(value: Value, kind: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        group, text = "b", value.hex()
    elif isinstance(value, str):
        group, text = "t", value
    else:
        group, text = "n", repr(value)
    is_plain = group == _group_of(kind) and not text.startswith(_TAG)
    return text if is_plain else f"{_TAG}{group}{text}"


def _value(text: str | None, kind: str) -> Value:
    if text is None:
        return None
    group = _group_of(kind)
    if text.startswith(_TAG):
        group, text = text[1], text[2:]
    if group == "b":
        # lv0's own text begins with \x.
        return bytes.fromhex(text.removeprefix("\\x"))
    if group == "t":
        return text
    if text in ("true", "false"):
        return int(text == "true")
    return float(text) if _FRACTION.search(text) else int(text)


def _group_of(kind: str) -> str:
    """Which class of values a column of `kind` should hold: bytes, texts or numbers."""
    if kind == "bytea":
        return "b"
    return "t" if kind in ("text", "any", *_MOMENTS) else "n"


def _canonical(value: Value, kind: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    with suppress(ValueError, ArithmeticError):
        if kind == "double precision" and isinstance(value, int | float):
            return struct.pack(">d", value).hex()
        if kind.startswith("numeric("):
            scale = int(kind.rstrip(")").partition(",")[2])
            return format(
                Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), context=_EXACT), "f"
            )
        if kind == "numeric":
            return format(Decimal(str(value)), "f")
        if kind == _MOMENT:
            return datetime.fromisoformat(str(value)).isoformat(" ", "microseconds")
    # lv0 holds no such value: the row was rejected.
    return str(value).replace("\0", "")


def _earlier(value: Value, seconds: int) -> str | None:
    if value is None:
        return None
    text = str(value)
    moment = datetime.fromisoformat(text) - timedelta(seconds=seconds)
    if len(text) == len("2024-01-01") and seconds % 86400 == 0:
        return moment.date().isoformat()
    return moment.isoformat("T" if "T" in text else " ")


def _hash(*texts: str | None) -> int | None:
    if None in texts:
        return None
    joined = chr(31).join(text for text in texts if text is not None)
    return int(hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()[:12], 16)


class _Total:
    """A sum of integers of any size, as text."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, value: int, /) -> None:
        """Adds one."""
        self._sum += value

    def finalize(self) -> Any:
        """The sum."""
        return str(self._sum)


def _refuse() -> None:
    raise ValueError("a value of another class than the column's type")


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "stairway_text": (2, _text),
    "stairway_value": (2, _value),
    "stairway_canonical": (2, _canonical),
    "stairway_earlier": (2, _earlier),
    "stairway_hash": (-1, _hash),
    "stairway_refuse": (0, _refuse),
}
"""What the dialect calls: number of arguments (-1: any) and function, by name."""

AGGREGATES: dict[str, tuple[int, Callable[[], _Total]]] = {"stairway_total": (1, _Total)}
"""The same for what it calls over many rows."""
