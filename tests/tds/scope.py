"""What names mean where an expression stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.tds.catalog import Catalog
from tests.tds.errors import SqlError
from tests.tds.tree import Parts
from tests.tds.typed import Typed
from tests.tds.types import Column

__all__ = ["Context", "Field", "Relation", "Scope"]


@dataclass(frozen=True)
class Field:
    """A column of a relation; `origin` is (database, schema, table, column) where it has one."""

    column: Column
    sql: str
    origin: tuple[str, str, str, str] | None = None


@dataclass(frozen=True)
class Relation:
    """One thing in FROM, called by its alias or by the parts of its name."""

    name: Parts
    fields: tuple[Field, ...]

    def answers_to(self, qualifier: Parts) -> bool:
        own = tuple(part.lower() for part in self.name)
        wanted = tuple(part.lower() for part in qualifier)
        return own[-len(wanted) :] == wanted


@dataclass
class Context:
    """The session as expressions see it; `values` holds @variables and @@settings."""

    catalog: Catalog
    database: str
    values: Mapping[str, Typed]
    user: str = ""
    application: str = ""
    aliases: int = 0
    depth: int = 0

    @property
    def collation(self) -> str:
        return self.catalog.database(self.database).collation

    def alias(self) -> str:
        """A new name for a relation of Postgres."""
        self.aliases += 1
        return f"r{self.aliases}"


@dataclass
class Scope:
    """The relations of one SELECT, and those around it."""

    context: Context
    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    groups: Sequence[str] = ()
    in_aggregate: bool = False

    def resolve(self, parts: Parts) -> Field:
        """The column that a name means.

        Raises:
            SqlError: 207 or 4104, there is none; 209, there are several.
        """
        *qualifier, name = parts
        found = [
            candidate
            for relation in self.relations
            if not qualifier or relation.answers_to(tuple(qualifier))
            for candidate in relation.fields
            if candidate.column.name.lower() == name.lower()
        ]
        if len(found) > 1:
            raise SqlError(209, f"Ambiguous column name '{name}'.")
        if found:
            return found[0]
        if self.parent is not None:
            return self.parent.resolve(parts)
        if qualifier:
            full = ".".join(parts)
            raise SqlError(4104, f'The multi-part identifier "{full}" could not be bound.')
        raise SqlError(207, f"Invalid column name '{name}'.")
