"""What the suite needs of a server, and the servers that it runs against.

A server holds tables that are described without its SQL (`Table`), so that one test serves all;
what only SQL can say (a view, an expression) goes through `execute`, for servers that have it.
To add one: write a module with a context manager that yields a `Server`, and name it in `SERVERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import pytest

from sandbox.postgres import EmbeddedPostgres

__all__ = ["SERVERS", "KeyCase", "Kind", "Known", "Server", "Table", "TypeCase", "having", "start"]

Row = Sequence[Any]


class Kind(Enum):
    """What a column of a test holds, where the server's own type doesn't matter."""

    INTEGER = "whole numbers of 32 bits"
    TEXT = "up to 200 characters"
    NUMBER = "12 digits, 3 of them decimals"
    MOMENT = "a time without zone, to the millisecond"
    DATE = "a day"
    DOUBLE = "a binary fraction of 64 bits"
    LONG = "text of any length"


@dataclass(frozen=True)
class TypeCase:
    """A column type as the server spells it, what it is in lv0, and how values arrive there.

    `values` gives for a literal in the server's own SQL the text that Postgres prints for the
    value in lv0 (time zone UTC, bytea in hex).
    """

    sql: str
    lv0: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class KeyCase:
    """A column type that may be a key, with Python values, all different to the server."""

    sql: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Table:
    """A table: for each column its kind, or a type as the server spells it.

    `indexes` are further ones, by columns; a column is nullable unless it is in the key.
    """

    name: str
    columns: Mapping[str, Kind | str]
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    rows: Sequence[Row] = ()


class Server(Protocol):
    """A server that runs, with a database of the suite's own."""

    connection: Mapping[str, str]
    """Its block in connections.yml: `url` and options."""
    defaults: Mapping[str, str]
    """What each of its tables says in config.meta.extract: database, schema."""
    kinds: Mapping[Kind, str]
    """Its type for each kind."""
    types: Sequence[TypeCase]
    keys: Sequence[KeyCase]
    refused: Mapping[str, str]
    """What in `connection` has to change for the login to fail."""
    fragile: str
    """An expression of the text column `{}` that is 5 for '5' and fails for 'bad'."""

    def create(self, table: Table) -> None:
        """Makes the table and fills it."""

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Adds rows."""

    def update(self, table: Table, where: Mapping[str, Any], to: Mapping[str, Any]) -> None:
        """Changes the rows whose columns have the values `where`."""

    def delete(self, table: Table, where: Mapping[str, Any]) -> None:
        """Removes them."""

    def drop(self, table: Table) -> None:
        """Removes the table."""

    def analyze(self, table: Table) -> None:
        """Lets the server learn about the table what it learns by itself in time."""

    def execute(self, *statements: str) -> None:
        """Runs statements in the server's SQL."""

    def quote(self, name: str) -> str:
        """`name` as an identifier."""

    def relation(self, name: str) -> str:
        """The table's name in a statement."""


_ALL = frozenset(("typed", "keys", "views", "nul", "network"))


@dataclass(frozen=True)
class Known:
    """A server of the suite, not yet running.

    `module` has `start(home, cluster)`, a context manager that yields the `Server`; `options` go
    into its connection. `traits` are what a server can do that not every one can:

    typed: its columns have types; keys: it knows which columns identify a row, and has indexes;
    views: it has views; nul: its texts may hold U+0000; network: it is somewhere else.
    """

    module: str
    traits: frozenset[str] = _ALL
    options: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[pytest.MarkDecorator, ...] = ()


SERVERS: Mapping[str, Known] = {
    "postgres": Known("postgres", _ALL - {"nul"}, {"driver": "copy"}),
    "postgres-adbc": Known("postgres", _ALL - {"nul"}, {"driver": "adbc"}),
    "sqlite": Known("sqlite", _ALL - {"network"}),
    "mysql": Known("mysql"),
    "parquet": Known("files", frozenset(("typed", "nul")), {"format": "parquet"}),
    "csv": Known("files", frozenset(("nul",)), {"format": "csv"}),
    "sqlserver": Known("sqlserver", options={"driver": "mssql-python"}),
    "sqlserver-pymssql": Known("sqlserver", options={"driver": "pymssql"}),
    "sqlserver-url": Known(
        "sqlserver_url", options={"driver": "mssql-python"}, marks=(pytest.mark.sqlserver,)
    ),
    "sqlserver-url-pymssql": Known(
        "sqlserver_url", options={"driver": "pymssql"}, marks=(pytest.mark.sqlserver,)
    ),
}


def having(*traits: str) -> list[Any]:
    """The servers that have all of `traits`, as parameters of the fixture `server`."""
    return [
        pytest.param(name, marks=known.marks, id=name)
        for name, known in SERVERS.items()
        if known.traits.issuperset(traits)
    ]


Start = Callable[[Path, EmbeddedPostgres, Mapping[str, str]], AbstractContextManager[Server]]


def start(name: str, home: Path, cluster: EmbeddedPostgres) -> AbstractContextManager[Server]:
    """The server called `name`, running while the block lasts.

    Args:
        name: one of `SERVERS`.
        home: a folder of its own.
        cluster: a Postgres that it may use.
    """
    known = SERVERS[name]
    run: Start = import_module(f"{__name__}.{known.module}").start
    return run(home, cluster, known.options)
