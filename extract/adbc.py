"""Postgres through ADBC: Arrow in and out, by binary COPY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from extract import postgres
from extract.settings import Connection
from extract.silence import Watch, new_name, tagged_socket

__all__ = ["ArrowConnection"]

_MARKS = count(1)
_MOST_MARKS = 10_000
_QUERY_OPTIONS = {adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(1 << 20)}


class ArrowConnection:
    """An ADBC connection: results as Arrow, and Arrow into tables, both by binary COPY.

    It stands on the driver's own calls, as its DB-API layer loads pandas, which nothing needs.
    Errors are the driver's; callers translate them.
    """

    def __init__(self, connection: Connection, *, autocommit: bool) -> None:
        # No two alike: so its socket can be found.
        mark = postgres.CONNECTION["tcp_user_timeout"] + next(_MARKS) % _MOST_MARKS
        name = new_name()
        options = {**postgres.CONNECTION, "application_name": name, "tcp_user_timeout": mark}
        conninfo = make_conninfo(connection.url, **options)
        with postgres.translated(connection):
            self._database = adbc_driver_postgresql.connect(conninfo)
            try:
                self._connection = adbc_driver_manager.AdbcConnection(self._database)
            except BaseException:
                self._database.close()
                raise
            found = tagged_socket(mark)
            self._watch = None if found is None else Watch(found, name, conninfo)
            self._connection.set_autocommit(autocommit)
            for setting in postgres.SESSION.split(";"):
                self.execute(setting)
            if not autocommit:
                self.commit()

    def execute(self, text: str) -> None:
        """Runs a statement that returns nothing."""
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(text)
            with self._waiting():
                statement.execute_update()

    @contextmanager
    def query(self, text: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """The result of `text`, in batches of about 4 MB whatever the width of a row."""
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_options(**_QUERY_OPTIONS)
            statement.set_sql_query(text)
            with self._waiting():
                stream, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(stream.address) as reader:
                yield self._received(reader)

    def ingest(self, schema: str, table: str, rows: pa.RecordBatchReader) -> None:
        """Appends `rows`, whose names are columns of the table."""
        options = adbc_driver_manager.StatementOptions
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_options(
                **{
                    options.INGEST_TARGET_DB_SCHEMA.value: schema,
                    options.INGEST_TARGET_TABLE.value: table,
                    options.INGEST_MODE.value: adbc_driver_manager.INGEST_OPTION_MODE_APPEND,
                }
            )
            statement.bind_stream(pa.RecordBatchReader.from_batches(rows.schema, self._sent(rows)))
            with self._waiting():
                statement.execute_update()

    def commit(self) -> None:
        """Commits, where the connection isn't in autocommit."""
        with self._waiting():
            self._connection.commit()

    def rollback(self) -> None:
        """Rolls back, likewise."""
        with self._waiting():
            self._connection.rollback()

    def close(self) -> None:
        """Closes; what isn't committed is lost."""
        self._connection.close()
        self._database.close()

    def _waiting(self) -> AbstractContextManager[None]:
        return self._watch.waiting() if self._watch is not None else nullcontext()

    def _received(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while True:
            with self._waiting():
                batch = next(reader, None)
            if batch is None:
                return
            yield batch

    def _sent(self, rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        # It is the source that keeps the driver waiting here.
        while True:
            with self._watch.paused() if self._watch is not None else nullcontext():
                batch = next(rows, None)
            if batch is None:
                return
            yield batch
