"""What a source says of a table: columns, key, indexes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Column", "Index", "TableShape", "decimal_of"]

# What a decimal of 128 bits holds.
_MOST_DIGITS = 38
_ANY_NUMERIC = re.compile(r"numeric(\(.*\))?")
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    `native` is the source's type, to which key values are cast back; `reference` is the value in
    the source's SQL; `expression` is what the source is asked for, so that its value can be copied
    into `stage_type` (see `extract.arrow.arrow_type`); lv0 holds `lv0_type`. A `computed` column
    is an expression of the catalogue, which can fail for a row.
    """

    name: str
    native: str
    lv0_type: str
    stage_type: str
    reference: str
    expression: str
    nullable: bool
    computed: bool = False
    copied: str | None = None

    @property
    def lv0_name(self) -> str:
        """The column's name in lv0: the source's in lower case."""
        return self.name.lower()


@dataclass(frozen=True)
class Index:
    """An index that covers every row, by its columns in order."""

    columns: tuple[str, ...]
    unique: bool

    def supports(self, order: tuple[str, ...]) -> bool:
        """Whether rows in this order can be read from it without a sort."""
        return self.columns[: len(order)] == order


@dataclass(frozen=True)
class TableShape:
    """A table or view as the source describes it.

    `relation` is its quoted name in the source's own SQL; `estimated_rows` is the source's
    statistic, None where it has none (views, tables never analysed).
    """

    relation: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[Index, ...]
    estimated_rows: int | None
    is_view: bool = False

    def column(self, name: str) -> Column | None:
        """The column called `name`, exactly or but for its case."""
        exact = [column for column in self.columns if column.name == name]
        folded = [column for column in self.columns if column.name.lower() == name.lower()]
        found = exact or folded
        return found[0] if len(found) == 1 else None

    def as_arrow(self) -> TableShape:
        """The table for rows that travel as Arrow: wider numbers than its decimals go as text."""
        columns = tuple(
            replace(column, stage_type="text")
            if _ANY_NUMERIC.fullmatch(column.stage_type) and decimal_of(column.stage_type) is None
            else column
            for column in self.columns
        )
        return replace(self, columns=columns)

    def as_copied(self) -> TableShape | None:
        """The table for rows that are copied through undecoded; None where they can't be."""
        columns = tuple(
            replace(column, expression=column.copied, stage_type=column.lv0_type)
            for column in self.columns
            if column.copied is not None
        )
        return replace(self, columns=columns) if len(columns) == len(self.columns) else None

    def has_unique(self, key: tuple[str, ...]) -> bool:
        """Whether the source itself guarantees that `key` is unique."""
        unique = [index.columns for index in self.indexes if index.unique]
        return any(set(columns) <= set(key) for columns in unique)

    def has_index(self, order: tuple[str, ...]) -> bool:
        """Whether an index delivers rows in this order."""
        return any(index.supports(order) for index in self.indexes)


def decimal_of(stage_type: str) -> tuple[int, int] | None:
    """Precision and scale of a numeric that Arrow has a decimal for."""
    match = _NUMERIC.fullmatch(stage_type)
    if match is None:
        return None
    precision, scale = int(match[1]), int(match[2])
    return (precision, scale) if precision <= _MOST_DIGITS and scale <= precision else None
