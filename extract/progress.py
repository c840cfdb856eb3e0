"""Tells how runs come along: a bar for each feed on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
import time
from threading import Lock
from typing import TYPE_CHECKING

from extract.plan import Plan, Segment

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bars", "Lines"]

logger = logging.getLogger(__name__)

_LOG_EVERY_SECONDS = 15.0


class Bars:
    """Progress bars on stderr: rows, rows per second, estimated rest. A context manager."""

    def __init__(self) -> None:
        # Here, as a run without a terminal needn't load it.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description:<32}"),
            BarColumn(),
            TextColumn("{task.completed:>12,.0f} rows"),
            TextColumn("{task.fields[rate]:>10,.0f}/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def bar(self) -> Bar:
        """An observer for one feed; its bar is gone when the feed is."""
        return Bar(self._progress)


class Bar:
    """The bar of one feed; a context manager."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._lock = Lock()
        self._began = 0.0
        self._rows = 0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)

    def started(self, plan: Plan, rows: int) -> None:
        """Shows a new bar."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        total = plan.shape.estimated_rows if plan.is_complete else None
        self._task = self._progress.add_task(plan.feed.name, total=total, completed=rows, rate=0.0)
        self._began, self._rows = time.monotonic(), 0

    def page(self, segment: Segment, rows: int) -> None:
        """Moves the bar."""
        if self._task is None or segment.kind == "keys":
            return
        with self._lock:
            self._rows += rows
            rate = self._rows / max(time.monotonic() - self._began, 1e-3)
        self._progress.update(self._task, advance=rows, rate=rate)


class Lines:
    """A log line now and then: rows so far and rows per second. A context manager, as `Bar`."""

    def __init__(self) -> None:
        self._feed = ""
        self._lock = Lock()
        self._rows = 0
        self._began = self._last = 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, plan: Plan, rows: int) -> None:
        """Logs what the run is about to do."""
        self._feed, self._rows = plan.feed.name, 0
        self._began = self._last = time.monotonic()
        estimate = plan.shape.estimated_rows
        about = f", about {estimate:,} rows in the table" if estimate is not None else ""
        logger.info("%s: %s%s", self._feed, plan.reason, about)

    def page(self, segment: Segment, rows: int) -> None:
        """Logs the progress, at most every 15 seconds."""
        now = time.monotonic()
        with self._lock:
            self._rows += rows
            if now - self._last < _LOG_EVERY_SECONDS:
                return
            self._last = now
            rate = self._rows / (now - self._began)
        logger.info(
            "%s: %s %s rows, %s/s", self._feed, segment.kind, f"{self._rows:,}", f"{rate:,.0f}"
        )
