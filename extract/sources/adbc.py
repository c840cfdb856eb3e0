"""Reads Postgres through ADBC: results as Arrow, by binary COPY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from extract import postgres
from extract.settings import Connection
from extract.silence import Watch, new_name, tagged_sockets

__all__ = ["ArrowConnection"]

_MARKS = count(1)
_MOST_MARKS = 10_000
_QUERY_OPTIONS = {adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(1 << 20)}


class ArrowConnection:
    """An ADBC connection in autocommit: results as Arrow, by binary COPY.

    It stands on the driver's own calls, as its DB-API layer loads pandas, which nothing needs.
    Errors are the driver's; callers translate them.
    """

    def __init__(self, connection: Connection) -> None:
        # No two alike: so its socket can be found.
        mark = postgres.CONNECTION["tcp_user_timeout"] + next(_MARKS) % _MOST_MARKS
        name = new_name()
        options = {**postgres.CONNECTION, "application_name": name, "tcp_user_timeout": mark}
        conninfo = make_conninfo(connection.url, **options)
        self._sorts = True
        self._watch = Watch(lambda: tagged_sockets(mark), name, conninfo)
        # The driver asks for the server's types while it connects.
        with postgres.translated(connection), self._watch.waiting():
            self._database = adbc_driver_postgresql.connect(conninfo)
            try:
                self._connection = adbc_driver_manager.AdbcConnection(self._database)
            except BaseException:
                self._database.close()
                raise
            self._connection.set_autocommit(True)
        with postgres.translated(connection):
            for setting in postgres.SESSION.split(";"):
                self.execute(setting)

    def execute(self, text: str) -> None:
        """Runs a statement that returns nothing."""
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(text)
            with self._watch.waiting():
                statement.execute_update()

    @contextmanager
    def query(self, text: str, *, sorts: bool = True) -> Iterator[Iterator[pa.RecordBatch]]:
        """The result of `text`, in batches of about a megabyte whatever the width of a row.

        Args:
            text: of the query.
            sorts: False where an index has the rows in their order. Near a table's end the
                planner would rather sort the rest of it, on the server's disk, for each page.
        """
        if sorts != self._sorts:
            self.execute(f"set enable_sort = {'on' if sorts else 'off'}")
            self._sorts = sorts
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_options(**_QUERY_OPTIONS)
            statement.set_sql_query(text)
            with self._watch.waiting():
                stream, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(stream.address) as reader:
                yield self._received(reader)

    def close(self) -> None:
        """Closes; what isn't committed is lost."""
        self._connection.close()
        self._database.close()

    def _received(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                with self._watch.waiting():
                    batch = next(reader, None)
            except pa.ArrowInvalid as error:
                # What the server says in the middle of a stream, as an error of the call.
                raise OSError(str(error)) from None
            if batch is None:
                return
            yield batch
