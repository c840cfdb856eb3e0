"""Arrow batches in the format of Postgres' binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

__all__ = ["copy_format"]

# What ends the format; the encoder writes it after its last row.
_END = b"\xff\xff"


def copy_format(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The rows in binary COPY's format.

    The columns of all batches fit the same table, though their Arrow types may differ.
    """
    encoder: ArrowToPostgresBinaryEncoder | None = None
    schema: pa.Schema | None = None
    for batch in batches:
        if encoder is None or not batch.schema.equals(schema):
            rest = b"" if encoder is None else encoder.finish().removesuffix(_END)
            is_first, schema = encoder is None, batch.schema
            encoder = ArrowToPostgresBinaryEncoder(schema)
            header = encoder.write_header()
            yield header if is_first else rest
        # It may keep rows back until there are more.
        yield encoder.write_batch(batch)
    if encoder is not None:
        yield encoder.finish()
