"""What every source does alike: choosing columns, and rows of Python values into Arrow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from extract.catalog import Extract
from extract.errors import SourceError
from extract.settings import Connection
from extract.shape import Column

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["as_batches", "cuts_between", "local_path", "one_of", "selected", "with_marks"]

_BATCH_BYTES = 4 << 20
_FIRST_ROWS = 500
_MOST_ROWS = 50_000
_MARK = re.compile("%[%s]")


def with_marks(text: str, mark: str) -> str:
    """A statement's text for a driver whose placeholder is `mark` and whose percent is bare."""
    return _MARK.sub(lambda found: "%" if found[0] == "%%" else mark, text)


def local_path(connection: Connection) -> Path:
    """What `scheme:///relative/path` or `scheme:////absolute/path` names."""
    return Path(unquote(urlsplit(connection.url).path).removeprefix("/")).resolve()


def cuts_between(smallest: int, largest: int, parts: int) -> list[str]:
    """Whole numbers that cut the stretch between two into equal parts."""
    cuts = [smallest + (largest - smallest) * part // parts for part in range(1, parts)]
    return [str(cut) for cut in dict.fromkeys(cuts) if smallest < cut < largest]


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
    rows: Iterable[Sequence[Any]],
    columns: Sequence[Column],
    names: Sequence[str],
    *,
    in_text: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Rows of a DB-API cursor as Arrow batches, each of a few MB.

    A value that doesn't fit its column's Arrow type makes that column travel as text, so that
    `extract.arrow.prepare` can set the row aside.

    Args:
        rows: in order; Python values.
        columns: of the first values of a row; what follows is text (the order).
        names: of all values.
        in_text: the driver gives every value as the bytes of its text, but for bytea.
    """
    # Here, as a source that copies without Arrow needn't load it.
    import pyarrow as pa

    from extract.arrow import arrow_type

    types = [arrow_type(column.stage_type) for column in columns]
    types += [pa.string()] * (len(names) - len(columns))
    per_batch = _FIRST_ROWS
    remaining = iter(rows)
    while chunk := list(islice(remaining, per_batch)):
        arrays = [
            _parsed(values, kind) if in_text else _array(values, kind)
            for values, kind in zip(zip(*chunk, strict=True), types, strict=True)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(names))
        yield batch
        # Rows of this size that make up a batch; one odd row must not make the next one huge.
        fitting = len(chunk) * _BATCH_BYTES // max(1, batch.nbytes)
        per_batch = max(1, min(fitting, 4 * per_batch, _MOST_ROWS))


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _parsed(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_binary(kind):
        return pa.array(values, kind)
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(kind)
    except pa.ArrowException:
        return texts


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
