"""The stand-in's catalogue: what databases, tables, views and functions there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.tds.errors import SqlError
from tests.tds.tree import Parts
from tests.tds.types import Column, SqlType

__all__ = ["Catalog", "Database", "Generation", "TableColumn", "TableObject", "install"]

_FOLDER = Path(__file__).parent
# Collations that lower more than ASCII, best first; which of them there are depends on the system.
_LOWER_CASE = ("pg_c_utf8", "C.utf8", "C.UTF-8", "en_US.UTF-8", "en_US.utf8", "C")
_SYSTEM_SCHEMAS = ((1, "dbo"), (2, "guest"), (3, "INFORMATION_SCHEMA"), (4, "sys"))


def install(url: str) -> None:
    """Puts the runtime and an empty catalogue into a new Postgres database."""
    with psycopg.connect(url) as connection:
        known = {name for (name,) in connection.execute("select collname from pg_collation")}
        lower_case = next(name for name in _LOWER_CASE if name in known)
        for name in ("runtime.sql", "runtime_dates.sql", "catalog.sql"):
            text = (_FOLDER / name).read_text(encoding="utf-8")
            connection.execute(text.replace("{lower_case}", lower_case).encode())


class Generation:
    """Counts definitions, so that every session forgets what it has looked up before them."""

    def __init__(self) -> None:
        self.number = 0

    def bump(self) -> None:
        self.number += 1


@dataclass(frozen=True)
class Database:
    database_id: int
    name: str
    collation: str
    snapshot: bool
    read_committed_snapshot: bool


@dataclass(frozen=True)
class TableColumn:
    """A column of a table or view; `computed` and `default` are T-SQL."""

    column_id: int
    column: Column
    computed: str | None
    default: str | None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def physical(self) -> str:
        return f"c{self.column_id}"


@dataclass(frozen=True)
class TableObject:
    """A table (U), view (V) or scalar function (FN)."""

    object_id: int
    database_id: int
    schema_id: int
    schema: str
    name: str
    type: str
    definition: str | None
    columns: tuple[TableColumn, ...]

    @property
    def physical(self) -> str:
        return f"d{self.database_id}.o{self.object_id}"

    def column(self, name: str) -> TableColumn:
        """The column of this name.

        Raises:
            SqlError: 207, there is none.
        """
        for column in self.columns:
            if column.name.lower() == name.lower():
                return column
        raise SqlError(207, f"Invalid column name '{name}'.")


class Catalog:
    """One session's view of the catalogue; looks each thing up once until something changes."""

    def __init__(
        self, connection: psycopg.Connection[tuple[Any, ...]], generation: Generation
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._seen = -1
        self._databases: dict[str, Database] = {}
        self._objects: dict[tuple[int, str, str], TableObject | None] = {}

    def rows(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode(), args or None).fetchall()

    def execute(self, statement: str, args: Sequence[Any] = ()) -> None:
        self._connection.execute(statement.encode(), args or None)

    def changed(self) -> None:
        """Says that a definition was made or undone."""
        self._generation.bump()

    def _refresh(self) -> None:
        if self._seen != self._generation.number:
            self._seen = self._generation.number
            self._databases.clear()
            self._objects.clear()

    def database(self, name: str) -> Database:
        """The database of this name.

        Raises:
            SqlError: 911, there is none.
        """
        self._refresh()
        if (found := self._databases.get(name.lower())) is None:
            rows = self.rows(
                "select database_id, name, collation_name, snapshot, read_committed_snapshot"
                " from tds.databases where lower(name) = lower(%s)",
                (name,),
            )
            if not rows:
                raise SqlError(
                    911,
                    f"Database '{name}' does not exist. Make sure that the name is entered"
                    " correctly.",
                )
            found = self._databases[name.lower()] = Database(*rows[0])
        return found

    def find(self, database: str, parts: Parts) -> TableObject | None:
        """The object that a name of one to three parts means, or None."""
        self._refresh()
        own = self.database(parts[-3] if len(parts) > 2 and parts[-3] else database)
        schema = parts[-2] if len(parts) > 1 and parts[-2] else "dbo"
        key = (own.database_id, schema.lower(), parts[-1].lower())
        if key not in self._objects:
            self._objects[key] = self._load(*key)
        return self._objects[key]

    def get(self, database: str, parts: Parts) -> TableObject:
        """The same; SqlError 208 where there is none."""
        if (found := self.find(database, parts)) is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(parts)}'.")
        return found

    def schema_id(self, database: Database, name: str) -> int:
        rows = self.rows(
            "select schema_id from tds.schemas where database_id = %s and lower(name) = lower(%s)",
            (database.database_id, name),
        )
        if not rows:
            raise SqlError(
                2760, f'The specified schema name "{name}" either does not exist or you do not'
                " have permission to use it.",
            )  # fmt: skip
        return int(rows[0][0])

    def _load(self, database_id: int, schema: str, name: str) -> TableObject | None:
        rows = self.rows(
            "select o.object_id, o.database_id, o.schema_id, s.name, o.name, o.type, o.definition"
            " from tds.objects o join tds.schemas s using (database_id, schema_id)"
            " where o.database_id = %s and lower(s.name) = %s and lower(o.name) = %s",
            (database_id, schema, name),
        )
        if not rows:
            return None
        columns = self.rows(
            "select column_id, name, is_nullable, is_identity, computed, default_value, type_name,"
            " length, type_precision, type_scale, collation_name"
            " from tds.columns where object_id = %s order by column_id",
            (rows[0][0],),
        )
        number, database, schema_id, own_schema, own_name, kind, definition = rows[0]
        return TableObject(
            number, database, schema_id, own_schema, own_name, kind, definition,
            tuple(_column(row) for row in columns),
        )  # fmt: skip

    def create_database(self, name: str, collation: str, *, snapshot: bool) -> None:
        if self.rows("select from tds.databases where lower(name) = lower(%s)", (name,)):
            raise SqlError(1801, f"Database '{name}' already exists. Choose a different name.")
        number = self.rows(
            "insert into tds.databases (name, collation_name, snapshot) values (%s, %s, %s)"
            " returning database_id",
            (name, collation, snapshot),
        )[0][0]
        for schema_id, schema in _SYSTEM_SCHEMAS:
            self._connection.execute(
                "insert into tds.schemas values (%s, %s, %s)", (number, schema_id, schema)
            )
        self._connection.execute(f"create schema d{number}".encode())
        self._connection.execute(f"create sequence d{number}.rowversion start 2001".encode())
        self.changed()

    def drop_database(self, name: str) -> None:
        number = self.database(name).database_id
        self._connection.execute(f"drop schema d{number} cascade".encode())
        self._connection.execute("delete from tds.databases where database_id = %s", (number,))
        self.changed()

    def add_column(self, object_id: int, column: TableColumn) -> None:
        kind = column.column.type
        user_type = kind.system_id
        self._connection.execute(
            "insert into tds.columns values"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                object_id, column.column_id, column.name, kind.name, kind.length, kind.precision,
                kind.scale, kind.collation, column.column.nullable, column.column.identity,
                column.computed, column.default, kind.system_id, user_type, kind.max_length,
                kind.shown_precision, kind.shown_scale,
            ),
        )  # fmt: skip


def _column(row: tuple[Any, ...]) -> TableColumn:
    number, name, nullable, identity, computed, default, *rest = row
    type_name, length, precision, scale, collation = rest
    kind = SqlType(type_name, length, precision, scale, collation)
    return TableColumn(number, Column(name, kind, nullable, identity), computed, default)
