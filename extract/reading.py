"""Reads a segment page by page into staging, and goes around what can't be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Protocol
from uuid import UUID

from extract import postgres
from extract.catalog import Feed
from extract.errors import DataError, RowError, StoppedError, TransientError
from extract.paging import (
    Buckets,
    CursorIsNull,
    CursorRange,
    Filter,
    KeyIs,
    Statement,
    Window,
    boundary_statement,
    count_statement,
    page_statement,
)
from extract.plan import Checkpoint, Plan, Progress, Reject, Segment
from extract.retry import persist
from extract.runs import Runs
from extract.session import Session
from extract.shape import Column
from extract.sources import CopySource, value_of

__all__ = ["Observer", "SegmentReader", "check_rejects"]

logger = logging.getLogger(__name__)

# Keys that are looked up in one statement: SQL Server takes 2,100 parameters.
_LOOKED_UP = 200
_REASON = "the source can't compute it"


class Observer(Protocol):
    """Is told how a run comes along."""

    def started(self, plan: Plan, rows: int) -> None:
        """The plan is made; `rows` were committed by the run that it resumes."""

    def page(self, segment: Segment, rows: int) -> None:
        """A page of so many rows is committed."""


class SegmentReader:
    """Reads one segment of a pass for one worker.

    Args:
        plan: of the pass.
        checkpoint: what the pass has fixed.
        segment: to read.
        session: the worker's connections.
        runs: the state.
        worker_id: the fence; the run itself where it reads by itself.
        observer: is told of each page.
        stop: ends the reading between two pages when it is set.
    """

    def __init__(
        self,
        plan: Plan,
        checkpoint: Checkpoint,
        segment: Segment,
        session: Session,
        runs: Runs,
        worker_id: UUID,
        observer: Observer | None,
        stop: Event,
    ) -> None:
        self._stop = stop
        self._plan = plan
        self._segment = segment
        self._session = session
        self._runs = runs
        self._worker_id = worker_id
        self._observer = observer
        self._checkpoint = checkpoint
        self._where = _filter(plan, segment, checkpoint)
        self._limit = plan.page_rows
        # Whether pages are cut to come closer to a row that can't be read.
        self._careful = False

    def read(self) -> Progress:
        """Reads what is left of the segment; how far it has come then.

        Raises:
            ExtractError: committed pages are kept.
        """

        def read_on() -> Progress:
            with postgres.translated(self._session.warehouse, self._plan.feed.name):
                return self._read_on()

        return persist(read_on, self._session.drop, self._tell)

    def _tell(self, error: TransientError) -> None:
        self._runs.note(self._plan.feed.name, f"tried again: {error}")

    def _read_on(self) -> Progress:
        """Reads from where the warehouse says that the segment has come to."""
        progress = self._claim()
        if progress.is_done:
            return progress
        progress = self._rejoined(progress)
        if self._segment.kind == "strays":
            self._read_strays(progress)
        else:
            more = not self._is_empty()
            while more:
                self._check_stop()
                try:
                    progress, more = self._read_some(progress)
                except RowError as error:
                    progress, more = self._around(error), True
        self._runs.finish(self._plan.feed.name, self._segment.number, self._worker_id)
        return replace(progress, is_done=True)

    def _rejoined(self, progress: Progress) -> Progress:
        """Where reading goes on from what was committed, if it can go on from there."""
        plan, segment = self._plan, self._segment
        if progress.pages and not segment.order:
            return self._session.target.restart(plan, segment, self._worker_id)
        if progress.after and not plan.proven and segment.kind != "strays":
            source = self._session.source
            statement = count_statement(
                source.dialect, plan.shape.relation, segment.order, equal_to=progress.after
            )
            if int(value_of(source, statement) or 0) > 1:
                # Of equal keys some are committed, and nobody can say which.
                key = ", ".join(column.name for column in plan.key)
                raise DataError(
                    f"{plan.feed.name}: a value of the key ({key}) comes more than once in "
                    f"`{plan.feed.source_relation}`. lv0 is as it was. Name columns that identify "
                    f"a row in `config.meta.extract.key` in {plan.feed.file.name}.",
                    feed=plan.feed.name,
                )
        return progress

    def _check_stop(self) -> None:
        if self._stop.is_set():
            name = self._plan.feed.name
            raise StoppedError(f"{name} was told to stop; committed pages are kept.", feed=name)

    def _is_empty(self) -> bool:
        sweep = self._checkpoint.sweep
        if self._segment.kind == "keys":
            return sweep is not None and sweep.chosen == ()
        return self._segment.kind == "changed" and self._checkpoint.upper is None

    def _claim(self) -> Progress:
        return self._runs.claim(self._plan.feed.name, self._segment.number, self._worker_id)

    def _read_some(self, progress: Progress) -> tuple[Progress, bool]:
        """Reads a page, or all of a stream; says whether more may follow."""
        segment, copies, careful = self._segment, self._plan.copies, self._careful
        upto = segment.upto
        limit: int | None = self._limit
        page_rows: int | None = None
        if not segment.order:
            limit = None
            page_rows = None if copies else self._limit
        elif copies or (careful and not segment.paged):
            # The page's last key first: rows that pass through don't show it, and where keys may
            # be equal a page must end behind the last of them.
            upto = self._last_of(progress, self._limit)
            if upto is None:
                return progress, False
            limit = None
        elif not segment.paged:
            limit, page_rows = None, self._limit
        elif not careful:
            return self._read_ahead(progress), False
        before = progress.rows + progress.rejected if segment.stage == "rows" else progress.staged
        statement = self._statement(progress, upto, limit, with_order=not copies)
        progress = self._stage(statement, progress, upto, page_rows)
        after = progress.rows + progress.rejected if segment.stage == "rows" else progress.staged
        if careful:
            self._limit = min(self._limit * 2, self._plan.page_rows)
            self._careful = self._limit < self._plan.page_rows
        if limit is None:
            return progress, upto is not segment.upto
        return progress, after - before >= limit

    def _read_ahead(self, progress: Progress) -> Progress:
        """Reads the rest of the segment, the next page while one is written."""
        from extract.arrow_pages import write_pages_ahead

        def statement(after: tuple[str, ...] | None) -> Statement:
            behind = replace(progress, after=after)
            return self._statement(behind, self._segment.upto, self._limit, with_order=True)

        source, target = self._session.source, self._session.target
        for moved in write_pages_ahead(
            self._plan, self._segment, self._worker_id, source, target, statement, progress,
            self._limit,
        ):  # fmt: skip
            progress = self._committed(progress, moved)
            self._check_stop()
        return progress

    def _stage(
        self,
        statement: Statement,
        progress: Progress,
        last: tuple[str, ...] | None,
        page_rows: int | None,
    ) -> Progress:
        """Stages what a statement returns; how far the segment has come then."""
        plan, segment, target = self._plan, self._segment, self._session.target
        source = self._session.source
        if plan.copies and isinstance(source, CopySource):
            pieces = source.copy(statement)
            moved = target.copy_page(plan, segment, self._worker_id, progress, last or (), pieces)
            return self._committed(progress, moved)
        from extract.arrow_pages import write_pages

        for moved in write_pages(
            plan, segment, self._worker_id, source, target, statement, progress, page_rows
        ):
            progress = self._committed(progress, moved)
            self._check_stop()
        return progress

    def _committed(self, before: Progress, after: Progress) -> Progress:
        rows = after.rows - before.rows
        if self._segment.stage == "keys":
            rows = after.staged - before.staged
        if rows and self._observer is not None:
            self._observer.page(self._segment, rows)
        check_rejects(self._plan.feed, after.rejected)
        return after

    def _statement(
        self,
        progress: Progress,
        upto: tuple[str, ...] | None,
        limit: int | None,
        *,
        with_order: bool,
        columns: Sequence[Column] | None = None,
    ) -> Statement:
        return page_statement(
            self._session.source.dialect,
            self._plan.shape.relation,
            self._segment.columns if columns is None else columns,
            self._segment.order,
            where=self._where,
            after=progress.after or self._segment.after,
            upto=upto,
            limit=limit,
            with_order=with_order,
        )

    def _last_of(self, progress: Progress, rows: int) -> tuple[str, ...] | None:
        """The order of the last one of the next rows; None where there are none."""
        statement = boundary_statement(
            self._session.source.dialect,
            self._plan.shape.relation,
            self._segment.order,
            rows,
            where=self._where,
            after=progress.after or self._segment.after,
            upto=self._segment.upto,
        )
        found = self._session.source.texts(statement)
        return tuple(value or "" for value in found[0]) if found else None

    def _around(self, error: RowError) -> Progress:
        """Comes closer to the row that can't be read, or sets it aside and goes on behind it."""
        progress = self._claim()
        if not self._segment.order:
            raise error
        was_one_row = self._limit == 1 and (self._careful or self._segment.paged)
        if not was_one_row:
            self._limit = max(1, self._limit // 8)
            self._careful = True
            return progress
        last = self._last_of(progress, 1)
        if last is None:
            return progress
        return self._set_aside(progress, last, self._failing(progress, last), error)

    def _set_aside(
        self, progress: Progress, order: tuple[str, ...], column: str, error: RowError
    ) -> Progress:
        reject = Reject(order, column, _REASON)
        logger.warning("%s: a row is set aside: %s: %s", self._plan.feed.name, column, error)
        return self._committed(
            progress,
            self._session.target.skip(self._plan, self._segment, self._worker_id, progress, reject),
        )

    def _failing(self, progress: Progress, last: tuple[str, ...]) -> str:
        """Which column of the next row can't be computed."""
        for column in self._segment.columns:
            if column.computed:
                statement = self._statement(
                    progress, last, None, with_order=False, columns=[column]
                )
                try:
                    self._session.source.texts(statement)
                except RowError:
                    return column.lv0_name
        return "the row"

    def _read_strays(self, progress: Progress) -> None:
        """Looks rows up that lv0 has in the window and the source may have elsewhere."""
        plan, session = self._plan, self._session
        per_lookup = max(1, _LOOKED_UP // len(plan.key))
        after = progress.after
        while keys := session.target.strays(plan, self._checkpoint, after, per_lookup):
            statement = page_statement(
                session.source.dialect,
                plan.shape.relation,
                self._segment.columns,
                self._segment.order,
                where=KeyIs(plan.key, tuple(keys)),
                with_order=not plan.copies,
            )
            try:
                progress = self._stage(statement, progress, keys[-1], None)
            except RowError as error:
                if per_lookup > 1:
                    per_lookup = 1
                    continue
                progress = self._set_aside(progress, keys[-1], "the row", error)
            after = keys[-1]


def check_rejects(feed: Feed, rejected: int) -> None:
    """Makes sure that no more rows are set aside than may be.

    Raises:
        DataError: there are more.
    """
    allowed = feed.extract.max_rejects
    if rejected > allowed:
        raise DataError(
            f"{feed.name}: {rejected:,} rows could not be stored, more than `max_rejects` "
            f"({allowed}). lv0 is as it was. See lv0._rejected.",
            feed=feed.name,
        )


def _filter(plan: Plan, segment: Segment, checkpoint: Checkpoint) -> Filter | None:
    extract = plan.feed.extract
    if segment.kind == "undated":
        return CursorIsNull(plan.cursor)
    if segment.kind == "changed":
        return CursorRange(plan.cursor, checkpoint.lower, checkpoint.upper, extract.overlap)
    if segment.kind == "window":
        marks = {*(checkpoint.lower or ()), *(checkpoint.upper or ())}
        return Window(plan.cursor[0], tuple(sorted(marks)), extract.window)
    sweep = checkpoint.sweep
    if segment.kind == "keys" and sweep is not None and sweep.chosen is not None:
        return Buckets(plan.key, sweep.buckets, sweep.chosen)
    return None
