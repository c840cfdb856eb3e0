"""Reads tables and views of an SQLite file, by the standard library."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from extract.catalog import Extract
from extract.dialects.postgres import escaped
from extract.dialects.sqlite import AGGREGATES, FUNCTIONS, SqliteDialect, kind_of
from extract.errors import ConfigurationError, RowError, SourceError, TransientError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, Index, TableShape
from extract.sources.common import (
    as_batches,
    cuts_between,
    local_path,
    one_of,
    selected,
    with_marks,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SqliteSource", "connect"]

_TRANSIENT = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_NO_DATABASE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM)
_SCHEMA = "main"
# Classes of values that a column of a kind should hold.
_CLASSES = {
    "bigint": "'integer'",
    "boolean": "'integer'",
    "double precision": "'real', 'integer'",
    "bytea": "'blob'",
    "text": "'text'",
    "date": "'text'",
    "timestamp without time zone": "'text'",
    "any": "'text', 'integer', 'real'",
}
_NUMBERS = "'integer', 'real'"
# Where whatever comes would be taken, the statement has to fail for the row.
_TAKES_ALL = ("text", "any", "bytea", "numeric")
_NOT_A_VALUE = "'?'"


@dataclass(frozen=True)
class SqliteSource:
    """One file, opened read-only; implements `extract.sources.Source`."""

    connection: Connection
    database: sqlite3.Connection
    dialect: SqliteDialect = field(default_factory=SqliteDialect)

    def describe(self, extract: Extract) -> TableShape:
        """The table's shape, from SQLite's pragmas."""
        if (extract.schema_name or _SCHEMA).lower() != _SCHEMA:
            raise SourceError(
                f"Schema `{extract.schema_name}` is not in {self.connection.where}: SQLite has "
                f"`{_SCHEMA}` only. Remove `config.meta.extract.schema`."
            )
        listed = self._all(
            "select name, type, sql like '%without%rowid%' from sqlite_schema"
            " where type in ('table', 'view') and name not like 'sqlite~_%' escape '~'"
            " order by name"
        )
        table = one_of(
            extract.table,
            _SCHEMA,
            [name for name, _, _ in listed if name.lower() == extract.table.lower()],
            [name for name, _, _ in listed],
            self.connection.where,
        )
        is_view = (table, "view") in [row[:2] for row in listed]
        columns, primary, rowid = self._columns(extract, table)
        indexes = self._indexes(table)
        if rowid:
            indexes.insert(0, Index((rowid,), True))
        return TableShape(
            relation=self._relation(table),
            columns=columns,
            primary_key=primary,
            indexes=tuple(indexes),
            estimated_rows=None if is_view else self._estimate(table),
            is_view=is_view,
        )

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Steps through the rows as SQLite finds them."""
        with self._rows(statement) as cursor:
            yield from as_batches(cursor, columns, [entry[0] for entry in cursor.description])

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        with self._rows(statement) as cursor:
            rows = cursor.fetchall()
        return [tuple(None if value is None else str(value) for value in row) for row in rows]

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """Equal steps from the smallest to the largest whole number."""
        if column.native != "bigint" or not shape.has_index((column.name,)):
            return []
        ends = [
            self.texts(Statement(f"select {end}({column.reference}) from {shape.relation}"))[0][0]
            for end in ("min", "max")
        ]
        try:
            smallest, largest = (int(end or "") for end in ends)
        except ValueError:
            return []
        return cuts_between(smallest, largest, parts)

    def close(self) -> None:
        """Closes the file."""
        with suppress(Exception):
            self.database.close()

    def _relation(self, table: str) -> str:
        return f"{self.dialect.quote(_SCHEMA)}.{self.dialect.quote(table)}"

    def _columns(
        self, extract: Extract, table: str
    ) -> tuple[tuple[Column, ...], tuple[str, ...], str | None]:
        """The columns as asked for, the primary key, and the column that is the rowid."""
        rows = self._all(
            "select name, type, [notnull], pk from pragma_table_xinfo(?)"
            " where hidden <> 1 order by cid",
            table,
        )
        names = selected(extract, [row[0] for row in rows], f"{_SCHEMA}.{table}")
        key = tuple(name for name, _, _, place in sorted(rows, key=lambda r: r[3]) if place)
        # Only a primary key that is the rowid has no index of its own.
        is_rowid = len(key) == 1 and not self._all(
            "select 1 from pragma_index_list(?) where origin = 'pk'", table
        )
        columns = []
        for name, declared, required, _ in rows:
            if name in names:
                reference = f"{self._relation(table)}.{self.dialect.quote(name)}"
                nullable = not required and not (is_rowid and name in key)
                columns.append(_column(name, kind_of(declared), reference, nullable))
        kinds = self._expression_kinds(extract, table)
        columns += [
            _column(name, kinds[name], f"({escaped(text)})", True, computed=True)
            for name, text in extract.expressions.items()
        ]
        return tuple(columns), key, key[0] if is_rowid else None

    def _expression_kinds(self, extract: Extract, table: str) -> dict[str, str]:
        """What SQLite would declare as the types of columns made from the expressions."""
        if not extract.expressions:
            return {}
        listed = ", ".join(
            f"({text}) as c{place}" for place, text in enumerate(extract.expressions.values())
        )
        relation = self._relation(table).replace("%%", "%")
        # A temporary table is in memory; the file stays as it is.
        self._all("drop table if exists temp.stairway_kinds")
        self._all(
            f"create temporary table stairway_kinds as select {listed} from {relation} limit 0"
        )
        declared = self._all("select type from pragma_table_info('stairway_kinds') order by cid")
        return {
            name: kind_of(kind) for name, (kind,) in zip(extract.expressions, declared, strict=True)
        }

    def _indexes(self, table: str) -> list[Index]:
        """Indexes that deliver rows in their columns' own order.

        Whether one does (it may be descending or of another collation than its column) is asked
        of SQLite's planner.
        """
        found = []
        for name, unique in self._all(
            "select name, [unique] from pragma_index_list(?) where not partial order by seq desc",
            table,
        ):
            columns = [
                row[0]
                for row in self._all("select name from pragma_index_info(?) order by seqno", name)
            ]
            if None in columns:
                continue
            listed = ", ".join(self.dialect.quote(column) for column in columns)
            query = f"select {listed} from {self._relation(table)} order by {listed}"
            steps = self._all("explain query plan " + with_marks(query, "?"))
            if not any("TEMP B-TREE" in step[3] for step in steps):
                found.append(Index(tuple(columns), bool(unique)))
        return found

    def _estimate(self, table: str) -> int | None:
        """What ANALYZE counted, if it ever ran."""
        if not self._all("select 1 from sqlite_schema where name = 'sqlite_stat1'"):
            return None
        rows = self._all("select stat from sqlite_stat1 where tbl = ?", table)
        counts = [int(str(stat).split()[0]) for (stat,) in rows if stat]
        return max(counts, default=None)

    def _all(self, text: str, *params: str) -> list[tuple[Any, ...]]:
        with _translated(self.connection):
            return self.database.execute(text, params).fetchall()

    @contextmanager
    def _rows(self, statement: Statement) -> Iterator[sqlite3.Cursor]:
        text = with_marks(statement.text, "?")
        # What is wrong with the statement itself shows before a row is touched.
        self._all(f"explain {text}", *statement.params)
        with (
            _translated(self.connection, RowError),
            closing(self.database.execute(text, statement.params)) as cursor,
        ):
            yield cursor


def connect(connection: Connection, database: str | None) -> SqliteSource:
    """A source on the URL's file, or on the file called `database` in its folder.

    Raises:
        ConfigurationError: there is no such file, or it is no database.
    """
    path = local_path(connection)
    if database is not None:
        path = (path if path.is_dir() else path.parent) / database
    if not path.is_file():
        raise ConfigurationError(
            f"connections.yml: `{connection.name}`: there is no file {path}. "
            "Three slashes begin a relative path, four an absolute one."
        )
    with _translated(connection):
        opened = sqlite3.connect(
            f"{path.as_uri()}?mode=ro",
            uri=True,
            timeout=connection.seconds("login_timeout", 15),
            isolation_level=None,
            check_same_thread=False,
        )
    try:
        with _translated(connection):
            opened.execute("select count(*) from sqlite_schema").fetchone()
        for name, (arguments, function) in FUNCTIONS.items():
            opened.create_function(name, arguments, function, deterministic=True)
        for name, (arguments, aggregate) in AGGREGATES.items():
            opened.create_aggregate(name, arguments, aggregate)
    except BaseException:
        opened.close()
        raise
    return SqliteSource(connection, opened)


@contextmanager
def _translated(
    connection: Connection, otherwise: type[SourceError] = SourceError
) -> Iterator[None]:
    """Turns the driver's errors into ours; `otherwise` is what a failed statement means."""
    try:
        yield
    except sqlite3.Error as error:
        # An extended code has the plain one in its low byte; a text that isn't UTF-8 has none.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        text = " ".join(str(error).split())
        if code in _TRANSIENT:
            raise TransientError(f"{connection.where}: {text}.") from None
        if code in _NO_DATABASE:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: {connection.where}: {text}."
            ) from None
        if otherwise is RowError:
            # The text may quote the value.
            raise RowError(f"{connection.where}: a value can't be read or computed.") from None
        raise otherwise(f"{connection.where}: {text}.") from None


def _column(
    name: str, kind: str, reference: str, nullable: bool, *, computed: bool = False
) -> Column:
    """How a column of a kind travels and is kept; values of another class are refused."""
    lv0 = "text" if kind == "any" else kind
    stage = "text" if kind == "numeric" else lv0
    classes = _CLASSES.get(kind, _NUMBERS)
    refused = "stairway_refuse()" if kind in _TAKES_ALL else _NOT_A_VALUE
    expression = (
        f"case when typeof({reference}) in ({classes}, 'null') then {reference} else {refused} end"
    )
    return Column(name, kind, lv0, stage, reference, expression, nullable, computed)
