"""The only module that knows the Postgres drivers: psycopg for statements, ADBC for Arrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import adbc_driver_manager
import adbc_driver_postgresql
import psycopg
import psycopg.rows
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import make_conninfo

from extract.errors import (
    ConfigurationError,
    ExtractError,
    SourceError,
    TargetError,
    TransientError,
)
from extract.settings import Connection

__all__ = [
    "ArrowConnection",
    "bind",
    "connect",
    "identifier",
    "literal",
    "translated",
]

DatabaseError = psycopg.Error
Statements = psycopg.Connection[tuple[Any, ...]]

_QUERY_OPTIONS = {adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(4 << 20)}
# Renders every value as text that reads back to the same value.
_SESSION = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';"
    "set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'"
)
# A peer that is gone without a word is noticed within a minute.
_CONNECTION: dict[str, Any] = {
    "application_name": "stairway",
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_LOGIN = re.compile(
    r"authentication failed|no password supplied|role .* does not exist|"
    r"no pg_hba.conf entry|database .* does not exist|permission denied for database"
)
_TRANSIENT_STATES = ("08", "40", "55P03", "57P", "53300")
_DISK_FULL = "53100"
# What fails in the middle of a stream comes as an OSError without a state.
_LOST = re.compile(
    r"server closed the connection|terminating connection|could not (receive|send) data|"
    r"connection (not open|.* lost)|no connection to the server|SSL (SYSCALL|connection)|"
    r"deadlock detected|recovery|shutting down"
)
_QUOTES_VALUE = re.compile(r"invalid input|out of range|malformed|invalid value")


def connect(connection: Connection, **options: Any) -> Statements:
    """An autocommit connection for statements.

    Raises:
        ConfigurationError: the login or the database isn't accepted.
        TransientError: nobody answers.
    """
    with translated(connection):
        opened = psycopg.connect(
            make_conninfo(connection.url, **{**_CONNECTION, **options}), autocommit=True
        )
        opened.execute(_SESSION)
        return opened


class ArrowConnection:
    """An ADBC connection: results as Arrow, and Arrow into tables, both by binary COPY.

    It stands on the driver's own calls, as its DB-API layer loads pandas, which nothing needs.
    Errors are the driver's; callers translate them.
    """

    def __init__(self, connection: Connection, *, autocommit: bool) -> None:
        with translated(connection):
            self._database = adbc_driver_postgresql.connect(
                make_conninfo(connection.url, **_CONNECTION)
            )
            try:
                self._connection = adbc_driver_manager.AdbcConnection(self._database)
            except BaseException:
                self._database.close()
                raise
            self._connection.set_autocommit(autocommit)
            for setting in _SESSION.split(";"):
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


def mappings(connection: Statements, query: LiteralString) -> list[dict[str, Any]]:
    """The rows of `query` as mappings by column."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(query).fetchall()


def identifier(*parts: str) -> str:
    """The quoted, dotted name."""
    return sql.Identifier(*parts).as_string(None)


def literal(value: str) -> str:
    """The quoted string."""
    return sql.Literal(value).as_string(None)


def bind(text: str, params: tuple[str, ...]) -> str:
    """`text` with its %s placeholders filled by quoted literals, and %% as a percent sign.

    COPY, which is how ADBC reads fast, takes no parameters.
    """
    values = iter(params)
    pieces = re.split(r"(%s|%%)", text)
    for position, piece in enumerate(pieces):
        if piece == "%s":
            pieces[position] = literal(next(values))
        elif piece == "%%":
            pieces[position] = "%"
    return "".join(pieces)


@contextmanager
def translated(connection: Connection, feed: str | None = None) -> Iterator[None]:
    """Turns a driver's errors into ours, one line each, without URL or row values."""
    try:
        yield
    except ExtractError:
        raise
    except (psycopg.Error, adbc_driver_manager.Error, OSError) as error:
        raise _translate(error, connection, feed) from None


def _translate(error: Exception, connection: Connection, feed: str | None) -> ExtractError:
    state = getattr(error, "sqlstate", None) or ""
    text = connection.redacted(_one_line(error))
    if state.startswith("22") or _QUOTES_VALUE.search(text):
        text = re.sub(r'".*"', '"..."', text)
    at = f"{connection.name} ({connection.where})"
    own = TargetError if connection.name == "warehouse" else SourceError
    if state.startswith("28") or _LOGIN.search(text):
        return ConfigurationError(
            f"{at} refuses the login: {text}. Check the user, the password and the database in "
            f"{'profiles.yml' if own is TargetError else 'connections.yml'} or its environment.",
            feed=feed,
        )
    if state == _DISK_FULL or "No space left on device" in text:
        return TargetError(
            f"{at} has no disk space left: {text}. Free some; the next run goes on from the last "
            "committed page.",
            feed=feed,
        )
    lost = isinstance(error, (psycopg.OperationalError, adbc_driver_manager.OperationalError))
    lost = not state and (lost or bool(_LOST.search(text)))
    if lost or state.startswith(_TRANSIENT_STATES):
        return TransientError(f"{at} doesn't answer, or broke off: {text}.", feed=feed)
    return own(f"{at}: {text}.", feed=feed)


def _one_line(error: Exception) -> str:
    """The server's first sentence. DETAIL and CONTEXT may quote a row, so they stay out."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = str(primary or error)
    text = re.split(r"\n\s*(?:DETAIL|CONTEXT|LINE|HINT|Is the server|Query was)", text)[0]
    text = re.sub(r"^.*?(?:ERROR|FATAL):\s*", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text).strip().rstrip(".")
