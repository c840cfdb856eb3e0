"""Runs a feed: lease, plan, pages, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import pyarrow as pa

from extract import postgres
from extract.arrow import Batch, Reject, prepare
from extract.catalog import Feed
from extract.errors import (
    BreakerError,
    DataError,
    ExtractError,
)
from extract.paging import CursorIsNull, CursorRange, Filter, count_statement, max_statement
from extract.paging import page_statement as page_of
from extract.plan import Checkpoint, Plan, Segment, make_plan
from extract.runs import RunResult, Runs, lease_lost
from extract.settings import Connection
from extract.sources import Source, open_source, value_of
from extract.targets.postgres import PostgresTarget, Published

__all__ = ["Observer", "explain", "run"]

logger = logging.getLogger(__name__)


class Observer(Protocol):
    """Is told how a run comes along."""

    def started(self, plan: Plan, rows: int) -> None:
        """The plan is made; `rows` were committed by the run that it resumes."""

    def page(self, segment: Segment, rows: int) -> None:
        """A page of so many rows is committed."""


def run(
    feed: Feed,
    source: Connection,
    warehouse: Connection,
    *,
    complete: bool = False,
    allow_deletes: bool = False,
    observer: Observer | None = None,
) -> RunResult:
    """Brings a feed's lv0 table to what the source holds; returns what changed.

    An incremental pass that finds keys which neither lv0 has nor the cursor leads to (a row
    written with an old cursor) is followed by another, and that one by a complete pass.

    Raises:
        ExtractError: see `extract.errors`; lv0 is then as it was, and pages that are committed
            are not read again by the next run.
    """
    runs = Runs(warehouse)
    with closing(runs), postgres.translated(warehouse, feed.name):
        runs.check_schema()
        total, missing = _run_once(
            feed, source, warehouse, runs, complete, False, allow_deletes, observer
        )
        for last_resort in (False, True):
            if not missing:
                break
            logger.warning("%s: %s rows at the source have an old cursor", feed.name, missing)
            again, missing = _run_once(
                feed, source, warehouse, runs, last_resort, True, allow_deletes, observer
            )
            total = _sum(total, again)
    return total


def explain(feed: Feed, source: Connection, warehouse: Connection) -> Plan:
    """The plan that `run` would follow now; touches nothing.

    Raises:
        ExtractError: as `run` would before its first page.
    """
    runs = Runs(warehouse)
    with closing(runs), postgres.translated(warehouse, feed.name):
        runs.check_schema()
        with (
            closing(open_source(source, feed.extract.database)) as opened,
            closing(PostgresTarget(warehouse)) as target,
        ):
            return _plan(feed, source, opened, target, runs, complete=False, sweep=False)


def _run_once(
    feed: Feed,
    source: Connection,
    warehouse: Connection,
    runs: Runs,
    complete: bool,
    sweep: bool,
    allow_deletes: bool,
    observer: Observer | None,
) -> tuple[RunResult, int]:
    began = time.monotonic()
    with runs.lease(feed.name, feed.extract.mode) as run_id:
        try:
            with (
                postgres.translated(warehouse, feed.name),
                closing(open_source(source, feed.extract.database)) as opened,
                closing(PostgresTarget(warehouse)) as target,
            ):
                plan = _plan(feed, source, opened, target, runs, complete=complete, sweep=sweep)
                reading = _Pass(plan, opened, target, runs, run_id, observer)
                checkpoint = reading.read_all()
                published = reading.publish(checkpoint, allow_deletes)
        except ExtractError as error:
            # Whatever fails after a takeover fails on what is another run's by then.
            told = lease_lost(feed.name) if runs.is_lost(feed.name, run_id) else error
            runs.fail(run_id, str(told))
            raise told from None
        except BaseException as error:
            # Not ours: the text might quote a row.
            runs.fail(run_id, f"ended by {type(error).__name__}")
            raise
    result = _result(plan, run_id, checkpoint, published, time.monotonic() - began)
    return result, published.missing


def _plan(
    feed: Feed,
    connection: Connection,
    source: Source,
    target: PostgresTarget,
    runs: Runs,
    *,
    complete: bool,
    sweep: bool,
) -> Plan:
    return make_plan(
        feed,
        source.describe(feed.extract),
        target.columns(feed.target_schema, feed.target_table),
        runs.state(feed.name),
        datetime.now(UTC),
        place=connection.where,
        complete=complete,
        sweep=sweep,
    )


@dataclass(frozen=True)
class _Pass:
    """One pass over a feed's segments."""

    plan: Plan
    source: Source
    target: PostgresTarget
    runs: Runs
    run_id: UUID
    observer: Observer | None

    def read_all(self) -> Checkpoint:
        """Reads and stages what is left of the pass; returns its last checkpoint."""
        checkpoint = self._start()
        self.runs.begin(self.run_id, is_complete=self.plan.is_complete, lower=checkpoint.lower)
        if self.observer is not None:
            self.observer.started(self.plan, checkpoint.rows)
        while checkpoint.segment < len(self.plan.segments):
            segment = self.plan.segments[checkpoint.segment]
            if segment.kind != "keys" and checkpoint.upper is None:
                checkpoint = self._fix_upper(checkpoint)
            if not (segment.kind == "changed" and checkpoint.upper is None):
                checkpoint = self._read(segment, checkpoint)
            checkpoint = replace(checkpoint, segment=checkpoint.segment + 1, after=None)
            self.runs.save(self.plan.feed.name, self.run_id, checkpoint)
        return checkpoint

    def publish(self, checkpoint: Checkpoint, allow_deletes: bool) -> Published:
        """Publishes; what can't be published is not kept for another try."""
        try:
            return self.target.publish(
                self.plan, self.run_id, checkpoint, allow_deletes=allow_deletes
            )
        except (BreakerError, DataError):
            self.target.discard(self.plan, self.run_id)
            raise

    def _start(self) -> Checkpoint:
        plan = self.plan
        held = plan.resumes
        if held is not None and self._can_resume(held):
            logger.info("%s: %s", plan.feed.name, plan.reason)
            return held
        checkpoint = plan.first_checkpoint(datetime.now(UTC))
        self.target.create_stage(plan, self.run_id, checkpoint)
        checkpoint = self._set_null_keys_aside(checkpoint)
        self.runs.save(plan.feed.name, self.run_id, checkpoint)
        return checkpoint

    def _can_resume(self, held: Checkpoint) -> bool:
        if not self.target.stage_is_whole(self.plan, held):
            logger.warning("%s: staged pages are gone; starting over", self.plan.feed.name)
            return False
        if held.segment >= len(self.plan.segments) or held.after is None or self.plan.proven:
            return True
        # The last committed row may have had a double that was not read yet.
        segment = self.plan.segments[held.segment]
        statement = count_statement(
            self.source.dialect, self.plan.shape.relation, segment.order, equal_to=held.after
        )
        return value_of(self.source, statement) == "1"

    def _set_null_keys_aside(self, checkpoint: Checkpoint) -> Checkpoint:
        plan = self.plan
        nullable = [column for column in plan.key if column.nullable]
        if not nullable:
            return checkpoint
        count = value_of(
            self.source, count_statement(self.source.dialect, plan.shape.relation, nullable)
        )
        lost = int(count or 0)
        names = ", ".join(column.name for column in nullable)
        if lost > plan.feed.extract.max_rejects:
            raise DataError(
                f"{plan.feed.name}: the key ({names}) of {lost:,} rows is null, more than "
                f"`max_rejects` ({plan.feed.extract.max_rejects}). Name another key in "
                f"`config.meta.extract.key` in {plan.feed.file.name}.",
                feed=plan.feed.name,
            )
        if lost:
            logger.warning("%s: %d rows without a key (%s) set aside", plan.feed.name, lost, names)
            self.target.set_aside(plan, self.run_id, nullable[0], lost)
        return replace(checkpoint, rejected=lost)

    def _fix_upper(self, checkpoint: Checkpoint) -> Checkpoint:
        upper: tuple[str, ...] = ()
        for _ in self.plan.cursor:
            largest = value_of(
                self.source,
                max_statement(
                    self.source.dialect, self.plan.shape.relation, self.plan.cursor, upper
                ),
            )
            if largest is None:
                return checkpoint
            upper = (*upper, largest)
        if not upper:
            return checkpoint
        checkpoint = replace(checkpoint, upper=upper)
        self.runs.save(self.plan.feed.name, self.run_id, checkpoint)
        return checkpoint

    def _read(self, segment: Segment, checkpoint: Checkpoint) -> Checkpoint:
        """Stages the rest of a segment: by a query for each page, or by one for all."""
        limit = self.plan.feed.extract.page_rows if segment.paged else None
        more = True
        while more:
            with closing(self._rows(segment, checkpoint, limit)) as rows:
                checkpoint, more = self._stage(segment, checkpoint, rows)
        return checkpoint

    def _stage(
        self, segment: Segment, checkpoint: Checkpoint, rows: Generator[Batch]
    ) -> tuple[Checkpoint, bool]:
        """Stages what a query returns, page by page; says whether more may follow."""
        page_rows = self.plan.feed.extract.page_rows
        while True:
            page = _Page(segment, checkpoint, rows, None if segment.paged else page_rows)
            self.target.write_page(self.plan, segment, self.run_id, page)
            checkpoint = page.checkpoint()
            self._check_rejects(checkpoint)
            if page.rows and self.observer is not None:
                self.observer.page(segment, page.rows)
            if segment.paged or page.rows < page_rows:
                return checkpoint, segment.paged and page.rows >= page_rows

    def _rows(
        self, segment: Segment, checkpoint: Checkpoint, limit: int | None
    ) -> Generator[Batch]:
        statement = page_of(
            self.source.dialect,
            self.plan.shape.relation,
            segment.columns,
            segment.order,
            where=self._filter(segment, checkpoint),
            after=checkpoint.after,
            limit=limit,
        )
        for rows in self.source.read(statement, segment.columns):
            try:
                yield prepare(rows, segment.columns)
            except pa.ArrowException as error:
                # Its text quotes the value.
                raise DataError(
                    f"{self.plan.feed.name}: a value of {self.plan.feed.source_relation} doesn't "
                    f"fit its column's type ({type(error).__name__}). Leave the column out by "
                    "`config.meta.extract.exclude`, or convert it in `expressions`.",
                    feed=self.plan.feed.name,
                ) from None

    def _filter(self, segment: Segment, checkpoint: Checkpoint) -> Filter | None:
        cursor = self.plan.cursor
        if segment.kind == "undated":
            return CursorIsNull(cursor)
        if segment.kind == "changed" and checkpoint.upper is not None:
            overlap = self.plan.feed.extract.overlap
            return CursorRange(cursor, checkpoint.lower, checkpoint.upper, overlap)
        return None

    def _check_rejects(self, checkpoint: Checkpoint) -> None:
        allowed = self.plan.feed.extract.max_rejects
        if checkpoint.rejected > allowed:
            self.target.discard(self.plan, self.run_id)
            raise DataError(
                f"{self.plan.feed.name}: {checkpoint.rejected:,} rows could not be stored, more "
                f"than `max_rejects` ({allowed}). lv0 is as it was. See lv0._rejected.",
                feed=self.plan.feed.name,
            )


class _Page:
    """All rows of a source, or the next ones of a stream: `enough` of them unless it ends."""

    def __init__(
        self, segment: Segment, before: Checkpoint, source: Iterator[Batch], enough: int | None
    ) -> None:
        self._segment = segment
        self._before = before
        self._source = source
        self._enough = enough
        self._after = before.after
        self._staged = 0
        self._nul_removed = 0
        self.rows = 0
        self.bytes = 0
        self.rejects: list[Reject] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows that can be stored, as the source sends them."""
        for batch in self._source:
            self.rows += batch.rows.num_rows + len(batch.rejects)
            self.bytes += batch.rows.nbytes
            self.rejects += batch.rejects
            self._staged += batch.rows.num_rows
            self._nul_removed += batch.nul_removed
            self._after = batch.last_order
            if batch.rows.num_rows:
                yield batch.rows
            if self._enough is not None and self.rows >= self._enough:
                return

    def checkpoint(self) -> Checkpoint:
        """Where the pass stands with this page."""
        before, stage = self._before, self._segment.stage
        if not self.rows:
            return before
        return replace(
            before,
            after=self._after,
            pages=before.pages + 1,
            # A key that is read to see deletes is not a row that was fetched.
            rows=before.rows + (self.rows if stage == "rows" else 0),
            bytes=before.bytes + self.bytes,
            nul_removed=before.nul_removed + self._nul_removed,
            rejected=before.rejected + len(self.rejects),
            staged={**before.staged, stage: before.staged.get(stage, 0) + self._staged},
        )


def _result(
    plan: Plan, run_id: UUID, checkpoint: Checkpoint, published: Published, seconds: float
) -> RunResult:
    return RunResult(
        run_id=run_id,
        feed=plan.feed.name,
        mode=plan.feed.extract.mode,
        is_complete=plan.is_complete,
        pages=checkpoint.pages,
        rows_read=checkpoint.rows,
        bytes_read=checkpoint.bytes,
        rows_inserted=published.inserted,
        rows_updated=published.updated,
        rows_unchanged=published.unchanged,
        rows_deleted=published.deleted,
        rows_rejected=checkpoint.rejected,
        nul_removed=checkpoint.nul_removed,
        seconds=seconds,
        drift=tuple(plan.drift.lines()),
    )


def _sum(first: RunResult, second: RunResult) -> RunResult:
    """Both passes as one: the figures added, the rest from the second."""
    added = (
        "pages", "rows_read", "bytes_read", "rows_inserted", "rows_updated", "rows_deleted",
        "rows_rejected", "nul_removed", "seconds",
    )  # fmt: skip
    return replace(
        second,
        drift=first.drift + second.drift,
        **{name: getattr(first, name) + getattr(second, name) for name in added},
    )
