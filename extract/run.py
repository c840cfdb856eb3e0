"""Runs a feed: lease, plan, pages, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TypeVar
from uuid import UUID

from extract import postgres
from extract.catalog import Feed
from extract.errors import (
    BreakerError,
    DataError,
    ExtractError,
    StageLostError,
    StoppedError,
    TransientError,
)
from extract.opening import start
from extract.paging import max_statement
from extract.plan import Checkpoint, Plan, Progress, Segment, make_plan
from extract.reading import Observer, SegmentReader, check_rejects
from extract.retry import persist
from extract.runs import RunResult, Runs, lease_lost
from extract.session import Session
from extract.settings import Connection
from extract.sources import CopySource, value_of
from extract.sweep import KeyCount
from extract.targets.lv0 import Published, publish

__all__ = ["Observer", "Options", "explain", "open_pass", "read_segment", "run"]

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """How a feed is run.

    Args:
        complete: read all rows whatever the mode says.
        allow_deletes: publish however many rows are gone.
        jobs: how many segments are read at once; each has two connections to the warehouse and
            at most two to the source, each feed for itself three and at most two.
        observer: is told of each page; from several threads where `jobs` is more than one.
        slots: shared by feeds that run at once, so that `jobs` bounds them all together.
        stop: ends the run between two pages when it is set.
    """

    complete: bool = False
    allow_deletes: bool = False
    jobs: int = 1
    observer: Observer | None = None
    slots: AbstractContextManager[object] = field(default_factory=nullcontext)
    stop: Event = field(default_factory=Event)


def run(
    feed: Feed, source: Connection, warehouse: Connection, options: Options | None = None
) -> RunResult:
    """Brings a feed's lv0 table to what the source holds; returns what changed.

    An incremental pass that finds other keys than lv0's, by their sum, is followed by one that
    sweeps them; one that finds keys which neither lv0 has nor the cursor leads to (a row
    written with an old cursor) by another, and that one by a complete pass.

    Raises:
        ExtractError: see `extract.errors`; lv0 is then as it was, and pages that are committed
            are not read again by the next run.
    """
    options = options or Options()
    with closing(_Runner(feed, source, warehouse, options)) as runner:
        total, published = runner.run(complete=options.complete, sweep=False)
        for last_resort in (False, True):
            if published.missing:
                logger.warning(
                    "%s: %s rows at the source have an old cursor", feed.name, published.missing
                )
            elif last_resort or not published.has_other_keys:
                break
            again, published = runner.run(complete=last_resort, sweep=True)
            total = total.followed_by(again)
    return total


def explain(feed: Feed, source: Connection, warehouse: Connection) -> Plan:
    """The plan that `run` would follow now; touches nothing.

    Raises:
        ExtractError: as `run` would before its first page.
    """
    with closing(_Runner(feed, source, warehouse, Options())) as runner:
        return runner.plan(complete=False, sweep=False)


def open_pass(
    feed: Feed, source: Connection, warehouse: Connection, options: Options | None = None
) -> list[int]:
    """Opens a pass, or goes on with an open one; the numbers of the segments to read.

    Workers read them by `read_segment`, and `run` reads what they left and publishes. Only a
    complete pass over several key ranges has segments for workers; any other has none.

    Raises:
        ExtractError: as `run`.
    """
    options = options or Options()
    with closing(_Runner(feed, source, warehouse, options)) as runner:
        return runner.open_only()


def read_segment(feed: Feed, source: Connection, warehouse: Connection, number: int) -> Progress:
    """Reads one segment of an open pass into staging; how far it has come then.

    Raises:
        ExtractError: as `run`.
    """
    with closing(_Runner(feed, source, warehouse, Options())) as runner:
        return runner.work(number)


class _MarkAheadError(Exception):
    """Nobody knows up to where the source was read: an incremental pass would leave rows out."""


class _Runner:
    """A feed on its way, over one session."""

    def __init__(
        self, feed: Feed, source: Connection, warehouse: Connection, options: Options
    ) -> None:
        self._feed = feed
        self._connection = source
        self._warehouse = warehouse
        self._options = options
        self._session = Session(feed, source, warehouse)
        self._runs = persist(lambda: Runs(warehouse), lambda: None)
        try:
            self._persist(self._runs.check_schema)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._session.close()
        self._runs.close()

    def plan(self, *, complete: bool, sweep: bool) -> Plan:
        feed = self._feed

        def decide() -> Plan:
            source, target = self._session.source, self._session.target
            return make_plan(
                feed,
                source.describe(feed.extract),
                target.lv0(feed.target_schema, feed.target_table),
                self._runs.state(feed.name),
                self._runs.now(),
                place=self._connection.where,
                complete=complete,
                sweep=sweep,
                can_copy=isinstance(source, CopySource),
            )

        return self._persist(decide)

    def run(self, *, complete: bool, sweep: bool) -> tuple[RunResult, Published]:
        """One pass: its record, and what it changed or missed."""
        began = time.monotonic()

        def whole_pass(run_id: UUID) -> tuple[RunResult, Published]:
            try:
                return self._pass(run_id, began, complete=complete, sweep=sweep)
            except _MarkAheadError as error:
                logger.warning("%s", error)
                return self._pass(run_id, began, complete=True, sweep=False)
            except StageLostError as error:
                # The warehouse crashed and is back, and this run was only cut off meanwhile.
                logger.warning("%s", error)
                self._runs.note(self._feed.name, f"started over: {error}")
                return self._pass(run_id, began, complete=complete, sweep=sweep)

        with self._runs.recorded(self._feed.name, self._feed.extract.mode) as run_id:
            return whole_pass(run_id)

    def _pass(
        self, run_id: UUID, began: float, *, complete: bool, sweep: bool
    ) -> tuple[RunResult, Published]:
        plan, checkpoint = self._open(run_id, complete=complete, sweep=sweep)
        try:
            keys: KeyCount | None = None
            if plan.compares_keys:
                # As close to each other as can be: a row that comes in between is looked for.
                checkpoint = self._persist(lambda: self._fix_upper(plan, checkpoint, run_id))
                keys = KeyCount(plan, self._connection)
            segments = self._read(plan, checkpoint, run_id)
            state = self._persist(lambda: self._runs.state(self._feed.name))
            checkpoint = state.checkpoint or checkpoint
            # Over all segments: each was only compared by itself.
            rejected = checkpoint.rejected + sum(segment.rejected for segment in segments)
            check_rejects(self._feed, rejected)
            published = self._publish(plan, run_id, checkpoint, segments, keys)
        except (BreakerError, DataError, _MarkAheadError):
            # What can't be published is not kept for another try.
            self._session.target.discard(plan, run_id)
            raise
        seconds = time.monotonic() - began
        result = _result(plan, run_id, checkpoint, segments, published, seconds)
        notes = self._persist(lambda: self._runs.notes(run_id))
        return replace(result, notes=notes), published

    def open_only(self) -> list[int]:
        """Opens a pass for workers."""

        def opened(run_id: UUID) -> list[int]:
            plan, checkpoint = self._open(run_id, complete=self._options.complete, sweep=False)
            # Before a worker reads: what is written from then on is the next run's.
            if plan.kinds == ("rows",):
                self._persist(lambda: self._fix_upper(plan, checkpoint, run_id))
            segments = plan.segments(checkpoint.bounds)
            return [segment.number for segment in segments] if len(checkpoint.bounds) else []

        with self._runs.recorded(self._feed.name, self._feed.extract.mode) as run_id:
            return opened(run_id)

    def work(self, number: int) -> Progress:
        """Reads a segment as a worker."""
        with (
            postgres.translated(self._warehouse, self._feed.name),
            self._runs.work(self._feed.name, number) as worker_id,
        ):
            plan = self.plan(complete=False, sweep=False)
            checkpoint = plan.resumes
            if checkpoint is None:
                raise DataError(
                    f"{self._feed.name}: the open pass no longer fits the source or the catalogue. "
                    "Run the feed as a whole.",
                    feed=self._feed.name,
                )
            segment = plan.segments(checkpoint.bounds)[number]
            try:
                return self._reader(plan, checkpoint, segment, self._session, worker_id).read()
            except ExtractError:
                # Whatever fails after a takeover fails on what is another one's by then.
                if self._runs.is_taken(self._feed.name, number, worker_id):
                    raise lease_lost(self._feed.name) from None
                raise

    def _persist(
        self, step: Callable[[], T], on_retry: Callable[[TransientError], None] | None = None
    ) -> T:
        def translated() -> T:
            with postgres.translated(self._warehouse, self._feed.name):
                return step()

        return persist(translated, self._session.drop, on_retry)

    def _tell(self, error: TransientError) -> None:
        self._runs.note(self._feed.name, f"tried again: {error}")

    # -- opening ----------------------------------------------------------------------------

    def _open(self, run_id: UUID, *, complete: bool, sweep: bool) -> tuple[Plan, Checkpoint]:
        plan = self.plan(complete=complete, sweep=sweep)
        checkpoint = self._persist(lambda: start(plan, run_id, self._session, self._runs))
        self._persist(
            lambda: self._runs.begin(run_id, is_complete=plan.is_complete, lower=checkpoint.lower)
        )
        if self._options.observer is not None:
            reached = self._persist(lambda: self._runs.progress(self._feed.name))
            self._options.observer.started(plan, sum(progress.rows for progress in reached))
        return plan, checkpoint

    # -- reading ----------------------------------------------------------------------------

    def _read(self, plan: Plan, checkpoint: Checkpoint, run_id: UUID) -> list[Progress]:
        segments = plan.segments(checkpoint.bounds)
        if len(segments) > 1 and plan.kinds == ("rows",) and self._options.jobs > 1:
            return self._read_at_once(plan, checkpoint, segments, run_id)
        done: list[Progress] = []
        for segment in segments:
            if segment.kind != "keys":
                checkpoint = self._persist(lambda: self._fix_upper(plan, checkpoint, run_id))  # noqa: B023
            reader = self._reader(plan, checkpoint, segment, self._session, run_id)
            with self._options.slots:
                done.append(reader.read())
        return done

    def _read_at_once(
        self, plan: Plan, checkpoint: Checkpoint, segments: Sequence[Segment], run_id: UUID
    ) -> list[Progress]:
        checkpoint = self._persist(lambda: self._fix_upper(plan, checkpoint, run_id))
        # The workers have connections of their own; this one's would only be held.
        self._session.drop()

        stop = Event()

        def read(segment: Segment) -> Progress:
            session = Session(self._feed, self._connection, self._warehouse)
            with self._options.slots, closing(session), closing(Runs(self._warehouse)) as runs:
                return self._reader(plan, checkpoint, segment, session, run_id, runs, stop).read()

        with ThreadPoolExecutor(self._options.jobs, thread_name_prefix="range") as pool:
            futures = [pool.submit(read, segment) for segment in segments]
            try:
                while not self._options.stop.is_set():
                    done, left = wait(futures, timeout=1.0, return_when=FIRST_EXCEPTION)
                    if not left or any(future.exception() for future in done):
                        break
            finally:
                # Where one range failed, or the run is stopped, the others end after their page.
                stop.set()
                pool.shutdown(cancel_futures=True)
        failures = [
            error for future in futures if not future.cancelled() and (error := future.exception())
        ]
        for error in sorted(failures, key=lambda each: isinstance(each, StoppedError)):
            raise error
        if any(future.cancelled() for future in futures):
            raise StoppedError(f"{self._feed.name} was told to stop.", feed=self._feed.name)
        return [future.result() for future in futures]

    def _reader(
        self,
        plan: Plan,
        checkpoint: Checkpoint,
        segment: Segment,
        session: Session,
        worker_id: UUID,
        runs: Runs | None = None,
        stop: Event | None = None,
    ) -> SegmentReader:
        return SegmentReader(
            plan,
            checkpoint,
            segment,
            session,
            runs or self._runs,
            worker_id,
            self._options.observer,
            stop or self._options.stop,
        )

    def _fix_upper(self, plan: Plan, checkpoint: Checkpoint, run_id: UUID) -> Checkpoint:
        """Fixes where the cursor ends: what is written from now on is the next run's."""
        if checkpoint.upper_fixed or not plan.cursor:
            return checkpoint
        source = self._session.source
        upper: tuple[str, ...] | None = ()
        for _ in plan.cursor:
            statement = max_statement(source.dialect, plan.shape.relation, plan.cursor, upper or ())
            largest = value_of(source, statement)
            if largest is None:
                upper = None
                break
            upper = (*(upper or ()), largest)
        if (
            "changed" in plan.kinds
            and checkpoint.lower
            and upper
            and self._session.target.is_ahead(plan, checkpoint.lower, upper)
        ):
            raise _MarkAheadError(
                f"{plan.feed.name}: the last mark is ahead of what the source and lv0 hold; "
                "a complete pass is made"
            )
        fixed = replace(checkpoint, upper=upper, upper_fixed=True)
        self._runs.save(self._feed.name, run_id, fixed)
        return fixed

    # -- publishing -------------------------------------------------------------------------

    def _publish(
        self,
        plan: Plan,
        run_id: UUID,
        checkpoint: Checkpoint,
        segments: Sequence[Progress],
        keys: KeyCount | None,
    ) -> Published:
        def published() -> Published:
            target, source = self._session.target, self._session.source
            return publish(
                target,
                plan,
                run_id,
                checkpoint,
                segments,
                hashing=source.dialect.hashing,
                source_keys=keys.result(source) if keys is not None else None,
                allow_deletes=self._options.allow_deletes,
            )

        return self._persist(published, self._tell)


def _result(
    plan: Plan,
    run_id: UUID,
    checkpoint: Checkpoint,
    segments: Sequence[Progress],
    published: Published,
    seconds: float,
) -> RunResult:
    return RunResult(
        run_id=run_id,
        feed=plan.feed.name,
        mode=plan.feed.extract.mode,
        is_complete=plan.is_complete,
        pages=sum(segment.pages for segment in segments),
        rows_read=sum(segment.rows for segment in segments),
        bytes_read=sum(segment.bytes for segment in segments),
        rows_inserted=published.inserted,
        rows_updated=published.updated,
        rows_unchanged=published.unchanged,
        rows_deleted=published.deleted,
        rows_rejected=checkpoint.rejected + sum(segment.rejected for segment in segments),
        nul_removed=sum(segment.nul_removed for segment in segments),
        seconds=seconds,
        drift=tuple(plan.drift.lines()),
    )
