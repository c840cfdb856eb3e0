"""SIGKILL, SIGSTOP and rivals: whatever happens to a run, the next one sets it right."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from extract.errors import LeaseHeldError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import ROOT, Between, Child, Children, Stand, children, until

ROWS, PAGE_ROWS = 120, 5
# Lets a test hold a run exactly where it wants to kill it.
GATES = """
create function ops.gate() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(tg_argv[0]::integer, (to_jsonb(new) ->> tg_argv[1])::integer);
    return new;
end $$;
create trigger gate_of_pages after insert on ops.pages
    for each row execute function ops.gate('1', 'page_no');
create trigger gate_of_publishing after update on ops.runs
    for each row when (new.state = 'published') execute function ops.gate('2', 'pages');
"""


@pytest.fixture(scope="module", params=["copy", "adbc"])
def stand(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("crashes"), postgres, request.param)
    made.source("create schema dbo")
    made.warehouse(GATES)
    return made


@pytest.fixture(scope="module")
def forks(stand: Stand) -> Iterator[Children]:
    with children(stand.home) as source:
        yield source


def make(stand: Stand, table: str, **extract: object) -> None:
    stand.source(
        f"create table dbo.{table} (k text primary key, v integer, u timestamp)",
        f"insert into dbo.{table} select lpad(i::text, 5, '0'), i, '2024-01-01'"
        f" from generate_series(1, {ROWS}) as i",
    )
    stand.feeds(**{table: {"page_rows": PAGE_ROWS, **extract}})


def start(forks: Children, stand: Stand, table: str, **options: int) -> Child:
    return forks.start("run", f"s.{table}", **options)


def pages(stand: Stand, table: str) -> int:
    found: int = stand.rows(
        f"select count(*) from ops.pages natural join ops.runs where feed = 's.{table}'"
    )[0][0]
    return found


@contextmanager
def gate(stand: Stand, kind: int, *numbers: int) -> Iterator[None]:
    """Keeps a run from committing a page of `numbers` (kind 1), or from publishing so many (2)."""
    with stand.connect(stand.warehouse_name) as holder:
        for number in numbers:
            holder.execute("select pg_advisory_lock(%s, %s)", (kind, number))
        yield


def is_at_gate(stand: Stand) -> bool:
    return bool(
        stand.rows(
            "select 1 from pg_locks where locktype = 'advisory' and not granted and database ="
            " (select oid from pg_database where datname = current_database())"
        )
    )


def assert_each_row_was_read_once(stand: Stand, table: str, last_keys: int) -> None:
    read, keys = stand.rows(
        "select sum(rows), count(distinct last_key) from ops.pages natural join ops.runs"
        f" where feed = 's.{table}'"
    )[0]
    source, lv0 = stand.both("k", table)
    assert lv0 == source
    assert (read, keys) == (ROWS, last_keys)


def test_a_run_that_is_killed_at_any_point_goes_on_where_it_stood(
    stand: Stand, forks: Children
) -> None:
    make(stand, "killed")
    kills = 0
    moments = random.Random(20240229)

    for page in (1, 2, 3, 7, 12, 13, 18, 24):  # the page is staged and not committed
        with gate(stand, 1, page):
            run = start(forks, stand, "killed")
            until(lambda: is_at_gate(stand), f"page {page} is about to be committed")
            run.signal(signal.SIGKILL)
            kills += run.wait()[0] == -signal.SIGKILL
        until(lambda: not is_at_gate(stand), "the server is rid of it")
        assert pages(stand, "killed") == page - 1
        if page in (3, 7, 13):  # right behind a commit
            run = start(forks, stand, "killed", die_after_page=2)
            kills += run.wait()[0] == -signal.SIGKILL
            assert pages(stand, "killed") == page + 1
        if page in (7, 13):  # wherever it happens to be
            there = pages(stand, "killed")
            until_page = there + moments.randrange(1, 3)
            with gate(stand, 1, until_page + 2):
                run = start(forks, stand, "killed")
                until(lambda n=until_page: pages(stand, "killed") >= n, "some pages are committed")
                run.signal(signal.SIGKILL)
                kills += run.wait()[0] == -signal.SIGKILL
            until(lambda: not is_at_gate(stand), "the server is rid of it")
        assert stand.rows("select to_regclass('lv0.killed') is null") == [(True,)]
    for _ in range(2):  # everything is read; killed while it publishes
        with gate(stand, 2, ROWS // PAGE_ROWS):
            run = start(forks, stand, "killed")
            until(lambda: is_at_gate(stand), "it publishes")
            assert stand.rows("select to_regclass('lv0.killed') is null") == [(True,)]
            run.signal(signal.SIGKILL)
            kills += run.wait()[0] == -signal.SIGKILL
        until(lambda: not is_at_gate(stand), "the server is rid of it")

    status, told = start(forks, stand, "killed").wait()

    assert kills == 15
    assert (status, "error" in told) == (0, False)
    assert_each_row_was_read_once(stand, "killed", ROWS // PAGE_ROWS)
    assert stand.rows(
        "select state, count(*) from ops.runs where feed = 's.killed' group by state order by 1"
    ) == [("interrupted", 15), ("published", 1)]
    assert not stand.run("killed").changed


def test_an_incremental_pass_that_is_killed_in_each_segment_goes_on(
    stand: Stand, forks: Children
) -> None:
    make(stand, "later", mode="incremental", cursor="u", sweep_every="0s")
    stand.run("later")
    stand.warehouse("delete from ops.pages")
    stand.source(
        "update dbo.later set v = -v, u = '2024-02-01'",
        # The sweep reads the keys of these buckets.
        "insert into dbo.later select 'x' || i, i, '2024-01-01' from generate_series(1, 200) as i",
        "delete from dbo.later where k = '00007'",
    )
    before = stand.rows("select * from lv0.later order by k")
    for page in (10, 25, 45):  # twice among the keys, then among the changed rows
        with gate(stand, 1, page):
            run = start(forks, stand, "later")
            until(lambda: is_at_gate(stand), f"page {page} is about to be committed")
            run.signal(signal.SIGKILL)
            assert run.wait()[0] == -signal.SIGKILL
        assert stand.rows("select * from lv0.later order by k") == before
    with gate(stand, 2, *range(1, 200)):
        run = start(forks, stand, "later")
        until(lambda: is_at_gate(stand), "it publishes")
        run.signal(signal.SIGKILL)
        assert run.wait()[0] == -signal.SIGKILL
        assert stand.rows("select * from lv0.later order by k") == before

    result = stand.run("later")

    assert (result.rows_updated, result.rows_inserted, result.rows_deleted) == (ROWS - 1, 200, 1)
    assert stand.rows(
        "select kind, sum(rows)::int from ops.pages natural join ops.runs"
        " where feed = 's.later' group by kind order by 1"
    ) == [("changed", ROWS - 1 + 200), ("keys", 0)]
    source, lv0 = stand.both("k", "later")
    assert lv0 == source


def test_the_command_itself_is_killed_and_run_again(stand: Stand) -> None:
    make(stand, "command")
    command = [sys.executable, "-m", "extract", "--project-dir", str(stand.home), "run"]
    command.append("s.command")
    with gate(stand, 1, 9):
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            until(lambda: is_at_gate(stand), "page 9 is about to be committed")
        finally:
            run.kill()
            assert run.wait() == -signal.SIGKILL

    stand.run("command")

    assert stand.rows(
        "select count(*) from ops.runs as r inner join ops.runs as killed on r.resumes ="
        " killed.run_id where r.feed = 's.command' and killed.state = 'interrupted'"
    ) == [(1,)]
    assert_each_row_was_read_once(stand, "command", ROWS // PAGE_ROWS)


def test_sigterm_gives_the_feed_up_and_keeps_the_pages(stand: Stand, forks: Children) -> None:
    make(stand, "terminated")
    with gate(stand, 1, 4):
        run = start(forks, stand, "terminated")
        until(lambda: is_at_gate(stand), "page 4 is about to be committed")
        run.signal(signal.SIGTERM)
    assert run.wait()[0] == 128 + signal.SIGTERM
    assert stand.rows(
        "select holder_pid, checkpoint is null from ops.feeds where feed = 's.terminated'"
    ) == [(None, False)]
    stand.run("terminated")
    assert_each_row_was_read_once(stand, "terminated", ROWS // PAGE_ROWS)


def test_of_two_runs_at_once_the_second_fails_with_one_line_even_while_the_first_publishes(
    stand: Stand, forks: Children
) -> None:
    make(stand, "rivals")
    for kind, number in ((1, 3), (2, ROWS // PAGE_ROWS)):
        with gate(stand, kind, number):
            first = start(forks, stand, "rivals")
            until(lambda: is_at_gate(stand), "the first run is in the middle")
            status, told = start(forks, stand, "rivals").wait()
            errors = [line for line in told.splitlines() if line.startswith("error:")]
            assert status == 1
            assert len(errors) == 1 and "s.rivals is being extracted by run" in errors[0]
            assert "Traceback" not in told
            with pytest.raises(LeaseHeldError):
                stand.run("rivals")
            if kind == 1:
                first.signal(signal.SIGKILL)
        assert first.wait()[0] == (-signal.SIGKILL if kind == 1 else 0)
    assert_each_row_was_read_once(stand, "rivals", ROWS // PAGE_ROWS)


def is_at_rest(stand: Stand, table: str) -> bool:
    committed = pages(stand, table)
    time.sleep(0.3)
    return committed >= 5 and pages(stand, table) == committed


@pytest.mark.parametrize("successor", ["ends", "stands in the middle"])
def test_a_frozen_holder_is_taken_over_and_its_commit_meets_the_fence(
    stand: Stand, forks: Children, successor: str
) -> None:
    table = f"frozen_{len(successor)}"
    make(stand, table)
    frozen = None

    def thaw(page: int) -> None:
        assert frozen is not None
        if page == 2:
            frozen.signal(signal.SIGCONT)
            outcome.append(frozen.wait())

    outcome: list[tuple[int, str]] = []
    with stand.connect(stand.source_name) as blocker:
        # The holder waits for a page of the source, its own transaction at rest.
        with gate(stand, 1, 5):
            frozen = start(forks, stand, table, lease_seconds=1)
            until(lambda: is_at_gate(stand), "page 5 is about to be committed")
            blocker.execute("begin")
            blocker.execute(f"lock table dbo.{table} in access exclusive mode")
        # What was read ahead of the lock is committed too.
        until(lambda: is_at_rest(stand, table), "page 5 is committed")
        frozen.signal(signal.SIGSTOP)
        blocker.execute("rollback")
    held = f"select lease_expires_at > clock_timestamp() from ops.feeds where feed = 's.{table}'"
    until(lambda: stand.rows(held) == [(False,)], "the lease has expired")

    stand.run(table, observer=Between(thaw) if successor != "ends" else None)
    if successor == "ends":
        frozen.signal(signal.SIGCONT)
        outcome.append(frozen.wait())

    status, told = outcome[0]
    assert status == 1
    assert f"error: s.{table} was taken over by another run" in told
    assert "Traceback" not in told
    assert_each_row_was_read_once(stand, table, ROWS // PAGE_ROWS)
    assert stand.rows(
        f"select state, error is not null from ops.runs where feed = 's.{table}' order by 1"
    ) == [("failed", True), ("published", False)]
    assert not stand.run(table).changed
