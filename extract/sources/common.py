"""What every source does alike: choosing columns, and rows of Python values into Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from extract.arrow import arrow_type
from extract.catalog import Extract
from extract.errors import SourceError
from extract.shape import Column

__all__ = ["as_batches", "one_of", "selected"]

_BATCH_CELLS = 400_000


def selected(extract: Extract, names: Sequence[str], relation: str) -> list[str]:
    """The columns of `relation` that the catalogue takes, in the table's order.

    Raises:
        SourceError: it names one that isn't there, or two would be one in lv0.
    """
    by_lower: dict[str, str] = {}
    for name in names:
        if name.lower() in by_lower:
            raise SourceError(
                f"Columns {by_lower[name.lower()]} and {name} of {relation} differ in case only; "
                "lv0 can hold one of them. Name the other in `config.meta.extract.exclude`."
            )
        by_lower[name.lower()] = name
    asked = [*extract.include, *extract.exclude]
    missing = [name for name in asked if name.lower() not in by_lower]
    if missing:
        raise SourceError(
            f"Column {', '.join(missing)} is not in {relation}; it has {', '.join(names)}. "
            f"Fix `config.meta.extract.{'include' if extract.include else 'exclude'}`."
        )
    clash = [name for name in extract.expressions if name.lower() in by_lower]
    clash = [name for name in clash if name.lower() not in {n.lower() for n in extract.exclude}]
    if clash:
        raise SourceError(
            f"Expression {', '.join(clash)} has the name of a column of {relation}. "
            "Rename it in `config.meta.extract.expressions`, or exclude the column."
        )
    included = {name.lower() for name in extract.include}
    excluded = {name.lower() for name in extract.exclude}
    return [
        name
        for lower, name in by_lower.items()
        if lower not in excluded and (not included or lower in included)
    ]


def one_of(table: str, schema: str, found: Sequence[str], others: Sequence[str], where: str) -> str:
    """The only one of `found`, the tables called `table` but for case.

    Args:
        table: as the catalogue names it.
        schema: likewise.
        found: names in the schema that are equal but for case; an exact one wins.
        others: names in the schema, for the message.
        where: the server, for the message.

    Raises:
        SourceError: there is none, or more than one.
    """
    if table in found:
        return table
    if len(found) == 1:
        return found[0]
    fact = "names several relations but for case" if found else "is not there"
    near = sorted(others, key=lambda name: (name.lower()[:4] != table.lower()[:4], name))[:10]
    listed = (
        f"; schema {schema} has {', '.join(near)}"
        if near
        else f"; schema {schema} is empty or isn't there"
    )
    raise SourceError(
        f"Table `{schema}.{table}` {fact} in {where}{listed}. Fix `config.meta.extract.table`."
    )


def as_batches(
    rows: Iterable[Sequence[Any]], columns: Sequence[Column], names: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Rows of a DB-API cursor as Arrow batches, each of a few MB.

    A value that doesn't fit its column's Arrow type makes that column travel as text, so that
    `extract.arrow.prepare` can set the row aside.

    Args:
        rows: in order; Python values.
        columns: of the first values of a row; what follows is text (the order).
        names: of all values.
    """
    types = [arrow_type(column.stage_type) for column in columns]
    types += [pa.string()] * (len(names) - len(columns))
    per_batch = max(1, _BATCH_CELLS // max(1, len(names)))
    remaining = iter(rows)
    while chunk := list(islice(remaining, per_batch)):
        arrays = [
            _array(values, kind)
            for values, kind in zip(zip(*chunk, strict=True), types, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, names=list(names))


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
