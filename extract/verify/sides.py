"""Asks the two servers, and lets the warehouse join what they say."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from extract import postgres
from extract.catalog import Feed
from extract.paging import Statement
from extract.settings import Connection
from extract.sources import Source
from extract.verify.statements import (
    Side,
    bucket_of,
    row_columns,
    rows_statement,
    sums_statement,
    texts_columns,
    texts_statement,
    values_statement,
)
from extract.verify.sums import Sums, md5_number, of_numbers, of_texts

__all__ = ["Lv0Side", "Pair", "SourceSide", "Values"]

Values = dict[tuple[str | None, ...], tuple[str | None, ...]]
"""Canonical values of rows, by the key that their server prints."""

_SOURCE_ROWS = "pg_temp.source_rows"
# Where the key columns begin in what `rows_statement` selects.
_FIRST_KEY = 4
_REAL = "('only_source', 'only_lv0', 'different')"


@dataclass(frozen=True)
class Pair:
    """A key that isn't alike on both sides: its key number, and its key as each side prints it."""

    kind: str
    number: int
    source_key: tuple[str, ...] | None
    lv0_key: tuple[str, ...] | None


@dataclass(frozen=True)
class SourceSide:
    """The source's rows."""

    source: Source
    side: Side

    def sums(self) -> Sums:
        """The sums of all ranges, in one read of the table."""
        if self.side.can_hash:
            return of_numbers(self.source.texts(sums_statement(self.side)))
        return of_texts(self._read(texts_statement(self.side), texts_columns(self.side)))

    def rows(
        self, buckets: Collection[int] | None, mark: tuple[str, ...] | None, overlap_seconds: int
    ) -> Generator[tuple[Any, ...]]:
        """Rows as `rows_statement` selects them, with numbers in place of texts."""
        statement = rows_statement(self.side, buckets, mark, overlap_seconds)
        for key, row, *others in self._read(statement, row_columns(self.side)):
            number = key if self.side.can_hash else md5_number(key)
            if buckets is None or bucket_of(number) in buckets:
                row = row if self.side.can_hash else md5_number(row)
                yield (number, row, *(_storable(text) for text in others))

    def values(self, keys: Sequence[tuple[str, ...]]) -> Values:
        """The canonical values of the rows with these keys."""
        if not keys:
            return {}
        return _by_key(self.side, self.source.texts(values_statement(self.side, keys)))

    def _read(self, statement: Statement, columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        for batch in self.source.read(statement, columns):
            yield from zip(*(values.to_pylist() for values in batch.columns), strict=True)


class Lv0Side:
    """lv0's rows, and the temporary tables in which both sides meet.

    Args:
        connection: to the warehouse, for this object alone while it is in use.
        warehouse: the same, for messages.
        side: lv0's.
        feed: that is compared.
    """

    def __init__(
        self, connection: postgres.Statements, warehouse: Connection, side: Side, feed: Feed
    ) -> None:
        self._connection = connection
        self._warehouse = warehouse
        self._side = side
        self._feed = feed
        self._looks = 0

    def cancel(self) -> None:
        """Ends what another thread waits for."""
        self._connection.cancel()

    def sums(self) -> Sums:
        """The sums of all ranges, in one read of the table."""
        return of_numbers(self._texts(sums_statement(self._side)))

    def look(
        self,
        rows: Iterator[tuple[Any, ...]],
        buckets: Collection[int] | None,
        rejected_since: datetime | None,
    ) -> dict[str, int]:
        """Joins the source's `rows` with lv0's; how many rows there are of each kind.

        A row that an earlier look has not seen in the same two versions is `newer`.
        """
        self._looks += 1
        width = len(self._side.key)
        with postgres.translated(self._warehouse, self._feed.name):
            self._take_in(rows, width)
            self._join(rows_statement(self._side, buckets), width, rejected_since)
            if self._looks > 1:
                self._run(
                    f"update {self._look()} as new set kind = 'newer' where kind in {_REAL}"
                    f" and not exists (select from {self._look(self._looks - 1)} as old"
                    " where old.number = new.number and row(old.source_rows, old.source_sum,"
                    " old.lv0_rows, old.lv0_sum) is not distinct from row(new.source_rows,"
                    " new.source_sum, new.lv0_rows, new.lv0_sum))"
                )
            counts = dict(
                self._run(
                    "select kind, sum(greatest(abs(source_rows - lv0_rows), 1))::bigint"
                    f" from {self._look()} group by kind"
                )
            )
            if not width and "only_source" in counts:
                # Without a key nobody can say which rows were set aside, only how many.
                [(set_aside,)] = self._run(
                    f"select count(*) from ({self._rejected(rejected_since)}) as rejected"
                )
                moved = min(counts["only_source"], set_aside)
                counts |= {"only_source": counts["only_source"] - moved, "rejected": moved}
        return {kind: rows for kind, rows in counts.items() if rows}

    def pairs(self, limit: int) -> list[Pair]:
        """Some keys of each kind but `newer`, `limit` in all, in order of key."""
        with postgres.translated(self._warehouse, self._feed.name):
            rows = self._run(
                "select kind, number, array_replace(source_key, null, 'null'), lv0_key from ("
                "select *, row_number() over (partition by kind order by key, number) as place"
                f" from (select *, coalesce(source_key, lv0_key) as key from {self._look()}"
                f" where kind <> 'newer') as keyed order by place, kind limit {limit}"
                ") as ranked order by kind, key, number"
            )
        return [
            Pair(kind, number, *(None if key is None else tuple(key) for key in keys))
            for kind, number, *keys in rows
        ]

    def values(self, keys: Sequence[tuple[str, ...]]) -> Values:
        """The canonical values of the rows with these keys."""
        if not keys:
            return {}
        return _by_key(self._side, self._texts(values_statement(self._side, keys)))

    def rejected_keys(self, since: datetime | None, limit: int) -> list[tuple[str, ...]]:
        """Keys of rows that were set aside, as the source printed them."""
        with postgres.translated(self._warehouse, self._feed.name):
            rows = self._run(
                f"select distinct key from ({self._rejected(since)}) as r limit {limit}"
            )
        return [tuple(key) for (key,) in rows]

    def _take_in(self, rows: Iterator[tuple[Any, ...]], width: int) -> None:
        keys = "".join(f", k{place} text" for place in range(_FIRST_KEY, _FIRST_KEY + width))
        self._run(f"drop table if exists {_SOURCE_ROWS}")
        self._run(f"create table {_SOURCE_ROWS} (k0 bigint, k1 bigint, k2 text, k3 text{keys})")
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"copy {_SOURCE_ROWS} from stdin".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)
        self._run(f"analyze {_SOURCE_ROWS}")

    def _join(self, lv0: Statement, width: int, rejected_since: datetime | None) -> None:
        keys = ", ".join(f"k{place}" for place in range(_FIRST_KEY, _FIRST_KEY + width))
        grouped = (
            "select k0 as number, count(*) as rows, sum(k1) as sum, max(k2) = '1' as pending,"
            f" min(k3) as cursor, min(array[{keys}]::text[]) as key"
        )
        self._run(
            f"""
            create table {self._look()} as
            with s as ({grouped} from {_SOURCE_ROWS} group by k0),
            l as ({grouped} from ({postgres.bind(lv0.text, lv0.params)}) as rows group by k0),
            rejected as ({self._rejected(rejected_since)} and key <> '{{}}')
            select
                coalesce(s.number, l.number) as number,
                coalesce(s.rows, 0) as source_rows, coalesce(l.rows, 0) as lv0_rows,
                s.sum as source_sum, l.sum as lv0_sum, s.key as source_key, l.key as lv0_key,
                case
                    when array_position(s.key, null) is not null
                        or {self._recorded("s.key")} in (select key from rejected)
                        or {self._recorded("l.key")} in (select key from rejected)
                        then 'rejected'
                    when s.pending and s.cursor is distinct from l.cursor then 'newer'
                    -- The rows themselves are alike: there are more of them on one side.
                    when l.rows is null or (s.rows > l.rows and s.sum * l.rows = l.sum * s.rows)
                        then 'only_source'
                    when s.rows is null or (l.rows > s.rows and s.sum * l.rows = l.sum * s.rows)
                        then 'only_lv0'
                    else 'different'
                end as kind
            from s full join l on s.number = l.number
            where row(s.rows, s.sum) is distinct from row(l.rows, l.sum)
            """
        )

    def _rejected(self, since: datetime | None) -> str:
        """Selects the keys of rows that were set aside, as they are recorded."""
        names = ", ".join(f"key ->> {postgres.literal(c.lv0_name)}" for c in self._side.key)
        moment = postgres.literal("-infinity" if since is None else since.isoformat())
        return (
            f"select array[{names}]::text[] as key from lv0._rejected where feed ="
            f" {postgres.literal(self._feed.name)} and rejected_at >= {moment}::timestamptz"
        )

    def _recorded(self, key: str) -> str:
        """`key` as lv0._rejected keeps it: what is personal as its md5."""
        parts = [
            f"md5({key}[{place}])" if column.lv0_name in self._feed.pii else f"{key}[{place}]"
            for place, column in enumerate(self._side.key, start=1)
        ]
        return f"array[{', '.join(parts)}]::text[]"

    def _look(self, number: int | None = None) -> str:
        return f"pg_temp.look_{number or self._looks}"

    def _texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        with postgres.translated(self._warehouse, self._feed.name):
            rows = self._run(postgres.bind(statement.text, statement.params))
        return [tuple(None if value is None else str(value) for value in row) for row in rows]

    def _run(self, text: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(text.encode())
        return cursor.fetchall() if cursor.description is not None else []


def _by_key(side: Side, rows: Sequence[tuple[str | None, ...]]) -> Values:
    width = len(side.key)
    return {row[:width]: row[width:] for row in rows}


def _storable(text: str | None) -> str | None:
    return text if text is None else text.replace("\0", "")
