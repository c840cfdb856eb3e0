"""Postgres through ADBC: Arrow in and out, by binary COPY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from extract import postgres
from extract.settings import Connection

__all__ = ["ArrowConnection"]

_QUERY_OPTIONS = {adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(4 << 20)}


class ArrowConnection:
    """An ADBC connection: results as Arrow, and Arrow into tables, both by binary COPY.

    It stands on the driver's own calls, as its DB-API layer loads pandas, which nothing needs.
    Errors are the driver's; callers translate them.
    """

    def __init__(self, connection: Connection, *, autocommit: bool) -> None:
        with postgres.translated(connection):
            self._database = adbc_driver_postgresql.connect(
                make_conninfo(connection.url, **postgres.CONNECTION)
            )
            try:
                self._connection = adbc_driver_manager.AdbcConnection(self._database)
            except BaseException:
                self._database.close()
                raise
            self._connection.set_autocommit(autocommit)
            for setting in postgres.SESSION.split(";"):
                self.execute(setting)
            if not autocommit:
                self.commit()

    def execute(self, text: str) -> None:
        """Runs a statement that returns nothing."""
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(text)
            statement.execute_update()

    @contextmanager
    def query(self, text: str) -> Iterator[pa.RecordBatchReader]:
        """The result of `text`, in batches of about 4 MB whatever the width of a row."""
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_options(**_QUERY_OPTIONS)
            statement.set_sql_query(text)
            stream, _ = statement.execute_query()
            with pa.RecordBatchReader._import_from_c(stream.address) as reader:
                yield reader

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
            statement.bind_stream(rows)
            statement.execute_update()

    def commit(self) -> None:
        """Commits, where the connection isn't in autocommit."""
        self._connection.commit()

    def rollback(self) -> None:
        """Rolls back, likewise."""
        self._connection.rollback()

    def close(self) -> None:
        """Closes; what isn't committed is lost."""
        self._connection.close()
        self._database.close()
