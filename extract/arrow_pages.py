"""Pages of Arrow batches, on their way from a source to staging."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar
from uuid import UUID

import pyarrow as pa

from extract.arrow import Batch, prepare
from extract.errors import DataError
from extract.paging import Statement
from extract.plan import Plan, Progress, Reject, Segment
from extract.sources import Source
from extract.targets.postgres import PostgresTarget

__all__ = ["write_pages", "write_pages_ahead"]

T = TypeVar("T")
# Batches of about a megabyte that wait for the writer.
_AHEAD = 8


def write_pages(
    plan: Plan,
    segment: Segment,
    worker_id: UUID,
    source: Source,
    target: PostgresTarget,
    statement: Statement,
    progress: Progress,
    page_rows: int | None,
) -> Iterator[Progress]:
    """Stages what a statement returns; yields how far the segment has come after each page.

    Args:
        plan: of the run.
        segment: that is read.
        worker_id: the fence.
        source: to read.
        target: to write.
        statement: a page, or the whole rest of the segment.
        progress: before the first row.
        page_rows: cut the rows into pages of so many; None: they are one page.
    """
    with closing(_batches(plan, segment, source, statement)) as rows:
        while True:
            page = _Page(progress, segment, rows, page_rows)
            target.write_page(plan, segment, worker_id, page)
            if page.rows:
                progress = page.progress()
                yield progress
            if page_rows is None or page.rows < page_rows:
                return


def write_pages_ahead(
    plan: Plan,
    segment: Segment,
    worker_id: UUID,
    source: Source,
    target: PostgresTarget,
    statement: Callable[[tuple[str, ...] | None], Statement],
    progress: Progress,
    page_rows: int,
) -> Iterator[Progress]:
    """Stages the rest of a segment by a query for each page; yields as `write_pages`.

    While a page is written the next one is read: its query needs only the last key of the one
    before, not its commit. Where the commit fails, what was read ahead is thrown away.

    Args:
        plan: of the run.
        segment: that is read.
        worker_id: the fence.
        source: to read, in a thread of its own.
        target: to write.
        statement: the page of `page_rows` rows behind a key.
        progress: before the first row.
        page_rows: rows per page.
    """

    def pages() -> Generator[Batch | None]:
        after, rows = progress.after, page_rows
        while rows >= page_rows:
            rows = 0
            for batch in _batches(plan, segment, source, statement(after)):
                rows += batch.rows.num_rows + len(batch.rejects)
                after = batch.last_order
                yield batch
            yield None

    with _ahead(pages()) as batches:
        while True:
            page = _Page(progress, segment, iter(partial(next, batches, None), None), None)
            target.write_page(plan, segment, worker_id, page)
            if not page.rows:
                return
            progress = page.progress()
            yield progress


@contextmanager
def _ahead(items: Generator[T]) -> Iterator[Iterator[T]]:
    """The items, made by another thread a few ahead of who takes them; so is its error."""
    queue: Queue[tuple[T] | BaseException | None] = Queue(_AHEAD)
    stop = Event()

    def put(item: tuple[T] | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(Full):
                return queue.put(item, timeout=0.1)

    def make() -> None:
        try:
            for item in items:
                put((item,))
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)
        finally:
            items.close()

    def take() -> Iterator[T]:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    thread = Thread(target=make, name="read ahead", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stop.set()
        thread.join()


def _batches(
    plan: Plan, segment: Segment, source: Source, statement: Statement
) -> Generator[Batch]:
    for rows in source.read(statement, segment.columns):
        try:
            yield prepare(rows, segment.columns)
        except pa.ArrowException as error:
            # Its text quotes the value.
            raise DataError(
                f"{plan.feed.name}: a value of {plan.feed.source_relation} doesn't fit its "
                f"column's type ({type(error).__name__}). Leave the column out by "
                "`config.meta.extract.exclude`, or convert it in `expressions`.",
                feed=plan.feed.name,
            ) from None


class _Page:
    """All rows of a source, or the next ones of a stream: `enough` of them unless it ends."""

    def __init__(
        self, before: Progress, segment: Segment, source: Iterator[Batch], enough: int | None
    ) -> None:
        self._before = before
        self._segment = segment
        self._source = source
        self._enough = enough
        self._after = before.after
        self._staged = 0
        self._nul_removed = 0
        self._bytes = 0
        self.rows = 0
        self.rejects: list[Reject] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows that can be stored, as the source sends them."""
        for batch in self._source:
            self.rows += batch.rows.num_rows + len(batch.rejects)
            self._bytes += batch.rows.nbytes
            self.rejects += batch.rejects
            self._staged += batch.rows.num_rows
            self._nul_removed += batch.nul_removed
            self._after = batch.last_order or None
            if batch.rows.num_rows:
                yield batch.rows
            if self._enough is not None and self.rows >= self._enough:
                return

    def progress(self) -> Progress:
        """How far the segment has come with this page."""
        before = self._before
        return replace(
            before,
            after=self._after,
            pages=before.pages + 1,
            # A key that is read to see deletes is not a row that was fetched.
            rows=before.rows + (self.rows if self._segment.stage == "rows" else 0),
            bytes=before.bytes + self._bytes,
            nul_removed=before.nul_removed + self._nul_removed,
            rejected=before.rejected + len(self.rejects),
            staged=before.staged + self._staged,
        )
