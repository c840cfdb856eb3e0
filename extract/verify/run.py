"""Compares a feed's source with its lv0 table: sums per range, then the rows of what differs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from extract import postgres
from extract.catalog import Feed
from extract.dialects.postgres import PostgresDialect, escaped
from extract.errors import DriftError, ExtractError, RowError, TargetError
from extract.paging import KeyIs, Statement
from extract.plan import Lv0, Plan, make_plan
from extract.runs import Runs
from extract.settings import Connection
from extract.shape import Column
from extract.sources import Source, open_source
from extract.verify.record import record
from extract.verify.report import KINDS, Difference, Verification, masked
from extract.verify.sides import Lv0Side, Pair, SourceSide
from extract.verify.statements import BUCKETS, Side
from extract.verify.sums import Sums, differing, total

__all__ = ["LIMIT", "verify"]

logger = logging.getLogger(__name__)

# How many rows are named.
LIMIT = 20
# Keys of rejected rows that one statement leaves out.
_MOST_LEFT_OUT = 500


def verify(
    feed: Feed, source: Connection, warehouse: Connection, *, limit: int = LIMIT
) -> Verification:
    """Says whether lv0 holds what the source holds, and records it in `ops.verifications`.

    Each side is read once, and once or twice more where they differ; lv0 isn't touched.

    Args:
        feed: from the catalogue.
        source: where its rows are.
        warehouse: where lv0 is.
        limit: how many rows to name, over all kinds of differences.

    Raises:
        ExtractError: a side can't be read, or there is no lv0 table; the failure is recorded.
    """
    began = time.monotonic()
    with (
        postgres.translated(warehouse, feed.name),
        closing(Runs(warehouse)) as runs,
        closing(postgres.connect(warehouse)) as connection,
    ):
        runs.check_schema()
        try:
            with (
                postgres.translated(warehouse, feed.name),
                closing(open_source(source, feed.extract.database)) as opened,
            ):
                found = _compare(feed, opened, warehouse, connection, runs, limit)
        except ExtractError as error:
            seconds = time.monotonic() - began
            with suppress(postgres.DatabaseError):
                record(connection, Verification(feed.name, "failed", seconds, error=str(error)))
            raise
        found = replace(found, seconds=time.monotonic() - began)
        record(connection, found)
    return found


def _compare(
    feed: Feed,
    source: Source,
    warehouse: Connection,
    connection: postgres.Statements,
    runs: Runs,
    limit: int,
) -> Verification:
    types = _types(connection, feed)
    plan = make_plan(
        feed, source.describe(feed.extract), Lv0(types), runs.state(feed.name), datetime.now(UTC)
    )
    changes = plan.drift.lines()
    if changes:
        raise DriftError(
            f"{feed.target_schema}.{feed.target_table} isn't yet of the shape of "
            f"{feed.source_relation}: {', '.join(changes)}. Run {feed.name}, then verify it.",
            feed=feed.name,
        )
    comparison = _Comparison(
        plan,
        SourceSide(source, _side_of_source(plan, source)),
        Lv0Side(connection, warehouse, _side_of_lv0(plan, types), feed),
        runs,
    )
    return comparison.run(limit)


@dataclass(frozen=True)
class _Comparison:
    """A comparison in steps; the sides are asked at the same time where they can be."""

    plan: Plan
    source: SourceSide
    lv0: Lv0Side
    runs: Runs

    def run(self, limit: int) -> Verification:
        """Compares; only what differs is looked at row by row."""
        try:
            return self._run(limit)
        except RowError:
            # Rows that the source couldn't compute before are left out; others are the news.
            since = self.runs.state(self.plan.feed.name).last_complete_at
            keys = self.lv0.rejected_keys(since, _MOST_LEFT_OUT) if self.plan.key else []
            is_masked = any(column.lv0_name in self.plan.feed.pii for column in self.plan.key)
            if is_masked or not keys:
                raise
            found = replace(self, source=self._leaving_out(keys))._run(limit)
            return replace(found, rejected=max(found.rejected, len(keys)))

    def _run(self, limit: int) -> Verification:
        name = self.plan.feed.name
        source_sums, lv0_sums = self._sums()
        rows = (total(source_sums), total(lv0_sums))
        buckets = differing(source_sums, lv0_sums)
        if not buckets:
            return Verification(name, "equal", 0.0, *rows)
        logger.info("%s: %d of %d ranges differ", name, len(buckets), BUCKETS)
        counts = self._look(buckets)
        if any(kind in counts for kind in KINDS):
            # Both sides may have moved between the first look at one and at the other.
            counts = self._look(buckets)
        pairs = [pair for pair in self.lv0.pairs(limit) if pair.kind in counts]
        differences = self._named(pairs)
        columns = {name for difference in differences for name in difference.columns}
        return Verification(
            feed=name,
            state="different" if any(kind in counts for kind in KINDS) else "equal",
            seconds=0.0,
            source_rows=rows[0],
            lv0_rows=rows[1],
            only_source=counts.get("only_source", 0),
            only_lv0=counts.get("only_lv0", 0),
            different=counts.get("different", 0),
            newer=counts.get("newer", 0),
            rejected=counts.get("rejected", 0),
            columns=tuple(name for name in self._names() if name in columns),
            differences=differences,
        )

    def _sums(self) -> tuple[Sums, Sums]:
        with ThreadPoolExecutor(1, thread_name_prefix="lv0") as pool:
            of_lv0 = pool.submit(self.lv0.sums)
            try:
                of_source = self.source.sums()
            except BaseException:
                self.lv0.cancel()
                raise
            return of_source, of_lv0.result()

    def _look(self, buckets: frozenset[int]) -> dict[str, int]:
        state = self.runs.state(self.plan.feed.name)
        mark = state.last_mark if self.plan.cursor else None
        # A list of most ranges costs more than it saves.
        chosen = buckets if len(buckets) <= BUCKETS // 2 else None
        with closing(self.source.rows(chosen, mark, self.plan.feed.extract.overlap)) as rows:
            return self.lv0.look(rows, chosen, state.last_complete_at)

    def _named(self, pairs: Sequence[Pair]) -> tuple[Difference, ...]:
        different = [pair for pair in pairs if pair.kind == "different"]
        of_source = self.source.values([pair.source_key or () for pair in different])
        of_lv0 = self.lv0.values([pair.lv0_key or () for pair in different])
        names = self._names()
        named = []
        for pair in pairs:
            one = of_source.get(pair.source_key or (), ())
            other = of_lv0.get(pair.lv0_key or (), ())
            # Either is empty where the row is on one side only, or has gone since.
            columns = (name for name, a, b in zip(names, one, other, strict=False) if a != b)
            named.append(Difference(pair.kind, self._key(pair), tuple(columns)))
        return tuple(named)

    def _names(self) -> list[str]:
        return [column.lv0_name for column in self.plan.shape.columns]

    def _key(self, pair: Pair) -> dict[str, str]:
        if not self.plan.key:
            return {"md5": f"{pair.number:012x}"}
        texts = pair.source_key or pair.lv0_key or ()
        key = zip((column.lv0_name for column in self.plan.key), texts, strict=True)
        return masked(dict(key), self.plan.feed.pii)

    def _leaving_out(self, keys: Sequence[tuple[str, ...]]) -> SourceSide:
        side = self.source.side
        found = KeyIs(side.key, tuple(keys)).render(side.dialect)
        return replace(
            self.source,
            side=replace(side, where=Statement(f"not {found.text}", found.params)),
        )


def _types(connection: postgres.Statements, feed: Feed) -> dict[str, str]:
    """Type by column of the lv0 table.

    Raises:
        TargetError: there is no such table.
    """
    rows = connection.execute(
        """
        select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
        """,
        (postgres.identifier(feed.target_schema, feed.target_table),),
    ).fetchall()
    if not rows:
        raise TargetError(
            f"There is no {feed.target_schema}.{feed.target_table} to compare. Fill it first: "
            f"`python -m extract run {feed.name}`.",
            feed=feed.name,
        )
    return dict(rows)


def _side_of_source(plan: Plan, source: Source) -> Side:
    return Side(source.dialect, plan.shape.relation, plan.shape.columns, plan.key, plan.cursor)


def _side_of_lv0(plan: Plan, types: dict[str, str]) -> Side:
    def mirrored(columns: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(
            replace(
                column,
                native=types[column.lv0_name],
                reference=escaped(postgres.identifier(column.lv0_name)),
            )
            for column in columns
        )

    target = postgres.identifier(plan.feed.target_schema, plan.feed.target_table)
    return Side(
        PostgresDialect(),
        escaped(target),
        mirrored(plan.shape.columns),
        mirrored(plan.key),
        mirrored(plan.cursor),
        Statement("_deleted_at is null"),
    )
