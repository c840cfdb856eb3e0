"""Whether what landed is what was there: every value, and every type.

Values are compared as the source's type prints them: what landed under another type is cast back
first, so a double that still says 1250.0000 is equal and one that lost a digit is not. Blanks at
the end of a char(n) are no part of its value. Rows are compared as a multiset, by count and by sum
of 64-bit hashes; columns that only the target has don't matter, and neither does their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

__all__ = ["Column", "Comparison", "compare", "printed"]

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_MOMENTS = ("timestamp", "date")
_MODIFIER = re.compile(r"\([\d,]+\)")
_COLUMNS = """
select lower(attname), attname, format_type(atttypid, atttypmod)
from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
"""


@dataclass(frozen=True)
class Column:
    """A column's name in its table and its type with length or precision."""

    name: str
    kind: str


@dataclass(frozen=True)
class Comparison:
    """What became of a table.

    Attributes:
        rows: that landed.
        differing: columns whose values differ, or that are missing.
        retyped: columns of another type, as `name: was -> is`.
        loosened: columns of the same kind of type without its length or precision, likewise; a
            char or varchar that became text is one.
        equal: the same rows with the same values.
    """

    rows: int
    differing: tuple[str, ...]
    retyped: tuple[str, ...]
    loosened: tuple[str, ...]
    equal: bool


def compare(source_url: str, source: str, target_url: str, target: str) -> Comparison:
    """Compares relation `source` with `target`, each in the database of its URL."""
    options = "-c timezone=UTC -c extra_float_digits=3 -c datestyle=ISO -c bytea_output=hex"
    with (
        psycopg.connect(source_url, options=options) as here,
        psycopg.connect(target_url, options=options) as there,
    ):
        was, landed = _columns(here, source), _columns(there, target)
        shared = [name for name in was if name in landed]
        lost = tuple(name for name in was if name not in landed)
        left = {name: printed(was[name], was[name].kind) for name in shared}
        right = {name: printed(landed[name], was[name].kind) for name in shared}
        count, whole = _hash(here, source, [f"row({', '.join(left.values())})::text"])
        found, landed_whole = _hash(there, target, [f"row({', '.join(right.values())})::text"])
        differing: tuple[str, ...] = ()
        if whole != landed_whole:
            # By column the sums say which of them; their order by row is in the whole row's hash.
            _, sums = _hash(here, source, list(left.values()))
            _, landed_sums = _hash(there, target, list(right.values()))
            differing = tuple(
                name
                for name, one, other in zip(shared, sums, landed_sums, strict=True)
                if one != other
            )
    changed = {
        f"{name}: {was[name].kind} -> {landed[name].kind}": _kin(was[name].kind, landed[name].kind)
        for name in shared
        if landed[name].kind != was[name].kind
    }
    return Comparison(
        rows=found,
        differing=lost + differing,
        retyped=tuple(text for text, is_kin in changed.items() if not is_kin),
        loosened=tuple(text for text, is_kin in changed.items() if is_kin),
        equal=not lost and (count, whole) == (found, landed_whole),
    )


def printed(column: Column, kind: str) -> str:
    """SQL for a column's value as type `kind` prints it; what `kind` can't hold says so."""
    name = '"' + column.name.replace('"', '""') + '"'
    if column.kind == kind:
        return f"{name}::text"
    if kind.startswith("character("):
        return f"rtrim({name}::text)"
    if kind.startswith(("character varying", "text")):
        return f"{name}::text"
    for family in (_NUMBERS, _MOMENTS):
        if column.kind.startswith(family) and kind.startswith(family):
            return f"{name}::{kind}::text"
    return (
        f"case when pg_input_is_valid({name}::text, '{kind}') then {name}::text::{kind}::text"
        f" else 'not a {kind}: ' || {name}::text end"
    )


def _kin(one: str, other: str) -> bool:
    """Whether two types differ in no more than length or precision."""
    return _family(one) == _family(other)


def _family(kind: str) -> str:
    bare = _MODIFIER.sub("", kind)
    return "text" if bare in ("character", "character varying") else bare


def _columns(connection: psycopg.Connection, relation: str) -> dict[str, Column]:
    return {
        lower: Column(name, kind) for lower, name, kind in connection.execute(_COLUMNS, (relation,))
    }


def _hash(
    connection: psycopg.Connection, relation: str, expressions: list[str]
) -> tuple[int, list[object]]:
    sums = ", ".join(
        f"sum(hashtextextended(coalesce({expression}, 'null'), 0)::numeric)"
        for expression in expressions
    )
    row = connection.execute(f"select count(*), {sums} from {relation}".encode()).fetchone()
    assert row is not None
    return row[0], list(row[1:])
