"""What SQL Server's catalogue says of a table or view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from extract.catalog import Extract
from extract.dialects.postgres import escaped
from extract.dialects.sqlserver import SqlServerDialect
from extract.dialects.sqlserver_types import CHARACTER, NATIONAL, Native, lv0_type, selected_as
from extract.errors import SourceError
from extract.paging import Statement
from extract.shape import Column, Index, TableShape
from extract.sources.common import one_of, selected

__all__ = ["ALIAS", "Ask", "Described", "Relation", "Tables", "result_columns"]

Ask = Callable[[Statement], list[tuple[Any, ...]]]

# Qualified by it, a name never means one of a page's output columns, whatever it is called.
ALIAS = "[_t]"
_SCHEMA = "dbo"
_VIEW = "V"
_RELATIONS = """
select s.name, o.name, o.object_id, o.type
from sys.objects as o
inner join sys.schemas as s on o.schema_id = s.schema_id
where lower(s.name) = lower(%s) and o.type in ('U', 'V')
order by o.name
"""
_COLUMNS = """
select
    c.name, coalesce(b.name, t.name), c.max_length, c.precision, c.scale, c.collation_name,
    c.is_nullable, c.is_computed
from sys.columns as c
left join sys.types as t on c.user_type_id = t.user_type_id
left join sys.types as b on c.system_type_id = b.user_type_id
where c.object_id = {}
order by c.column_id
"""
_INDEXES = """
select i.index_id, i.is_primary_key, i.is_unique, c.name, ic.is_descending_key
from sys.indexes as i
inner join sys.index_columns as ic on i.object_id = ic.object_id and i.index_id = ic.index_id
inner join sys.columns as c on ic.object_id = c.object_id and ic.column_id = c.column_id
where i.object_id = {} and i.type in (1, 2) and i.is_disabled = 0 and i.is_hypothetical = 0
    and i.has_filter = 0 and ic.key_ordinal > 0
order by i.index_id, ic.key_ordinal
"""
_NOT_STORED = """
select c.name from sys.computed_columns as c where c.object_id = {} and c.is_persisted = 0
"""
_ROWS = (
    "select sum(p.rows) from sys.partitions as p where p.object_id = {} and p.index_id in (0, 1)"
)
_RESULT = """
select name, system_type_name, is_nullable, collation_name, source_schema, source_table,
    source_column
from sys.dm_exec_describe_first_result_set(%s, null, %s)
where is_hidden = 0 and error_number is null
order by column_ordinal
"""


@dataclass(frozen=True)
class Described:
    """A column of a statement's result, and the table's column that it shows, if it's that."""

    name: str
    native: Native
    nullable: bool
    schema: str | None = None
    table: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Relation:
    """A table or view by its names and its object_id; `quoted` is its name in a statement."""

    schema: str
    name: str
    number: int
    is_view: bool
    quoted: str


@dataclass(frozen=True)
class Tables:
    """Describes tables of one database.

    Args:
        ask: runs a statement.
        try_to_ask: likewise; nothing where the server lacks or refuses what is asked.
        collation: the database's own.
        where: the server, for messages.
    """

    ask: Ask
    try_to_ask: Ask
    collation: str | None
    where: str
    dialect: SqlServerDialect

    def relation(self, extract: Extract) -> Relation:
        """The table or view that the catalogue names.

        Raises:
            SourceError: it isn't there.
        """
        schema = extract.schema_name or _SCHEMA
        rows = self.ask(Statement(_RELATIONS, (schema,)))
        # Two schemas that differ in case only: the one that is spelled so.
        rows = [row for row in rows if row[0] == schema] or rows
        names = [row[1] for row in rows]
        name = one_of(
            extract.table,
            schema,
            [found for found in names if found.lower() == extract.table.lower()],
            names,
            self.where,
        )
        schema, _, number, kind = next(row for row in rows if row[1] == name)
        quoted = f"{self.dialect.quote(schema)}.{self.dialect.quote(name)}"
        return Relation(schema, name, int(number), str(kind).strip() == _VIEW, quoted)

    def shape(self, extract: Extract, relation: Relation) -> TableShape:
        """The relation's shape; of a view without indexes.

        Raises:
            SourceError: a column isn't there, or a column's type has no form in lv0.
        """
        columns = self._columns(extract, relation)
        primary: tuple[str, ...] = ()
        indexes: tuple[Index, ...] = ()
        rows: list[tuple[Any, ...]] = []
        if not relation.is_view:
            primary, indexes = self.indexes(relation.number)
            rows = self.try_to_ask(Statement(_ROWS.format(relation.number)))
        return TableShape(
            relation=f"{relation.quoted} as {ALIAS}",
            columns=columns,
            primary_key=primary,
            indexes=indexes,
            estimated_rows=int(rows[0][0]) if rows and rows[0][0] is not None else None,
            is_view=relation.is_view,
        )

    def columns(self, number: int) -> dict[str, tuple[Native, bool]]:
        """Type, and whether it is nullable, of each column of a table, by name."""
        found = {}
        for name, kind, length, precision, scale, collation, nullable, _ in self.ask(
            Statement(_COLUMNS.format(number))
        ):
            native = self._native(kind, length, precision, scale, collation)
            found[name] = (native, bool(nullable))
        return found

    def indexes(self, number: int) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        """The primary key's columns, and the indexes that deliver rows in ascending order.

        One whose columns all descend is read backwards.
        """
        keys: dict[int, list[tuple[Any, ...]]] = {}
        for index, *key in self.ask(Statement(_INDEXES.format(number))):
            keys.setdefault(index, []).append(tuple(key))
        usable = {
            index: tuple(str(name) for _, _, name, _ in parts)
            for index, parts in keys.items()
            if len({bool(descends) for *_, descends in parts}) == 1
        }
        primary = [
            tuple(str(name) for _, _, name, _ in parts) for parts in keys.values() if parts[0][0]
        ]
        indexes = tuple(Index(names, bool(keys[index][0][1])) for index, names in usable.items())
        return (primary[0] if primary else ()), indexes

    def _columns(self, extract: Extract, relation: Relation) -> tuple[Column, ...]:
        found = self.columns(relation.number)
        shown = f"{relation.schema}.{relation.name}"
        names = selected(extract, list(found), shown)
        # Its formula can fail for a row when it is read.
        not_stored = self.try_to_ask(Statement(_NOT_STORED.format(relation.number)))
        formulas = {row[0] for row in not_stored}
        columns = [
            self._column(
                shown, name, *found[name], f"{ALIAS}.{self.dialect.quote(name)}", name in formulas
            )
            for name in names
        ]
        if extract.expressions:
            kinds = self._expression_kinds(extract.expressions.values(), relation.quoted)
            columns += [
                self._column(shown, name, kind, True, f"({escaped(text)})", True)
                for (name, text), kind in zip(extract.expressions.items(), kinds, strict=True)
            ]
        return tuple(columns)

    @staticmethod
    def _column(
        shown: str, name: str, native: Native, nullable: bool, reference: str, computed: bool
    ) -> Column:
        try:
            lv0 = lv0_type(native)
        except SourceError as error:
            raise SourceError(f"Column {name} of {shown}: {error}") from None
        expression = selected_as(reference, native)
        return Column(name, str(native), lv0, lv0, reference, expression, nullable, computed)

    def _expression_kinds(self, texts: Iterable[str], quoted: str) -> list[Native]:
        """The types of expressions over a table; text where the server doesn't tell."""
        listed = [f"({text}) as [c{place}]" for place, text in enumerate(texts)]
        body = f"{', '.join(listed)} from {quoted.replace('%%', '%')} as {ALIAS}"
        # What is wrong with an expression is said now, not at the first page.
        self.ask(Statement(escaped(f"select top (0) {body}")))
        described = result_columns(self.try_to_ask, f"select {body}", 0, self.of_code_page)
        if len(described) != len(listed):
            return [Native("nvarchar")] * len(listed)
        return [column.native for column in described]

    def _native(
        self, kind: str, length: int, precision: int, scale: int, collation: str | None
    ) -> Native:
        """A type from the catalogue's columns."""
        native = Native.parse(kind)
        name = native.name
        size: int | None = None
        if name == "decimal":
            size = precision
        elif name in ("datetime2", "datetimeoffset", "time"):
            size = scale
        elif name in ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary"):
            size = None if length < 0 else length // (2 if name in NATIONAL else 1)
        digits = scale if name == "decimal" else 0
        return self.of_code_page(Native(name, size, digits), collation)

    def of_code_page(self, native: Native, collation: str | None) -> Native:
        """The type with the column's collation, where a cast would take another one."""
        if native.name not in CHARACTER or collation in (None, self.collation):
            return native
        return Native(native.name, native.size, native.scale, collation)


def result_columns(
    try_to_ask: Ask, query: str, mode: int, of_code_page: Callable[[Native, str | None], Native]
) -> Sequence[Described]:
    """The columns that a query returns; none where the server doesn't describe queries.

    Args:
        try_to_ask: runs a statement that may fail.
        query: T-SQL.
        mode: 1 tells the base tables' columns too, 0 doesn't.
        of_code_page: a type with its collation.
    """
    return [
        Described(name, of_code_page(Native.parse(kind), collation), bool(nullable), *base)
        for name, kind, nullable, collation, *base in try_to_ask(
            Statement(_RESULT, (query, str(mode)))
        )
        if kind is not None
    ]
