"""What a driver has to do, and what it is told to connect to."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from extract.errors import ConfigurationError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DriverError", "Login", "Session", "check_end", "open_session", "with_end"]

_PORT = 1433
_LOGIN_SECONDS, _QUERY_SECONDS = 15, 600
_DRIVERS = {
    "mssql-python": "extract.sources.sqlserver.by_mssql_python",
    "pymssql": "extract.sources.sqlserver.by_pymssql",
}


class DriverError(Exception):
    """A driver's error before it is translated.

    `number` is the server's, 0 where there is none; `kind` says what the driver makes of it:
    `login`, `lost` (connection or time-out), `row` (a value), or nothing. `text` may quote values.
    """

    def __init__(self, text: str, *, number: int = 0, kind: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.number = number
        self.kind = kind


@dataclass(frozen=True)
class Login:
    """Where to connect, as whom, and how; `str` and `repr` don't show the password."""

    host: str
    port: int | None
    user: str
    password: str
    database: str
    encrypt: bool
    trust_server_certificate: bool
    login_seconds: int
    query_seconds: int
    application_name: str

    @classmethod
    def of(cls, connection: Connection, database: str | None) -> Login:
        """What the connection's URL and options say; `database` wins over the URL's.

        Raises:
            ConfigurationError: an option can't be read, or there is no host.
        """
        parts = urlsplit(connection.url)
        if not parts.hostname:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}` needs a host: mssql://user@host:1433/DB."
            )
        host = unquote(parts.hostname)
        encrypt = connection.flag("encrypt")
        return cls(
            host=host,
            # A named instance has a port of its own, which the server tells.
            port=parts.port or (None if "\\" in host else _PORT),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=database or unquote(parts.path.strip("/")),
            encrypt=True if encrypt is None else encrypt,
            trust_server_certificate=connection.flag("trust_server_certificate") or False,
            login_seconds=connection.seconds("login_timeout", _LOGIN_SECONDS),
            query_seconds=connection.seconds("query_timeout", _QUERY_SECONDS),
            application_name=connection.option("application_name") or "stairway",
        )

    def __repr__(self) -> str:
        return f"Login({self.user!r} at {self.host!r})"


class Session(Protocol):
    """One connection, in autocommit. Every call may raise `DriverError`."""

    def run(self, statement: Statement) -> None:
        """Runs a statement that has no result."""

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """A small result, whole."""

    def batches(self, statement: Statement, columns: Sequence[Column]) -> Generator[pa.RecordBatch]:
        """A result of any size; `columns` are those that it begins with."""

    def close(self) -> None:
        """Closes the connection."""


def with_end(text: str) -> str:
    """The query, and behind its result the number of its rows; see `check_end`."""
    # Not rowcount_big(), which not every compatible server has.
    return f"{text}\n;select @@rowcount"


def check_end(end: Sequence[Any] | None, rows: int) -> None:
    """Fails unless the server itself says that the result has ended, after so many rows.

    A connection that is cut in the middle of a result is, to mssql-python over ODBC, its end.

    Args:
        end: the row behind the result; None where there is none.
        rows: as many as came.
    """
    if end is None or int(end[0]) != rows:
        raise DriverError("the connection was lost in the middle of a result", kind="lost")


def open_session(connection: Connection, login: Login) -> Session:
    """A session by the driver that the connection names.

    Raises:
        ConfigurationError: there is no such driver.
        DriverError: nobody answers, or the login fails.
    """
    driver = connection.driver or "mssql-python"
    module = _DRIVERS.get(driver)
    if module is None:
        raise ConfigurationError(
            f"connections.yml: `{connection.name}` has the driver `{driver}`; a SQL Server source "
            f"has {' and '.join(_DRIVERS)}."
        )
    session: Session = import_module(module).connect(login)
    return session
