"""SQL Server through pymssql (FreeTDS): where TDS or TLS is too old for mssql-python."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pymssql

from extract.paging import Statement
from extract.shape import Column
from extract.sources.common import as_batches
from extract.sources.sqlserver.session import DriverError, Login, check_end, with_end

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["bound", "connect", "literal"]

_FETCH_ROWS = 500
_MARK = re.compile("%[%s]")
# FreeTDS's own words behind those of the server.
_SERVER_SAYS = "DB-Lib error message 20018"
# T-SQL joins a line that ends in a backslash with the next, within a string too.
_BROKEN = re.compile(r"(?<=\\)(?=\r?\n)")


class PymssqlSession:
    """Implements `extract.sources.sqlserver.session.Session`."""

    def __init__(self, opened: pymssql.Connection) -> None:
        self._connection = opened

    def run(self, statement: Statement) -> None:
        """Runs a statement that has no result."""
        with self._executed(bound(statement)):
            pass

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """A small result, whole."""
        with self._executed(with_end(bound(statement))) as cursor:
            return list(_rows(cursor))

    def batches(self, statement: Statement, columns: Sequence[Column]) -> Generator[pa.RecordBatch]:
        """Batches of a few MB, made of Python values."""
        with self._executed(with_end(bound(statement))) as cursor:
            names = [entry[0] for entry in cursor.description]
            yield from as_batches(_rows(cursor), columns, names)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    @contextmanager
    def _executed(self, text: str) -> Iterator[Any]:
        with _raising():
            cursor = self._connection.cursor()
            try:
                cursor.execute(text)
                yield cursor
            finally:
                with suppress(pymssql.Error):
                    cursor.close()


def connect(login: Login) -> PymssqlSession:
    """A session.

    FreeTDS encrypts, but doesn't look at the server's certificate.

    Raises:
        DriverError: nobody answers, or the login fails.
    """
    with _raising():
        opened = pymssql.connect(
            server=login.host,
            port="" if login.port is None else str(login.port),
            user=login.user,
            password=login.password,
            database=login.database,
            appname=login.application_name,
            login_timeout=login.login_seconds,
            timeout=login.query_seconds,
            encryption="require" if login.encrypt else "off",
            tds_version="7.4",
            charset="UTF-8",
            autocommit=True,
        )
    return PymssqlSession(opened)


def bound(statement: Statement) -> str:
    """The statement with its values as literals, since TDS parameters aren't for pymssql.

    Its own way of doing so takes every %s and %d of a text for a placeholder.
    """
    values = iter(statement.params)
    return _MARK.sub(
        lambda found: "%" if found[0] == "%%" else literal(next(values)), statement.text
    )


def literal(value: str) -> str:
    """A Unicode string in T-SQL, whatever characters it has."""
    quoted = "'" + value.replace("'", "''") + "'"
    parts = [
        " + nchar(0) + ".join(f"N'{piece}'" for piece in line.split("\0"))
        for line in _BROKEN.split(quoted[1:-1])
    ]
    joined = " + ".join(parts)
    return joined if joined == f"N{quoted}" else f"({joined})"


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    count, full = 0, True
    # Asked again after it has come to the end of a result, pymssql goes on with the next.
    while full:
        rows = cursor.fetchmany(_FETCH_ROWS)
        full = len(rows) == _FETCH_ROWS
        count += len(rows)
        yield from rows
    check_end(cursor.fetchone() if cursor.nextset() else None, count)


@contextmanager
def _raising() -> Iterator[None]:
    try:
        yield
    except pymssql.Error as error:
        raise _error(error) from None


def _error(error: pymssql.Error) -> DriverError:
    given = error.args
    if len(given) == 1 and isinstance(given[0], tuple):
        given = given[0]
    if len(given) == 2 and isinstance(given[0], int):
        text = given[1].decode("utf-8", "replace")
        # While there is no connection, pymssql keeps the number of an earlier failure (of this
        # process) that was as severe: what no server says is no refusal, but a refusal is taken
        # for the same as before.
        is_server_s = _SERVER_SAYS in text
        return DriverError(text, number=given[0] if is_server_s else 0, kind="lost")
    # The driver's own: its connection is closed, or couldn't be set up.
    return DriverError(" ".join(str(part) for part in given), kind="lost")
