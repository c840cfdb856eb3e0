"""T-SQL's spelling, for SQL Server 2017 and later and servers that are compatible with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extract.dialects.postgres import escaped
from extract.dialects.sqlserver_types import (
    BINARY,
    CHARACTER,
    INTEGERS,
    MONEY,
    NATIONAL,
    Native,
    selected_as,
)
from extract.paging import not_a_time, spelled_out

__all__ = ["UTF8_COLLATION", "SqlServerDialect"]

UTF8_COLLATION = "Latin1_General_100_BIN2_UTF8"
# Windows collations don't see U+0000; this one does.
_EVERY_CHARACTER = "Latin1_General_BIN2"
_OTHER_TEXT = frozenset(
    ("xml", "sql_variant", "hierarchyid", "geography", "geometry", "json", "vector")
)
_LONGEST = 8000
_LONGEST_NATIONAL = 4000
_MOST_ARGUMENTS = 200
_DAY = 86400
_HASH = "cast(substring(hashbytes('MD5', {}), 1, 6) as bigint)"


@dataclass(frozen=True)
class SqlServerDialect:
    """Implements `extract.paging.Dialect`.

    Types carry the collation of columns that have a code page: only so does the server make a
    value of that code page from a parameter. With `utf8`, the server has UTF-8 collations (2019)
    and hashes any text as Postgres does; without, texts of ASCII only.
    """

    utf8: bool = False

    @property
    def hashing(self) -> str:
        """The only one that every server has."""
        return "md5"

    def quote(self, name: str) -> str:
        """`name` in brackets, fit for a statement's text."""
        return "[" + escaped(name).replace("]", "]]") + "]"

    def typed(self, native: str) -> str:
        """A placeholder cast to `native`, in its code page."""
        kind = Native.parse(native)
        if kind.name == "rowversion":
            return "convert(binary(8), %s, 2)"
        if kind.name in BINARY:
            return f"convert({kind}, %s, 2)"
        if kind.name in ("char", "varchar") and kind.collation is not None:
            bare = Native(kind.name, kind.size)
            return f"cast(%s collate {kind.collation} as {bare})"
        if kind.name in ("text", "ntext", "xml"):
            return "cast(%s as nvarchar(max))"
        return f"cast(%s as {kind})"

    def as_text(self, expression: str, native: str) -> str:
        """`expression` in a form that reads back the same whatever the session's settings are."""
        kind = Native.parse(native)
        name = kind.name
        if name in INTEGERS or name == "bit":
            return f"cast({expression} as varchar(20))"
        if name == "decimal":
            return f"cast({expression} as varchar(41))"
        if name in MONEY:
            return f"cast(cast({expression} as {MONEY[name]}) as varchar(41))"
        if name in ("float", "real"):
            return f"convert(varchar(40), {expression}, 3)"
        if name == "date":
            return f"convert(varchar(10), {expression}, 23)"
        if name in ("datetime", "smalldatetime"):
            # With a T between date and time it doesn't depend on the login's language.
            return f"convert(varchar(30), {expression}, 126)"
        if name in ("datetime2", "datetimeoffset", "time"):
            return f"convert(varchar(34), {expression}, 121)"
        if name == "uniqueidentifier":
            return f"cast({expression} as varchar(36))"
        if name in BINARY:
            return self._hex(expression, kind)
        return self._unicode(expression, kind)

    def canonical(self, expression: str, native: str) -> str:
        """Fixed forms for what servers print differently, cut to what lv0 holds."""
        kind = Native.parse(native)
        name = kind.name
        if name in ("float", "real"):
            size = 8 if name == "float" else 4
            bits = f"convert(binary({size}), {expression})"
            return f"lower(convert(varchar({2 * size}), {bits}, 2))"
        if name in BINARY:
            return f"lower({self._hex(expression, kind)})"
        if name == "uniqueidentifier":
            return f"lower({self.as_text(expression, native)})"
        if name == "datetime":
            return f"convert(varchar(23), {expression}, 121) + '000'"
        if name == "smalldatetime":
            return f"convert(varchar(19), {expression}, 120) + '.000000'"
        if name in ("datetime2", "datetimeoffset"):
            # All seven digits, then one fewer: a conversion to six would round.
            moment = (
                f"switchoffset({expression}, '+00:00')" if kind.name[8:9] == "o" else expression
            )
            return f"left(convert(varchar(27), cast({moment} as datetime2(7)), 121), 26)"
        if name == "time":
            return f"left(convert(varchar(16), cast({expression} as time(7)), 121), 15)"
        if name in CHARACTER or name in NATIONAL or name in _OTHER_TEXT:
            text = f"{self._unicode(expression, kind)} collate {_EVERY_CHARACTER}"
            text = f"replace({text}, nchar(0), N'')"
            return f"rtrim({text})" if name in ("char", "nchar") else text
        return self.as_text(expression, native)

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment; of a date the first day that doesn't lie before it."""
        name = Native.parse(native).name
        if name in ("datetime", "smalldatetime", "datetime2", "datetimeoffset"):
            return f"dateadd(second, {-seconds}, {expression})"
        if name == "date":
            moment = f"cast({expression} as datetime2(0))"
            return f"cast(dateadd(second, {_DAY - 1 - seconds}, {moment}) as date)"
        raise not_a_time(native)

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """T-SQL compares single values only."""
        return spelled_out(columns, operator, values)

    def limited(self, body: str, limit: int) -> str:
        """A query with TOP."""
        return f"select top ({limit}) {body}"

    def hashed(self, texts: Sequence[str]) -> str:
        """48 bits of md5 of the texts in UTF-8, or in the database's code page."""
        return _HASH.format(self._bytes(" + nchar(31) + ".join(texts)))

    def total(self, expression: str) -> str:
        """A sum of bigint would be bigint, which 32,768 hashes may exceed."""
        return f"sum(cast({expression} as decimal(38, 0)))"

    def joined(self, texts: Sequence[str]) -> str:
        """A concatenation of concatenations, each of as many arguments as a function takes."""
        separator = "cast(nchar(31) as nvarchar(max))"
        parts = [f"coalesce({separator} + {text}, nchar(30))" for text in texts]
        while len(parts) > 1:
            groups = [
                parts[start : start + _MOST_ARGUMENTS]
                for start in range(0, len(parts), _MOST_ARGUMENTS)
            ]
            # It takes two arguments at least.
            parts = [f"concat('', {', '.join(group)})" for group in groups]
        return parts[0]

    def md5_number(self, text: str) -> str | None:
        """Only where the server knows UTF-8."""
        return _HASH.format(self._bytes(text)) if self.utf8 else None

    def settled(self, expression: str, native: str) -> str | None:
        """A rowversion is given when its row is written, not when that is committed."""
        if Native.parse(native).name == "rowversion":
            return f"{expression} < min_active_rowversion()"
        return None

    def _bytes(self, text: str) -> str:
        collation = f" collate {UTF8_COLLATION}" if self.utf8 else ""
        return f"cast(({text}){collation} as varchar(max))"

    @staticmethod
    def _hex(expression: str, kind: Native) -> str:
        if kind.name == "rowversion":
            return f"convert(varchar(16), convert(binary(8), {expression}), 2)"
        size = kind.size
        length = "max" if size is None or 2 * size > _LONGEST else 2 * size
        value = f"cast({expression} as varbinary(max))" if kind.name == "image" else expression
        return f"convert(varchar({length}), {value}, 2)"

    @staticmethod
    def _unicode(expression: str, kind: Native) -> str:
        if kind.name in ("geography", "geometry"):
            return selected_as(expression, kind)
        size = 4000 if kind.name in ("sql_variant", "hierarchyid") else kind.size
        length = "max" if size is None or size > _LONGEST_NATIONAL else size
        return f"cast({expression} as nvarchar({length}))"


_AS_TEXT = frozenset(
    ("xml", "sql_variant", "hierarchyid", "geography", "geometry", "json", "vector")
)
