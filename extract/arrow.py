"""Work on Arrow batches between a source and the target, a column at a time."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from extract.paging import ORDER_PREFIX
from extract.plan import Reject
from extract.shape import Column, decimal_of

__all__ = ["Batch", "arrow_type", "last_key", "prepare"]

_PLAIN = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "uuid": pa.binary(16),
    "bytea": pa.binary(),
}


def _constant(values: array[int], kind: pa.DataType) -> pa.Scalar:
    # A Python value would make pyarrow load pandas, to see whether it is one of its kinds.
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(values)])[0]


# Arrow counts from 1970, Postgres from 2000.
_MICROSECONDS_TO_2000 = _constant(array("q", [946_684_800_000_000]), pa.int64())
_DAYS_TO_2000 = _constant(array("i", [10_957]), pa.int32())
_SIZED = re.compile(r"\(\d+\)")
_TEMPORAL = {
    "time": pa.time64("us"),
    "time without time zone": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Batch:
    """Rows fit for the target, what had to be left out, and where the source stands."""

    rows: pa.RecordBatch
    last_order: tuple[str, ...]
    nul_removed: int
    rejects: tuple[Reject, ...]


@cache
def arrow_type(stage_type: str) -> pa.DataType:
    """The Arrow type that is copied into a staging column of `stage_type` as it is.

    Whatever isn't listed here is text.
    """
    if stage_type in _PLAIN:
        return _PLAIN[stage_type]
    decimal = decimal_of(stage_type)
    if decimal is not None:
        return pa.decimal128(*decimal)
    return _TEMPORAL.get(_SIZED.sub("", stage_type), pa.string())


def prepare(batch: pa.RecordBatch, columns: Sequence[Column]) -> Batch:
    """Turns what a source sent for `columns` (and its order columns) into what lv0 can hold.

    Values of another Arrow type than the staging column's are converted, text into numbers and
    uuids too; bytes for a column that isn't bytea are Postgres' own binary form and stay, and
    dates and timestamps become numbers, which are that form; NUL characters, which Postgres
    can't store in text, are removed and counted; a row with a value that fits nowhere is set
    aside.

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
        values, bad = _converted(values, column.stage_type)
        if bad is not None:
            fits = pc.invert(bad)
            kept = fits if kept is None else pc.and_(kept, fits)
            rejects += [
                Reject(_row(order, row), column.lv0_name, f"not a {column.lv0_type} value")
                for row in pc.indices_nonzero(bad).to_pylist()
            ]
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values, count = _without_nul(values)
            removed += count
        elif pa.types.is_timestamp(values.type):
            # As Postgres counts, which knows infinities: the ends of the numbers wrap around.
            values = pc.subtract(values.view(pa.int64()), _MICROSECONDS_TO_2000)
        elif pa.types.is_date32(values.type):
            values = pc.subtract(values.view(pa.int32()), _DAYS_TO_2000)
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


def _converted(values: pa.Array, stage_type: str) -> tuple[pa.Array, pa.Array | None]:
    """`values` as the staging column takes them; which of them fit nowhere, if any does."""
    wanted = arrow_type(stage_type)
    given = values.type
    if given.equals(wanted) or pa.types.is_binary(given) or pa.types.is_large_binary(given):
        return values, None
    if pa.types.is_large_string(given) and pa.types.is_string(wanted):
        return values, None
    if pa.types.is_fixed_size_binary(given):
        return values, None
    try:
        return _cast(values, wanted), None
    except (pa.ArrowException, ValueError):
        pass
    good = pa.array([_fits(value, wanted) for value in values])
    return _cast(pc.if_else(good, values, pa.scalar(None, given)), wanted), pc.invert(good)


def _cast(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_binary(wanted):
        return _uuids(values, wanted)
    if pa.types.is_decimal(wanted) and pa.types.is_integer(values.type):
        # A cast of numbers asks for room for the widest number of their type.
        values = values.cast(pa.string())
    if pa.types.is_temporal(wanted) and pa.types.is_temporal(values.type):
        # Finer than a microsecond is cut off: Postgres holds no more.
        return values.cast(wanted, safe=False) if _is_finer(values.type) else values.cast(wanted)
    return values.cast(wanted)


def _is_finer(kind: pa.DataType) -> bool:
    return getattr(kind, "unit", "us") == "ns"


def _fits(value: pa.Scalar, wanted: pa.DataType) -> bool:
    if not value.is_valid:
        return True
    try:
        _cast(pa.array([value.as_py()], value.type), wanted)
    except (pa.ArrowException, ValueError):
        return False
    return True


def _uuids(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    texts = values.cast(pa.string())
    digits = pc.replace_substring(pc.fill_null(texts, "0" * 32), "-", "")
    lengths = pc.binary_length(digits)
    if len(digits) and (pc.min(lengths).as_py() != 32 or pc.max(lengths).as_py() != 32):
        raise ValueError("not a uuid")
    raw = bytes.fromhex("".join(digits.to_pylist()))
    whole = pa.FixedSizeBinaryArray.from_buffers(wanted, len(digits), [None, pa.py_buffer(raw)])
    return pc.if_else(pc.is_valid(texts), whole, pa.scalar(None, wanted))


def _without_nul(values: pa.Array) -> tuple[pa.Array, int]:
    data = values.buffers()[2]
    if data is None or b"\0" not in data.to_pybytes():
        return values, 0
    count = pc.sum(pc.count_substring(values, "\0")).as_py() or 0
    return pc.replace_substring(values, "\0", ""), count
