"""The SQL that tells one side's rows apart, as text and parameters. Pure.

Both sides are asked in the same words: only the dialect, the relation and the columns' types
differ. A row is the text of all its canonical values; its number is 48 bits of that text's md5,
and so is its key's. Neither depends on how a server sorts or compares.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from extract.paging import CursorIsNull, CursorRange, Dialect, KeyIs, Statement
from extract.shape import Column

__all__ = [
    "BUCKETS",
    "Side",
    "bucket_of",
    "row_columns",
    "rows_statement",
    "sums_statement",
    "texts_columns",
    "texts_statement",
    "values_statement",
]

# A power of two: ranges of the key's number that are compared by one sum each.
BUCKETS = 8192
_EVERYTHING = Statement("")


@dataclass(frozen=True)
class Side:
    """A table as one of the two servers has it.

    `columns` and `key` are in the same order on both sides; without a key the whole row is the
    key. `where` says which rows count.
    """

    dialect: Dialect
    relation: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    cursor: tuple[Column, ...]
    where: Statement = _EVERYTHING

    @property
    def row_text(self) -> str:
        """A row as one text."""
        return self._joined(self.columns)

    @property
    def key_text(self) -> str:
        """Its key as one text."""
        return self._joined(self.key or self.columns)

    @property
    def cursor_text(self) -> str:
        """Its cursor as one text; null where there is none."""
        return self._joined(self.cursor) if self.cursor else "null"

    @property
    def can_hash(self) -> bool:
        """Whether the server tells numbers; else it sends the texts themselves."""
        return self.dialect.md5_number("''") is not None

    def filtered(self, *more: Statement) -> Statement:
        """The rows that count and satisfy `more`, as a where clause."""
        parts = [part for part in (self.where, *more) if part.text]
        text = " and ".join(part.text for part in parts)
        params = tuple(value for part in parts for value in part.params)
        return Statement(f" where {text}" if text else "", params)

    def _joined(self, columns: Sequence[Column]) -> str:
        return self.dialect.joined(
            [self.dialect.canonical(column.reference, column.native) for column in columns]
        )


def bucket_of(number: int) -> int:
    """The range that a key's number falls into."""
    return number & (BUCKETS - 1)


def sums_statement(side: Side) -> Statement:
    """Per range: its number, how many rows, the sum of their numbers; the server can hash."""
    key, row = _numbers(side)
    clause = side.filtered()
    selected = f"{key} as h, {row} as r" if side.key else f"{key} as h"
    bucket = f"h & {BUCKETS - 1}"
    return Statement(
        f"select {bucket}, count(*), sum({'r' if side.key else 'h'})"
        f" from (select {selected} from {side.relation}{clause.text}) as hashes group by {bucket}",
        clause.params,
    )


def texts_statement(side: Side) -> Statement:
    """Every row's key and the row itself, as texts; without a key the row only."""
    clause = side.filtered()
    texts = [side.key_text, side.row_text] if side.key else [side.row_text]
    return Statement(
        f"select {_listed(side.dialect, texts)} from {side.relation}{clause.text}", clause.params
    )


def texts_columns(side: Side) -> list[Column]:
    """What `texts_statement` selects."""
    return _made_up(["text"] * (2 if side.key else 1))


def rows_statement(
    side: Side,
    buckets: Collection[int] | None,
    mark: tuple[str, ...] | None = None,
    overlap_seconds: int = 0,
) -> Statement:
    """Rows by key and row number (or text), '1' where the next run reads them, cursor, key.

    Args:
        side: to ask.
        buckets: those to take; None: all, which is also what a side that can't hash sends.
        mark: the largest cursor of the last run; None: no row is flagged.
        overlap_seconds: how far behind the mark the next run starts.
    """
    if side.can_hash:
        key, row = _numbers(side)
    else:
        key, row = side.key_text, side.row_text
    flag = Statement("'0'") if mark is None else _flag(side, mark, overlap_seconds)
    keys = [side.dialect.as_text(column.reference, column.native) for column in side.key]
    chosen = Statement("")
    if buckets is not None and side.can_hash:
        numbers = ", ".join(str(bucket) for bucket in sorted(buckets))
        chosen = Statement(f"{key} & {BUCKETS - 1} in ({numbers})")
    clause = side.filtered(chosen)
    return Statement(
        f"select {_listed(side.dialect, [key, row, flag.text, side.cursor_text, *keys])}"
        f" from {side.relation}{clause.text}",
        flag.params + clause.params,
    )


def row_columns(side: Side) -> list[Column]:
    """What `rows_statement` selects."""
    number = "bigint" if side.can_hash else "text"
    return _made_up([number, number, "text", "text", *["text"] * len(side.key)])


def values_statement(side: Side, keys: Sequence[tuple[str, ...]]) -> Statement:
    """The key as it is printed, then every canonical value, of the rows with one of `keys`."""
    clause = side.filtered(KeyIs(side.key, tuple(keys)).render(side.dialect))
    texts = [side.dialect.as_text(column.reference, column.native) for column in side.key]
    texts += [side.dialect.canonical(column.reference, column.native) for column in side.columns]
    return Statement(
        f"select {_listed(side.dialect, texts)} from {side.relation}{clause.text}", clause.params
    )


def _numbers(side: Side) -> tuple[str, str]:
    key = side.dialect.md5_number(side.key_text)
    row = side.dialect.md5_number(side.row_text)
    if key is None or row is None:
        raise ValueError("this server doesn't hash")
    return key, row


def _flag(side: Side, mark: tuple[str, ...], overlap_seconds: int) -> Statement:
    """'1' for a row whose cursor lies behind the mark; a row without a cursor never does."""
    if overlap_seconds:
        first = side.cursor[0]
        earlier = side.dialect.minus_seconds(
            side.dialect.typed(first.native), first.native, overlap_seconds
        )
        settled = Statement(f"{first.reference} <= {earlier}", mark[:1])
    else:
        settled = CursorRange(side.cursor, None, mark).render(side.dialect)
    undated = CursorIsNull(side.cursor).render(side.dialect)
    return Statement(
        f"case when {settled.text} or {undated.text} then '0' else '1' end",
        settled.params + undated.params,
    )


def _listed(dialect: Dialect, expressions: Sequence[str]) -> str:
    return ", ".join(
        f"{expression} as {dialect.quote(f'k{position}')}"
        for position, expression in enumerate(expressions)
    )


def _made_up(types: Sequence[str]) -> list[Column]:
    return [
        Column(f"k{position}", kind, kind, kind, f"k{position}", f"k{position}", nullable=True)
        for position, kind in enumerate(types)
    ]
