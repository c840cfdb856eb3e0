"""CREATE, ALTER and DROP, on the catalogue and on Postgres at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.tds.catalog import Catalog, Database, TableColumn, TableObject
from tests.tds.collations import COLLATIONS
from tests.tds.errors import SqlError
from tests.tds.expressions import declared
from tests.tds.parse import parse_expression
from tests.tds.queries import QueryCompiler
from tests.tds.scope import Context, Field, Relation, Scope
from tests.tds.tree import (
    AlterColumn,
    AlterDatabase,
    AlterTableAdd,
    AlterTableDrop,
    ColumnDefinition,
    Constraint,
    CreateFunction,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateView,
    Drop,
    Parts,
)  # fmt: skip
from tests.tds.typed import Typed, convert, literal, pg_type, sort_key
from tests.tds.types import Column

__all__ = ["Definitions"]


class Definitions:
    """Carries definitions out through the session's connection."""

    def __init__(self, catalog: Catalog, compiler: QueryCompiler) -> None:
        self._catalog = catalog
        self._compiler = compiler

    def _execute(self, sql: str, args: Sequence[object] = ()) -> None:
        self._catalog.execute(sql, args)

    def _place(self, parts: Parts, context: Context) -> tuple[Database, int]:
        database = self._catalog.database((parts[-3] if len(parts) > 2 else "") or context.database)
        schema = parts[-2] if len(parts) > 1 and parts[-2] else "dbo"
        return database, self._catalog.schema_id(database, schema)

    def _new_object(
        self, parts: Parts, kind: str, context: Context, definition: str | None = None,
        parent: int = 0,
    ) -> tuple[int, Database]:  # fmt: skip
        database, schema_id = self._place(parts, context)
        if self._catalog.find(database.name, parts[-3:] if len(parts) > 2 else parts) is not None:
            raise SqlError(
                2714, f"There is already an object named '{parts[-1]}' in the database.", state=6
            )
        number = self._catalog.rows(
            "insert into tds.objects (database_id, schema_id, name, type, parent_object_id,"
            " definition) values (%s, %s, %s, %s, %s, %s) returning object_id",
            (database.database_id, schema_id, parts[-1], kind, parent, definition),
        )[0][0]
        self._catalog.changed()
        return int(number), database

    # Schemas and databases

    def create_schema(self, node: CreateSchema, context: Context) -> None:
        database = self._catalog.database(context.database)
        self._execute(
            "insert into tds.schemas select %s, greatest(max(schema_id) + 1, 5), %s"
            " from tds.schemas where database_id = %s",
            (database.database_id, node.name, database.database_id),
        )

    def alter_database(self, node: AlterDatabase, context: Context) -> None:
        name = node.name or context.database
        if node.action == "create":
            collation = node.value or context.collation
            self._catalog.create_database(name, collation, snapshot=False)
            return
        number = self._catalog.database(name).database_id
        column = {
            "allow_snapshot_isolation": "snapshot", "collate": "collation_name",
            "read_committed_snapshot": "read_committed_snapshot",
        }.get(node.action)  # fmt: skip
        if column is not None:
            value = node.value if node.action == "collate" else node.value == "on"
            self._execute(
                f"update tds.databases set {column} = %s where database_id = %s", (value, number)
            )
            self._catalog.changed()

    # Tables

    def create_table(self, node: CreateTable, context: Context) -> None:
        number, database = self._new_object(node.name, "U", context)
        columns: list[TableColumn] = []
        for at, definition in enumerate(node.columns, 1):
            columns.append(self._column(at, definition, context, columns))
        constraints = list(node.constraints)
        for definition in node.columns:
            constraints += definition.constraints
        keys = {
            name.lower() for c in constraints if c.kind == "primary key" for name, _ in c.columns
        }
        columns = [
            replace(c, column=replace(c.column, nullable=False)) if c.name.lower() in keys else c
            for c in columns
        ]
        table = f"d{database.database_id}.o{number}"
        stored = ", ".join(_stored(column) for column in columns if column.computed is None)
        self._execute(f"create table {table} ({stored})")
        for column in columns:
            self._catalog.add_column(number, column)
            self._stamp(table, database.database_id, column)
        self._execute(
            "insert into tds.indexes (object_id, index_id, type_desc, is_unique)"
            " values (%s, 0, 'HEAP', false)",
            (number,),
        )
        self._catalog.changed()
        found = self._catalog.get(context.database, node.name)
        clustered = [c for c in constraints if c.clustered]
        for constraint in constraints:
            self._add_constraint(found, constraint, context, allow_clustered=not clustered)

    def _column(
        self, at: int, node: ColumnDefinition, context: Context, before: Sequence[TableColumn] = ()
    ) -> TableColumn:
        """A column as it is declared; a computed one sees those `before` it."""
        if node.computed is not None:
            fields = tuple(Field(c.column, c.physical) for c in before)
            scope = Scope(context, [Relation(("t",), fields)])
            value = self._compiler.expressions.value(parse_expression(node.computed), scope)
            column = Column(node.name, value.type, value.nullable)
            return TableColumn(at, column, node.computed, None)
        assert node.type is not None
        kind = declared(node.type, context.collation)
        if node.collation is not None:
            if (collation := COLLATIONS.get(node.collation.lower())) is None:
                raise SqlError(448, f"Invalid collation '{node.collation}'.")
            kind = kind.with_collation(collation.name)
        nullable = node.nullable if node.nullable is not None else not node.identity
        if kind.name == "rowversion" and node.nullable is None:
            nullable = False
        default = None
        if node.default is not None:
            value = self._compiler.expressions.value(node.default, Scope(context))
            default = convert(value, kind, assign=True).sql
        return TableColumn(at, Column(node.name, kind, nullable, node.identity), None, default)

    def _stamp(self, table: str, database_id: int, column: TableColumn) -> None:
        if column.column.type.name != "rowversion":
            return
        self._execute(
            f"create function {table}_stamp() returns trigger language plpgsql as $$ begin"
            f" new.{column.physical} := tds.next_rowversion({database_id});"
            " return new; end $$"
        )
        self._execute(
            f"create trigger stamp before insert or update on {table}"
            f" for each row execute function {table}_stamp()"
        )

    def _add_constraint(
        self, table: TableObject, node: Constraint, context: Context, *, allow_clustered: bool
    ) -> None:
        if node.kind not in ("primary key", "unique"):
            return
        primary = node.kind == "primary key"
        clustered = node.clustered if node.clustered is not None else primary and allow_clustered
        name = node.name or f"{'PK' if primary else 'UQ'}__{table.name}__{table.object_id:X}"
        number, _ = self._new_object(
            (table_database(table, context), table.schema, name), "PK" if primary else "UQ",
            context, parent=table.object_id,
        )  # fmt: skip
        columns = [(table.column(column), descending) for column, descending in node.columns]
        self._add_index(
            table, name, columns, (), unique=True, clustered=bool(clustered), primary=primary,
            constraint=number,
        )  # fmt: skip

    def create_index(self, node: CreateIndex, context: Context) -> None:
        table = self._catalog.get(context.database, node.table)
        columns = [(table.column(column), descending) for column, descending in node.columns]
        included = [table.column(column) for column in node.included]
        where = ""
        if node.where is not None:
            fields = tuple(Field(c.column, c.physical) for c in table.columns)
            scope = Scope(context, [Relation((table.name,), fields)])
            where = self._compiler.expressions.condition(node.where, scope)
        self._add_index(
            table, node.name, columns, included, unique=node.unique, clustered=node.clustered,
            where=where,
        )  # fmt: skip

    def _add_index(
        self, table: TableObject, name: str, columns: Sequence[tuple[TableColumn, bool]],
        included: Sequence[TableColumn], *, unique: bool, clustered: bool, primary: bool = False,
        constraint: int | None = None, where: str = "",
    ) -> None:  # fmt: skip
        number = 1
        if clustered:
            self._execute(
                "delete from tds.indexes where object_id = %s and index_id = 0", (table.object_id,)
            )
        else:
            number = self._catalog.rows(
                "select greatest(max(index_id), 1) + 1 from tds.indexes where object_id = %s",
                (table.object_id,),
            )[0][0]
        self._execute(
            "insert into tds.indexes values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                table.object_id, number, name, "CLUSTERED" if clustered else "NONCLUSTERED",
                unique, primary, constraint is not None and not primary, where or None, constraint,
            ),
        )  # fmt: skip
        keys = []
        rows: list[tuple[TableColumn, bool, int]] = []
        for ordinal, (column, descending) in enumerate(columns, 1):
            key = sort_key(Typed(column.physical, column.column.type))
            keys.append(f"({key}) {'desc nulls last' if descending else 'asc nulls first'}")
            rows.append((column, descending, ordinal))
        rows += [(column, False, 0) for column in included]
        for at, (column, descending, ordinal) in enumerate(rows, 1):
            self._execute(
                "insert into tds.index_columns values (%s, %s, %s, %s, %s, %s, %s)",
                (
                    table.object_id, number, at, column.column_id, ordinal, descending,
                    ordinal == 0,
                ),
            )  # fmt: skip
        self._execute(
            f"create {'unique ' if unique else ''}index o{table.object_id}_i{number}"
            f" on {table.physical} ({', '.join(keys)}){' nulls not distinct' if unique else ''}"
            f"{' where ' + where if where else ''}"
        )
        self._catalog.changed()

    def alter_add(self, node: AlterTableAdd, context: Context) -> None:
        table = self._catalog.get(context.database, node.table)
        at = max(column.column_id for column in table.columns)
        for definition in node.columns:
            at += 1
            if any(definition.name.lower() == column.name.lower() for column in table.columns):
                raise SqlError(
                    2705, "Column names in each table must be unique. Column name"
                    f" '{definition.name}' is specified more than once.",
                )  # fmt: skip
            column = self._column(at, definition, context, table.columns)
            if column.computed is not None:
                self._catalog.add_column(table.object_id, column)
                continue
            default = f" default {column.default}" if column.default else ""
            self._execute(f"alter table {table.physical} add column {_stored(column)}{default}")
            if default:
                self._execute(
                    f"alter table {table.physical} alter column {column.physical} drop default"
                )
            self._catalog.add_column(table.object_id, column)
            self._stamp(table.physical, table.database_id, column)
        self._catalog.changed()
        table = self._catalog.get(context.database, node.table)
        own = [c for definition in node.columns for c in definition.constraints]
        for constraint in [*node.constraints, *own]:
            self._add_constraint(table, constraint, context, allow_clustered=True)

    def alter_column(self, node: AlterColumn, context: Context) -> None:
        table = self._catalog.get(context.database, node.table)
        old = table.column(node.column.name)
        new = replace(self._column(old.column_id, node.column, context), default=old.default)
        new = replace(new, column=replace(new.column, name=old.name))
        kind = new.column.type
        value = convert(Typed(old.physical, old.column.type), kind, assign=True).sql
        column = f"alter table {table.physical} alter column {old.physical}"
        self._execute(f"{column} type {pg_type(kind)} using {value}")
        self._execute(f"{column} {'drop' if new.column.nullable else 'set'} not null")
        self._execute(
            "delete from tds.columns where object_id = %s and column_id = %s",
            (table.object_id, old.column_id),
        )
        self._catalog.add_column(table.object_id, new)
        self._catalog.changed()

    def alter_drop(self, node: AlterTableDrop, context: Context) -> None:
        table = self._catalog.get(context.database, node.table)
        for name in node.columns:
            column = table.column(name)
            held = self._catalog.rows(
                "select i.name from tds.index_columns x join tds.indexes i using"
                " (object_id, index_id) where x.object_id = %s and x.column_id = %s",
                (table.object_id, column.column_id),
            )
            if held:
                raise SqlError(5074, f"The object '{held[0][0]}' is dependent on column '{name}'.")
            if column.computed is None:
                self._execute(f"alter table {table.physical} drop column {column.physical}")
            self._execute(
                "delete from tds.columns where object_id = %s and column_id = %s",
                (table.object_id, column.column_id),
            )
        for name in node.constraints:
            self._drop_index(table, name)
            self._execute(
                "delete from tds.objects where parent_object_id = %s and lower(name) = lower(%s)",
                (table.object_id, name),
            )
        self._catalog.changed()

    def _drop_index(self, table: TableObject, name: str) -> None:
        rows = self._catalog.rows(
            "delete from tds.indexes where object_id = %s and lower(name) = lower(%s)"
            " returning index_id",
            (table.object_id, name),
        )
        if not rows:
            raise SqlError(3728, f"'{name}' is not a constraint or an index.")
        schema = table.physical.split(".")[0]
        self._execute(f"drop index {schema}.o{table.object_id}_i{rows[0][0]}")
        if rows[0][0] == 1:
            self._execute(
                "insert into tds.indexes (object_id, index_id, type_desc, is_unique)"
                " values (%s, 0, 'HEAP', false)",
                (table.object_id,),
            )

    # Views, functions, DROP and renames

    def create_view(self, node: CreateView, context: Context) -> None:
        compiled = self._compiler.compile(node.query, context)
        names = node.columns or tuple(column.name for column in compiled.columns)
        if node.alter and (old := self._catalog.find(context.database, node.name)) is not None:
            self._execute("delete from tds.objects where object_id = %s", (old.object_id,))
            self._catalog.changed()
        number, _ = self._new_object(node.name, "V", context, node.text)
        for at, (name, column) in enumerate(zip(names, compiled.columns, strict=True), 1):
            if not name:
                raise SqlError(
                    4511, "Create View or Function failed because no column name was specified for"
                    f" column {at}.",
                )  # fmt: skip
            own = replace(column, name=name)
            self._catalog.add_column(number, TableColumn(at, own, None, None))
        self._catalog.changed()

    def create_function(self, node: CreateFunction, context: Context) -> None:
        self._new_object(node.name, "FN", context, node.text)

    def drop(self, node: Drop, context: Context) -> None:
        for parts in node.names:
            if node.kind == "schema":
                self._drop_schema(parts[-1], context)
            elif node.kind == "database":
                self._catalog.drop_database(parts[-1])
            elif node.kind == "index":
                owner = node.table or parts[:-1]
                self._drop_index(self._catalog.get(context.database, owner), parts[-1])
            else:
                self._drop_object(node, parts, context)
        self._catalog.changed()

    def _drop_schema(self, name: str, context: Context) -> None:
        number = self._catalog.database(context.database).database_id
        schema_id = self._catalog.schema_id(self._catalog.database(context.database), name)
        if self._catalog.rows(
            "select from tds.objects where database_id = %s and schema_id = %s", (number, schema_id)
        ):
            raise SqlError(3729, f"Cannot drop schema '{name}' because it is being referenced.")
        self._execute(
            "delete from tds.schemas where database_id = %s and schema_id = %s", (number, schema_id)
        )

    def _drop_object(self, node: Drop, parts: Parts, context: Context) -> None:
        found = self._catalog.find(context.database, parts)
        if found is None:
            if node.if_exists:
                return
            raise SqlError(
                3701, f"Cannot drop the {node.kind} '{'.'.join(parts)}', because it does not exist"
                " or you do not have permission.", severity=11,
            )  # fmt: skip
        if found.type == "U":
            self._execute(f"drop table {found.physical}")
            self._execute(f"drop function if exists {found.physical}_stamp()")
        self._execute(
            "delete from tds.objects where %s in (object_id, parent_object_id)", (found.object_id,)
        )
        self._catalog.changed()

    def rename(self, old: Parts, new: str, kind: str, context: Context) -> None:
        """What sp_rename does."""
        if kind == "column":
            table = self._catalog.get(context.database, old[:-1])
            column = table.column(old[-1])
            self._execute(
                "update tds.columns set name = %s where object_id = %s and column_id = %s",
                (new, table.object_id, column.column_id),
            )
        elif kind == "index":
            table = self._catalog.get(context.database, old[:-1])
            self._execute(
                "update tds.indexes set name = %s where object_id = %s and lower(name) = lower(%s)",
                (new, table.object_id, old[-1]),
            )
        else:
            found = self._catalog.get(context.database, old)
            self._execute(
                "update tds.objects set name = %s where object_id = %s", (new, found.object_id)
            )
        self._catalog.changed()


def _stored(column: TableColumn) -> str:
    identity = " generated by default as identity" if column.column.identity else ""
    null = "" if column.column.nullable else " not null"
    return f"{column.physical} {pg_type(column.column.type)}{identity}{null}"


def table_database(table: TableObject, context: Context) -> str:
    """The name of the table's database."""
    rows = context.catalog.rows(
        "select name from tds.databases where database_id = %s", (table.database_id,)
    )
    return str(rows[0][0])


def default_of(column: TableColumn) -> str:
    """What a column that INSERT leaves out gets."""
    return column.default or literal(None, column.column.type).sql
