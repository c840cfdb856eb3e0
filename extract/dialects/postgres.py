"""Postgres' spelling. The warehouse is one too, so it says what lv0's values look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from extract.paging import not_a_time

__all__ = ["PostgresDialect", "escaped"]

_MASK = (1 << 48) - 1
_MOST_ARGUMENTS = 100
# Types whose canonical text isn't what a cast to text gives.
_TIMESTAMP = re.compile(r"timestamp(\(\d\))?( without time zone)?")
_TIMESTAMPTZ = re.compile(r"timestamp(\(\d\))? with time zone")
_TIME = re.compile(r"time(\(\d\))?( without time zone)?")
_SECONDS = "YYYY-MM-DD HH24:MI:SS.US"


@dataclass(frozen=True)
class PostgresDialect:
    """Implements `extract.paging.Dialect`; `hashing` may be `md5` to agree with other servers."""

    hashing: str = "hashtextextended"

    def quote(self, name: str) -> str:
        """`name` as an identifier, fit for a statement's text."""
        return escaped(sql.Identifier(name).as_string(None))

    def typed(self, native: str) -> str:
        """A placeholder cast to `native`."""
        return f"cast(%s as {native})"

    def as_text(self, expression: str, native: str) -> str:
        """`expression` as Postgres prints it."""
        return f"cast({expression} as text)"

    def canonical(self, expression: str, native: str) -> str:
        """Fixed forms for what servers print differently, else a cast to text."""
        if native == "boolean":
            return f"cast(cast({expression} as integer) as text)"
        if native in ("real", "double precision"):
            send = "float4send" if native == "real" else "float8send"
            return f"encode({send}({expression}), 'hex')"
        if native == "bytea":
            return f"encode({expression}, 'hex')"
        if native.startswith("character("):
            return f"rtrim(cast({expression} as text))"
        if _TIMESTAMP.fullmatch(native):
            return self._finite(expression, f"to_char({expression}, '{_SECONDS}')")
        if _TIMESTAMPTZ.fullmatch(native):
            utc = f"{expression} at time zone 'UTC'"
            return self._finite(expression, f"to_char({utc}, '{_SECONDS}')")
        if _TIME.fullmatch(native):
            return f"to_char(cast({expression} as interval), 'HH24:MI:SS.US')"
        return f"cast({expression} as text)"

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment; a number stays a number."""
        if native.startswith(("timestamp", "date")):
            return f"{expression} - interval '{seconds} seconds'"
        raise not_a_time(native)

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """A row comparison, which one index scan answers."""
        text = f"({', '.join(columns)}) {operator} ({', '.join(values)})"
        return text, list(range(len(columns)))

    def limited(self, body: str, limit: int) -> str:
        """A query with LIMIT."""
        return f"select {body} limit {limit}"

    def hashed(self, texts: Sequence[str]) -> str:
        """48 bits of Postgres' own hash, or the first of md5."""
        text = " || chr(31) || ".join(texts)
        if self.hashing == "md5":
            return f"cast(cast('x' || left(md5({text}), 12) as bit(48)) as bigint)"
        # Columns of several collations have none together.
        return f'(hashtextextended(({text}) collate "C", 0) & {_MASK})'

    def total(self, expression: str) -> str:
        """A sum of whole numbers is of a wider type."""
        return f"sum({expression})"

    def joined(self, texts: Sequence[str]) -> str:
        """A concatenation of concatenations, each of as many arguments as a function takes."""
        parts = [f"coalesce(chr(31) || {text}, chr(30))" for text in texts]
        groups = [
            f"concat({', '.join(parts[start : start + _MOST_ARGUMENTS])})"
            for start in range(0, len(parts), _MOST_ARGUMENTS)
        ]
        return groups[0] if len(groups) == 1 else f"concat({', '.join(groups)})"

    def md5_number(self, text: str) -> str | None:
        """Of the text in UTF-8, whatever the database is encoded in."""
        return f"cast(cast('x' || left(md5(convert_to({text}, 'UTF8')), 12) as bit(48)) as bigint)"

    def settled(self, expression: str, native: str) -> str | None:
        """Postgres has no column type that says so."""
        return None

    @staticmethod
    def _finite(expression: str, text: str) -> str:
        return f"case when isfinite({expression}) then {text} else cast({expression} as text) end"


def escaped(text: str) -> str:
    """SQL as part of a statement's text, where a percent sign starts a placeholder."""
    return text.replace("%", "%%")
