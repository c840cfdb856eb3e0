"""Runs an address lookup: lease, pages of addresses, answers, the copy of the day."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from threading import Event
from typing import TypeVar
from uuid import UUID

from extract import postgres
from extract.address.client import AddressSearch
from extract.address.words import Place, Refined, refine
from extract.catalog import LookupFeed
from extract.errors import DataError, ExtractError, QuotaError, RowError, StoppedError
from extract.retry import persist
from extract.runs import RunResult, Runs
from extract.settings import Connection
from extract.targets.address_master import Master

__all__ = ["Due", "explain", "run"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Addresses of one street end, word by word, in the same queries.
_REMEMBERED = 10_000
_LOG_EVERY_SECONDS = 15.0


@dataclass(frozen=True)
class Due:
    """What a run would ask about now: addresses never asked, and those to ask again."""

    new: int
    again: int


def run(
    feed: LookupFeed,
    service: Connection,
    warehouse: Connection,
    *,
    again: bool = False,
    stop: Event | None = None,
) -> RunResult:
    """Asks about each address that was never asked; returns what that added.

    Answers are committed page by page: whatever ends the run, the next one asks only about the
    rest.

    Args:
        feed: from the catalogue.
        service: the address search.
        warehouse: where the addresses and the answers are.
        again: ask about all that had no answer, however short ago that was.
        stop: ends the run between two requests when it is set.

    Raises:
        QuotaError: the service takes no more requests for now.
        LeaseHeldError: another run holds the feed.
        ExtractError: see `extract.errors`.
    """
    with ExitStack() as stack:
        search = stack.enter_context(closing(AddressSearch(service)))
        runs = stack.enter_context(closing(persist(lambda: Runs(warehouse), lambda: None)))
        master = stack.enter_context(closing(Master(feed, warehouse)))
        runner = _Runner(feed, warehouse, search, runs, master, again, stop or Event())
        return runner.run()


def explain(feed: LookupFeed, service: Connection, warehouse: Connection) -> Due:
    """What `run` would ask about now; touches nothing and asks nobody.

    Raises:
        ExtractError: as `run` would before its first request.
    """
    with (
        closing(AddressSearch(service)),
        closing(Runs(warehouse)) as runs,
        closing(Master(feed, warehouse)) as master,
        postgres.translated(warehouse, feed.name),
    ):
        runs.check_schema()
        master.check()
        return Due(*master.due(again=False))


@dataclass
class _Tally:
    pages: int = 0
    asked: int = 0
    added: int = 0
    found_at_last: int = 0
    missed: int = 0
    refused: int = 0


class _Runner:
    """A lookup on its way."""

    def __init__(
        self,
        feed: LookupFeed,
        warehouse: Connection,
        search: AddressSearch,
        runs: Runs,
        master: Master,
        again: bool,
        stop: Event,
    ) -> None:
        self._feed = feed
        self._warehouse = warehouse
        self._search = search
        self._runs = runs
        self._master = master
        self._again = again
        self._stop = stop
        # Of this page: one thread's failure ends the others after their request.
        self._ended = Event()
        self._tally = _Tally()
        self._remembered = lru_cache(_REMEMBERED)(self._asked)

    def run(self) -> RunResult:
        began = time.monotonic()
        self._persist(self._runs.check_schema)
        with self._runs.recorded(self._feed.name, "lookup") as run_id:
            if missing := self._persist(self._master.check):
                self._runs.note(self._feed.name, f"not there yet: {', '.join(missing)}")
            self._persist(self._master.create)
            ended: ExtractError | None = None
            try:
                self._ask(run_id)
            except QuotaError as error:
                ended = error
            # A quota that ends each day's run must not leave out each day's copy.
            self._persist(lambda: self._master.copy_of_today(run_id))
            if ended is not None:
                raise self._with_what_is_left(ended)
            return self._publish(run_id, began)

    def _publish(self, run_id: UUID, began: float) -> RunResult:
        tally = self._tally
        unchanged = tally.asked - tally.added - tally.found_at_last - tally.refused
        if tally.asked:
            self._runs.note(
                self._feed.name,
                f"{self._search.requests:,} requests, {tally.missed:,} addresses without a hit",
            )
        counts = {
            "pages": tally.pages,
            "rows_read": tally.asked,
            "rows_inserted": tally.added,
            "rows_updated": tally.found_at_last,
            "rows_unchanged": unchanged,
            "rows_rejected": tally.refused,
        }
        self._persist(lambda: self._master.publish(run_id, counts))
        return RunResult(
            run_id=run_id,
            feed=self._feed.name,
            mode="lookup",
            is_complete=False,
            pages=tally.pages,
            rows_read=tally.asked,
            bytes_read=0,
            rows_inserted=tally.added,
            rows_updated=tally.found_at_last,
            rows_unchanged=unchanged,
            rows_deleted=0,
            rows_rejected=tally.refused,
            nul_removed=0,
            seconds=time.monotonic() - began,
            notes=self._persist(lambda: self._runs.notes(run_id)),
        )

    # -- asking -----------------------------------------------------------------------------

    def _ask(self, run_id: UUID) -> None:
        told = time.monotonic()
        with ThreadPoolExecutor(self._search.concurrency, thread_name_prefix="lookup") as pool:
            try:
                for page, is_new in self._pages():
                    found, failure = self._answers(pool, page)
                    self._save(run_id, found, is_new)
                    if failure is not None:
                        raise failure
                    if time.monotonic() - told > _LOG_EVERY_SECONDS:
                        told = time.monotonic()
                        logger.info("%s: %s asked", self._feed.name, f"{self._tally.asked:,}")
            finally:
                self._ended.set()
                pool.shutdown(cancel_futures=True)

    def _pages(self) -> Iterator[tuple[list[str], bool]]:
        """What to ask about, new addresses first; until the requests of a run are spent."""
        most = self._search.max_requests
        pages = chain(
            zip(self._master.new(), repeat(True)),
            zip(self._master.old(again=self._again), repeat(False)),
        )
        for page, is_new in pages:
            if most is not None and self._search.requests >= most:
                new, again = self._persist(lambda: self._master.due(again=self._again))
                self._runs.note(
                    self._feed.name,
                    f"left {new + again:,} addresses to the next run, after "
                    f"{self._search.requests:,} requests (`max_requests`)",
                )
                return
            yield page, is_new

    def _answers(
        self, pool: ThreadPoolExecutor, page: list[str]
    ) -> tuple[list[Refined | None], ExtractError | None]:
        """The answers of a page, None for a refused address; and what cut the page short."""
        futures = [pool.submit(self._refined, address) for address in page]
        _, left = wait(futures, return_when=FIRST_EXCEPTION)
        if left:
            self._ended.set()
            for future in left:
                future.cancel()
            wait(futures)
        found: list[Refined | None] = []
        failures: list[BaseException] = []
        for future in futures:
            if future.cancelled():
                continue
            if (error := future.exception()) is None:
                found.append(future.result())
            else:
                failures.append(error)
        # What the others were stopped by is not what ended the page.
        failures.sort(key=lambda each: isinstance(each, StoppedError))
        for failure in failures:
            if not isinstance(failure, ExtractError):
                raise failure
            return found, failure
        return found, None

    def _refined(self, address: str) -> Refined | None:
        try:
            return refine(address, self._remembered)
        except RowError as error:
            logger.warning("%s", error)
            return None

    def _asked(self, query: str) -> Place | None:
        if self._stop.is_set() or self._ended.is_set():
            raise StoppedError(f"{self._feed.name} was told to stop.", feed=self._feed.name)
        return persist(lambda: self._search.search(query), lambda: None)

    def _save(self, run_id: UUID, answers: list[Refined | None], is_new: bool) -> None:
        tally = self._tally
        found = [answer for answer in answers if answer is not None]
        hits = sum(answer.place is not None for answer in found)
        if found:
            self._persist(lambda: self._master.save(run_id, tally.pages, found))
            tally.pages += 1
        tally.asked += len(answers)
        tally.refused += len(answers) - len(found)
        tally.added += len(found) if is_new else 0
        tally.found_at_last += 0 if is_new else hits
        tally.missed += len(found) - hits
        if tally.refused > self._feed.extract.max_rejects:
            raise DataError(
                f"{self._feed.name}: the service refused {tally.refused:,} addresses, more than "
                f"`max_rejects` ({self._feed.extract.max_rejects}). Look at the log; raise it in "
                f"`config.meta.extract` in {self._feed.file.name} if they are few.",
                feed=self._feed.name,
            )

    def _with_what_is_left(self, error: ExtractError) -> ExtractError:
        new, again = self._persist(lambda: self._master.due(again=self._again))
        return QuotaError(
            f"{error} {self._tally.asked:,} addresses were asked and are kept, {new + again:,} "
            f"wait: run {self._feed.name} again when the quota is back, and set `max_requests` of "
            f"`{self._feed.extract.connection}` in connections.yml below it.",
            feed=self._feed.name,
        )

    def _persist(self, step: Callable[[], T]) -> T:
        def translated() -> T:
            with postgres.translated(self._warehouse, self._feed.name):
                return step()

        return persist(translated, self._master.close)
