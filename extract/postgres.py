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
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql

from extract.errors import (
    ConfigurationError,
    ExtractError,
    SourceError,
    TargetError,
    TransientError,
)
from extract.settings import Connection

__all__ = [
    "arrow_connect",
    "arrow_cursor",
    "bind",
    "connect",
    "identifier",
    "literal",
    "translated",
]

DatabaseError = psycopg.Error
Statements = psycopg.Connection[tuple[Any, ...]]

_BATCH_BYTES = 2 << 20
# Renders every value as text that reads back to the same value.
_SESSION = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';"
    "set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'"
)
_KEEPALIVE: dict[str, Any] = {
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
            connection.url,
            autocommit=True,
            application_name="stairway",
            **{"connect_timeout": 10, **_KEEPALIVE, **options},
        )
        opened.execute(_SESSION)
        return opened


def arrow_connect(connection: Connection, *, autocommit: bool) -> Any:
    """An ADBC connection, for rows as Arrow; same errors as `connect`."""
    with translated(connection):
        opened = adbc.connect(connection.url, autocommit=autocommit)
        with opened.cursor() as cursor:
            for setting in _SESSION.split(";"):
                cursor.execute(setting)
        if not autocommit:
            opened.commit()
        return opened


def arrow_cursor(connection: Any) -> Any:
    """A cursor whose result batches stay near 2 MB, whatever the width of a row."""
    option = adbc_driver_postgresql.StatementOptions.BATCH_SIZE_HINT_BYTES.value
    return connection.cursor(adbc_stmt_kwargs={option: str(_BATCH_BYTES)})


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
