"""Tables of servers that speak SQL, made from their description."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tests.conformance.servers import KeyCase, Kind, Row, Table, TypeCase

__all__ = ["SqlServer", "literal"]


def literal(value: Any) -> str:
    """A Python value as SQL that every server understands."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return f"'{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}'"
    if isinstance(value, float):
        return f"{value!r}e0" if "e" not in repr(value) else repr(value)
    if isinstance(value, str | date | UUID):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


@dataclass(frozen=True)
class SqlServer:
    """Implements `tests.conformance.servers.Server` by statements.

    `run` executes some; `where` is put before a table's quoted name, such as a schema; `analyzes`
    is the statement that gathers statistics of the table `{}`.
    """

    connection: Mapping[str, str]
    defaults: Mapping[str, str]
    kinds: Mapping[Kind, str]
    types: Sequence[TypeCase]
    keys: Sequence[KeyCase]
    run: Callable[[Sequence[str]], None]
    quote: Callable[[str], str]
    where: str = ""
    literal: Callable[[Any], str] = literal
    refused: Mapping[str, str] = field(default_factory=dict)
    fragile: str = "cast({} as integer)"
    analyzes: str = ""

    def create(self, table: Table) -> None:
        """Makes the table and fills it."""
        columns = [
            f"{self.quote(name)} {self.kinds[kind] if isinstance(kind, Kind) else kind}"
            + (" not null" if name in table.key else "")
            for name, kind in table.columns.items()
        ]
        if table.key:
            columns.append(f"primary key ({self._list(table.key)})")
        relation = self.relation(table.name)
        self.execute(
            f"create table {relation} ({', '.join(columns)})",
            *(
                f"create index {self.quote(f'{table.name}_{place}')} on"
                f" {self.relation(table.name)} ({self._list(index)})"
                for place, index in enumerate(table.indexes)
            ),
        )
        self.insert(table, table.rows)

    def insert(self, table: Table, rows: Iterable[Row]) -> None:
        """Adds rows."""
        texts = [f"({', '.join(self.literal(value) for value in row)})" for row in rows]
        into = f"insert into {self.relation(table.name)} ({self._list(table.columns)}) values "
        self.execute(*(into + ", ".join(texts[at : at + 500]) for at in range(0, len(texts), 500)))

    def update(self, table: Table, where: Mapping[str, Any], to: Mapping[str, Any]) -> None:
        """Changes the rows whose columns have the values `where`."""
        changes = ", ".join(f"{self.quote(name)} = {self.literal(to[name])}" for name in to)
        self.execute(f"update {self.relation(table.name)} set {changes}{self._where(where)}")

    def delete(self, table: Table, where: Mapping[str, Any]) -> None:
        """Removes them."""
        self.execute(f"delete from {self.relation(table.name)}{self._where(where)}")

    def drop(self, table: Table) -> None:
        """Removes the table."""
        self.execute(f"drop table {self.relation(table.name)}")

    def analyze(self, table: Table) -> None:
        """Lets the server learn about the table what it learns by itself in time."""
        if self.analyzes:
            self.execute(self.analyzes.format(self.relation(table.name)))

    def execute(self, *statements: str) -> None:
        """Runs statements in the server's SQL."""
        if statements:
            self.run(statements)

    def relation(self, name: str) -> str:
        """The table's name in a statement."""
        return self.where + self.quote(name)

    def _where(self, values: Mapping[str, Any]) -> str:
        predicates = [
            f"{self.quote(name)} is null"
            if value is None
            else f"{self.quote(name)} = {self.literal(value)}"
            for name, value in values.items()
        ]
        return f" where {' and '.join(predicates)}" if predicates else ""

    def _list(self, names: Iterable[str]) -> str:
        return ", ".join(self.quote(name) for name in names)
