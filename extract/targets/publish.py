"""The SQL that publishes staged rows to lv0 by difference. Pure text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extract.postgres import identifier, literal
from extract.shape import Column

__all__ = ["Publish"]

# Types that have no equality, or whose equality isn't that of the value.
_COMPARED_AS_TEXT = re.compile(
    r".*\[\]|json|xml|interval.*|point|box|path|polygon|line|lseg|circle|(pg|txid)_snapshot"
)


class Publish:
    """The statements that bring `target` to what `rows` (and `keys`) hold.

    Args:
        target: quoted lv0 table.
        rows: quoted staging table of rows.
        keys: quoted staging table that has the key of every row of the source, if there is one;
            None in a complete pass, where `rows` itself has them all.
        columns: the feed's columns.
        key: those that identify a row.
        cursor: orders two versions of one row in `rows`.
        feed: by whose name rows were set aside.
        rejected_since: rows set aside since then exist, though `rows` lacks them.
        stamp: the `_extracted_at` of every row that changes.
    """

    def __init__(
        self,
        target: str,
        rows: str,
        keys: str | None,
        columns: Sequence[Column],
        key: Sequence[Column],
        cursor: Sequence[Column],
        feed: str,
        rejected_since: str,
        stamp: str,
    ) -> None:
        self._target = target
        self._rows = rows
        self._keys = keys
        self._columns = columns
        self._key_columns = key
        self._key = [identifier(column.lv0_name) for column in key]
        self._cursor = cursor
        self._feed = feed
        self._rejected_since = rejected_since
        self._stamp = f"{literal(stamp)}::timestamptz"

    def drop_older_versions(self) -> str:
        """Deletes from `rows` what was read before the row changed again and came once more."""
        old = ", ".join(self._value("old", column) for column in self._cursor)
        new = ", ".join(self._value("new", column) for column in self._cursor)
        return (
            f"delete from {self._rows} as old using {self._rows} as new"
            f" where {self._same('old', 'new')} and old.ctid <> new.ctid"
            f" and (({old}) < ({new}) or (({old}) is null and ({new}) is not null))"
        )

    def doubles(self) -> str:
        """Selects how many keys come more than once."""
        key = ", ".join(self._value("new", column) for column in self._key_columns)
        return (
            f"select count(*) from (select from {self._rows} as new"
            f" group by {key} having count(*) > 1) as doubles"
        )

    def update(self) -> str:
        """Updates the rows that really differ, and brings back those that were deleted."""
        values = [
            column for column in self._columns if identifier(column.lv0_name) not in self._key
        ]
        assignments = [
            f"{identifier(column.lv0_name)} = {self._value('new', column)}" for column in values
        ]
        old = ", ".join(self._comparable("old." + identifier(c.lv0_name), c) for c in values)
        new = ", ".join(self._comparable(self._value("new", column), column) for column in values)
        differs = f" or row({old}) is distinct from row({new})" if values else ""
        return (
            f"update {self._target} as old set"
            f" {', '.join([*assignments, f'_extracted_at = {self._stamp}', '_deleted_at = null'])}"
            f" from {self._rows} as new where {self._same('old', 'new')}"
            f" and (old._deleted_at is not null{differs})"
        )

    def insert(self) -> str:
        """Inserts the rows that are new."""
        names = ", ".join(identifier(column.lv0_name) for column in self._columns)
        values = ", ".join(self._value("new", column) for column in self._columns)
        return (
            f"insert into {self._target} ({names}, _extracted_at)"
            f" select {values}, {self._stamp} from {self._rows} as new where not exists"
            f" (select from {self._target} as old where {self._same('old', 'new')})"
        )

    def alive(self) -> str:
        """Counts the rows that lv0 holds as existing."""
        return f"select count(*) from {self._target} where _deleted_at is null"

    def gone(self) -> str:
        """Counts the rows that `delete` would mark."""
        return f"select count(*) from {self._target} as old where {self._is_gone()}"

    def delete(self) -> str:
        """Marks as deleted what the source no longer has."""
        return (
            f"update {self._target} as old"
            f" set _deleted_at = {self._stamp}, _extracted_at = {self._stamp}"
            f" where {self._is_gone()}"
        )

    def missing(self) -> str:
        """Counts the keys that the source has but neither lv0 nor `rows`."""
        if self._keys is None:
            raise ValueError("a complete pass misses nothing")
        return (
            f"select count(*) from {self._keys} as key"
            f" where not exists (select from {self._target} as old"
            f" where {self._same('old', 'key')} and old._deleted_at is null)"
            f" and not exists (select from {self._rows} as new where {self._same('new', 'key')})"
            f" and {self._not_rejected('key')}"
        )

    def _is_gone(self) -> str:
        absent = [self._rows] if self._keys is None else [self._keys, self._rows]
        stages = (
            f"not exists (select from {stage} as new where {self._same('old', 'new')})"
            for stage in absent
        )
        return " and ".join(["old._deleted_at is null", *stages, self._not_rejected("old")])

    def _not_rejected(self, alias: str) -> str:
        key = " and ".join(
            f"r.key ->> {literal(column.lv0_name)} = cast({alias}.{name} as text)"
            for column, name in zip(self._key_columns, self._key, strict=True)
        )
        return (
            f"not exists (select from lv0._rejected as r where r.feed = {literal(self._feed)}"
            f" and r.rejected_at >= {literal(self._rejected_since)}::timestamptz and {key})"
        )

    def _same(self, one: str, other: str) -> str:
        return " and ".join(
            f"{self._value(one, column)} = {self._value(other, column)}"
            for column in self._key_columns
        )

    @staticmethod
    def _value(alias: str, column: Column) -> str:
        name = f"{alias}.{identifier(column.lv0_name)}"
        if column.stage_type == column.lv0_type:
            return name
        return f"cast({name} as {column.lv0_type})"

    @staticmethod
    def _comparable(value: str, column: Column) -> str:
        return f"cast({value} as text)" if _COMPARED_AS_TEXT.fullmatch(column.lv0_type) else value
