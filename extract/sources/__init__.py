"""What a source is, and the one place that picks the module for a connection's scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from extract.catalog import Extract
from extract.errors import ConfigurationError
from extract.paging import Dialect, Statement
from extract.settings import Connection
from extract.shape import Column, TableShape

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CopySource", "FeedSource", "Source", "open_source", "value_of"]

_MODULES = {
    "postgresql": "extract.sources.postgres",
    "postgres": "extract.sources.postgres",
    "mysql": "extract.sources.mysql",
    "mariadb": "extract.sources.mysql",
    "mssql": "extract.sources.sqlserver",
    "sqlserver": "extract.sources.sqlserver",
    "sqlite": "extract.sources.sqlite",
    "files": "extract.sources.files",
    "http": "extract.sources.http",
    "https": "extract.sources.http",
}


class Source(Protocol):
    """An open connection to a source database.

    Every call may raise, translated from the driver's error:
        TransientError: the connection is lost, a deadlock or a time-out: worth another try, on a
            new connection.
        RowError: the statement failed by a value of some row (an expression, a cast).
        ConfigurationError: the login or the database isn't accepted.
        SourceError: anything else; a table, a column or an expression that is not there.
    """

    dialect: Dialect

    def describe(self, extract: Extract) -> TableShape:
        """The table's shape: its columns as the catalogue selects them, key and indexes."""

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams the result's rows in order, in batches of a few MB.

        Args:
            statement: selects `columns`, then texts (the order).
            columns: say of which Arrow type each value should be (`extract.arrow.arrow_type`);
                what comes in another is converted by `extract.arrow.prepare`.
        """

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """Values of `column`, in order and as text, that cut the table into about equal parts.

        They come from the index or its statistics, never from a scan of the table; none where
        the server can't tell.
        """

    def close(self) -> None:
        """Closes the connection; never raises."""


@runtime_checkable
class CopySource(Protocol):
    """A source that sends rows in the very form that the warehouse takes (binary COPY)."""

    def copy(self, statement: Statement) -> Iterator[bytes]:
        """The rows in Postgres' binary COPY format, in pieces of about 64 kB."""


@runtime_checkable
class FeedSource(Protocol):
    """A source whose statements have a meaning only once it knows of which feed they are."""

    def choose(self, extract: Extract) -> None:
        """Says of which feed the following statements are; `describe` does so too."""


def open_source(connection: Connection, database: str | None) -> Source:
    """Connects to `database` (default: the one in the URL).

    Raises:
        ConfigurationError: no module reads the URL's scheme, or the login fails.
        TransientError: nobody answers.
    """
    module = _MODULES.get(connection.scheme.split("+")[0])
    if module is None:
        raise ConfigurationError(
            f"connections.yml: `{connection.name}` has the scheme `{connection.scheme}`; "
            f"known are {', '.join(_MODULES)}."
        )
    opened: Source = import_module(module).connect(connection, database)
    return opened


def value_of(source: Source, statement: Statement) -> str | None:
    """The only value of the only row, as text."""
    rows = source.texts(statement)
    return rows[0][0] if rows else None
