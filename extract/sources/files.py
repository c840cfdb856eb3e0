"""Reads CSV and Parquet files, through DuckDB; the only module that imports it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from extract.catalog import Extract
from extract.dialects.duckdb import DuckdbDialect, is_nested, to_microseconds
from extract.dialects.postgres import escaped
from extract.errors import ConfigurationError, ExtractError, RowError, SourceError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, TableShape
from extract.sources.common import local_path, selected, with_marks
from extract.sources.csvfiles import CsvFormat, paths
from extract.sources.recoded import Recoded

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FilesSource", "connect"]

_CSV_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")
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
class FilesSource:
    """A folder of files; implements `extract.sources.Source`.

    `scratch` takes what the engine's sorts spill, and decoded copies.
    """

    connection: Connection
    folder: Path
    database: duckdb.DuckDBPyConnection
    csv: CsvFormat
    scratch: TemporaryDirectory[str]
    recoded: Recoded | None
    dialect: DuckdbDialect = field(default_factory=DuckdbDialect)

    def describe(self, extract: Extract) -> TableShape:
        """The shape of the files that `table` names: one, those of a folder, or of a pattern."""
        folder = self.folder / (extract.schema_name or "")
        files = self._files(folder, extract.table)
        is_parquet = self._is_parquet(files)
        relation = self._relation(files, is_parquet)
        with self._translated():
            described = self._all(f"describe select * from {relation}")
            kinds = {str(name): str(kind) for name, kind, *_ in described}
            names = selected(extract, list(kinds), extract.table)
            columns = [_column(name, kinds[name], self.dialect.quote(name)) for name in names]
            for name, text in extract.expressions.items():
                kind = str(self._all(f"describe select ({text}) as c from {relation}")[0][1])
                columns.append(_column(name, kind, f"({escaped(text)})", computed=True))
            count = f"select sum(num_rows) from parquet_file_metadata([{paths(files)}])"
            estimate = int(self._all(count)[0][0]) if is_parquet else None
        return TableShape(escaped(relation), tuple(columns), (), (), estimate)

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams what DuckDB computes."""
        rows = max(2048, _BATCH_CELLS // max(1, len(columns)))
        text = with_marks(statement.text, "?")
        # An open result occupies its connection.
        with self._translated(RowError), closing(self.database.cursor()) as cursor:
            result = cursor.sql(text, params=statement.params)
            for batch in result.to_arrow_reader(rows):
                if batch.num_rows:
                    yield batch

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        with self._translated(RowError):
            rows = self._all(with_marks(statement.text, "?"), *statement.params)
        return [tuple(None if value is None else str(value) for value in row) for row in rows]

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """None: files have no index."""
        return []

    def close(self) -> None:
        """Closes the engine and removes what it kept on disk."""
        with suppress(Exception):
            self.database.close()
        with suppress(Exception):
            self.scratch.cleanup()

    def _files(self, folder: Path, table: str) -> list[Path]:
        exact = folder / table
        if exact.is_file():
            return [exact]
        found: list[Path] = []
        if exact.is_dir():
            found = [path for path in exact.iterdir() if path.name[0] not in "._"]
        else:
            # What is no pattern is a name that isn't there.
            with suppress(ValueError, NotImplementedError):
                found = list(folder.glob(table))
        files = sorted(path for path in found if path.is_file())
        if not files:
            there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
            listed = f"it has {', '.join(there[:10])}" if there else "which is empty or isn't there"
            raise SourceError(
                f"No file is called `{table}` in {folder}; {listed}. "
                "Fix `config.meta.extract.table`: a file, a folder of files, or a pattern."
            )
        return files

    def _is_parquet(self, files: Sequence[Path]) -> bool:
        asked = self.connection.option("format")
        if asked is not None:
            if asked.lower() not in ("csv", "parquet"):
                raise ConfigurationError(
                    f"connections.yml: `{self.connection.name}`: option `format` must be csv or "
                    f"parquet, not `{asked}`."
                )
            return asked.lower() == "parquet"
        kinds = {_is_parquet_name(path) for path in files}
        if None in kinds or len(kinds) > 1:
            other = next(path for path in files if _is_parquet_name(path) is not True)
            raise SourceError(
                f"{self.connection.where}: {other.name} is neither CSV nor Parquet by its name, or "
                "the files are of both kinds. Set `format` in connections.yml, or name the files "
                "by a pattern in `config.meta.extract.table`."
            )
        return True in kinds

    def _relation(self, files: Sequence[Path], is_parquet: bool) -> str:
        if is_parquet:
            listed = paths(files)
            return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        if self.recoded is not None:
            for path in files:
                self.recoded.check(path)
        return self.csv.relation(files)

    def _all(self, text: str, *params: str) -> list[tuple[Any, ...]]:
        with closing(self.database.cursor()) as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(text, params).fetchall()
            return rows

    @contextmanager
    def _translated(self, otherwise: type[SourceError] = SourceError) -> Iterator[None]:
        """Turns the engine's errors into ours; `otherwise` is what a value's fault means."""
        try:
            yield
        except ExtractError:
            raise
        except duckdb.Error as error:
            raise _named(error, self.connection.where, otherwise) from None


def connect(connection: Connection, database: str | None) -> FilesSource:
    """A source on the URL's folder, or on the folder called `database` in it.

    Raises:
        ConfigurationError: there is no such folder, or an option is of no use.
    """
    folder = local_path(connection) / (database or "")
    if not folder.is_dir():
        raise ConfigurationError(
            f"connections.yml: `{connection.name}`: there is no folder {folder}. "
            "Three slashes begin a relative path, four an absolute one."
        )
    form = CsvFormat.of(connection)
    scratch = TemporaryDirectory(prefix="stairway_")
    try:
        engine = _engine(connection, scratch.name)
        recoded = None if form.is_utf8 else Recoded(form.encoding, Path(scratch.name))
        if recoded is not None:
            engine.register_filesystem(recoded)
    except BaseException:
        scratch.cleanup()
        raise
    return FilesSource(connection, folder, engine, form, scratch, recoded)


def _engine(connection: Connection, scratch: str) -> duckdb.DuckDBPyConnection:
    limit = connection.option("memory_limit") or "256MB"
    try:
        engine = duckdb.connect(
            ":memory:",
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
    engine.execute("set TimeZone = 'UTC'")
    return engine


def _named(error: duckdb.Error, where: str, otherwise: type[SourceError]) -> ExtractError:
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return SourceError(
            f"{where}: the files need more than `memory_limit`. Raise it in connections.yml."
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


def _is_parquet_name(path: Path) -> bool | None:
    name = path.name.lower()
    if name.endswith(_PARQUET_ENDINGS):
        return True
    return False if name.endswith(_CSV_ENDINGS) else None


def _column(name: str, native: str, reference: str, *, computed: bool = False) -> Column:
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
