"""The SQL that publishes staged rows to lv0 by difference. Pure text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extract.catalog import Feed
from extract.dialects.postgres import PostgresDialect
from extract.plan import Checkpoint
from extract.postgres import identifier, literal
from extract.shape import Column

__all__ = ["Publish", "key_record"]

# Types that have no equality, or whose equality isn't that of the value.
_COMPARED_AS_TEXT = re.compile(
    r".*\[\]|json|xml|interval.*|point|box|path|polygon|line|lseg|circle|(pg|txid)_snapshot"
)


@dataclass(frozen=True)
class Publish:
    """The statements that bring `target` to what `rows` (and `keys`) hold.

    Args:
        target: quoted lv0 table.
        rows: quoted staging table of rows.
        keys: quoted staging table of the keys that a sweep read, if there was one.
        columns: the feed's columns.
        key: those that identify a row.
        cursor: orders two versions of one row in `rows`.
        feed: whose rows they are.
        checkpoint: of the pass: its marks, its sweep, since when rows were set aside.
        stamp: the `_extracted_at` of every row that changes.
        hashing: of the keys, as the source's.
    """

    target: str
    rows: str
    keys: str | None
    columns: Sequence[Column]
    key: Sequence[Column]
    cursor: Sequence[Column]
    feed: Feed
    checkpoint: Checkpoint
    stamp: str
    hashing: str

    def drop_older_versions(self) -> str:
        """Deletes from `rows` what was read before the row changed again and came once more."""
        old = ", ".join(self._value("old", column) for column in self.cursor)
        new = ", ".join(self._value("new", column) for column in self.cursor)
        return (
            f"delete from {self.rows} as old using {self.rows} as new"
            f" where {self._same('old', 'new')} and old.ctid <> new.ctid"
            f" and (({old}) < ({new}) or (({old}) is null and ({new}) is not null))"
        )

    def doubles(self) -> list[str]:
        """Select how many keys come more than once, among the rows and among the keys."""
        key = ", ".join(self._value("new", column) for column in self.key)
        return [
            f"select count(*) from (select from {table} as new"
            f" group by {key} having count(*) > 1) as doubles"
            for table in (self.rows, self.keys)
            if table is not None
        ]

    def doubles_in_lv0(self) -> str:
        """Selects how many keys come more than once in lv0, or are in part null."""
        key = ", ".join(self._key)
        present = " and ".join(f"{name} is not null" for name in self._key)
        return (
            f"select (select count(*) from {self.target} where not ({present})) + (select count(*)"
            f" from (select from {self.target} group by {key} having count(*) > 1) as doubles)"
        )

    def update(self) -> str:
        """Updates the rows that really differ, and brings back those that were deleted."""
        values = [column for column in self.columns if identifier(column.lv0_name) not in self._key]
        assignments = [
            f"{identifier(column.lv0_name)} = {self._value('new', column)}" for column in values
        ]
        old = ", ".join(self._comparable("old." + identifier(c.lv0_name), c) for c in values)
        new = ", ".join(self._comparable(self._value("new", column), column) for column in values)
        differs = f" or row({old}) is distinct from row({new})" if values else ""
        return (
            f"update {self.target} as old set"
            f" {', '.join([*assignments, f'_extracted_at = {self._now}', '_deleted_at = null'])}"
            f" from {self.rows} as new where {self._same('old', 'new')}"
            f" and (old._deleted_at is not null{differs})"
        )

    def insert(self) -> str:
        """Inserts the rows that are new."""
        return (
            f"{self.insert_all()} where not exists"
            f" (select from {self.target} as old where {self._same('old', 'new')})"
        )

    def insert_all(self) -> str:
        """Inserts all rows."""
        names = ", ".join(identifier(column.lv0_name) for column in self.columns)
        values = ", ".join(self._value("new", column) for column in self.columns)
        return (
            f"insert into {self.target} ({names}, _extracted_at)"
            f" select {values}, {self._now} from {self.rows} as new"
        )

    def multiset_gone(self) -> str:
        """Counts the rows that `multiset_delete` would mark."""
        return f"{self._numbered()} select count(*) from old where {self._unmatched('old', 'new')}"

    def multiset_delete(self) -> str:
        """Marks as deleted what lv0 holds more often than the source, so many times."""
        return (
            f"{self._numbered()} update {self.target} as t"
            f" set _deleted_at = {self._now}, _extracted_at = {self._now}"
            f" from old where t.ctid = old.place and {self._unmatched('old', 'new')}"
        )

    def multiset_insert(self) -> str:
        """Inserts what the source holds more often than lv0, so many times."""
        names = ", ".join(identifier(column.lv0_name) for column in self.columns)
        values = ", ".join(self._value("s", column) for column in self.columns)
        return (
            f"{self._numbered()} insert into {self.target} ({names}, _extracted_at)"
            f" select {values}, {self._now} from {self.rows} as s"
            f" inner join new on s.ctid = new.place where {self._unmatched('new', 'old')}"
        )

    def _numbered(self) -> str:
        """Rows without a key, by what they hold; equal ones are told apart by their number."""
        sides = []
        for name, table, alive in (
            ("old", self.target, " where t._deleted_at is null"),
            ("new", self.rows, ""),
        ):
            listed = ", ".join(
                f"t.{identifier(column.lv0_name)}" if name == "old" else self._value("t", column)
                for column in self.columns
            )
            content = f"md5(cast(row({listed}) as text))"
            sides.append(
                f"{name} as materialized (select t.ctid as place, {content} as content,"
                f" row_number() over (partition by {content}) as copy from {table} as t{alive})"
            )
        return f"with {', '.join(sides)}"

    @staticmethod
    def _unmatched(one: str, other: str) -> str:
        return (
            f"not exists (select from {other} where {one}.content = {other}.content"
            f" and {one}.copy = {other}.copy)"
        )

    def strays(self, after: Sequence[str] | None, limit: int) -> str:
        """Selects the keys of rows that lv0 has in the window and `rows` has not, as text."""
        key = ", ".join(f"old.{name}" for name in self._key)
        texts = ", ".join(f"cast(old.{name} as text)" for name in self._key)
        behind = ""
        if after is not None:
            values = ", ".join(
                f"cast({literal(text)} as {column.lv0_type})"
                for text, column in zip(after, self.key, strict=True)
            )
            behind = f" and ({key}) > ({values})"
        return (
            f"select {texts} from {self.target} as old where old._deleted_at is null"
            f" and {self._in_window()} and not exists (select from {self.rows} as new"
            f" where {self._same('old', 'new')}){behind} order by {key} limit {limit}"
        )

    def _in_window(self) -> str:
        column = self.cursor[0]
        marks = {*(self.checkpoint.lower or ()), *(self.checkpoint.upper or ())}
        terms = [
            f"old.{identifier(column.lv0_name)} >= "
            + PostgresDialect().minus_seconds(
                f"cast({literal(mark)} as {column.lv0_type})",
                column.lv0_type,
                self.feed.extract.window,
            )
            for mark in sorted(marks)
        ]
        return f"({' or '.join(terms)})"

    def insert_summed(self) -> str:
        """Inserts the rows that are new; their number and the sum of their keys' hashes."""
        return self._summed(f"{self.insert()} returning {', '.join(self._key)}")

    def delete_summed(self) -> str:
        """Marks the listed rows as deleted, likewise."""
        key = ", ".join(f"old.{name}" for name in self._key)
        return self._summed(f"{self.delete()} returning {key}")

    def revived_summed(self) -> str:
        """Selects the rows that come back, as lv0 holds them as deleted, likewise."""
        key = ", ".join(f"old.{name}" for name in self._key)
        return self._summed(
            f"select {key} from {self.rows} as new inner join {self.target} as old"
            f" on {self._same('old', 'new')} where old._deleted_at is not null"
        )

    def alive_summed(self) -> str:
        """Selects the rows that lv0 holds as existing, likewise."""
        key = ", ".join(self._key)
        return self._summed(f"select {key} from {self.target} where _deleted_at is null", "")

    def rejected_summed(self) -> str:
        """Selects the keys that were set aside and that lv0 doesn't hold, likewise."""
        values = ", ".join(
            f"{self._rejected_value(column)} as {name}"
            for column, name in zip(self.key, self._key, strict=True)
        )
        key = " and ".join(f"old.{name} = r.{name}" for name in self._key)
        since = literal(self.checkpoint.rejected_since)
        return self._summed(
            f"select * from (select distinct {values} from lv0._rejected as r"
            f" where r.feed = {literal(self.feed.name)} and r.key <> '{{}}'"
            f" and r.rejected_at >= {since}::timestamptz) as r where not exists"
            f" (select from {self.target} as old where old._deleted_at is null and {key})"
        )

    def _summed(self, statement: str, materialized: str = " materialized") -> str:
        dialect = PostgresDialect(self.hashing)
        texts = [
            dialect.canonical(f"key.{name}", column.lv0_type)
            for name, column in zip(self._key, self.key, strict=True)
        ]
        return (
            f"with key as{materialized} ({statement})"
            f" select count(*), coalesce(sum({dialect.hashed(texts)}), 0) from key"
        )

    def alive(self) -> str:
        """Counts the rows that lv0 holds as existing."""
        return f"select count(*) from {self.target} where _deleted_at is null"

    def find_gone(self) -> str:
        """Lists the rows that the source no longer has, for `delete` in the same transaction."""
        return (
            "create temporary table _gone on commit drop as"
            f" select old.ctid as place from {self.target} as old where {self._is_gone()}"
        )

    def delete(self) -> str:
        """Marks the listed rows as deleted."""
        return (
            f"update {self.target} as old"
            f" set _deleted_at = {self._now}, _extracted_at = {self._now}"
            " from _gone where old.ctid = _gone.place"
        )

    def missing(self) -> str:
        """Counts the keys that the source has but neither lv0 nor `rows`."""
        if self.keys is None:
            raise ValueError("a complete pass misses nothing")
        return (
            f"select count(*) from {self.keys} as key"
            f" where not exists (select from {self.target} as old"
            f" where {self._same('old', 'key')} and old._deleted_at is null)"
            f" and not exists (select from {self.rows} as new where {self._same('new', 'key')})"
            f" and {self._not_rejected('key', self.checkpoint.rejected_since)}"
        )

    def _is_gone(self) -> str:
        absent = [self.rows] if self.keys is None else [self.keys, self.rows]
        stages = (
            f"not exists (select from {stage} as new where {self._same('old', 'new')})"
            for stage in absent
        )
        scope = [
            *self._swept(),
            *([self._in_window()] if "strays" in self.checkpoint.kinds else []),
        ]
        # What an earlier pass set aside is not set aside for ever: this one would have again.
        spared = self._not_rejected("old", self.checkpoint.started_at)
        return " and ".join(["old._deleted_at is null", *scope, *stages, spared])

    def _swept(self) -> list[str]:
        sweep = self.checkpoint.sweep
        if sweep is None or sweep.chosen is None:
            return []
        dialect = PostgresDialect(sweep.hashing)
        texts = [
            dialect.canonical(f"old.{name}", column.lv0_type)
            for name, column in zip(self._key, self.key, strict=True)
        ]
        numbers = ",".join(str(number) for number in sweep.chosen)
        return [f"{dialect.hashed(texts)} & {sweep.buckets - 1} = any('{{{numbers}}}'::bigint[])"]

    def _not_rejected(self, alias: str, since: str) -> str:
        key = " and ".join(
            self._was_rejected(f"{alias}.{name}", column)
            for column, name in zip(self.key, self._key, strict=True)
        )
        return (
            f"not exists (select from lv0._rejected as r where r.feed = {literal(self.feed.name)}"
            f" and r.rejected_at >= {literal(since)}::timestamptz and {key})"
        )

    def _was_rejected(self, value: str, column: Column) -> str:
        if column.lv0_name in self.feed.pii:
            value = f"md5(cast({value} as text))"
        return f"{self._rejected_value(column)} = {value}"

    def _rejected_value(self, column: Column) -> str:
        text = f"(r.key ->> {literal(column.lv0_name)})"
        if column.lv0_name in self.feed.pii:
            return text
        if column.lv0_type == "bytea":
            return f"decode(substr({text}, 3), 'hex')"
        return f"cast({text} as {column.lv0_type})"

    @property
    def _key(self) -> list[str]:
        return [identifier(column.lv0_name) for column in self.key]

    @property
    def _now(self) -> str:
        return f"{literal(self.stamp)}::timestamptz"

    def _same(self, one: str, other: str) -> str:
        return " and ".join(
            f"{self._value(one, column)} = {self._value(other, column)}" for column in self.key
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


def key_record(feed: Feed, key: Mapping[str, str]) -> dict[str, str]:
    """A key as lv0._rejected keeps it: what is personal is kept as its md5."""
    return {
        name: hashlib.md5(text.encode()).hexdigest() if name in feed.pii else text
        for name, text in key.items()
    }
