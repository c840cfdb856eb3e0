"""DuckDB's spelling: the SQL engine over files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extract.dialects.postgres import escaped
from extract.paging import not_a_time, spelled_out

__all__ = ["DuckdbDialect", "is_nested", "to_microseconds"]

_ZONED = "TIMESTAMP WITH TIME ZONE"
_SECONDS = "%%Y-%%m-%%d %%H:%%M:%%S.%%f"


@dataclass(frozen=True)
class DuckdbDialect:
    """Implements `extract.paging.Dialect`; native types are DuckDB's own names."""

    hashing: str = "md5"

    def quote(self, name: str) -> str:
        """`name` in double quotes."""
        return escaped('"' + name.replace('"', '""') + '"')

    def typed(self, native: str) -> str:
        """A placeholder cast to `native`."""
        # lv0's own text of bytes begins with \x.
        return r"unhex(replace(%s, '\x', ''))" if native == "BLOB" else f"cast(%s as {native})"

    def as_text(self, expression: str, native: str) -> str:
        """The value as DuckDB prints it; bytes in hex."""
        return f"hex({expression})" if native == "BLOB" else f"cast({expression} as varchar)"

    def canonical(self, expression: str, native: str) -> str:
        """The text that Postgres gives to the value in lv0."""
        if native == "BOOLEAN":
            return f"cast(cast({expression} as tinyint) as varchar)"
        if native in ("FLOAT", "DOUBLE"):
            return f"lower(hex(cast(cast({expression} as bit) as blob)))"
        if native == "BLOB":
            return f"lower(hex({expression}))"
        if native == _ZONED:
            return f"strftime(make_timestamp(epoch_us({expression})), '{_SECONDS}')"
        if native.startswith("TIMESTAMP"):
            return f"strftime({to_microseconds(expression, native)}, '{_SECONDS}')"
        if native == "TIME":
            return f"strftime(date '2000-01-01' + {expression}, '%%H:%%M:%%S.%%f')"
        if is_nested(native):
            return f"cast(to_json({expression}) as varchar)"
        return f"replace(cast({expression} as varchar), chr(0), '')"

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment."""
        if native.startswith(("TIMESTAMP", "DATE")):
            return f"{expression} - interval '{seconds} seconds'"
        raise not_a_time(native)

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """Spelled out, so that what a Parquet file says of its first column leaves parts unread."""
        return spelled_out(columns, operator, values)

    def limited(self, body: str, limit: int) -> str:
        """A query with LIMIT."""
        return f"select {body} limit {limit}"

    def hashed(self, texts: Sequence[str]) -> str:
        """48 bits of md5."""
        return self.md5_number(" || chr(31) || ".join(texts))

    def total(self, expression: str) -> str:
        """A sum of whole numbers is of a wider type."""
        return f"sum({expression})"

    def joined(self, texts: Sequence[str]) -> str:
        """Canonical texts as one that is never null: chr(31) before each, chr(30) for a null."""
        parts = [f"coalesce(chr(31) || {text}, chr(30))" for text in texts]
        return f"concat({', '.join(parts)})"

    def md5_number(self, text: str) -> str:
        """The first 48 bits of the md5 of the text's UTF-8."""
        return f"cast('0x' || left(md5({text}), 12) as bigint)"

    def settled(self, expression: str, native: str) -> str | None:
        """Files are written by nobody who could be asked."""
        return None


def is_nested(native: str) -> bool:
    """Whether values are made of others."""
    return native.endswith("]") or native.startswith(("STRUCT", "MAP", "UNION"))


def to_microseconds(expression: str, native: str) -> str:
    """A moment as a plain timestamp; what is finer than that is cut off, as a cast would round."""
    if native != "TIMESTAMP_NS":
        return f"cast({expression} as timestamp)"
    finer = f"((epoch_ns({expression}) %% 1000 + 1000) %% 1000)"
    return f"make_timestamp((epoch_ns({expression}) - {finer}) // 1000)"
