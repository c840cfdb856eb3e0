"""Operators: the types of their results and the rules of decimals."""

from __future__ import annotations

from dataclasses import replace

from tests.tds.errors import SqlError
from tests.tds.typed import Typed, as_unknown, combine, convert, exact, family
from tests.tds.types import BIGINT, INT, SqlType

__all__ = ["operate", "strings"]

_DAY = 864_000_000_000


def operate(op: str, left: Typed, right: Typed) -> Typed:
    """left op right, for + - * / % & | ^.

    Raises:
        SqlError: 402, there is no such operation on these types.
    """
    left, right = as_unknown(left, right.type), as_unknown(right, left.type)
    families = {family(left.type), family(right.type)}
    nullable = left.nullable or right.nullable
    if families == {"S"} or families == {"B"}:
        if op != "+":
            raise _refused(op, left, right)
        kind = strings(left.type, right.type)
        return Typed(f"({left.sql} || {right.sql})", kind, nullable)
    if families & {"moment", "date"} and families & {"I", "N", "F"} and op in "+-":
        return _shifted(op, left, right, nullable)
    if families - {"I", "N", "F", "S", "B"}:
        raise _refused(op, left, right)
    if "F" in families:
        kind = combine(left.type, right.type)
        return _plain(op, convert(left, kind), convert(right, kind), kind)
    if op in "&|^":
        kind = combine(left.type, right.type)
        sign = "#" if op == "^" else op
        return _plain(sign, convert(left, kind), convert(right, kind), kind)
    if "N" in families:
        return _exact(op, left, right)
    kind = combine(left.type, right.type) if "I" in families else INT
    kind = kind if kind.name != "bit" else INT
    return _plain(op, convert(left, kind), convert(right, kind), kind)


def strings(left: SqlType, right: SqlType) -> SqlType:
    """The type of two strings put together."""
    kind = combine(left, right)
    if left.is_max or right.is_max:
        return replace(kind, length=-1)
    limit = 4000 if kind.is_national else 8000
    name = {
        "char": "varchar",
        "nchar": "nvarchar",
        "binary": "varbinary",
        "rowversion": "varbinary",
    }
    return replace(
        kind, name=name.get(kind.name, kind.name), length=min(limit, left.length + right.length)
    )


def _plain(op: str, left: Typed, right: Typed, kind: SqlType) -> Typed:
    if op == "%" and family(kind) == "F":
        raise _refused(op, left, right)
    return Typed(f"({left.sql} {op} {right.sql})", kind, left.nullable or right.nullable)


def _exact(op: str, left: Typed, right: Typed) -> Typed:
    money = [side.type.name for side in (left, right) if "money" in side.type.name]
    nullable = left.nullable or right.nullable
    others = {side.type.name for side in (left, right)} & {"decimal", "numeric"}
    if family(left.type) not in ("I", "N"):
        left = convert(left, right.type)
    if family(right.type) not in ("I", "N"):
        right = convert(right, left.type)
    if money and not others:
        kind = SqlType("money" if "money" in money else "smallmoney")
        pg = "numeric(19,4)"
        sql = f"({left.sql}::numeric {op} {right.sql}::numeric)"
        sql = f"trunc({sql}, 4)" if op == "/" else sql
        return Typed(f"{sql}::{pg}", kind, nullable)
    kind = _result(op, _digits(left), _digits(right))
    sql = f"({left.sql}::numeric {op} {right.sql}::numeric)"
    if op == "/":
        # Postgres chooses the scale of a quotient by its own rules.
        sql = f"trunc({left.sql}::numeric(38,{kind.scale})::numeric * 1.{'0' * 40} / {right.sql}"
        sql = f"{sql}::numeric, {kind.scale})"
    return Typed(f"{sql}::numeric({kind.precision},{kind.scale})", kind, nullable)


def _digits(value: Typed) -> SqlType:
    """The decimal that an operand counts as: a whole constant has just its own digits."""
    digits = value.sql.strip("()-")
    if value.constant and value.type.name == "int" and digits.isdigit():
        return SqlType("numeric", precision=len(digits))
    return exact(value.type)


def _result(op: str, left: SqlType, right: SqlType) -> SqlType:
    """Precision and scale as the documentation of precision, scale and length has them."""
    p1, s1, p2, s2 = left.precision, left.scale, right.precision, right.scale
    if op in "+-":
        scale = max(s1, s2)
        precision = scale + max(p1 - s1, p2 - s2) + 1
    elif op == "*":
        precision, scale = p1 + p2 + 1, s1 + s2
    elif op == "/":
        scale = max(6, s1 + p2 + 1)
        precision = p1 - s1 + s2 + scale
    else:
        scale = max(s1, s2)
        precision = min(p1 - s1, p2 - s2) + scale
    if precision > 38:
        whole = precision - scale
        kept = 0 if op in "+-%" else min(scale, 6)
        scale = min(scale, max(38 - whole, kept))
        precision = 38
    return SqlType("numeric", precision=precision, scale=scale)


def _shifted(op: str, left: Typed, right: Typed, nullable: bool) -> Typed:
    if family(right.type) in ("moment", "date"):
        left, right = right, left
    if left.type.name not in ("datetime", "smalldatetime"):
        raise _refused(op, left, right)
    if family(right.type) == "I":
        ticks = f"{convert(right, BIGINT).sql} * {_DAY}"
    else:
        ticks = f"round({right.sql}::numeric * {_DAY})::bigint"
    return Typed(f"tds.to_datetime({left.sql} {op} {ticks}, false)", left.type, nullable)


def _refused(op: str, left: Typed, right: Typed) -> SqlError:
    return SqlError(
        402,
        f"The data types {left.type.name} and {right.type.name} are incompatible in the"
        f" {op} operator.",
    )
