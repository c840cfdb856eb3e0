"""Work on Arrow batches between a source and the target, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from extract.paging import ORDER_PREFIX
from extract.shape import Column

__all__ = ["Batch", "Reject", "last_key", "prepare"]


@dataclass(frozen=True)
class Reject:
    """A row that can't be stored: its order values as text, the column, the reason."""

    order: tuple[str, ...]
    column: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """Rows fit for the target, what had to be left out, and where the source stands."""

    rows: pa.RecordBatch
    last_order: tuple[str, ...]
    nul_removed: int
    rejects: tuple[Reject, ...]


def prepare(batch: pa.RecordBatch, columns: Sequence[Column]) -> Batch:
    """Turns what a source sent for `columns` (and its order columns) into what lv0 can hold.

    Numbers that came as text become decimals; NUL characters, which Postgres can't store in
    text, are removed and counted; a row with a value that fits nowhere is set aside.

    Args:
        batch: at least one row; columns in order, then the order columns.
        columns: the feed's columns.
    """
    order = batch.select(range(len(columns), batch.num_columns))
    end = last_key(order)
    kept: pa.Array | None = None
    arrays: list[pa.Array] = []
    rejects: list[Reject] = []
    removed = 0
    for column, values in zip(columns, batch.columns, strict=False):
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        if column.decimal is not None:
            values, bad = _to_decimal(values, column.decimal)
            if bad is not None:
                fits = pc.invert(bad)
                kept = fits if kept is None else pc.and_(kept, fits)
                rejects += [
                    Reject(_row(order, row), column.lv0_name, "not a finite decimal number")
                    for row in pc.indices_nonzero(bad).to_pylist()
                ]
        elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values, count = _without_nul(values)
            removed += count
        arrays.append(values)
    rows = pa.RecordBatch.from_arrays(arrays, names=[column.lv0_name for column in columns])
    if kept is not None:
        rows = rows.filter(kept)
    return Batch(rows, end, removed, tuple(rejects))


def last_key(order: pa.RecordBatch) -> tuple[str, ...]:
    """The text values of the last row."""
    return _row(order, order.num_rows - 1)


def _row(order: pa.RecordBatch, row: int) -> tuple[str, ...]:
    assert all(name.startswith(ORDER_PREFIX) for name in order.schema.names)
    return tuple(column[row].as_py() for column in order.columns)


def _to_decimal(values: pa.Array, shape: tuple[int, int]) -> tuple[pa.Array, pa.Array | None]:
    target = pa.decimal128(*shape) if shape[0] <= 38 else pa.decimal256(*shape)
    try:
        return values.cast(target), None
    except pa.ArrowInvalid:
        # NaN and the infinities: Postgres knows them, decimals don't.
        bad = pc.fill_null(pc.match_substring_regex(values, "[A-Za-z]"), False)
        return pc.if_else(bad, pa.scalar(None, values.type), values).cast(target), bad


def _without_nul(values: pa.Array) -> tuple[pa.Array, int]:
    data = values.buffers()[2]
    if data is None or b"\0" not in memoryview(data).tobytes():
        return values, 0
    count = pc.sum(pc.count_substring(values, "\0")).as_py() or 0
    return pc.replace_substring(values, "\0", ""), count
