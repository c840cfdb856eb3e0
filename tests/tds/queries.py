"""Queries of T-SQL into queries of Postgres with typed columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.tds.catalog import TableObject
from tests.tds.errors import SqlError
from tests.tds.expressions import Expressions
from tests.tds.parse import parse_expression, parse_query
from tests.tds.scope import Context, Field, Relation, Scope
from tests.tds.sysviews import system_view
from tests.tds.tree import (
    Compound,
    CreateView,
    Derived,
    Expression,
    FunctionSource,
    Join,
    Literal,
    Name,
    Order,
    Parts,
    Query,
    Select,
    SelectItem,
    Source,
    Star,
    Table,
    ValuesSource,
)  # fmt: skip
from tests.tds.typed import Typed, combine, convert, literal, sort_key
from tests.tds.types import INT, Column

__all__ = ["Compiled", "QueryCompiler", "table_fields"]

_DEEPEST_VIEW = 32
_Ctes = dict[str, "Compiled"]


@dataclass(frozen=True)
class Compiled:
    """A query whose columns are called x1, x2, ..."""

    sql: str
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(found.column for found in self.fields)


class QueryCompiler:
    """Compiles whole queries; `expressions` does what is inside them."""

    def __init__(self) -> None:
        self.expressions = Expressions(self)
        self._ctes: _Ctes = {}

    def subquery(self, query: Query, scope: Scope) -> tuple[str, list[Typed]]:
        """A query inside an expression."""
        compiled = self.compile(query, scope.context, scope)
        columns = [
            Typed(f"x{number}", found.column.type, found.column.nullable)
            for number, found in enumerate(compiled.fields, 1)
        ]
        return compiled.sql, columns

    def compile(self, query: Query, context: Context, parent: Scope | None = None) -> Compiled:
        """The query in Postgres's words.

        Raises:
            SqlError: a name means nothing, or the stand-in lacks something.
        """
        before = self._ctes
        if query.ctes:
            self._ctes = dict(before)
            for name, names, inner in query.ctes:
                compiled = _renamed(self.compile(inner, context, parent), names)
                self._ctes[name.lower()] = compiled
        try:
            if isinstance(query, Compound):
                return self._compound(query, context, parent)
            return self._select(query, Scope(context, parent=parent))
        finally:
            self._ctes = before

    def _compound(self, query: Compound, context: Context, parent: Scope | None) -> Compiled:
        left = self.compile(query.left, context, parent)
        right = self.compile(query.right, context, parent)
        if len(left.fields) != len(right.fields):
            raise SqlError(
                205, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have"
                " an equal number of expressions in their target lists.",
            )  # fmt: skip
        fields: list[Field] = []
        first: list[str] = []
        second: list[str] = []
        for number, (a, b) in enumerate(zip(left.fields, right.fields, strict=True), 1):
            kind = combine(a.column.type, b.column.type)
            for side, items in ((a, first), (b, second)):
                typed = convert(Typed(f"u.x{number}", side.column.type), kind)
                items.append(f"{typed.sql} as x{number}")
            nullable = a.column.nullable or b.column.nullable
            fields.append(Field(Column(a.column.name, kind, nullable), f"x{number}"))
        sql = (
            f"select {', '.join(first)} from ({left.sql}) as u {query.op}"
            f" select {', '.join(second)} from ({right.sql}) as u"
        )
        compiled = Compiled(sql, tuple(fields))
        return _ordered(compiled, query.order, []) if query.order else compiled

    def _select(self, query: Select, scope: Scope) -> Compiled:
        source = ""
        if query.source is not None:
            source = " from " + self.source(query.source, scope)
        where = ""
        if query.where is not None:
            where = " where " + self.expressions.condition(query.where, scope)
        group = ""
        if query.group:
            grouped = [self.expressions.value(item, scope) for item in query.group]
            scope.groups = [value.sql for value in grouped]
            group = " group by " + ", ".join(sort_key(value) for value in grouped)
        having = ""
        if query.having is not None:
            having = " having " + self.expressions.condition(query.having, scope)
        items = self._items(query.items, scope)
        columns = ", ".join(f"{typed.sql} as x{n}" for n, (typed, _) in enumerate(items, 1))
        fields = tuple(
            replace(found, sql=f"x{number}") for number, (_, found) in enumerate(items, 1)
        )
        limit = self._limit(query, scope)
        if query.distinct:
            keys = ", ".join(sort_key(typed) for typed, _ in items)
            sql = f"select distinct on ({keys}) {columns}{source}{where}{group}{having}"
            aliases = [item.expression for item in query.items]
            return _ordered(Compiled(sql, fields), query.order, aliases, limit)
        order = self._order(query, items, scope)
        sql = f"select {columns}{source}{where}{group}{having}{order}{limit}"
        return Compiled(sql, fields)

    def _limit(self, query: Select, scope: Scope) -> str:
        limit = ""
        for word, node in (("limit", query.top or query.fetch), ("offset", query.offset)):
            if node is not None:
                limit += f" {word} ({self.expressions.value(node, scope).sql})::bigint"
        return limit

    def _items(self, items: tuple[SelectItem, ...], scope: Scope) -> list[tuple[Typed, Field]]:
        found: list[tuple[Typed, Field]] = []
        for item in items:
            if isinstance(item.expression, Star):
                found += self._star(item.expression, scope)
                continue
            typed = self.expressions.value(item.expression, scope)
            if typed.is_null:
                typed = literal(None, INT)
            name, origin, identity = item.alias or "", None, False
            if isinstance(item.expression, Name):
                known = scope.resolve(item.expression.parts)
                name = item.alias or item.expression.parts[-1]
                origin, identity = known.origin, known.column.identity
                name = item.alias or known.column.name
            column = Column(name, typed.type, typed.nullable, identity)
            found.append((typed, Field(column, "", origin)))
        return found

    def _star(self, star: Star, scope: Scope) -> list[tuple[Typed, Field]]:
        relations = [r for r in scope.relations if not star.parts or r.answers_to(star.parts)]
        if not relations:
            raise SqlError(107, "The column prefix does not match with a table name.")
        return [
            (Typed(f.sql, f.column.type, f.column.nullable), f) for r in relations for f in r.fields
        ]

    def _order(self, query: Select, items: list[tuple[Typed, Field]], scope: Scope) -> str:
        keys = []
        for order in query.order:
            typed = self._order_key(order.expression, items, scope)
            if typed.constant:
                continue
            keys.append(sort_key(typed) + _direction(order))
        return " order by " + ", ".join(keys) if keys else ""

    def _order_key(self, node: Expression, items: list[tuple[Typed, Field]], scope: Scope) -> Typed:
        if isinstance(node, Literal) and node.kind == "int":
            return items[int(node.text) - 1][0]
        if isinstance(node, Name) and len(node.parts) == 1:
            for typed, found in items:
                if found.column.name.lower() == node.parts[0].lower():
                    return typed
        return self.expressions.value(node, scope)

    # FROM

    def source(self, source: Source, scope: Scope) -> str:
        if isinstance(source, Join):
            return self._join(source, scope)
        if isinstance(source, Table):
            return self._table(source, scope)
        alias = scope.context.alias()
        if isinstance(source, ValuesSource):
            return self._values(source, alias, scope)
        if isinstance(source, FunctionSource):
            compiled = self._function(source, scope)
            name: Parts = (source.alias or source.parts[-1],)
        else:
            assert isinstance(source, Derived)
            compiled = _renamed(self.compile(source.query, scope.context, scope), source.columns)
            name = (source.alias,)
        return self._add(compiled, name, alias, scope)

    @staticmethod
    def _add(compiled: Compiled, name: Parts, alias: str, scope: Scope) -> str:
        fields = tuple(
            replace(found, sql=f"{alias}.x{number}")
            for number, found in enumerate(compiled.fields, 1)
        )
        scope.relations.append(Relation(name, fields))
        return f"({compiled.sql}) as {alias}"

    def _join(self, join: Join, scope: Scope) -> str:
        first = len(scope.relations)
        left = self.source(join.left, scope)
        middle = len(scope.relations)
        right = self.source(join.right, scope)
        last = len(scope.relations)
        if join.kind in ("cross apply", "outer apply"):
            if join.kind == "outer apply":
                _loosen(scope, middle, last)
                return f"{left} left join lateral {right} on true"
            return f"{left} cross join lateral {right}"
        if join.kind in ("left", "full"):
            _loosen(scope, middle, last)
        if join.kind in ("right", "full"):
            _loosen(scope, first, middle)
        if join.on is None:
            return f"{left} cross join {right}"
        on = self.expressions.condition(join.on, scope)
        return f"({left} {join.kind} join {right} on {on})"

    def _values(self, source: ValuesSource, alias: str, scope: Scope) -> str:
        from tests.tds.expressions import common

        rows = [[self.expressions.value(item, scope) for item in row] for row in source.rows]
        columns = [common(column) for column in zip(*rows, strict=True)]
        texts = [
            "(" + ", ".join(column[n].sql for column in columns) + ")" for n in range(len(rows))
        ]
        names = ", ".join(f"x{n}" for n in range(1, len(columns) + 1))
        fields = tuple(
            Field(Column(name, column[0].type, any(v.nullable for v in column)), f"{alias}.x{n}")
            for n, (name, column) in enumerate(zip(source.columns, columns, strict=True), 1)
        )
        scope.relations.append(Relation((source.alias,), fields))
        return f"(values {', '.join(texts)}) as {alias}({names})"

    def _table(self, table: Table, scope: Scope) -> str:
        context = scope.context
        alias = context.alias()
        name = (table.alias,) if table.alias else table.parts
        if len(table.parts) == 1 and (cte := self._ctes.get(table.parts[0].lower())) is not None:
            return self._add(cte, name, alias, scope)
        if len(table.parts) > 1 and table.parts[-2].lower() == "sys":
            return self._system(table, name, alias, scope)
        found = context.catalog.get(context.database, table.parts)
        if not table.alias and len(name) < 3:
            name = (context.database, found.schema, found.name)
        if found.type == "V":
            return self._add(self._view(found, table, context), name, alias, scope)
        if found.type != "U":
            raise SqlError(208, f"Invalid object name '{'.'.join(table.parts)}'.")
        database = table.parts[-3] if len(table.parts) > 2 else context.database
        fields = self.fields(found, database or context.database, alias, context)
        scope.relations.append(Relation(name, fields))
        return f"{found.physical} as {alias}"

    def fields(
        self, table: TableObject, database: str, alias: str, context: Context
    ) -> tuple[Field, ...]:
        """The columns of a table that Postgres knows as `alias`; computed ones as expressions."""
        plain = table_fields(table, database, alias)
        if not any(column.computed for column in table.columns):
            return plain
        own = Scope(context, [Relation((table.name,), plain)])
        return tuple(
            found if column.computed is None else replace(
                found, sql=self.expressions.value(parse_expression(column.computed), own).sql)
            for column, found in zip(table.columns, plain, strict=True)
        )  # fmt: skip

    def _system(self, table: Table, name: Parts, alias: str, scope: Scope) -> str:
        context = scope.context
        database = table.parts[-3] if len(table.parts) > 2 else context.database
        number = context.catalog.database(database or context.database).database_id
        view = system_view(table.parts[-1], number)
        if view is None:
            raise SqlError(208, f"Invalid object name '{'.'.join(table.parts)}'.")
        fields = tuple(Field(column, f'{alias}."{column.name}"') for column in view.columns)
        scope.relations.append(Relation(name, fields))
        return f"({view.sql}) as {alias}"

    def _view(self, view: TableObject, table: Table, context: Context) -> Compiled:
        if context.depth > _DEEPEST_VIEW:
            raise SqlError(217, "Maximum view nesting level exceeded (limit 32).")
        assert view.definition is not None
        definition = parse_query(view.definition)
        assert isinstance(definition, CreateView)
        database = (table.parts[-3] if len(table.parts) > 2 else "") or context.database
        inner = replace(context, database=database, values={}, depth=context.depth + 1)
        compiled = self.compile(definition.query, inner)
        context.aliases = inner.aliases
        return _renamed(compiled, tuple(column.name for column in view.columns))

    def _function(self, source: FunctionSource, scope: Scope) -> Compiled:
        from tests.tds.describe import describe_first_result

        if source.parts[-1].lower() == "dm_exec_describe_first_result_set":
            return describe_first_result(self, source.args, scope)
        raise SqlError(208, f"Invalid object name '{'.'.join(source.parts)}'.")


def table_fields(table: TableObject, database: str, alias: str) -> tuple[Field, ...]:
    """The columns of a table that Postgres knows as `alias`."""
    return tuple(
        Field(
            column.column,
            f"{alias}.{column.physical}",
            (database, table.schema, table.name, column.name),
        )
        for column in table.columns
    )


def _renamed(compiled: Compiled, names: tuple[str, ...]) -> Compiled:
    if not names:
        if missing := [n for n, f in enumerate(compiled.fields, 1) if not f.column.name]:
            raise SqlError(8155, f"No column name was specified for column {missing[0]} of it.")
        return compiled
    if len(names) != len(compiled.fields):
        raise SqlError(8158, "It has more or fewer columns than were specified for it.")
    fields = tuple(
        replace(found, column=replace(found.column, name=name))
        for name, found in zip(names, compiled.fields, strict=True)
    )
    return replace(compiled, fields=fields)


def _ordered(
    compiled: Compiled, orders: tuple[Order, ...], items: list[Expression | Star], limit: str = ""
) -> Compiled:
    """Orders a query from outside, by its own columns."""
    if not orders and not limit:
        return compiled
    keys = []
    for order in orders:
        number = _position(compiled, order.expression, items)
        typed = Typed(f"o.x{number}", compiled.fields[number - 1].column.type)
        keys.append(sort_key(typed) + _direction(order))
    names = ", ".join(f"o.x{n}" for n in range(1, len(compiled.fields) + 1))
    by = f" order by {', '.join(keys)}" if keys else ""
    return replace(compiled, sql=f"select {names} from ({compiled.sql}) as o{by}{limit}")


def _position(compiled: Compiled, node: Expression, items: list[Expression | Star]) -> int:
    if isinstance(node, Literal) and node.kind == "int":
        return int(node.text)
    if isinstance(node, Name):
        for number, found in enumerate(compiled.fields, 1):
            if found.column.name.lower() == node.parts[-1].lower():
                return number
    if node in items:
        return items.index(node) + 1
    raise SqlError(145, "ORDER BY items must appear in the select list.", severity=15)


def _direction(order: Order) -> str:
    # NULL is the least value of all in T-SQL.
    return " desc nulls last" if order.descending else " asc nulls first"


def _loosen(scope: Scope, start: int, stop: int) -> None:
    """Makes the columns of an outer join's other side nullable."""
    for at in range(start, stop):
        relation = scope.relations[at]
        fields = tuple(
            replace(found, column=replace(found.column, nullable=True)) for found in relation.fields
        )
        scope.relations[at] = replace(relation, fields=fields)
