"""The functions of T-SQL that the stand-in knows, but for those that look at the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.tds.arithmetic import strings
from tests.tds.errors import SqlError, beyond
from tests.tds.scope import Scope
from tests.tds.session_functions import SESSION_FUNCTIONS
from tests.tds.tree import Call, Expression, Literal, Name, Window
from tests.tds.typed import Typed, combine, convert, encoding, exact, family, literal, sort_key
from tests.tds.types import BIGINT, FLOAT, INT, SqlType, varchar

if TYPE_CHECKING:
    from tests.tds.expressions import Expressions

__all__ = ["call_function"]

_MAX_BINARY = 8000
_UNITS = {
    "year": ("yy", "yyyy"), "quarter": ("qq", "q"), "month": ("mm", "m"), "dayofyear": ("dy", "y"),
    "day": ("dd", "d"), "week": ("wk", "ww"), "weekday": ("dw", "w"), "hour": ("hh",),
    "minute": ("mi", "n"), "second": ("ss", "s"), "millisecond": ("ms",), "microsecond": ("mcs",),
    "nanosecond": ("ns",),
}  # fmt: skip
_UNIT_NAMES = {name: unit for unit, names in _UNITS.items() for name in (unit, *names)}


def call_function(compiler: Expressions, node: Call, scope: Scope) -> Typed:
    """A function's value.

    Raises:
        SqlError: 195, the stand-in does not know it.
    """
    name = node.parts[-1].lower()
    if len(node.parts) > 1 and node.parts[-2].lower() != "sys":
        return _user_function(compiler, node, scope)
    if name in _AGGREGATES or node.window is not None:
        return _aggregate(compiler, name, node, scope)
    if name in _DATE_FUNCTIONS:
        return _DATE_FUNCTIONS[name](compiler, node, scope)
    if (special := SESSION_FUNCTIONS.get(name)) is not None:
        return special(compiler, node.args, scope)
    if (simple := _FUNCTIONS.get(name)) is None:
        raise SqlError(195, f"'{node.parts[-1]}' is not a recognized built-in function name.")
    return simple([compiler.value(arg, scope) for arg in node.args], scope)


def _user_function(compiler: Expressions, node: Call, scope: Scope) -> Typed:
    from tests.tds.expressions import declared
    from tests.tds.parse import parse_query
    from tests.tds.tree import CreateFunction

    context = scope.context
    found = context.catalog.find(context.database, node.parts)
    if found is None or found.type != "FN" or found.definition is None:
        full = ".".join(node.parts)
        raise SqlError(
            4121, f'Cannot find either column "{node.parts[0]}" or the user-defined function or'
            f' aggregate "{full}", or the name is ambiguous.',
        )  # fmt: skip
    definition = parse_query(found.definition)
    assert isinstance(definition, CreateFunction)
    values = {}
    for (name, kind), arg in zip(definition.parameters, node.args, strict=True):
        values[name] = convert(compiler.value(arg, scope), declared(kind, context.collation))
    inner = Scope(replace(context, values=values), parent=scope)
    body = compiler.value(definition.body, inner)
    return replace(convert(body, declared(definition.returns, context.collation)), nullable=True)


# Aggregates and windows

_AGGREGATES = ("count", "count_big", "sum", "avg", "min", "max", "string_agg")
_RANKS = ("row_number", "rank", "dense_rank", "ntile")


def _aggregate(compiler: Expressions, name: str, node: Call, scope: Scope) -> Typed:
    inner = scope if node.window is not None else replace(scope, in_aggregate=True)
    args = [compiler.value(arg, inner) for arg in node.args]
    over = "" if node.window is None else _over(compiler, node.window, scope)
    distinct = "distinct " if node.distinct else ""
    if name in _RANKS:
        first = args[0].sql if args else ""
        return Typed(f"({name}({first}){over})", BIGINT, False)
    if name in ("lag", "lead"):
        offset = args[1].sql if len(args) > 1 else "1"
        return Typed(f"({name}({args[0].sql}, {offset}){over})", args[0].type, True)
    if name in ("count", "count_big"):
        what = "*" if node.star else distinct + sort_key(args[0])
        kind = INT if name == "count" else BIGINT
        return Typed(f"(count({what}){over})", kind, False)
    if name == "string_agg":
        kind = replace(args[0].type, length=-1)
        return Typed(f"string_agg({args[0].sql}, {args[1].sql})", kind, True)
    value = args[0]
    if name in ("min", "max"):
        if over or (sort_key(value) == value.sql and family(value.type) != "B"):
            return Typed(f"({name}({value.sql}){over})", value.type, True)
        key = sort_key(value)
        order = "asc nulls last" if name == "min" else "desc nulls last"
        return Typed(f"(array_agg({value.sql} order by {key} {order}))[1]", value.type, True)
    kind = _total_type(value.type)
    sql = f"({name}({distinct}({value.sql})::numeric){over})"
    if family(kind) == "F":
        sql = f"({name}({distinct}{value.sql}){over})"
    if name == "avg":
        if family(kind) == "N" and "money" not in kind.name:
            kind = replace(kind, scale=max(kind.scale, 6))
        sql = f"trunc({sql}, {kind.scale})" if family(kind) in ("I", "N") else sql
    return convert(Typed(sql, SqlType("decimal", precision=38, scale=kind.scale)), kind) \
        if family(kind) == "I" else Typed(sql, kind, True)  # fmt: skip


def _total_type(kind: SqlType) -> SqlType:
    if kind.name in ("tinyint", "smallint", "bit"):
        return INT
    if kind.name in ("decimal", "numeric"):
        return replace(kind, precision=38)
    return {"smallmoney": SqlType("money"), "real": FLOAT}.get(kind.name, kind)


def _over(compiler: Expressions, window: Window, scope: Scope) -> str:
    parts = []
    if window.partition:
        keys = [sort_key(compiler.value(item, scope)) for item in window.partition]
        parts.append("partition by " + ", ".join(keys))
    order = []
    for item in window.order:
        if isinstance(item.expression, Literal):
            continue
        key = sort_key(compiler.value(item.expression, scope))
        order.append(key + (" desc nulls last" if item.descending else " asc nulls first"))
    if order:
        parts.append("order by " + ", ".join(order))
    return f" over ({' '.join(parts)})"


# Dates


def _unit(node: Expression) -> str:
    if isinstance(node, Name) and (unit := _UNIT_NAMES.get(node.parts[-1].lower())):
        return unit
    raise SqlError(155, "That is not a recognized datepart option.")


def _ticks(value: Typed) -> Typed:
    if family(value.type) == "offset":
        return Typed(f"tds.offset_local({value.sql})", SqlType("datetime2", scale=7))
    return convert(value, SqlType("datetime2", scale=7))


def _dateadd(compiler: Expressions, node: Call, scope: Scope) -> Typed:
    unit = _unit(node.args[0])
    number = convert(compiler.value(node.args[1], scope), BIGINT)
    value = compiler.value(node.args[2], scope)
    kind = SqlType("datetime") if family(value.type) == "S" else value.type
    unit = "day" if unit in ("dayofyear", "weekday") else unit
    if family(value.type) == "offset":
        # Months are those of the local calendar.
        minutes = f"tds.offset_minutes({value.sql})"
        moved = f"tds.add(tds.offset_local({value.sql}), '{unit}', {number.sql})"
        return Typed(f"tds.to_offset({moved}, {minutes})", kind, True)
    ticks = f"tds.add({_ticks(value).sql}, '{unit}', {number.sql})"
    return replace(convert(Typed(ticks, SqlType("datetime2", scale=7)), kind), nullable=True)


def _datediff(kind: SqlType) -> Callable[[Expressions, Call, Scope], Typed]:
    def made(compiler: Expressions, node: Call, scope: Scope) -> Typed:
        first, second = (_ticks(compiler.value(arg, scope)) for arg in node.args[1:])
        sql = f"tds.diff('{_unit(node.args[0])}', {first.sql}, {second.sql})"
        return convert(Typed(sql, BIGINT), kind)

    return made


def _datepart(compiler: Expressions, node: Call, scope: Scope) -> Typed:
    value = _ticks(compiler.value(node.args[1], scope))
    return Typed(f"tds.part('{_unit(node.args[0])}', {value.sql})", INT)


def _part(unit: str) -> Callable[[Expressions, Call, Scope], Typed]:
    def made(compiler: Expressions, node: Call, scope: Scope) -> Typed:
        value = _ticks(compiler.value(node.args[0], scope))
        return Typed(f"tds.part('{unit}', {value.sql})", INT)

    return made


def _switchoffset(compiler: Expressions, node: Call, scope: Scope) -> Typed:
    value = compiler.value(node.args[0], scope)
    wanted = compiler.value(node.args[1], scope)
    minutes = wanted.sql
    if family(wanted.type) == "S":
        minutes = f"(tds.moment('00:00 ' || {wanted.sql}, false))[3]::int"
    sql = f"(div({value.sql}, 10000) * 10000 + {minutes} + 5000)"
    return Typed(sql, value.type, value.nullable)


def _now(kind: SqlType) -> Callable[[Expressions, Call, Scope], Typed]:
    return lambda compiler, node, scope: convert(
        Typed("tds.now_ticks()", SqlType("datetime2", scale=7), False), kind
    )


_DATE_FUNCTIONS: dict[str, Callable[[Expressions, Call, Scope], Typed]] = {
    "dateadd": _dateadd, "datediff": _datediff(INT), "datediff_big": _datediff(BIGINT),
    "datepart": _datepart, "year": _part("year"), "month": _part("month"), "day": _part("day"),
    "switchoffset": _switchoffset,
    "getdate": _now(SqlType("datetime")), "getutcdate": _now(SqlType("datetime")),
    "current_timestamp": _now(SqlType("datetime")),
    "sysdatetime": _now(SqlType("datetime2", scale=7)),
    "sysutcdatetime": _now(SqlType("datetime2", scale=7)),
    "sysdatetimeoffset": _now(SqlType("datetimeoffset", scale=7)),
}  # fmt: skip

# The rest


def _text(value: Typed, scope: Scope) -> Typed:
    """The value as a string of its own kind."""
    if family(value.type) == "S":
        return value
    length = {"F": 32, "U": 36, "moment": 40, "offset": 40, "I": 20}.get(family(value.type), 48)
    return convert(value, varchar(length, scope.context.collation))


def _simple(template: str, kind: SqlType | None = None) -> Callable[[list[Typed], Scope], Typed]:
    """A function of text that keeps the first argument's type, or has type `kind`."""

    def made(args: list[Typed], scope: Scope) -> Typed:
        texts = [_text(args[0], scope), *args[1:]]
        sql = template.format(*(arg.sql for arg in texts))
        nullable = any(arg.nullable for arg in args)
        own = texts[0].type
        varying = {"char": "varchar", "nchar": "nvarchar"}.get(own.name, own.name)
        return Typed(sql, kind or replace(own, name=varying), nullable)

    return made


def _numeric(template: str, kind: SqlType | None = None) -> Callable[[list[Typed], Scope], Typed]:
    def made(args: list[Typed], scope: Scope) -> Typed:
        sql = template.format(*(arg.sql for arg in args))
        return Typed(sql, kind or args[0].type, any(arg.nullable for arg in args))

    return made


def _substring(args: list[Typed], scope: Scope) -> Typed:
    value, start, count = args
    kind = value.type
    if family(kind) == "B":
        sql = f"substring({value.sql} from {start.sql} for {count.sql})"
        return Typed(sql, replace(kind, name="varbinary"), True)
    value = _text(value, scope)
    length = value.type.length
    if count.constant and length > 0 and (wanted := int(count.sql)) < length:
        length = max(wanted, 1)
    name = "nvarchar" if value.type.is_national else "varchar"
    sql = f"tds.substr16({value.sql}, {start.sql}, ({count.sql})::int)"
    return Typed(sql, replace(value.type, name=name, length=length), True)


def _datalength(args: list[Typed], scope: Scope) -> Typed:
    value = args[0]
    kind = BIGINT if value.type.is_max else INT
    if family(value.type) == "S":
        code_page = encoding(value.type)
        sql = f"tds.cp_len({value.sql}, '{code_page}')"
        if not code_page:
            sql = f"(2 * tds.len16({value.sql}))"
    elif family(value.type) == "B":
        sql = f"length({value.sql})"
    else:
        sql = f"case when {value.sql} is not null then {value.type.max_length} end"
    return Typed(f"({sql})", kind, value.nullable)


def _concat(args: list[Typed], scope: Scope) -> Typed:
    parts = [_text(arg, scope) for arg in args if not arg.is_null]
    kind = parts[0].type
    for part in parts[1:]:
        kind = strings(kind, part.type)
    sql = " || ".join(f"coalesce({part.sql}, '')" for part in parts)
    return Typed(f"({sql})", kind, False)


def _concat_ws(args: list[Typed], scope: Scope) -> Typed:
    parts = [_text(arg, scope) for arg in args]
    kind = replace(_concat(parts, scope).type, length=-1)
    return Typed(f"concat_ws({', '.join(part.sql for part in parts)})", kind, False)


def _coalesce(args: list[Typed], scope: Scope) -> Typed:
    from tests.tds.expressions import common

    typed = common(args)
    sql = f"coalesce({', '.join(value.sql for value in typed)})"
    return Typed(sql, typed[0].type, all(value.nullable for value in typed))


def _isnull(args: list[Typed], scope: Scope) -> Typed:
    first, second = args
    kind = second.type if first.is_null else first.type
    other = convert(second, kind)
    first = literal(None, kind) if first.is_null else first
    return Typed(f"coalesce({first.sql}, {other.sql})", kind, first.nullable and other.nullable)


def _nullif(args: list[Typed], scope: Scope) -> Typed:
    first, second = args
    other = convert(second, combine(first.type, second.type))
    own = convert(first, other.type)
    sql = f"(case when {sort_key(own)} = {sort_key(other)} then null else {first.sql} end)"
    return Typed(sql, first.type, True)


def _hashbytes(args: list[Typed], scope: Scope) -> Typed:
    name, value = args
    algorithm = name.sql.split("'")[1].lower() if "'" in name.sql else ""
    data = value
    if family(value.type) == "S":
        data = convert(value, SqlType("varbinary", length=-1))
    kind = SqlType("varbinary", length=_MAX_BINARY)
    if algorithm == "md5":
        return Typed(f"decode(md5({data.sql}), 'hex')", kind, value.nullable)
    if algorithm in ("sha2_256", "sha2_512"):
        return Typed(f"sha{algorithm[-3:]}({data.sql})", kind, value.nullable)
    raise beyond("hashes by MD5, SHA2_256 and SHA2_512 only")


def _charindex(args: list[Typed], scope: Scope) -> Typed:
    needle, text = args[0], args[1]
    both = f"lower({needle.sql})", f"lower({text.sql})"
    if len(args) == 2:
        return Typed(f"position({both[0]} in {both[1]})", INT)
    start = args[2].sql
    found = f"position({both[0]} in substr({both[1]}, {start}))"
    return Typed(f"(case when {found} = 0 then 0 else {found} + {start} - 1 end)", INT)


def _replicate(args: list[Typed], scope: Scope) -> Typed:
    value = _text(args[0], scope)
    length = -1 if value.type.is_max else 4000 if value.type.is_national else 8000
    kind = replace(value.type, length=length)
    return convert(Typed(f"repeat({value.sql}, {args[1].sql})", replace(kind, length=-1)), kind)


def _round(args: list[Typed], scope: Scope) -> Typed:
    value, digits = args[0], args[1]
    name = "trunc" if len(args) > 2 and args[2].sql != "0" else "round"
    if family(value.type) == "F":
        sql = f"{name}(({value.sql})::text::numeric, {digits.sql})::float8"
        return Typed(sql, value.type, value.nullable)
    return convert(
        Typed(f"{name}(({value.sql})::numeric, {digits.sql})", replace(
            exact(value.type), precision=38)), value.type
    )  # fmt: skip


def _text_result(length: int, *, national: bool) -> Callable[[str], Callable[..., Typed]]:
    def of(template: str) -> Callable[[list[Typed], Scope], Typed]:
        def made(args: list[Typed], scope: Scope) -> Typed:
            kind = varchar(length, scope.context.collation)
            kind = replace(kind, name="nvarchar") if national else kind
            return Typed(template.format(*(arg.sql for arg in args)), kind, True)

        return made

    return of


_FUNCTIONS: dict[str, Callable[[list[Typed], Scope], Typed]] = {
    "len": _simple("tds.len16(rtrim({0}))", INT), "upper": _simple("upper({0})"),
    "lower": _simple("lower({0})"), "rtrim": _simple("rtrim({0})"),
    "ltrim": _simple("ltrim({0})"), "trim": _simple("btrim({0})"),
    "reverse": _simple("reverse({0})"), "left": _simple("tds.substr16({0}, 1, {1})"),
    "right": _simple("right({0}, {1})"), "replace": _simple("replace({0}, {1}, {2})"),
    "stuff": _simple("overlay({0} placing {3} from {1} for {2})"),
    "substring": _substring, "datalength": _datalength, "concat": _concat,
    "concat_ws": _concat_ws, "coalesce": _coalesce, "isnull": _isnull, "nullif": _nullif,
    "hashbytes": _hashbytes, "charindex": _charindex, "replicate": _replicate, "round": _round,
    "abs": _numeric("abs({0})"), "sign": _numeric("sign({0})"), "floor": _numeric("floor({0})"),
    "ceiling": _numeric("ceil({0})"), "sqrt": _numeric("sqrt(({0})::float8)", FLOAT),
    "power": _numeric("power(({0})::float8, ({1})::float8)", FLOAT),
    "rand": _numeric("random()", FLOAT), "newid": _numeric(
        "gen_random_uuid()", SqlType("uniqueidentifier")),
    "ascii": _numeric("ascii({0})", INT), "unicode": _numeric("ascii({0})", INT),
    "isnumeric": _numeric("(tds.s2n(({0})::text, true) is not null)::int", INT),
    "nchar": _text_result(1, national=True)(
        "(case when {0} = 0 then U&'\\FDD0' else chr({0}) end)"),
    "char": _text_result(1, national=False)(
        "(case when {0} = 0 then U&'\\FDD0' else chr({0}) end)"),
    "space": _text_result(8000, national=False)("repeat(' ', {0})"),
    "quotename": _text_result(258, national=True)("('[' || replace({0}, ']', ']]') || ']')"),
    "has_perms_by_name": lambda args, scope: Typed("1", INT, False),
    "has_dbaccess": lambda args, scope: Typed("1", INT, False),
    "is_srvrolemember": lambda args, scope: Typed("1", INT, False),
}  # fmt: skip
