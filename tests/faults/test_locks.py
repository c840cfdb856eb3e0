"""Deadlocks and locks that last: what lost is tried again, and told where that doesn't help."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from extract import heart, retry, runs
from extract.errors import TransientError
from extract.targets import postgres as target
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand, until
from tests.faults.twins import Twins
from tests.tds import StandIn

ROWS, PAGE_ROWS = 30, 5
PAGES = ROWS // PAGE_ROWS
# Fails as a deadlock's victim does, `times` times from the first row on whose key is `key`.
VICTIM = """
create sequence dbo.victims;
create function dbo.victim(k integer, key integer, times integer) returns integer
language plpgsql volatile as $$
begin
    if k = key and nextval('dbo.victims') <= times then
        raise exception 'deadlock detected' using errcode = '40P01';
    end if;
    return k;
end $$
"""


@pytest.fixture(scope="module", params=["copy", "adbc"])
def made(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    stand = Stand.make(tmp_path_factory.mktemp("locks"), postgres, request.param)
    stand.source(
        "create schema dbo",
        "create table dbo.t (k integer primary key, v text)",
        f"insert into dbo.t select i, 'a' || i from generate_series(1, {ROWS}) as i",
        VICTIM,
    )
    return stand


@pytest.fixture
def stand(made: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.05)
    made.source("alter sequence dbo.victims restart", "update dbo.t set v = 'a' || k")
    return made


class Other:
    """Another session on the warehouse, with a transaction open until it commits."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._connection = stand.connect(stand.warehouse_name)
        self._thread: threading.Thread | None = None

    def lock(self, statement: str) -> None:
        self._connection.execute("begin")
        self._connection.execute(statement.encode())

    def commit(self) -> None:
        self._connection.execute("commit")

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Has a thread do something, and then commit."""

        def act_and_commit() -> None:
            try:
                act()
            finally:
                self.commit()

        self._thread = threading.Thread(target=act_and_commit)
        self._thread.start()

    def until_it_is_waited_for(self) -> None:
        pid = self._connection.info.backend_pid
        query = f"select 1 from pg_stat_activity where {pid} = any(pg_blocking_pids(pid))"
        until(lambda: self._stand.rows(query), "the run waits for the other session")

    def also_lock(self, statement: str) -> None:
        """Makes a deadlock of it, which this session is never the victim of."""
        self.until_it_is_waited_for()
        self._connection.execute("set local deadlock_timeout = '60s'")
        self._connection.execute(statement.encode())

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._connection.close()


@pytest.fixture
def other(stand: Stand) -> Iterator[Other]:
    made = Other(stand)
    try:
        yield made
    finally:
        made.close()


def when(page: int, act: Callable[[], None]) -> Between:
    """An observer that acts once that page is committed."""
    return Between(lambda pages: act() if pages == page else None)


def changed(stand: Stand, name: str) -> Twins:
    """Twins that are extracted, and then all rows of the source are changed."""
    twins = Twins.of(stand, name, page_rows=PAGE_ROWS)
    twins.run()
    twins.run_twin()
    stand.warehouse("delete from ops.pages")
    stand.source("update dbo.t set v = 'b' || k")
    return twins


def assert_tried_again(twins: Twins, error: str, times: int = 1) -> None:
    """The record tells so, and no page was committed twice."""
    notes = [note for note in twins.notes() if note.startswith("tried again: ")]
    assert len(notes) == times
    assert all(error in note for note in notes)
    assert twins.pages() == (PAGES, ROWS)
    twins.assert_alike()


@pytest.mark.parametrize(
    ("page", "held", "wanted"),
    [
        (
            PAGES,
            "select 1 from lv0.{0} where k = 7 for update",
            "select 1 from ops.feeds where feed = 's.{0}' for update",
        ),
        (
            PAGES,
            f"select 1 from lv0.{{0}} where k = {ROWS} for update",
            f"select 1 from lv0.{{0}} where k < {ROWS} for update",
        ),
        (
            2,
            "select 1 from ops.segments where feed = 's.{0}' for update",
            'lock table stage."s.{0}.rows" in access exclusive mode',
        ),
    ],
    ids=["lv0 and the lease", "rows of lv0", "a page"],
)
def test_who_loses_a_deadlock_in_the_warehouse_tries_again(
    stand: Stand, other: Other, page: int, held: str, wanted: str
) -> None:
    name = f"deadlock_{len(held)}"
    twins = changed(stand, name)
    stand.warehouse("alter role stairway set deadlock_timeout = '50ms'")

    def lock() -> None:
        other.lock(held.format(name))
        other.meanwhile(lambda: other.also_lock(wanted.format(name)))

    try:
        result = twins.run(observer=when(page, lock))
    finally:
        stand.warehouse("alter role stairway reset deadlock_timeout")

    assert result.rows_updated == ROWS
    assert_tried_again(twins, "deadlock detected")


LOCKS = [
    (PAGES, "lock table lv0.{0} in access exclusive mode"),
    (PAGES, "select 1 from ops.feeds where feed = 's.{0}' for update"),
    (2, 'lock table stage."s.{0}.rows" in access exclusive mode'),
]
LOCKED = ["lv0", "the lease", "staging"]


@pytest.mark.parametrize(("page", "lock"), LOCKS, ids=LOCKED)
def test_what_is_locked_for_too_long_is_done_once_the_lock_is_gone(
    stand: Stand, other: Other, monkeypatch: pytest.MonkeyPatch, page: int, lock: str
) -> None:
    monkeypatch.setattr(target, "_LOCK_TIMEOUT", "100ms")
    name = f"locked_{len(lock)}"
    twins = changed(stand, name)

    def hold() -> None:
        other.lock(lock.format(name))
        other.meanwhile(lambda: until(twins.notes, "it has been tried once"))

    result = twins.run(observer=when(page, hold))

    assert result.rows_updated == ROWS
    assert_tried_again(twins, "canceling statement due to lock timeout", len(result.notes))


@pytest.mark.parametrize(("page", "lock"), LOCKS, ids=LOCKED)
def test_what_stays_locked_is_told_in_one_line_and_the_next_run_goes_on(
    stand: Stand, other: Other, monkeypatch: pytest.MonkeyPatch, page: int, lock: str
) -> None:
    monkeypatch.setattr(target, "_LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(runs, "_LOCK_SECONDS", 0.05)
    monkeypatch.setattr(heart, "_STOP_SECONDS", 0.05)
    monkeypatch.setattr(retry, "ATTEMPTS", 3)
    name = f"stays_{len(lock)}"
    twins = changed(stand, name)

    with pytest.raises(TransientError) as found:
        twins.run(observer=when(page, lambda: other.lock(lock.format(name))))

    assert "\n" not in str(found.value)
    assert "canceling statement due to lock timeout" in str(found.value)
    assert twins.pages() == (page, page * PAGE_ROWS)
    assert len(twins.notes()) == 2
    other.commit()
    assert twins.run().rows_updated == ROWS
    assert_tried_again(twins, "", 0)


def test_only_the_page_that_is_a_deadlock_s_victim_at_the_source_is_read_again(
    stand: Stand,
) -> None:
    victim = {"w": "dbo.victim(k, 12, 2)"}
    twins = Twins.of(stand, "victim", page_rows=PAGE_ROWS, expressions=victim)

    result = twins.run()

    assert (result.rows_inserted, result.rows_rejected) == (ROWS, 0)
    # The sequence was asked by that row only: twice in vain, then once.
    assert stand.source_rows("select last_value from dbo.victims") == [(3,)]
    assert_tried_again(twins, "deadlock detected", 2)


def test_a_source_that_always_chooses_the_same_victim_ends_the_run_and_keeps_the_pages(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "ATTEMPTS", 3)
    victim = {"w": "dbo.victim(k, 12, 3)"}
    twins = Twins.of(stand, "always", page_rows=PAGE_ROWS, expressions=victim)

    with pytest.raises(TransientError, match="deadlock detected"):
        twins.run()

    assert twins.pages() == (2, 2 * PAGE_ROWS)
    assert twins.run().rows_inserted == ROWS
    assert_tried_again(twins, "", 0)


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[StandIn]:
    with StandIn(postgres, databases=["RENTAL"]) as running:
        values = ", ".join(f"({k}, N'한글 {k}')" for k in range(1, ROWS + 1))
        running.execute(
            "RENTAL",
            "create table dbo.T (k int not null primary key, v nvarchar(20))",
            f"insert into dbo.T (k, v) values {values}",
        )
        yield running


@pytest.fixture(scope="module", params=["mssql-python", "pymssql"])
def behind_tds(
    server: StandIn,
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("tds"), postgres, request.param)
    stand = replace(made, source_name="RENTAL")
    stand.write_project(source_url=server.url("RENTAL", trust_server_certificate="yes"))
    return stand


# A page's statement; what is between them comes in other words.
PAGE = r"select top .* from \[dbo\]\.\[T\]"


@pytest.mark.parametrize("page", [1, 3])
@pytest.mark.parametrize("fault", ["victim", "cut at once", "cut in the middle"])
def test_only_the_page_that_sql_server_fails_at_is_read_again(
    behind_tds: Stand,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    page: int,
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.05)
    name = f"tds_{fault.replace(' ', '_')}_{page}"
    twins = Twins.of(behind_tds, name, "T", page_rows=PAGE_ROWS)
    twins.run_twin()
    begin = server.mark()
    try:
        if fault == "victim":
            ordered = server.faults.error(1205, matching=PAGE, skip=page - 1, times=2)
        else:
            rows = 2 if fault == "cut in the middle" else -1
            ordered = server.faults.cut(matching=PAGE, after_rows=rows, skip=page - 1)
        result = twins.run()
        hits = server.faults.hits(ordered)
    finally:
        server.faults.clear()

    assert result.rows_inserted == ROWS
    assert hits == (2 if fault == "victim" else 1)
    # One more finds that nothing is left.
    assert len(server.statements(PAGE, since=begin)) == PAGES + 1 + hits
    assert_tried_again(twins, "", hits)
