"""Expressions of T-SQL into typed expressions of Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from tests.tds.arithmetic import operate
from tests.tds.collations import COLLATIONS
from tests.tds.errors import SqlError
from tests.tds.functions import call_function
from tests.tds.scope import Scope
from tests.tds.tree import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Collate,
    Exists,
    Expression,
    In,
    IsNull,
    Like,
    Literal,
    Logical,
    Name,
    Not,
    Query,
    Subquery,
    TypeName,
    Unary,
    Variable,
)  # fmt: skip
from tests.tds.typed import Typed, as_unknown, combine, convert, family, literal, quote, sort_key
from tests.tds.types import INT, SqlType, make_type

__all__ = ["Expressions", "declared"]

_CONDITIONS = (Logical, Not, IsNull, In, Between, Like, Exists)


class Queries(Protocol):
    """What expressions need of the compiler of queries."""

    def subquery(self, query: Query, scope: Scope) -> tuple[str, list[Typed]]: ...


def declared(name: TypeName, collation: str, *, in_cast: bool = False) -> SqlType:
    """The type that a declaration means; in CAST a length that is left out is 30.

    Raises:
        SqlError: 243, there is no such type.
    """
    sized = ("char", "varchar", "nchar", "nvarchar", "binary", "varbinary")
    args = list(name.args)
    if in_cast and not args and name.name in sized:
        args = ["30"]
    try:
        return make_type(name.name, args, collation)
    except KeyError:
        raise SqlError(243, f"Type {name.name} is not a defined system type.") from None


class Expressions:
    """Compiles values and conditions."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def value(self, node: Expression, scope: Scope) -> Typed:
        """A value; where it is grouped by, the first of its group."""
        typed = self._value(node, scope)
        if typed.sql in scope.groups and not scope.in_aggregate and sort_key(typed) != typed.sql:
            return replace(typed, sql=f"(array_agg({typed.sql}))[1]")
        return typed

    def _value(self, node: Expression, scope: Scope) -> Typed:
        if isinstance(node, Literal):
            return _constant(node, scope)
        if isinstance(node, Name):
            found = scope.resolve(node.parts)
            return Typed(found.sql, found.column.type, found.column.nullable)
        if isinstance(node, Variable):
            if (known := scope.context.values.get(node.name)) is None:
                raise SqlError(137, f'Must declare the scalar variable "{node.name}".', severity=15)
            return known
        if isinstance(node, Binary) and node.op in "+-*/%&|^":
            return operate(node.op, self.value(node.left, scope), self.value(node.right, scope))
        if isinstance(node, Unary):
            operand = self.value(node.operand, scope)
            return Typed(f"({node.op} {operand.sql})", operand.type, operand.nullable)
        if isinstance(node, Cast):
            kind = declared(node.type, scope.context.collation, in_cast=True)
            operand = self.value(node.operand, scope)
            if family(kind) == "S" and operand.type.collation:
                kind = replace(kind, collation=operand.type.collation)
            style = None if node.style is None else self.integer(node.style, scope)
            return convert(operand, kind, style=style, tries=node.tries)
        if isinstance(node, Collate):
            if node.collation.lower() not in COLLATIONS:
                raise SqlError(448, f"Invalid collation '{node.collation}'.")
            operand = self.value(node.operand, scope)
            name = COLLATIONS[node.collation.lower()].name
            # Named outright it wins over a column's, as a constant's does not.
            kind = operand.type.with_collation(name)
            return replace(operand, type=kind, constant=False)
        if isinstance(node, Case):
            return self._case(node, scope)
        if isinstance(node, Subquery):
            sql, columns = self._queries.subquery(node.query, scope)
            return Typed(f"({sql})", columns[0].type, True)
        if isinstance(node, Call):
            return call_function(self, node, scope)
        raise SqlError(102, "Incorrect syntax near a condition.", severity=15)

    def integer(self, node: Expression, scope: Scope) -> int:
        """A constant whole number."""
        value = self.value(node, scope)
        text = value.sql.strip("()").split("::")[0].strip("'")
        if not value.constant or not text.lstrip("-").isdigit():
            raise SqlError(1023, "Invalid parameter: the stand-in wants a constant here.")
        return int(text)

    def text(self, node: Expression, scope: Scope) -> str | None:
        """A constant string."""
        value = self.value(node, scope)
        if value.is_null:
            return None
        if not value.constant:
            raise SqlError(1023, "Invalid parameter: the stand-in wants a constant here.")
        return value.sql.rsplit("::", 1)[0][1:-1].replace("''", "'")

    def _case(self, node: Case, scope: Scope) -> Typed:
        results = [self.value(then, scope) for _, then in node.branches]
        otherwise = Typed("null", INT, True, is_null=True)
        if node.otherwise is not None:
            otherwise = self.value(node.otherwise, scope)
        typed = common([*results, otherwise])
        parts = []
        for (when, _), result in zip(node.branches, typed, strict=False):
            if node.operand is not None:
                when = Binary("=", node.operand, when)
            parts.append(f"when {self.condition(when, scope)} then {result.sql}")
        sql = f"(case {' '.join(parts)} else {typed[-1].sql} end)"
        return Typed(sql, typed[0].type, any(part.nullable for part in typed))

    # Conditions

    def condition(self, node: Expression, scope: Scope) -> str:
        """A condition, as a boolean of Postgres."""
        if isinstance(node, Logical):
            left, right = self.condition(node.left, scope), self.condition(node.right, scope)
            return f"({left} {node.op} {right})"
        if isinstance(node, Not):
            return f"(not {self.condition(node.operand, scope)})"
        if isinstance(node, IsNull):
            negated = "not " if node.negated else ""
            return f"({self.value(node.operand, scope).sql} is {negated}null)"
        if isinstance(node, Binary):
            return self.compare(
                node.op, self.value(node.left, scope), self.value(node.right, scope)
            )
        if isinstance(node, Between):
            operand = self.value(node.operand, scope)
            low = self.compare(">=", operand, self.value(node.low, scope))
            high = self.compare("<=", operand, self.value(node.high, scope))
            return f"({'not ' if node.negated else ''}({low} and {high}))"
        if isinstance(node, In):
            return self._in(node, scope)
        if isinstance(node, Like):
            return self._like(node, scope)
        if isinstance(node, Exists):
            return f"exists ({self._queries.subquery(node.query, scope)[0]})"
        raise SqlError(
            4145, "An expression of non-boolean type specified in a context where a condition is"
            " expected.", severity=15,
        )  # fmt: skip

    def compare(self, op: str, left: Typed, right: Typed) -> str:
        """A comparison after the implicit conversions of T-SQL."""
        left, right = as_unknown(left, right.type), as_unknown(right, left.type)
        if left.type != right.type:
            kind = _compared(left.type, right.type)
            if family(kind) == "S":
                # A constant's collation yields to a column's.
                leading = right if left.constant else left
                kind = replace(kind, collation=leading.type.collation or kind.collation)
            left, right = convert(left, kind), convert(right, kind)
        return f"({sort_key(left)} {op} {sort_key(right)})"

    def _in(self, node: In, scope: Scope) -> str:
        operand = self.value(node.operand, scope)
        if node.query is None:
            parts = [self.compare("=", operand, self.value(item, scope)) for item in node.items]
            return f"({'not ' if node.negated else ''}({' or '.join(parts)}))"
        sql, columns = self._queries.subquery(node.query, scope)
        inner = replace(columns[0], sql="q.x1")
        kind = _compared(operand.type, inner.type)
        key = sort_key(convert(inner, kind))
        own = sort_key(convert(operand, kind))
        return f"({own} {'not ' if node.negated else ''}in (select {key} from ({sql}) as q))"

    def _like(self, node: Like, scope: Scope) -> str:
        operand, pattern = self.value(node.operand, scope), self.value(node.pattern, scope)
        escape = "" if node.escape is None else self.text(node.escape, scope) or ""
        collation = COLLATIONS[(operand.type.collation or scope.context.collation).lower()]
        op = "~*" if collation.ignores_case else "~"
        negated = "!" if node.negated else ""
        return f"({operand.sql} {negated}{op} tds.like_re({pattern.sql}, {quote(escape)}))"


def common(values: Sequence[Typed]) -> list[Typed]:
    """The values converted to the one type that they have together."""
    known = [value for value in values if not value.is_null]
    if not known:
        return [literal(None, INT) for _ in values]
    kind = known[0].type
    for value in known[1:]:
        kind = combine(kind, value.type)
    return [convert(value, kind) for value in values]


def _compared(left: SqlType, right: SqlType) -> SqlType:
    """The type in which two are compared: text has no length there, decimals keep all digits."""
    if family(left) == "S" and family(right) == "S":
        return replace(combine(left, right), name="nvarchar", length=-1)
    kind = combine(left, right)
    # The less exact of a date-time and a text decides about the text alone.
    if kind.name == "datetime2" and "datetime2" in (left.name, right.name):
        return replace(kind, scale=7)
    if family(kind) == "S":
        return replace(kind, length=-1)
    return kind


def _constant(node: Literal, scope: Scope) -> Typed:
    if node.kind == "null":
        return Typed("null", INT, True, is_null=True, constant=True)
    if node.kind == "int":
        number = int(node.text)
        if -(2**31) <= number < 2**31:
            return Typed(f"({number})" if number < 0 else f"{number}", INT, False, constant=True)
        digits = len(node.text.lstrip("-"))
        return literal(Decimal(number), SqlType("numeric", precision=digits))
    if node.kind == "decimal":
        whole, _, fraction = node.text.lstrip("-").partition(".")
        precision = max(len(whole.lstrip("0")) + len(fraction), 1)
        kind = SqlType("numeric", precision=precision, scale=len(fraction))
        return literal(Decimal(node.text), kind)
    if node.kind == "float":
        return literal(float(node.text), SqlType("float"))
    if node.kind == "hex":
        data = bytes.fromhex("0" * (len(node.text) % 2) + node.text[2:])
        return literal(data, SqlType("varbinary", length=len(data) or 1))
    collation = scope.context.collation
    if node.kind == "nstring":
        length = len(node.text.encode("utf-16-le")) // 2
        kind = SqlType("nvarchar", length=-1 if length > 4000 else length or 1, collation=collation)
        return literal(node.text, kind)
    codec = COLLATIONS[collation.lower()].codec
    data = node.text.encode(codec, "replace")
    length = -1 if len(data) > 8000 else len(data) or 1
    text = data.decode(codec)
    return literal(text, SqlType("varchar", length=length, collation=collation))
