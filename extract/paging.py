"""The SQL of a page, as text and parameters. Pure: no driver, no connection.

A page holds the rows that follow the last committed key in the source's own order, at most
`limit` of them. Keys travel as the text that the source rendered and are cast back to their own
type by the source: they are never ordered or compared here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from extract.errors import SourceError
from extract.shape import Column

__all__ = [
    "ORDER_PREFIX",
    "Buckets",
    "CursorIsNull",
    "CursorRange",
    "Dialect",
    "Filter",
    "KeyIs",
    "Statement",
    "Window",
    "boundary_statement",
    "bucket_statement",
    "count_statement",
    "key_set_statement",
    "max_statement",
    "not_a_time",
    "page_statement",
    "spelled_out",
]

ORDER_PREFIX = "_order_"
_OUTPUT_PREFIX = "_out_"
_NOTHING = "1 = 0"


class Dialect(Protocol):
    """How a kind of server spells what a page needs. Pure text; %s is a placeholder, %% a percent.

    Expressions come quoted and escaped for a statement's text, and go out so.
    """

    @property
    def hashing(self) -> str:
        """Which hash `hashed` is made of: `md5`, or the name of one that only Postgres has."""

    def quote(self, name: str) -> str:
        """`name` as an identifier."""

    def typed(self, native: str) -> str:
        """A placeholder whose text value is cast to the type `native`."""

    def as_text(self, expression: str, native: str) -> str:
        """`expression` as text that `typed` turns back into the same value."""

    def canonical(self, expression: str, native: str) -> str:
        """`expression` as the text that every dialect gives to an equal value (docs: verify)."""

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """`expression` of type `native`, that many seconds earlier."""

    def compare(
        self, columns: Sequence[str], operator: str, values: Sequence[str]
    ) -> tuple[str, list[int]]:
        """`columns` against `values` as rows (`>`, `>=`, `<=`), and which values it takes."""

    def limited(self, body: str, limit: int) -> str:
        """The select list and clauses `body` as a query of at most `limit` rows."""

    def hashed(self, texts: Sequence[str]) -> str:
        """A whole number of 48 bits made from canonical texts, by the hash called `hashing`."""

    def total(self, expression: str) -> str:
        """The exact sum of whole numbers of 48 bits, of however many rows."""

    def joined(self, texts: Sequence[str]) -> str:
        """Canonical texts as one that is never null: chr(31) before each, chr(30) for null."""

    def md5_number(self, text: str) -> str | None:
        """48 bits of the md5 of `text`'s UTF-8, as a whole number; None: the server can't tell."""

    def settled(self, expression: str, native: str) -> str | None:
        """A predicate: no open transaction can still add a smaller value; None: can't be told."""


@dataclass(frozen=True)
class Statement:
    """SQL with a placeholder for each of `params`.

    `is_by_index` says that an index has the rows in their order: nothing need be sorted.
    """

    text: str
    params: tuple[str, ...] = ()
    is_by_index: bool = False


class Filter(Protocol):
    """Which rows to take."""

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""


@dataclass(frozen=True)
class CursorRange:
    """Rows whose cursor lies from `lower` (less an overlap) to `upper`, both included.

    A cursor of several columns is compared as a row; the overlap is the first column's.
    """

    columns: tuple[Column, ...]
    lower: tuple[str, ...] | None
    upper: tuple[str, ...] | None
    overlap_seconds: int = 0

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        parts: list[Statement] = []
        if self.lower is not None and self.overlap_seconds:
            first = self.columns[0]
            earlier = dialect.minus_seconds(
                dialect.typed(first.native), first.native, self.overlap_seconds
            )
            parts.append(Statement(f"{first.reference} >= {earlier}", self.lower[:1]))
        elif self.lower is not None:
            parts.append(_compared(dialect, self.columns, ">=", self.lower))
        if self.upper is not None:
            parts.append(_compared(dialect, self.columns, "<=", self.upper))
        parts += [
            Statement(f"{column.reference} is not null")
            for column in self.columns
            if not parts and column.nullable
        ]
        return _all_of(parts)


@dataclass(frozen=True)
class Window:
    """Rows whose time is at most so many seconds before the earlier one of `marks`."""

    column: Column
    marks: tuple[str, ...]
    seconds: int

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        native = self.column.native
        earlier = dialect.minus_seconds(dialect.typed(native), native, self.seconds)
        terms = " or ".join(f"{self.column.reference} >= {earlier}" for _ in self.marks)
        return Statement(f"({terms})" if terms else _NOTHING, self.marks)


@dataclass(frozen=True)
class CursorIsNull:
    """Rows without a cursor: no range ever finds them."""

    columns: tuple[Column, ...]

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        nulls = [f"{column.reference} is null" for column in self.columns if column.nullable]
        return Statement(f"({' or '.join(nulls)})" if nulls else _NOTHING)


@dataclass(frozen=True)
class Buckets:
    """Rows whose key's hash falls into one of `chosen`, of `buckets` (a power of two)."""

    key: tuple[Column, ...]
    buckets: int
    chosen: tuple[int, ...]

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        bucket = _bucket(_hash_of(dialect, self.key), self.buckets)
        return Statement(f"{bucket} in ({', '.join(str(number) for number in self.chosen)})")


@dataclass(frozen=True)
class KeyIs:
    """The rows whose key is one of `keys`; few enough for one statement."""

    key: tuple[Column, ...]
    keys: tuple[tuple[str, ...], ...]

    def render(self, dialect: Dialect) -> Statement:
        """The predicate."""
        one = " and ".join(
            f"{column.reference} = {dialect.typed(column.native)}" for column in self.key
        )
        texts = tuple(text for key in self.keys for text in key)
        return Statement(f"({' or '.join([f'({one})'] * len(self.keys))})", texts)


def page_statement(
    dialect: Dialect,
    relation: str,
    columns: Sequence[Column],
    order: Sequence[Column],
    *,
    where: Filter | None = None,
    after: Sequence[str] | None = None,
    upto: Sequence[str] | None = None,
    limit: int | None = None,
    with_order: bool = True,
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
        upto: text values of `order` in the last row to take.
        limit: most rows to return.
        with_order: False leaves the text columns out.
    """
    # Output names of our own: `order by` prefers an output column to a column of the table, and
    # the output may be text where the table has a number.
    selected = [
        f"{column.expression} as {dialect.quote(f'{_OUTPUT_PREFIX}{position}')}"
        for position, column in enumerate(columns)
    ]
    if with_order:
        selected += _order_texts(dialect, order)
    filters = _filters(dialect, order, where, after, upto)
    clauses = f" where {filters.text}" if filters.text else ""
    if order:
        clauses += f" order by {', '.join(column.reference for column in order)}"
    body = f"{', '.join(selected)} from {relation}{clauses}"
    if limit is None:
        return Statement(f"select {body}", filters.params)
    # Rows are cut into pages by queries only where an index has their order.
    is_by_index = where is None
    return Statement(dialect.limited(body, limit), filters.params, is_by_index)


def boundary_statement(
    dialect: Dialect,
    relation: str,
    order: Sequence[Column],
    limit: int,
    *,
    where: Filter | None = None,
    after: Sequence[str] | None = None,
    upto: Sequence[str] | None = None,
) -> Statement:
    """The order of the last row of such a page, as text: an index answers it alone."""
    names = [dialect.quote(f"{_OUTPUT_PREFIX}{position}") for position in range(len(order))]
    filters = _filters(dialect, order, where, after, upto)
    clauses = f" where {filters.text}" if filters.text else ""
    selected = ", ".join(
        f"{column.reference} as {name}" for column, name in zip(order, names, strict=True)
    )
    ascending = ", ".join(column.reference for column in order)
    page = dialect.limited(f"{selected} from {relation}{clauses} order by {ascending}", limit)
    texts = ", ".join(
        f"{dialect.as_text(name, column.native)} as {dialect.quote(f'{ORDER_PREFIX}{position}')}"
        for position, (name, column) in enumerate(zip(names, order, strict=True))
    )
    descending = ", ".join(f"{name} desc" for name in names)
    last = dialect.limited(f"{texts} from ({page}) as page order by {descending}", 1)
    return Statement(last, filters.params)


def count_statement(
    dialect: Dialect,
    relation: str,
    key: Sequence[Column],
    *,
    equal_to: Sequence[str] | None = None,
) -> Statement:
    """Counts the rows whose key is `equal_to`, or, without it, in part null."""
    if equal_to is None:
        predicate = " or ".join(f"{column.reference} is null" for column in key)
        return Statement(f"select count(*) from {relation} where {predicate}")
    found = KeyIs(tuple(key), (tuple(equal_to),)).render(dialect)
    return Statement(f"select count(*) from {relation} where {found.text}", found.params)


def max_statement(
    dialect: Dialect, relation: str, columns: Sequence[Column], known: Sequence[str] = ()
) -> Statement:
    """The largest value, as text, of the column that follows those whose largest is `known`."""
    column = columns[len(known)]
    largest = dialect.as_text(f"max({column.reference})", column.native)
    predicates = [
        f"{before.reference} = {dialect.typed(before.native)}" for before in columns[: len(known)]
    ]
    settled = dialect.settled(column.reference, column.native) if not known else None
    if settled is not None:
        predicates.append(settled)
    clause = f" where {' and '.join(predicates)}" if predicates else ""
    return Statement(f"select {largest} from {relation}{clause}", tuple(known))


def bucket_statement(
    dialect: Dialect, relation: str, key: Sequence[Column], buckets: int, where: str = ""
) -> Statement:
    """Per bucket of the key's hash: its number, how many rows, the sum of their hashes.

    Args:
        dialect: of the server that answers.
        relation: quoted name of the table.
        key: identifies a row; rows where it is in part null are left out.
        buckets: a power of two.
        where: a further predicate, as text.
    """
    bucket = _bucket("h", buckets)
    hashes = _hashes(dialect, relation, key, where)
    return Statement(
        f"select {bucket}, count(*), {dialect.total('h')} from ({hashes}) as hashes"
        f" group by {bucket}"
    )


def key_set_statement(dialect: Dialect, relation: str, key: Sequence[Column]) -> Statement:
    """How many keys there are, and the sum of their hashes; arguments as `bucket_statement`."""
    hashes = _hashes(dialect, relation, key)
    return Statement(f"select count(*), {dialect.total('h')} from ({hashes}) as hashes")


def not_a_time(native: str) -> SourceError:
    """The error of a cursor that no time can be subtracted from."""
    return SourceError(
        f"`overlap` and `window` are times, but the cursor is of type {native}. "
        "Remove them from `config.meta.extract`, or name a time as the cursor."
    )


def spelled_out(
    columns: Sequence[str], operator: str, values: Sequence[str]
) -> tuple[str, list[int]]:
    """A comparison of rows for servers that compare single values only.

    It begins with what the first column must satisfy, so that an index can be entered there.
    """
    strict, direction = operator.rstrip("="), operator[0]
    alternatives: list[str] = []
    positions: list[int] = []
    last = len(columns) - 1
    for end in range(len(columns)):
        sign = operator if end == last else strict
        terms = [f"{columns[place]} = {values[place]}" for place in range(end)]
        alternatives.append(" and ".join([*terms, f"{columns[end]} {sign} {values[end]}"]))
        positions += range(end + 1)
    if last == 0:
        return alternatives[0], positions
    text = " or ".join(f"({alternative})" for alternative in alternatives)
    return f"{columns[0]} {direction}= {values[0]} and ({text})", [0, *positions]


def _filters(
    dialect: Dialect,
    order: Sequence[Column],
    where: Filter | None,
    after: Sequence[str] | None,
    upto: Sequence[str] | None,
) -> Statement:
    parts = [] if where is None else [where.render(dialect)]
    # A null is never behind a key: such rows would come on a first page and on no other.
    parts += [Statement(f"{column.reference} is not null") for column in order if column.nullable]
    if after is not None:
        parts.append(_compared(dialect, order, ">", after))
    if upto is not None:
        parts.append(_compared(dialect, order, "<=", upto))
    return _all_of(parts)


def _compared(
    dialect: Dialect, columns: Sequence[Column], operator: str, values: Sequence[str]
) -> Statement:
    # A bound may name the first columns only.
    bounded = columns[: len(values)]
    text, positions = dialect.compare(
        [column.reference for column in bounded],
        operator,
        [dialect.typed(column.native) for column in bounded],
    )
    return Statement(f"({text})", tuple(values[position] for position in positions))


def _all_of(parts: Sequence[Statement]) -> Statement:
    return Statement(
        " and ".join(part.text for part in parts),
        tuple(value for part in parts for value in part.params),
    )


def _order_texts(dialect: Dialect, order: Sequence[Column]) -> list[str]:
    return [
        f"{dialect.as_text(column.reference, column.native)}"
        f" as {dialect.quote(f'{ORDER_PREFIX}{position}')}"
        for position, column in enumerate(order)
    ]


def _hash_of(dialect: Dialect, key: Sequence[Column]) -> str:
    return dialect.hashed([dialect.canonical(column.reference, column.native) for column in key])


def _hashes(dialect: Dialect, relation: str, key: Sequence[Column], where: str = "") -> str:
    present = [f"{column.reference} is not null" for column in key if column.nullable]
    clause = " and ".join([*present, *([where] if where else [])])
    hashes = f"select {_hash_of(dialect, key)} as h from {relation}"
    return f"{hashes} where {clause}" if clause else hashes


def _bucket(hashed: str, buckets: int) -> str:
    return f"{hashed} & {buckets - 1}"
