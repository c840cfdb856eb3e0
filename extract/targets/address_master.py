"""The table of answers in the warehouse, and its copies of each day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg

from extract import postgres
from extract.address.words import Place, Refined
from extract.catalog import LookupFeed
from extract.errors import TargetError
from extract.postgres import identifier, literal
from extract.retry import persist
from extract.runs import lease_lost
from extract.settings import Connection

__all__ = ["Master"]

_PLACE = tuple(Place.__dataclass_fields__)
_COLUMNS = ("raw_address", "accuracy", *_PLACE, "building_dong", "building_ho")
_LOCK_SECONDS = 60
_DAY = "(clock_timestamp() at time zone 'Asia/Seoul')::date"
_TYPES = """
    raw_address text primary key,
    accuracy numeric(4, 3),
    road_address boolean,
    address_name text,
    region_1depth_name text,
    region_2depth_name text,
    region_3depth_name text,
    region_3depth_h_name text,
    building_name text,
    zone_no text,
    x double precision,
    y double precision,
    building_dong text,
    building_ho text,
    asked_at timestamptz not null,
    _extracted_at timestamptz not null
"""


class Master:
    """The answers of one feed, over a connection of its own."""

    def __init__(self, feed: LookupFeed, warehouse: Connection) -> None:
        self._feed = feed
        self._warehouse = warehouse
        self._opened: postgres.Statements | None = None
        self._table = identifier(feed.target_schema, feed.target_table)
        self._log = identifier(feed.target_schema, f"{feed.target_table}_log")
        self._now = "now()"
        self._reads = {name: identifier(*name.split(".")) for name in feed.extract.reads}

    def close(self) -> None:
        """Closes the connection; the next call opens another one."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def check(self) -> list[str]:
        """The relations to ask about that aren't there (yet); then it goes without them.

        Raises:
            TargetError: there is none at all, or one has no `raw_address`.
        """
        found = {
            name: self._rows(
                "select attname from pg_catalog.pg_attribute"
                f" where attrelid = to_regclass({literal(relation)}) and attnum > 0"
            )
            for name, relation in self._reads.items()
        }
        missing = [name for name, columns in found.items() if not columns]
        nameless = [
            name for name, columns in found.items() if columns and ("raw_address",) not in columns
        ]
        if nameless or len(missing) == len(found):
            fault = f"{nameless[0]} with a column `raw_address`" if nameless else ", ".join(missing)
            built_by = " ".join(self._feed.extract.after)
            raise TargetError(
                f"{self._warehouse.where} has no {fault}. Build it first: "
                f"`dbt build --select {built_by}`.",
                feed=self._feed.name,
            )
        self._now = "now()"
        self._reads = {name: self._reads[name] for name in found if name not in missing}
        return missing

    def create(self) -> None:
        """Makes the table where it is missing; what is asked from now on isn't old any more."""
        self._statements.execute(f"create table if not exists {self._table} ({_TYPES})".encode())
        [[now]] = self._rows("select clock_timestamp()::text")
        self._now = f"timestamptz {literal(now)}"

    def due(self, *, again: bool) -> tuple[int, int]:
        """How many addresses were never asked, and how many may be asked again."""
        given = " union ".join(f"select raw_address from {name}" for name in self._reads.values())
        if not self._rows(f"select to_regclass({literal(self._table)})")[0][0]:
            return self._rows(f"select count(*) from ({given}) as r")[0][0], 0
        [[new]] = self._rows(f"select count(*) from ({given}) as r where {self._is_new}")
        [[old]] = self._rows(f"select count(*) from {self._table} as m where {self._is_old(again)}")
        return new, old

    def new(self) -> Iterator[list[str]]:
        """Pages of addresses that were never asked; each is read when the one before is saved."""
        for relation in self._reads.values():
            yield from self._pages(f"{relation} as r where {self._is_new}")

    def old(self, *, again: bool) -> Iterator[list[str]]:
        """Pages of those in use that had no answer when they were asked, long ago."""
        yield from self._pages(f"{self._table} as m where {self._is_old(again)}")

    def save(self, run_id: UUID, page: int, found: Sequence[Refined]) -> None:
        """Stores the answers of one page, in one transaction; once, however often it is called.

        Raises:
            LeaseLostError: the feed is another run's now.
        """
        names = ", ".join(_COLUMNS)
        places = ", ".join(["%s"] * len(_COLUMNS))
        replaced = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        with self._fenced(run_id) as statements, statements.cursor() as cursor:
            cursor.execute(
                "insert into ops.pages (run_id, page_no, kind, rows, bytes)"
                " values (%s, %s, 'lookup', %s, 0) on conflict do nothing",
                (run_id, page, len(found)),
            )
            if cursor.rowcount == 0:
                return
            cursor.executemany(
                f"""
                insert into {self._table} as t ({names}, asked_at, _extracted_at)
                values ({places}, clock_timestamp(), clock_timestamp())
                on conflict (raw_address) do update set
                    {replaced}, asked_at = excluded.asked_at,
                    _extracted_at = case
                        when excluded.accuracy is null then t._extracted_at
                        else excluded._extracted_at
                    end
                """.encode(),
                [_values(each) for each in found],
            )

    def copy_of_today(self, run_id: UUID) -> bool:
        """Makes today's copy what the table is now; says whether it had to.

        Days are Korean days. Copies that are `log_days` old are dropped.

        Raises:
            LeaseLostError: the feed is another run's now.
        """
        feed = self._feed
        with self._fenced(run_id) as statements:

            def execute(query: str) -> psycopg.Cursor[tuple[Any, ...]]:
                return statements.execute(query.encode())

            execute(
                f"create table if not exists {self._log}"
                f" (logged_on date not null, like {self._table}) partition by list (logged_on)"
            )
            [[today]] = execute(f"select {_DAY}").fetchall()
            for (name,) in execute(
                "select c.relname from pg_catalog.pg_inherits as i"
                " inner join pg_catalog.pg_class as c on i.inhrelid = c.oid"
                f" where i.inhparent = {literal(self._log)}::regclass"
            ).fetchall():
                if _day_of(name) <= today - timedelta(days=feed.extract.log_days):
                    execute(f"drop table {identifier(feed.target_schema, name)}")
            copy = identifier(feed.target_schema, f"{feed.target_table}_log_{today:%Y%m%d}")
            execute(
                f"create table if not exists {copy} partition of {self._log}"
                f" for values in ('{today}')"
            )
            # Each change of the table is an answer, and has its time.
            [copied, there] = (
                execute(f"select count(*), max(asked_at) from {table}").fetchall()
                for table in (copy, self._table)
            )
            if copied == there:
                return False
            names = ", ".join((*_COLUMNS, "asked_at", "_extracted_at"))
            execute(f"delete from {copy}")
            execute(
                f"insert into {copy} (logged_on, {names})"
                f" select '{today}'::date, {names} from {self._table}"
            )
            return True

    def publish(self, run_id: UUID, counts: Mapping[str, int]) -> None:
        """Closes the run; `counts` are columns of `ops.runs`.

        Raises:
            LeaseLostError: the feed is another run's now.
        """
        set_counts = ", ".join(f"{name} = %({name})s" for name in counts)
        with self._fenced(run_id) as statements:
            statements.execute(
                "update ops.feeds set last_published_at = clock_timestamp() where feed = %s",
                (self._feed.name,),
            )
            statements.execute(
                "update ops.runs set state = 'published', finished_at = clock_timestamp(),"
                f" {set_counts} where run_id = %(run_id)s".encode(),
                {**counts, "run_id": run_id},
            )

    @property
    def _is_new(self) -> str:
        return f"not exists (select from {self._table} as m where m.raw_address = r.raw_address)"

    def _is_old(self, again: bool) -> str:
        seconds = 0 if again else self._feed.extract.ask_again
        in_use = [
            f"exists (select from {relation} as r where r.raw_address = m.raw_address)"
            for relation in self._reads.values()
        ]
        return (
            f"m.accuracy is null and m.asked_at < {self._now} - interval '{seconds} seconds'"
            f" and ({' or '.join(in_use)})"
        )

    def _pages(self, where: str) -> Iterator[list[str]]:
        after = ""
        # No cursor: it would not outlive the connection.
        while page := persist(lambda: self._page(where, after), self.close):  # noqa: B023
            yield page
            after = page[-1]

    def _page(self, where: str, after: str) -> list[str]:
        with postgres.translated(self._warehouse, self._feed.name):
            rows = self._rows(
                f"select raw_address from {where} and raw_address > {literal(after)}"
                f" order by raw_address limit {self._feed.extract.page_rows}"
            )
        return [row[0] for row in rows]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._statements.execute(query.encode()).fetchall()

    @contextmanager
    def _fenced(self, run_id: UUID) -> Iterator[postgres.Statements]:
        """A transaction that only the run which holds the feed can commit."""
        statements = self._statements
        with statements.transaction():
            mine = statements.execute(
                "select 1 from ops.feeds where feed = %s and run_id = %s for update",
                (self._feed.name, run_id),
            ).fetchone()
            if mine is None:
                raise lease_lost(self._feed.name)
            yield statements

    @property
    def _statements(self) -> postgres.Statements:
        if self._opened is None or self._opened.closed:
            self._opened = postgres.connect(self._warehouse)
            self._opened.execute(f"set lock_timeout = '{_LOCK_SECONDS}s'".encode())
        return self._opened


def _day_of(copy: str) -> date:
    """The day that a copy's name ends with."""
    return date.fromisoformat(copy[-8:])


def _values(found: Refined) -> list[object]:
    place = [getattr(found.place, name) if found.place else None for name in _PLACE]
    return [
        found.raw_address, found.accuracy, *place, found.building_dong, found.building_ho,
    ]  # fmt: skip
