"""DuckDB as the SQL engine over rows that no database holds; the only module that imports it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from extract.dialects.duckdb import is_nested, to_microseconds
from extract.errors import ConfigurationError, ExtractError, RowError, SourceError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column
from extract.sources.common import with_marks

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Engine", "column_of"]

_BATCH_CELLS = 200_000
_LV0 = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "HUGEINT": "numeric(39,0)",
    "UHUGEINT": "numeric(39,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "BLOB": "bytea",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP_S": "timestamp without time zone",
    "TIMESTAMP_MS": "timestamp without time zone",
    "TIMESTAMP_NS": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "UUID": "uuid",
}
# What DuckDB says of a file that can't be parsed; the line itself, which it quotes, is left out.
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_REASON = re.compile(
    r"Expected Number of Columns: \d+ Found: \d+|[Uu]nterminated quote|Invalid unicode"
    r"|[Mm]aximum line size|CSV Parser state machine reached an invalid state"
)


@dataclass(frozen=True)
class Engine:
    """An open DuckDB; `where` is the place of the rows, for messages."""

    database: duckdb.DuckDBPyConnection
    where: str

    @classmethod
    def start(cls, connection: Connection, scratch: str, file: str = ":memory:") -> Engine:
        """One whose sorts spill into the folder `scratch`, and whose tables are in `file`.

        Raises:
            ConfigurationError: the connection's option `memory_limit` is of no use.
        """
        limit = connection.option("memory_limit") or "256MB"
        try:
            database = duckdb.connect(
                file,
                config={
                    "threads": 1,
                    "memory_limit": limit,
                    "temp_directory": scratch,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "enable_external_file_cache": False,
                },
            )
        except duckdb.Error:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: option `memory_limit` must be a size like "
                f"256MB, not `{limit}`."
            ) from None
        database.execute("set TimeZone = 'UTC'")
        return cls(database, connection.where)

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams what DuckDB computes; see `extract.sources.Source`."""
        rows = max(2048, _BATCH_CELLS // max(1, len(columns)))
        text = with_marks(statement.text, "?")
        # An open result occupies its connection.
        with self.translated(RowError), closing(self.database.cursor()) as cursor:
            result = cursor.sql(text, params=statement.params)
            for batch in result.to_arrow_reader(rows):
                if batch.num_rows:
                    yield batch

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        with self.translated(RowError):
            rows = self.all(with_marks(statement.text, "?"), *statement.params)
        return [tuple(None if value is None else str(value) for value in row) for row in rows]

    def all(self, text: str, *params: str) -> list[tuple[Any, ...]]:
        """All rows of a statement in DuckDB's own SQL; its errors are DuckDB's."""
        with closing(self.database.cursor()) as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(text, params).fetchall()
            return rows

    def add(self, relation: str, rows: pa.Table) -> None:
        """Appends `rows` to the table `relation` (quoted), whose columns they have in order."""
        with self.translated(), closing(self.database.cursor()) as cursor:
            cursor.register("stairway_rows", rows)
            cursor.execute(f"insert into {relation} select * from stairway_rows")

    def close(self) -> None:
        """Ends it; never raises."""
        with suppress(Exception):
            self.database.close()

    @contextmanager
    def translated(self, otherwise: type[SourceError] = SourceError) -> Iterator[None]:
        """Turns the engine's errors into ours; `otherwise` is what a value's fault means."""
        try:
            yield
        except ExtractError:
            raise
        except duckdb.Error as error:
            raise _named(error, self.where, otherwise) from None


def column_of(name: str, native: str, reference: str, *, computed: bool = False) -> Column:
    """How a column of a type travels and is kept; what Postgres has no type for goes as text."""
    expression = reference
    if native.startswith("DECIMAL"):
        lv0 = native.lower().replace("decimal", "numeric")
    elif native == "JSON" or is_nested(native):
        lv0 = "json"
        expression = f"cast(to_json({reference}) as varchar)"
    else:
        lv0 = _LV0.get(native, "text")
    if (native not in _LV0 and lv0 == "text") or native in ("HUGEINT", "UHUGEINT"):
        expression = f"cast({reference} as varchar)"
    elif native.startswith("TIMESTAMP_"):
        expression = to_microseconds(reference, native)
    return Column(name, native, lv0, lv0, reference, expression, True, computed)


def _named(error: duckdb.Error, where: str, otherwise: type[SourceError]) -> ExtractError:
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return SourceError(
            f"{where}: the rows need more than `memory_limit`. Raise it in connections.yml."
        )
    line = _CSV_LINE.search(text)
    reason = _CSV_REASON.search(text)
    if line is not None or reason is not None:
        place = f"line {line[1]}" if line else "a line"
        why = reason[0] if reason else "not what the first line promises"
        return SourceError(
            f"{where}: {place} of a CSV file can't be read: {why}. Mend the file, or set "
            "`delimiter`, `header` or `encoding` in connections.yml."
        )
    if isinstance(
        error,
        duckdb.ConversionException | duckdb.OutOfRangeException | duckdb.InvalidInputException,
    ):
        # The text may quote the value.
        return otherwise(f"{where}: a value can't be read or computed.")
    return SourceError(f"{where}: {text.splitlines()[0] if text else type(error).__name__}.")
