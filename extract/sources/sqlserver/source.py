"""Reads tables and views of a SQL Server database."""

from __future__ import annotations

import logging
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from extract.catalog import Extract
from extract.dialects.sqlserver import UTF8_COLLATION, SqlServerDialect
from extract.dialects.sqlserver_types import INTEGERS, Native
from extract.errors import SourceError, TransientError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, TableShape
from extract.sources.common import cuts_between
from extract.sources.sqlserver.errors import NO_SNAPSHOT, translated
from extract.sources.sqlserver.session import DriverError, Login, Session, open_session
from extract.sources.sqlserver.tables import ALIAS, Tables
from extract.sources.sqlserver.views import indexes_through

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SqlServerSource", "connect"]

logger = logging.getLogger(__name__)

# Who extracts must not be the one for whom a transaction of the ERP is rolled back.
_POLITE = Statement("set deadlock_priority low")
_SNAPSHOT = Statement("set transaction isolation level snapshot")
_READ_COMMITTED = Statement("set transaction isolation level read committed")
_FACTS = Statement(
    "select cast(databasepropertyex(db_name(), 'Collation') as nvarchar(128)),"
    f" cast(collationproperty('{UTF8_COLLATION}', 'CodePage') as int)"
)
_HAS_SNAPSHOT = Statement(
    "select d.snapshot_isolation_state from sys.databases as d where d.name = db_name()"
)
# The first index that begins with the column: its statistics have the index's number.
_LEADING = """
select i.object_id, min(i.index_id)
from sys.indexes as i
inner join sys.index_columns as ic on i.object_id = ic.object_id and i.index_id = ic.index_id
inner join sys.columns as c on ic.object_id = c.object_id and ic.column_id = c.column_id
where i.object_id = object_id(%s) and c.name = %s and ic.key_ordinal = 1
    and i.type in (1, 2) and i.is_disabled = 0 and i.has_filter = 0
group by i.object_id
"""
_HISTOGRAM = """
select {text}, h.range_rows + h.equal_rows
from sys.dm_db_stats_histogram({table}, {statistics}) as h
order by h.step_number
"""
_ABOUT_SNAPSHOTS = re.compile("snapshot|스냅", re.IGNORECASE)


class SqlServerSource:
    """One database; implements `extract.sources.Source`.

    Each statement sees the database at one moment where it allows snapshots, else each row as it
    is committed when it is met. A stream of rows and small results have a connection each.
    """

    def __init__(self, connection: Connection, login: Login) -> None:
        self._connection = connection
        self._login = login
        self._snapshot = False
        self._collation: str | None = None
        self._rows: Session | None = None
        self.dialect = SqlServerDialect()
        with translated(connection):
            self._texts = self._open()
        try:
            self._find_out()
        except BaseException:
            self.close()
            raise

    def describe(self, extract: Extract) -> TableShape:
        """The shape, from sys.*; of a view its base table's indexes where they hold for it."""
        tables = Tables(
            self._ask, self._try_to_ask, self._collation, self._connection.where, self.dialect
        )
        relation = tables.relation(extract)
        shape = tables.shape(extract, relation)
        if not relation.is_view:
            return shape
        return replace(shape, indexes=indexes_through(tables, relation, shape.columns))

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams the rows."""
        with translated(self._connection):
            session = self._rows = self._rows or self._open()
            batches = session.batches(statement, columns)
            try:
                batch = next(batches, None)
            except DriverError as error:
                self._leave_snapshots(session, error)
                batches = session.batches(statement, columns)
                batch = next(batches, None)
            with closing(batches):
                while batch is not None:
                    yield batch
                    batch = next(batches, None)

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        return [
            tuple(None if value is None else str(value) for value in row)
            for row in self._ask(statement)
        ]

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """Steps of the index's histogram, or equal steps between the ends of a whole number."""
        kind = Native.parse(column.native)
        steps = self._histogram(shape, column, kind)
        if len(steps) > parts:
            return _cuts(steps, parts)
        is_whole = kind.name in INTEGERS or (kind.name == "decimal" and not kind.scale)
        if not is_whole or not shape.has_index((column.name,)):
            return []
        ends = f"min({column.reference}), max({column.reference})"
        smallest, largest = self._ask(Statement(f"select {ends} from {shape.relation}"))[0]
        return [] if smallest is None else cuts_between(int(smallest), int(largest), parts)

    def close(self) -> None:
        """Closes both connections."""
        for session in (self._texts, self._rows):
            if session is not None:
                with suppress(Exception):
                    session.close()

    def _histogram(
        self, shape: TableShape, column: Column, kind: Native
    ) -> list[tuple[str, float]]:
        """Upper end and number of rows of each step; none where the server has or tells none."""
        value = f"cast(h.range_high_key as {replace(kind, collation=None)})"
        text = self.dialect.as_text(value, column.native)
        relation = shape.relation.removesuffix(f" as {ALIAS}").replace("%%", "%")
        steps: list[tuple[str, float]] = []
        for table, statistics in self._try_to_ask(Statement(_LEADING, (relation, column.name))):
            asked = _HISTOGRAM.format(text=text, table=table, statistics=statistics)
            steps = [(str(end), float(rows)) for end, rows in self._try_to_ask(Statement(asked))]
        return steps

    def _open(self) -> Session:
        session = open_session(self._connection, self._login)
        for statement in (_POLITE, *([_SNAPSHOT] if self._snapshot else [])):
            # A server that doesn't know the setting does without.
            with suppress(DriverError):
                session.run(statement)
        return session

    def _find_out(self) -> None:
        for (state,) in self._try_to_ask(_HAS_SNAPSHOT):
            self._snapshot = state == 1
        if self._snapshot:
            with translated(self._connection):
                self._texts.run(_SNAPSHOT)
        for collation, code_page in self._try_to_ask(_FACTS):
            self._collation = collation
            self.dialect = replace(self.dialect, utf8=code_page is not None)

    def _ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        with translated(self._connection):
            try:
                return self._texts.rows(statement)
            except DriverError as error:
                self._leave_snapshots(self._texts, error)
                return self._texts.rows(statement)

    def _try_to_ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Nothing where the server lacks, or refuses, what is asked."""
        try:
            return self._ask(statement)
        except TransientError:
            raise
        except SourceError as error:
            logger.debug("%s", error)
            return []

    def _leave_snapshots(self, session: Session, error: DriverError) -> None:
        """Reads what is committed from now on, if the error says that snapshots are in the way.

        Raises:
            DriverError: it doesn't.
        """
        told = error.number in NO_SNAPSHOT
        told = told or (not error.number and bool(_ABOUT_SNAPSHOTS.search(error.text)))
        if not self._snapshot or not told:
            raise error
        logger.info("%s: reads what is committed, row by row", self._connection.name)
        session.run(_READ_COMMITTED)


def connect(connection: Connection, database: str | None) -> SqlServerSource:
    """A source on `database`, or on the one that the URL names.

    Raises:
        ConfigurationError: an option can't be read, or the login or the database isn't accepted.
        TransientError: nobody answers.
    """
    return SqlServerSource(connection, Login.of(connection, database))


def _cuts(steps: Sequence[tuple[str, float]], parts: int) -> list[str]:
    """Upper ends of steps that cut the rows into about equal parts.

    Args:
        steps: upper end and number of rows, in order.
        parts: how many.
    """
    ends = list(accumulate(rows for _, rows in steps))
    at = [bisect_left(ends, ends[-1] * part / parts) for part in range(1, parts)]
    # The last step's upper end is the table's.
    return [steps[place][0] for place in dict.fromkeys(at) if place < len(steps) - 1]
