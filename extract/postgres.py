"""Postgres through psycopg: statements and binary COPY. `sources.adbc` has the driver for Arrow."""

from __future__ import annotations

import re
import select
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, LiteralString

import psycopg
import psycopg.rows
from psycopg import sql
from psycopg.conninfo import make_conninfo

from extract.errors import (
    ConfigurationError,
    ExtractError,
    RowError,
    SourceError,
    TargetError,
    TransientError,
)
from extract.settings import Connection
from extract.silence import Watch, new_name

__all__ = [
    "CONNECTION",
    "SESSION",
    "DatabaseError",
    "Statements",
    "bind",
    "connect",
    "copy_out",
    "identifier",
    "is_lost",
    "literal",
    "mappings",
    "translated",
]

DatabaseError = psycopg.Error


class Statements(psycopg.Connection[tuple[Any, ...]]):
    """A connection that doesn't wait for a server that is gone without a word."""

    watch: Watch | None = None

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Waits for the server; every statement does so here."""
        if self.watch is None:
            return super().wait(gen, *args, **options)
        with self.watch.waiting():
            return super().wait(gen, *args, **options)


# Renders every value as text that reads back to the same value.
SESSION = (
    "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';"
    "set extra_float_digits = 3; set bytea_output = 'hex'; set client_encoding = 'UTF8'"
)
# A peer that is gone without a word is noticed within a minute.
CONNECTION: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
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
# A value of some row is at fault: data exceptions, routines that raise, casts in them.
_ROW_STATES = ("22", "38", "39", "P0")
_PIECE_BYTES = 128 << 10
_QUOTES_VALUE = re.compile(r"invalid input|out of range|malformed|invalid value")


def connect(connection: Connection, **options: Any) -> Statements:
    """An autocommit connection for statements.

    Raises:
        ConfigurationError: the login or the database isn't accepted.
        TransientError: nobody answers.
    """
    name = new_name()
    named = {"application_name": name, **CONNECTION, **options}
    conninfo = make_conninfo(connection.url, **named)
    with translated(connection):
        opened = Statements.connect(conninfo, autocommit=True)
        descriptor = opened.pgconn.socket
        opened.watch = Watch(lambda: [descriptor], name, conninfo)
        opened.execute(SESSION)
        return opened


def copy_out(connection: Statements, query: str) -> Iterator[bytes]:
    """What `copy (...) to stdout` sends, in pieces of about 128 kB.

    It stands on libpq's own calls: psycopg's loop costs several microseconds for each row.
    """
    libpq = connection.pgconn
    libpq.send_query(query.encode())
    result = _result(connection)
    if result is None or result.status != psycopg.pq.ExecStatus.COPY_OUT:
        raise _failed(connection, result)
    pieces: list[bytes] = []
    size = 0
    while True:
        length, row = libpq.get_copy_data(1)
        if length > 0:
            pieces.append(bytes(row))
            size += length
            if size >= _PIECE_BYTES:
                yield b"".join(pieces)
                pieces, size = [], 0
        elif length == 0:
            _wait(connection)
        else:
            break
    ended = _result(connection)
    if ended is None or ended.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise _failed(connection, ended)
    while _result(connection) is not None:
        pass
    if pieces:
        yield b"".join(pieces)


def _result(connection: Statements) -> psycopg.pq.abc.PGresult | None:
    while connection.pgconn.is_busy():
        _wait(connection)
    return connection.pgconn.get_result()


def _wait(connection: Statements) -> None:
    with connection.watch.waiting() if connection.watch is not None else nullcontext():
        select.select([connection.pgconn.socket], [], [])
    connection.pgconn.consume_input()


def _failed(connection: Statements, result: psycopg.pq.abc.PGresult | None) -> psycopg.Error:
    while result is not None and _result(connection) is not None:
        pass
    if result is None:
        return psycopg.OperationalError("server closed the connection")
    return psycopg.errors.error_from_result(result)


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


def is_lost(error: Exception) -> bool:
    """Whether an error without a state says that its connection, or its turn, is gone."""
    return bool(_LOST.search(str(error)))


@contextmanager
def translated(connection: Connection, feed: str | None = None) -> Iterator[None]:
    """Turns a driver's errors into ours, one line each, without URL or row values."""
    try:
        yield
    except ExtractError:
        raise
    except Exception as error:
        if not isinstance(error, (psycopg.Error, OSError)) and not _is_adbc(error):
            raise
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
    lost = isinstance(error, psycopg.OperationalError) or type(error).__name__ == "OperationalError"
    lost = not state and (lost or bool(_LOST.search(text)))
    if lost or state.startswith(_TRANSIENT_STATES):
        return TransientError(f"{at} doesn't answer, or broke off: {text}.", feed=feed)
    if own is SourceError and (state.startswith(_ROW_STATES) or _QUOTES_VALUE.search(text)):
        return RowError(f"{at} can't compute a value: {text}.", feed=feed)
    return own(f"{at}: {text}.", feed=feed)


def _is_adbc(error: Exception) -> bool:
    # By name: who copies without Arrow doesn't load its driver.
    return type(error).__module__.startswith("adbc_driver_manager")


def _one_line(error: Exception) -> str:
    """The server's first sentence. DETAIL and CONTEXT may quote a row, so they stay out."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = str(primary or error)
    text = re.split(r"\n\s*(?:DETAIL|CONTEXT|LINE|HINT|Is the server|Query was)", text)[0]
    text = re.sub(r"^.*?(?:ERROR|FATAL):\s*", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text).strip().rstrip(".")
