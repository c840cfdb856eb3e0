"""Tells how a run comes along: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import logging
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from extract.plan import Plan, Segment

__all__ = ["Bar", "Lines"]

logger = logging.getLogger(__name__)

_LOG_EVERY_SECONDS = 15.0


class Bar:
    """A progress bar: rows, rows per second, estimated rest. A context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<32}"),
            BarColumn(),
            TextColumn("{task.completed:>12,.0f} rows"),
            TextColumn("{task.fields[rate]:>10,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._began = 0.0
        self._rows = 0

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

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
        self._rows += rows
        rate = self._rows / max(time.monotonic() - self._began, 1e-3)
        self._progress.update(self._task, advance=rows, rate=rate)


class Lines:
    """A log line now and then: rows so far and rows per second."""

    def __init__(self) -> None:
        self._feed = ""
        self._rows = 0
        self._began = self._last = 0.0

    def started(self, plan: Plan, rows: int) -> None:
        """Logs what the run is about to do."""
        self._feed, self._rows = plan.feed.name, 0
        self._began = self._last = time.monotonic()
        estimate = plan.shape.estimated_rows
        about = f", about {estimate:,} rows in the table" if estimate is not None else ""
        logger.info("%s: %s%s", self._feed, plan.reason, about)

    def page(self, segment: Segment, rows: int) -> None:
        """Logs the progress, at most every 15 seconds."""
        self._rows += rows
        now = time.monotonic()
        if now - self._last >= _LOG_EVERY_SECONDS:
            self._last = now
            rate = self._rows / (now - self._began)
            logger.info(
                "%s: %s %s rows, %s/s", self._feed, segment.kind, f"{self._rows:,}", f"{rate:,.0f}"
            )
