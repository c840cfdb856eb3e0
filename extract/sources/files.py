"""Reads CSV and Parquet files, through DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from extract.catalog import Extract
from extract.dialects.duckdb import DuckdbDialect
from extract.dialects.postgres import escaped
from extract.errors import ConfigurationError, SourceError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, TableShape
from extract.sources.common import local_path, selected
from extract.sources.csvfiles import CsvFormat, paths
from extract.sources.engine import Engine, column_of
from extract.sources.recoded import Recoded

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FilesSource", "connect"]

_CSV_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET_ENDINGS = (".parquet", ".pq")


@dataclass(frozen=True)
class FilesSource:
    """A folder of files; implements `extract.sources.Source`.

    `scratch` takes what the engine's sorts spill, and decoded copies.
    """

    connection: Connection
    folder: Path
    engine: Engine
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
        with self.engine.translated():
            described = self.engine.all(f"describe select * from {relation}")
            kinds = {str(name): str(kind) for name, kind, *_ in described}
            names = selected(extract, list(kinds), extract.table)
            columns = [column_of(name, kinds[name], self.dialect.quote(name)) for name in names]
            for name, text in extract.expressions.items():
                kind = str(self.engine.all(f"describe select ({text}) as c from {relation}")[0][1])
                columns.append(column_of(name, kind, f"({escaped(text)})", computed=True))
            count = f"select sum(num_rows) from parquet_file_metadata([{paths(files)}])"
            estimate = int(self.engine.all(count)[0][0]) if is_parquet else None
        return TableShape(escaped(relation), tuple(columns), (), (), estimate)

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams what DuckDB computes."""
        return self.engine.read(statement, columns)

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        return self.engine.texts(statement)

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """None: files have no index."""
        return []

    def close(self) -> None:
        """Closes the engine and removes what it kept on disk."""
        self.engine.close()
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
        engine = Engine.start(connection, scratch.name)
        recoded = None if form.is_utf8 else Recoded(form.encoding, Path(scratch.name))
        if recoded is not None:
            engine.database.register_filesystem(recoded)
    except BaseException:
        scratch.cleanup()
        raise
    return FilesSource(connection, folder, engine, form, scratch, recoded)


def _is_parquet_name(path: Path) -> bool | None:
    name = path.name.lower()
    if name.endswith(_PARQUET_ENDINGS):
        return True
    return False if name.endswith(_CSV_ENDINGS) else None
