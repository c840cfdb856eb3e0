"""What a source is, and the one place that picks the module for a connection's scheme."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

import pyarrow as pa

from extract.catalog import Extract
from extract.errors import ConfigurationError
from extract.paging import Dialect, Statement
from extract.settings import Connection
from extract.shape import TableShape

__all__ = ["Source", "open_source"]

_MODULES = {
    "postgresql": "extract.sources.postgres",
    "postgres": "extract.sources.postgres",
}


class Source(Protocol):
    """An open connection to a source database."""

    dialect: Dialect

    def describe(self, extract: Extract) -> TableShape:
        """The table's shape: its columns as the catalogue selects them, key and indexes.

        Raises:
            SourceError: there is no such table, column or expression.
        """

    def read(self, statement: Statement) -> Iterator[pa.RecordBatch]:
        """Streams the result's rows in order, in batches of a few MB."""

    def value(self, statement: Statement) -> str | None:
        """The only value of the only row, as text."""

    def close(self) -> None:
        """Closes the connection; never raises."""


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
