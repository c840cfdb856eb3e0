"""Compares a source's columns with the lv0 table that mirrors them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from extract.catalog import Feed
from extract.errors import DriftError
from extract.shape import Column

__all__ = ["OWN_COLUMNS", "Drift", "drift_of"]

# What we add to every lv0 table.
OWN_COLUMNS = {
    "_extracted_at": "timestamp with time zone",
    "_deleted_at": "timestamp with time zone",
}
_INTEGERS = ("smallint", "integer", "bigint")
_SIZED = re.compile(r"(character varying|character|numeric)\((\d+)(?:,(-?\d+))?\)")


@dataclass(frozen=True)
class Drift:
    """What lv0 must become before rows fit it: new columns, and columns of a wider type."""

    added: tuple[Column, ...] = ()
    widened: tuple[Column, ...] = ()

    def lines(self) -> list[str]:
        """One line per change, for the run's record."""
        return [f"added {column.lv0_name} {column.lv0_type}" for column in self.added] + [
            f"widened {column.lv0_name} to {column.lv0_type}" for column in self.widened
        ]


def drift_of(feed: Feed, columns: Sequence[Column], lv0: dict[str, str] | None) -> Drift:
    """The changes that lv0 needs.

    Args:
        feed: for messages.
        columns: of the source.
        lv0: type by column, None where there is no table yet.

    Raises:
        DriftError: a column is gone, or its type is narrower or another one.
    """
    clash = [column.name for column in columns if column.lv0_name in OWN_COLUMNS]
    if clash:
        raise DriftError(
            f"`{feed.source_relation}` has a column {', '.join(clash)}, a name that lv0 keeps for "
            f"itself. Exclude it in `config.meta.extract.exclude` of {feed.name}.",
            feed=feed.name,
        )
    if lv0 is None:
        return Drift()
    by_name = {column.lv0_name: column for column in columns}
    gone = [name for name in lv0 if name not in by_name and name not in OWN_COLUMNS]
    added = tuple(column for name, column in by_name.items() if name not in lv0)
    if gone:
        raise DriftError(
            f"`{feed.source_relation}` no longer has {', '.join(gone)}; "
            f"new are {', '.join(column.lv0_name for column in added) or 'none'}; "
            f"available are {', '.join(by_name)}. If that is meant, drop the columns from "
            f"{feed.target_schema}.{feed.target_table} and from the models, or rename them there.",
            feed=feed.name,
        )
    other = [
        column
        for name, column in by_name.items()
        if lv0.get(name, column.lv0_type) != column.lv0_type
    ]
    narrow = [column for column in other if not _is_wider(lv0[column.lv0_name], column.lv0_type)]
    if narrow:
        changes = ", ".join(
            f"{column.lv0_name} from {lv0[column.lv0_name]} to {column.lv0_type}"
            for column in narrow
        )
        raise DriftError(
            f"`{feed.source_relation}` changed the type of {changes}; not every value may fit. "
            f"Alter {feed.target_schema}.{feed.target_table} by hand, then run again.",
            feed=feed.name,
        )
    return Drift(added, tuple(other))


def _is_wider(old: str, new: str) -> bool:
    """Whether every value of the type `old` is a value of `new`, printed alike."""
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS.index(new) > _INTEGERS.index(old)
    if old == "real" and new == "double precision":
        return True
    before, after = _SIZED.fullmatch(old), _SIZED.fullmatch(new)
    if before is None:
        return False
    if new in ("text", "character varying"):
        return before[1] == "character varying"
    if after is None or before[1] != after[1] or before[1] == "character":
        return False
    if before[1] == "numeric":
        whole = int(after[2]) - int(after[3] or 0) >= int(before[2]) - int(before[3] or 0)
        return whole and (after[3] or "0") == (before[3] or "0")
    return int(after[2]) >= int(before[2])
