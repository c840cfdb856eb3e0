"""INSERT, UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from tests.tds.catalog import TableColumn, TableObject
from tests.tds.definitions import default_of
from tests.tds.errors import SqlError
from tests.tds.expressions import Expressions
from tests.tds.queries import QueryCompiler
from tests.tds.scope import Context, Relation, Scope
from tests.tds.tree import Delete, Expression, Insert, Literal, Parts, Source, Table, Update
from tests.tds.typed import Typed, convert

__all__ = ["Changes"]


class Changes:
    """Compiles changes of rows."""

    def __init__(self, compiler: QueryCompiler) -> None:
        self._compiler = compiler

    @property
    def _expressions(self) -> Expressions:
        return self._compiler.expressions

    def insert(self, node: Insert, context: Context) -> str:
        table = _table(node.target, context)
        settable = [c for c in table.columns if _takes_values(c)]
        columns = [table.column(name) for name in node.columns] if node.columns else settable
        for column in columns:
            if column.column.type.name == "rowversion":
                raise SqlError(273, "Cannot insert an explicit value into a timestamp column.")
        if not node.columns and not node.defaults:
            columns = [c for c in columns if not c.column.identity]
        if node.defaults:
            columns = []
        rest = [
            c for c in settable
            if c not in columns and c.default is not None and not c.column.identity
        ]  # fmt: skip
        names = ", ".join(c.physical for c in [*columns, *rest])
        target = f"insert into {table.physical} ({names})"
        tail = [default_of(column) for column in rest]
        if node.defaults:
            return f"{target} values ({', '.join(tail)})" if tail else (
                f"insert into {table.physical} default values")  # fmt: skip
        if node.query is not None:
            compiled = self._compiler.compile(node.query, context)
            _check(len(columns), len(compiled.fields))
            items = [
                convert(Typed(f"s.x{n}", f.column.type), c.column.type, assign=True).sql
                for n, (f, c) in enumerate(zip(compiled.fields, columns, strict=True), 1)
            ]
            return f"{target} select {', '.join(items + tail)} from ({compiled.sql}) as s"
        scope = Scope(context)
        rows = []
        for row in node.rows:
            _check(len(columns), len(row))
            items = [
                self._assigned(item, column, scope)
                for item, column in zip(row, columns, strict=True)
            ]
            rows.append(f"({', '.join(items + tail)})")
        return f"{target} values {', '.join(rows)}"

    def update(self, node: Update, context: Context) -> str:
        scope = Scope(context)
        table, alias, source = self._target(node.target, node.source, scope)
        where = self._where(node.where, scope)
        columns = [table.column(name) for name, _ in node.sets]
        values = [
            self._assigned(value, column, scope)
            for column, (_, value) in zip(columns, node.sets, strict=True)
        ]
        if not source and node.top is None:
            sets = ", ".join(f"{c.physical} = {v}" for c, v in zip(columns, values, strict=True))
            return f"update {table.physical} as {alias} set {sets}{where}"
        limit = self._limit(node.top, scope)
        items = ", ".join(f"{value} as v{n}" for n, value in enumerate(values))
        inner = (
            f"select distinct on ({alias}.ctid) {alias}.ctid as id, {items}"
            f" from {source or f'{table.physical} as {alias}'}{where}{limit}"
        )
        sets = ", ".join(f"{column.physical} = s.v{n}" for n, column in enumerate(columns))
        return f"update {table.physical} as t set {sets} from ({inner}) as s where t.ctid = s.id"

    def delete(self, node: Delete, context: Context) -> str:
        scope = Scope(context)
        table, alias, source = self._target(node.target, node.source, scope)
        where = self._where(node.where, scope)
        if not source and node.top is None:
            return f"delete from {table.physical} as {alias}{where}"
        limit = self._limit(node.top, scope)
        inner = f"select {alias}.ctid from {source or f'{table.physical} as {alias}'}{where}{limit}"
        return f"delete from {table.physical} as t where t.ctid in ({inner})"

    def truncate(self, target: Parts, context: Context) -> str:
        return f"truncate {_table(target, context).physical} restart identity"

    def _assigned(self, node: Expression, column: TableColumn, scope: Scope) -> str:
        if isinstance(node, Literal) and node.kind == "default":
            return default_of(column)
        return convert(self._expressions.value(node, scope), column.column.type, assign=True).sql

    def _where(self, node: Expression | None, scope: Scope) -> str:
        return "" if node is None else " where " + self._expressions.condition(node, scope)

    def _limit(self, node: Expression | None, scope: Scope) -> str:
        return "" if node is None else f" limit {self._expressions.value(node, scope).sql}"

    def _target(
        self, target: Parts, source: Source | None, scope: Scope
    ) -> tuple[TableObject, str, str]:
        """The table, what it is called in the statement, and the FROM where there is one."""
        context = scope.context
        if source is None:
            table = _table(target, context)
            alias = context.alias()
            fields = self._compiler.fields(table, context.database, alias, context)
            scope.relations.append(Relation((context.database, table.schema, table.name), fields))
            return table, alias, ""
        text = self._compiler.source(source, scope)
        for relation in scope.relations:
            if relation.answers_to(target[-1:]):
                alias = relation.fields[0].sql.split(".")[0]
                named = _named(source, relation.name)
                return _table(named or target, context), alias, text
        raise SqlError(208, f"Invalid object name '{'.'.join(target)}'.")


def _named(source: Source, name: Parts) -> Parts | None:
    """The table in FROM that has this alias."""
    if isinstance(source, Table):
        return source.parts if (source.alias or source.parts[-1]) == name[-1] else None
    left, right = getattr(source, "left", None), getattr(source, "right", None)
    if left is None or right is None:
        return None
    return _named(left, name) or _named(right, name)


def _table(parts: Parts, context: Context) -> TableObject:
    found = context.catalog.get(context.database, parts)
    if found.type != "U":
        raise SqlError(4405, f"View or function '{parts[-1]}' is not updatable in the stand-in.")
    return found


def _takes_values(column: TableColumn) -> bool:
    return column.column.type.name != "rowversion" and column.computed is None


def _check(columns: int, values: int) -> None:
    if columns != values:
        raise SqlError(
            213, "Column name or number of supplied values does not match table definition."
        )
