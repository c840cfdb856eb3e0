"""The SQL of a page, as text and parameters. Pure: no driver, no connection.

A page holds the rows that follow the last committed key in the source's own order, at most
`limit` of them. Keys travel as the text that the source rendered and are cast back to their own
type by the source: they are never ordered or compared here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from extract.shape import Column

__all__ = [
    "ORDER_PREFIX",
    "CursorIsNull",
    "CursorRange",
    "Dialect",
    "Filter",
    "Statement",
    "count_statement",
    "max_statement",
    "page_statement",
]

ORDER_PREFIX = "_order_"
_OUTPUT_PREFIX = "_out_"


class Dialect(Protocol):
    """How a kind of server spells what a page needs."""

    def quote(self, name: str) -> str:
        """`name` as an identifier."""

    def typed(self, native: str) -> str:
        """A placeholder whose text value is cast to the type `native`."""

    def as_text(self, expression: str, native: str) -> str:
        """`expression` as text that `typed` turns back into the same value."""

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """`expression` of type `native`, that many seconds earlier."""

    def after(self, columns: Sequence[str], values: Sequence[str]) -> tuple[str, list[int]]:
        """The predicate for rows behind `values`, and which values it takes, in order."""

    def limited(self, body: str, limit: int) -> str:
        """The select list and clauses `body` as a query of at most `limit` rows."""


@dataclass(frozen=True)
class Statement:
    """SQL with a placeholder for each of `params`."""

    text: str
    params: tuple[str, ...] = ()


@dataclass(frozen=True)
class CursorRange:
    """Rows whose cursor lies from `lower` (less an overlap) to `upper`, both included."""

    column: Column
    lower: str | None
    upper: str
    overlap_seconds: int = 0

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        name = self.column.reference
        typed = dialect.typed(self.column.native)
        if self.lower is None:
            return Statement(f"{name} <= {typed}", (self.upper,))
        lower = typed
        if self.overlap_seconds:
            lower = dialect.minus_seconds(typed, self.column.native, self.overlap_seconds)
        return Statement(f"{name} >= {lower} and {name} <= {typed}", (self.lower, self.upper))


@dataclass(frozen=True)
class CursorIsNull:
    """Rows without a cursor: no range ever finds them."""

    column: Column

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        return Statement(f"{self.column.reference} is null")


Filter = CursorRange | CursorIsNull


def page_statement(
    dialect: Dialect,
    relation: str,
    columns: Sequence[Column],
    order: Sequence[Column],
    *,
    where: Filter | None = None,
    after: Sequence[str] | None = None,
    limit: int | None = None,
) -> Statement:
    """The query of one page, or of all that follows `after` where there is no limit.

    Args:
        dialect: the source's.
        relation: quoted name of the table.
        columns: what to select; the result has them in this order, under names of its own.
        order: columns that order the rows totally; the result ends with one text column for
            each, `_order_0` and so on, whose last values are the next `after`.
        where: rows to take; default: all.
        after: text values of `order` in the last row that is already there.
        limit: most rows to return.
    """
    names = [column.reference for column in order]
    # Output names of our own: `order by` prefers an output column to a column of the table, and
    # the output may be text where the table has a number.
    selected = [
        f"{column.expression} as {dialect.quote(f'{_OUTPUT_PREFIX}{position}')}"
        for position, column in enumerate(columns)
    ]
    selected += [
        f"{dialect.as_text(name, column.native)} as {dialect.quote(f'{ORDER_PREFIX}{position}')}"
        for position, (name, column) in enumerate(zip(names, order, strict=True))
    ]
    predicates: list[str] = []
    params: list[str] = []
    if where is not None:
        rendered = where.render(dialect)
        predicates.append(rendered.text)
        params += rendered.params
    # A null is never behind a key: such rows would come on a first page and on no other.
    predicates += [f"{column.reference} is not null" for column in order if column.nullable]
    if after is not None:
        placeholders = [dialect.typed(column.native) for column in order]
        text, positions = dialect.after(names, placeholders)
        predicates.append(f"({text})")
        params += [after[position] for position in positions]
    clauses = f" where {' and '.join(predicates)}" if predicates else ""
    body = f"{', '.join(selected)} from {relation}{clauses} order by {', '.join(names)}"
    return Statement(
        dialect.limited(body, limit) if limit is not None else f"select {body}", tuple(params)
    )


def count_statement(
    dialect: Dialect,
    relation: str,
    key: Sequence[Column],
    *,
    equal_to: Sequence[str] | None = None,
) -> Statement:
    """Counts the rows whose key is `equal_to`, or, without it, in part null."""
    names = [column.reference for column in key]
    if equal_to is None:
        predicate = " or ".join(f"{name} is null" for name in names)
        return Statement(f"select count(*) from {relation} where {predicate}")
    predicate = " and ".join(
        f"{name} = {dialect.typed(column.native)}" for name, column in zip(names, key, strict=True)
    )
    return Statement(f"select count(*) from {relation} where {predicate}", tuple(equal_to))


def max_statement(dialect: Dialect, relation: str, column: Column) -> Statement:
    """The largest value of `column`, as text."""
    largest = dialect.as_text(f"max({column.reference})", column.native)
    return Statement(f"select {largest} from {relation}")
