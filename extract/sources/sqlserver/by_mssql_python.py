"""SQL Server through mssql-python: rows as Arrow, without a Python object per value."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import mssql_python
from mssql_python import ddbc_bindings

from extract.dialects.sqlserver_types import BINARY, CHARACTER, NATIONAL, Native
from extract.paging import Statement
from extract.shape import Column
from extract.sources.common import with_marks
from extract.sources.sqlserver.session import DriverError, Login, check_end, with_end

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["connect"]

_BATCH_BYTES = 4 << 20
# What the driver sets aside for a batch follows from the columns' declared lengths.
_BUFFER_BYTES = 16 << 20
_FIRST_ROWS, _MOST_ROWS = 500, 16_384
_LONG_VALUE, _SHORT_VALUE = 16_000, 32
# Every parameter of one type: one plan for all pages, whatever the keys' lengths.
_PARAMETER = 4000
_RECORD = re.compile(r"\[\w*\] \((-?\d+)\)")
_SERVER_SAYS = "[SQL Server]"
_OWN_NAME = "MSSQL-Python"
_LOST = ("Invalid cursor state", "General error", "Function sequence error")
_NO_TRUST = re.compile(
    r"certificate|self.signed|(does not support|not supported).*encrypt|encrypt.*not supported",
    re.IGNORECASE,
)
# A login that the server takes back for now comes without its number.
_NOT_NOW = re.compile(
    r"paused|shutdown|not currently available|not been recovered|in progress|upgrade mode"
    r"|try again|retry|일시 중지|종료|다시 시도|복구",
    re.IGNORECASE,
)
_PROVIDER = "MSSQL_PYTHON_NATIVE_PROVIDER"


class _Connection(mssql_python.Connection):
    """Shows the application's name to the server, for which the driver has no option."""

    def __init__(self, text: str, application: str, login_seconds: int) -> None:
        self._application = application
        super().__init__(text, autocommit=True, timeout=login_seconds)

    def _construct_connection_string(self, *args: Any, **kwargs: Any) -> Any:
        text, parameters = super()._construct_connection_string(*args, **kwargs)
        return text.replace(f"APP={_OWN_NAME}", f"APP={_braced(self._application)}"), parameters


class _Cursor(mssql_python.Cursor):
    """Keeps the server's error number, which the driver drops before it raises."""

    number = 0

    def _reset_cursor(self) -> None:
        with suppress(Exception):
            records = ddbc_bindings.DDBCSQLGetAllDiagRecords(self.hstmt)  # type: ignore[attr-defined]
            for state_and_number, text in records:
                found = _RECORD.fullmatch(state_and_number)
                # Others are the operating system's.
                if found is not None and _SERVER_SAYS in text:
                    self.number = self.number or int(found[1])
        super()._reset_cursor()


class MssqlPythonSession:
    """Implements `extract.sources.sqlserver.session.Session`."""

    def __init__(self, opened: _Connection, query_seconds: int) -> None:
        self._connection = opened
        self._query_seconds = query_seconds

    def run(self, statement: Statement) -> None:
        """Runs a statement that has no result."""
        with self._executed(with_marks(statement.text, "?"), statement.params):
            pass

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """A small result, whole."""
        with self._asked(statement) as cursor, _fetching(cursor):
            rows = [tuple(row) for row in cursor.fetchall()]
            _check_end(cursor, len(rows))
            return rows

    def batches(self, statement: Statement, columns: Sequence[Column]) -> Generator[pa.RecordBatch]:
        """Batches of about 4 MB, as many rows as that takes."""
        most = max(1, min(_MOST_ROWS, _BUFFER_BYTES // sum(map(_declared_bytes, columns), 64)))
        size = min(_FIRST_ROWS, most)
        rows = 0
        with self._asked(statement) as cursor:
            while True:
                with _fetching(cursor):
                    batch = cursor.arrow_batch(size)
                rows += batch.num_rows
                if batch.num_rows:
                    yield batch
                if batch.num_rows < size:
                    break
                fitting = size * _BATCH_BYTES // max(1, batch.nbytes)
                size = max(1, min(fitting, 4 * size, most))
            with _fetching(cursor):
                _check_end(cursor, rows)

    def close(self) -> None:
        """Closes the connection; no pool keeps it."""
        self._connection.close()

    @contextmanager
    def _asked(self, statement: Statement) -> Iterator[_Cursor]:
        text = with_end(with_marks(statement.text, "?"))
        with self._executed(text, statement.params) as cursor:
            yield cursor

    @contextmanager
    def _executed(self, text: str, params: tuple[str, ...]) -> Iterator[_Cursor]:
        cursor = _Cursor(self._connection, timeout=self._query_seconds)
        try:
            try:
                if params:
                    cursor.setinputsizes([_size(value) for value in params])
                    cursor.execute(text, params)
                else:
                    cursor.execute(text)
            except mssql_python.Error as error:
                raise _error(error, cursor.number) from None
            yield cursor
        finally:
            with suppress(mssql_python.Error):
                cursor.close()


def connect(login: Login) -> MssqlPythonSession:
    """A session.

    Raises:
        DriverError: nobody answers, or the login fails.
    """
    _choose_provider()
    mssql_python.pooling(enabled=False)
    server = login.host if login.port is None else f"{login.host},{login.port}"
    given = {
        "Server": server,
        "Database": login.database,
        "UID": login.user,
        "PWD": login.password,
        "Encrypt": "yes" if login.encrypt else "no",
        "TrustServerCertificate": "yes" if login.trust_server_certificate else "no",
        # A connection that is made anew behind our back has lost its settings.
        "ConnectRetryCount": "0",
    }
    text = ";".join(f"{name}={_braced(value)}" for name, value in given.items() if value)
    try:
        opened = _Connection(text, login.application_name, login.login_seconds)
    except mssql_python.Error as error:
        raise _refusal(error) from None
    return MssqlPythonSession(opened, login.query_seconds)


def _choose_provider() -> None:
    """Takes the driver written in Rust where Microsoft's ODBC driver lacks a library.

    Both are in the package; that for ODBC needs the system's libltdl on Linux.
    """
    if sys.platform != "linux" or os.environ.get(_PROVIDER):
        return
    try:
        ctypes.CDLL("libltdl.so.7")
    except OSError:
        mssql_python.native_provider = "mssql-odbc"  # type: ignore[attr-defined]


@contextmanager
def _fetching(cursor: _Cursor) -> Iterator[None]:
    try:
        yield
    except mssql_python.Error as error:
        # What is wrong with the statement itself shows before a row is fetched.
        is_row = isinstance(error, mssql_python.ProgrammingError)
        raise _error(error, cursor.number, "row" if is_row else "") from None


def _check_end(cursor: _Cursor, rows: int) -> None:
    end = cursor.fetchone() if cursor.nextset() else None
    check_end(None if end is None else tuple(end), rows)


def _error(error: mssql_python.Error, number: int, kind: str = "") -> DriverError:
    if isinstance(error, mssql_python.DataError):
        kind = "row"
    elif isinstance(error, mssql_python.OperationalError) or error.driver_error in _LOST:
        kind = "lost"
    return DriverError(error.ddbc_error or error.driver_error, number=max(0, number), kind=kind)


def _refusal(error: mssql_python.Error) -> DriverError:
    text = error.ddbc_error or error.driver_error
    refused = error.driver_error == "Invalid authorization specification"
    refused = refused or not isinstance(error, mssql_python.OperationalError)
    login = (refused and not _NOT_NOW.search(text)) or _NO_TRUST.search(text)
    return DriverError(text, kind="login" if login else "lost")


def _size(value: str) -> tuple[int, int, int]:
    # Of a length of 0 it is nvarchar(max).
    fits = len(value.encode("utf-16-le")) <= 2 * _PARAMETER
    return mssql_python.SQL_WVARCHAR, _PARAMETER if fits else 0, 0


def _declared_bytes(column: Column) -> int:
    kind = Native.parse(column.native)
    if kind.name not in BINARY | CHARACTER | NATIONAL | {"xml"}:
        return _SHORT_VALUE
    if kind.size is None:
        return 8 if kind.name == "rowversion" else _LONG_VALUE
    return kind.size if kind.name in BINARY else 2 * kind.size


def _braced(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"
