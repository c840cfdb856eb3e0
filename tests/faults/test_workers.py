"""Key ranges read at once: by threads of a run, and by workers in processes of their own."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extract import reading
from extract.api import open_feed, read_feed_segment
from extract.errors import DataError, LeaseHeldError, TargetError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Child, Children, Stand, children, until
from tests.faults.twins import Twins

ROWS, PAGE_ROWS, RANGES = 400, 20, 4
DRIVERS = pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)


@pytest.fixture(scope="module")
def stands(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stand]:
    """By driver, over one source."""
    copied = Stand.make(tmp_path_factory.mktemp("workers"), postgres)
    copied.source("create schema dbo")
    return {"copy": copied, "adbc": copied.twin(tmp_path_factory.mktemp("arrow"), "adbc")}


@pytest.fixture
def stand(stands: dict[str, Stand], request: pytest.FixtureRequest) -> Iterator[Stand]:
    """A table whose statistics know where its ranges are."""
    made = stands[getattr(request, "param", "copy")]
    made.source(
        "create table dbo.t (k integer primary key, v text)",
        f"insert into dbo.t select 3 * i, 'v' || i from generate_series(1, {ROWS}) as i",
        "analyze dbo.t",
    )
    try:
        yield made
    finally:
        made.source("drop table dbo.t")
        made.warehouse("drop table if exists lv0.f, lv0.f_twin", "truncate lv0._rejected")
        made.forget()


@pytest.fixture(scope="module")
def forks(stands: dict[str, Stand]) -> Iterator[Children]:
    with children(stands["copy"].home) as source:
        yield source


def of(stand: Stand, **extract: Any) -> Twins:
    return Twins.of(stand, "f", page_rows=PAGE_ROWS, ranges=RANGES, **extract)


def freeze(page: int) -> None:
    """Stops this process right behind the commit of a page; it may be woken."""
    committed = reading.SegmentReader._committed
    pages = iter(range(1, ROWS))

    def committed_and_frozen(reader: Any, before: Any, after: Any) -> Any:
        moved = committed(reader, before, after)
        if next(pages) == page:
            os.kill(os.getpid(), signal.SIGSTOP)
        return moved

    reading.SegmentReader._committed = committed_and_frozen  # type: ignore[method-assign]


def frozen(forks: Children, number: int, **options: float) -> Child:
    """A worker that stands still behind its second page."""
    hook: Any = ["tests.faults.test_workers:freeze", {"page": 2}]
    worker = forks.work("s.f", number, prepare=hook, **options)
    status = Path(f"/proc/{worker.pid}/stat")
    until(lambda: status.read_text().rpartition(")")[2].split()[0] == "T", "the worker is frozen")
    return worker


def segments(stand: Stand) -> list[tuple[int, bool, int]]:
    return stand.rows("select segment_no, is_done, pages from ops.segments order by 1")


@DRIVERS
def test_ranges_that_are_read_at_once_land_as_if_they_were_read_in_turn(stand: Stand) -> None:
    twins = of(stand)

    assert twins.run(jobs=3).rows_inserted == ROWS

    per_range = "select segment_no, sum(rows) from ops.pages group by 1 order by 1"
    assert [number for number, _ in stand.rows(per_range)] == list(range(RANGES))
    assert twins.pages()[1] == ROWS
    twins.assert_alike()
    # Rows beyond the ends of the statistics are in the outer ranges.
    stand.source(
        "insert into dbo.t values (-50, 'below'), (99999, 'above')",
        "update dbo.t set v = 'new' where k % 50 = 0",
        "delete from dbo.t where k % 70 = 0",
    )
    twins.run(jobs=3)
    twins.assert_alike(jobs=3)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_run_that_is_killed_while_it_reads_ranges_at_once_goes_on(
    stand: Stand, forks: Children, jobs: int
) -> None:
    twins = of(stand)
    for page in (3, 8):
        run = forks.start("run", "s.f", "--jobs", "3", die_after_page=page)
        assert run.wait()[0] == -signal.SIGKILL
    assert twins.pages()[0] >= 3 + 8

    twins.run(jobs=jobs)

    assert twins.pages()[1] == ROWS
    twins.assert_alike()


@pytest.mark.parametrize("wakes", ["after the end", "in the middle"])
def test_what_killed_and_frozen_workers_left_is_read_by_the_run_that_publishes(
    stand: Stand, forks: Children, wakes: str
) -> None:
    twins = of(stand)
    assert open_feed("s.f", stand.home) == list(range(RANGES))
    assert forks.work("s.f", 0).wait()[0] == 0
    assert forks.work("s.f", 1, die_after_page=2).wait()[0] == -signal.SIGKILL
    zombie = frozen(forks, 2, lease_seconds=1)
    outcome: list[tuple[int, str]] = []

    def wake(page: int) -> None:
        if page == 5:
            zombie.signal(signal.SIGCONT)
            outcome.append(zombie.wait())

    expired = "select lease_expires_at < clock_timestamp() from ops.segments where segment_no = 2"
    until(lambda: stand.rows(expired) == [(True,)], "its lease has expired")
    # The page that the killed worker was writing was committed before it died.
    assert segments(stand) == [(0, True, 5), (1, False, 2), (2, False, 2), (3, False, 0)]
    twins.run(observer=Between(wake) if wakes == "in the middle" else None)
    if wakes == "after the end":
        wake(5)

    status, told = outcome[0]
    assert status == 1
    # Its segment is another one's, or is gone with the pass.
    assert "error: s.f was taken over by another run" in told, told
    assert twins.pages()[1] == ROWS
    twins.assert_alike()


def test_while_a_worker_reads_nobody_else_takes_its_range_or_the_feed(
    stand: Stand, forks: Children
) -> None:
    twins = of(stand)
    open_feed("s.f", stand.home)
    worker = frozen(forks, 1)
    try:
        for act in (
            lambda: stand.run("f"),
            lambda: open_feed("s.f", stand.home),
            lambda: read_feed_segment("s.f", 1, stand.home),
        ):
            with pytest.raises(LeaseHeldError, match=r"s\.f is being extracted"):
                act()
        assert read_feed_segment("s.f", 2, stand.home).is_done
    finally:
        worker.signal(signal.SIGCONT)
    assert worker.wait()[0] == 0
    assert segments(stand) == [(0, False, 0), (1, True, 5), (2, True, 5), (3, False, 0)]

    twins.run(jobs=3)

    assert twins.pages()[1] == ROWS
    twins.assert_alike()


def test_a_worker_whose_pass_is_gone_says_so(stand: Stand) -> None:
    twins = of(stand)

    def read(number: int) -> None:
        read_feed_segment("s.f", number, stand.home)

    with pytest.raises(TargetError, match=r"s\.f has no open pass with a segment 0"):
        read(0)
    assert open_feed("s.f", stand.home) == open_feed("s.f", stand.home) == list(range(RANGES))
    with pytest.raises(TargetError, match=r"s\.f has no open pass with a segment 99"):
        read(99)
    stand.source("alter table dbo.t add w integer")
    with pytest.raises(DataError, match=r"s\.f: the open pass no longer fits .* as a whole"):
        read(0)
    twins.run()
    with pytest.raises(TargetError, match=r"s\.f has no open pass with a segment 0"):
        read(0)
    twins.assert_alike()


class _FailureError(Exception):
    """Ends a range between two pages, as nothing of ours would."""


class _FailingRange:
    """An observer: range 2 fails at its first page; the others take their time."""

    def __init__(self) -> None:
        self.pages: Counter[int] = Counter()

    def started(self, plan: object, rows: int) -> None:
        """Nothing is done before the first page."""

    def page(self, segment: Any, rows: int) -> None:
        self.pages[segment.number] += 1
        if segment.number == 2:
            raise _FailureError
        time.sleep(0.3)


def test_where_one_range_fails_the_others_end_after_their_page(stand: Stand) -> None:
    twins = of(stand)
    twins.run()
    before = twins.lv0()
    stand.source("update dbo.t set v = 'new' where k % 5 = 0")
    failing = _FailingRange()

    with pytest.raises(_FailureError):
        twins.run(jobs=RANGES, observer=failing)

    assert failing.pages[2] == 1
    assert max(failing.pages.values()) <= 2
    assert twins.lv0() == before
    read = twins.pages()[1]
    twins.run(jobs=3)
    assert twins.pages()[1] - read == ROWS - sum(failing.pages.values()) * PAGE_ROWS
    twins.assert_alike()


def test_rows_set_aside_in_all_ranges_are_counted_together(stand: Stand) -> None:
    bad = [3 * i for i in (10, 150, 250, 390)]
    divided = f"1 / (case when k in ({', '.join(map(str, bad))}) then 0 else 1 end)"
    twins = of(stand, expressions={"n": divided}, max_rejects=3)

    for jobs in (3, 1):
        with pytest.raises(DataError, match=r"4 rows could not be stored, more than .*\(3\)"):
            twins.run(jobs=jobs)
        assert stand.rows("select to_regclass('lv0.f') is null") == [(True,)]

    twins = of(stand, expressions={"n": divided}, max_rejects=4)
    assert (twins.run(jobs=3).rows_rejected, twins.run(jobs=3).changed) == (4, False)


@DRIVERS
def test_connections_stay_within_what_the_readme_says(stand: Stand) -> None:
    twins = of(stand)
    jobs, names = 3, (stand.source_name, stand.warehouse_name)
    most: Counter[str] = Counter()

    def look(page: int) -> None:
        counted = dict(
            stand.rows(
                "select datname, count(*) from pg_stat_activity"
                " where backend_type = 'client backend' and application_name like 'stairway %'"
                " group by 1"
            )
        )
        for name in names:
            most[name] = max(most[name], counted.get(name, 0))

    twins.run(jobs=jobs, observer=Between(look))

    # A table has its state, its lease, and, until its ranges are read, a session of its own.
    assert jobs <= most[stand.source_name] <= jobs * 2 + 2
    assert jobs <= most[stand.warehouse_name] <= jobs * 2 + 3
