"""Incremental passes, and writers that don't wait for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from extract import sweep
from extract.errors import SourceError, TransientError
from extract.runs import RunResult
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand

PREFIXES = ("02", "82", "HI", "K2", "ON")
DAY = "timestamp '2024-01-01'"


@pytest.fixture(scope="module", params=["copy", "adbc"])
def stand(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("incremental"), postgres, request.param)
    made.source("create schema dbo")
    return made


def make(stand: Stand, table: str, *, index: bool = True, cursor: str = "timestamp") -> None:
    """Twelve rows, a second apart."""
    stand.source(
        f"create table dbo.{table} (k integer primary key, v text, u {cursor})",
        f"insert into dbo.{table} select i, i, {DAY} + i * interval '1 second'"
        " from generate_series(1, 12) as i"
        if cursor == "timestamp"
        else f"insert into dbo.{table} select i, i, i from generate_series(1, 12) as i",
        f"create index on dbo.{table} (u)" if index else "select",
    )


def incremental(**more: object) -> dict[str, object]:
    return {"mode": "incremental", "cursor": "U", "page_rows": 3, **more}


def counts(result: RunResult) -> tuple[bool, int, int, int, int]:
    """Is complete, read, inserted, updated, deleted."""
    return (
        result.is_complete,
        result.rows_read,
        result.rows_inserted,
        result.rows_updated,
        result.rows_deleted,
    )


def assert_equal(stand: Stand, table: str, key: str = "k") -> None:
    source, lv0 = stand.both(key, table)
    assert lv0 == source


@pytest.mark.parametrize("index", [True, False], ids=["cursor indexed", "cursor not indexed"])
def test_only_rows_whose_cursor_moved_are_read(stand: Stand, index: bool) -> None:
    table = f"moved_{int(index)}"
    make(stand, table, index=index)
    stand.feeds(**{table: incremental(sweep_every="0s")})

    assert counts(stand.run(table)) == (True, 12, 12, 0, 0)
    # The last mark itself is read again: a tie may have been committed since.
    assert counts(stand.run(table)) == (False, 1, 0, 0, 0)
    stand.source(
        f"update dbo.{table} set v = 'x', u = u + interval '1 day' where k in (2, 5, 9, 12)",
        f"delete from dbo.{table} where k = 7",
        f"insert into dbo.{table} values (0, 'tie', {DAY} + interval '12 seconds'),"
        f" (13, 'old tie', {DAY} + interval '1 day 2 seconds')",
    )
    assert counts(stand.run(table)) == (False, 6, 2, 4, 1)
    assert_equal(stand, table)


def test_the_overlap_is_read_again_and_finds_rows_that_were_committed_late(stand: Stand) -> None:
    make(stand, "late")
    stand.feeds(late=incremental(overlap="4s", sweep_every="1d"))
    stand.run("late")
    stand.source(f"insert into dbo.late values (20, 'late', {DAY} + interval '8 seconds')")

    assert counts(stand.run("late")) == (False, 6, 1, 0, 0)
    assert_equal(stand, "late")


def test_rows_without_a_cursor_are_read_every_time(stand: Stand) -> None:
    make(stand, "undated")
    stand.source("update dbo.undated set u = null where k in (3, 4, 5, 6)")
    stand.feeds(undated=incremental())
    stand.run("undated")
    stand.source(
        "update dbo.undated set v = 'x' where k = 3",
        "update dbo.undated set u = '2024-02-01' where k = 4",
        "update dbo.undated set u = null, v = 'y' where k = 12",
        "insert into dbo.undated values (20, 'new', null)",
    )

    assert counts(stand.run("undated")) == (False, 6, 1, 3, 0)
    assert_equal(stand, "undated")


@pytest.mark.parametrize("sweep_every", ["0s", "1d"])
def test_a_row_with_an_old_cursor_is_found_by_the_sweep_that_its_number_calls_for(
    stand: Stand, sweep_every: str
) -> None:
    table = f"old_{sweep_every}"
    make(stand, table)
    stand.feeds(**{table: incremental(sweep_every=sweep_every)})
    stand.run(table)
    stand.source(f"insert into dbo.{table} values (100, 'HI', {DAY})")

    result = stand.run(table)

    assert result.is_complete and result.rows_inserted == 1
    assert_equal(stand, table)
    assert counts(stand.run(table)) == (False, 1, 0, 0, 0)


def test_keys_that_differ_while_their_number_does_not_are_seen_by_their_hashes(
    stand: Stand,
) -> None:
    make(stand, "swapped")
    stand.feeds(swapped=incremental(sweep_every="1d"))
    stand.run("swapped")
    stand.source(
        "delete from dbo.swapped where k = 5", f"insert into dbo.swapped values (100, 'x', {DAY})"
    )

    result = stand.run("swapped")

    assert (result.rows_inserted, result.rows_deleted) == (1, 1)
    assert_equal(stand, "swapped")
    assert counts(stand.run("swapped")) == (False, 1, 0, 0, 0)


def test_what_something_else_did_to_lv0_s_keys_is_found_when_a_sweep_is_due(stand: Stand) -> None:
    make(stand, "meddled")
    stand.feeds(meddled=incremental(sweep_every="1d"))
    stand.run("meddled")
    stand.warehouse("delete from lv0.meddled where k = 5")
    assert counts(stand.run("meddled")) == (False, 1, 0, 0, 0)
    stand.warehouse("update ops.feeds set last_swept_at = now() - interval '1 day'")

    assert stand.run("meddled").rows_inserted == 1
    assert_equal(stand, "meddled")


def test_a_complete_pass_is_made_when_it_is_due_and_sees_what_no_cursor_told(stand: Stand) -> None:
    make(stand, "due")
    stand.feeds(due=incremental(full_every="7d"))
    stand.run("due")
    stand.source("update dbo.due set v = 'silent' where k = 4")
    assert counts(stand.run("due")) == (False, 1, 0, 0, 0)
    stand.warehouse("update ops.feeds set last_complete_at = now() - interval '7 days'")

    assert counts(stand.run("due")) == (True, 12, 0, 1, 0)
    assert_equal(stand, "due")


def test_ties_on_the_cursor_over_the_edge_of_a_page_are_all_read(stand: Stand) -> None:
    stand.source(
        "create table dbo.ties (a integer, b char(2), v text, u timestamp, primary key (a, b))",
        "create index on dbo.ties (u)",
        "insert into dbo.ties select a, b, '', '2024-01-01' from generate_series(1, 5) as a,"
        " unnest(array['HI', 'ON']) as b",
    )
    stand.feeds(ties=incremental())
    stand.run("ties")
    stand.source("update dbo.ties set u = '2024-01-02', v = a || b")

    result = stand.run("ties")

    assert counts(result) == (False, 10, 0, 10, 0)
    assert stand.rows(
        f"select count(*) from ops.pages where kind = 'changed' and run_id = '{result.run_id}'"
    ) == [(4,)]
    assert_equal(stand, "ties", "a, b")


@pytest.mark.parametrize("cursor", ["integer", "numeric"])
def test_a_row_that_is_updated_while_it_is_paged_keeps_its_newest_version(
    stand: Stand, cursor: str
) -> None:
    table = f"twice_{cursor}"
    make(stand, table, cursor=cursor)
    stand.source(f"insert into dbo.{table} select i, i, i from generate_series(13, 200) as i")
    stand.feeds(**{table: incremental()})
    stand.run(table)
    stand.source(f"update dbo.{table} set u = u + 900, v = 'one'")

    def update(page: int) -> None:
        # From three digits to four, far ahead of the pages that are read by now.
        if page == 1:
            stand.source(f"update dbo.{table} set u = 1050, v = 'two' where k = 1")

    result = stand.run(table, observer=Between(update))

    assert counts(result) == (False, 201, 0, 200, 0)
    assert_equal(stand, table)


def test_an_overlap_of_a_cursor_that_is_a_number_is_refused_in_one_line(stand: Stand) -> None:
    make(stand, "number", cursor="integer")
    stand.feeds(number=incremental(overlap="1h"))
    stand.run("number")

    with pytest.raises(
        SourceError, match="`overlap` and `window` are times, but the cursor is of type integer"
    ):
        stand.run("number")
    assert_equal(stand, "number")


def test_a_cursor_that_is_null_everywhere_and_an_empty_table_are_no_special_case(
    stand: Stand,
) -> None:
    make(stand, "empty")
    stand.source("delete from dbo.empty")
    stand.feeds(empty=incremental())

    assert counts(stand.run("empty")) == (True, 0, 0, 0, 0)
    stand.source("insert into dbo.empty values (1, 'x', null)")
    assert counts(stand.run("empty")) == (True, 1, 1, 0, 0)
    assert_equal(stand, "empty")


@pytest.mark.parametrize("mode", ["snapshot", "incremental"])
@pytest.mark.parametrize("loaded", [False, True], ids=["first load", "later"])
def test_rows_written_under_hi_while_the_extraction_stands_at_on_are_neither_lost_nor_doubled(
    stand: Stand, mode: str, loaded: bool
) -> None:
    table = f"orders_{mode}_{int(loaded)}"
    stand.source(
        f"create table dbo.{table} (order_no varchar(9) primary key, v text, updt_dt timestamp)",
        f"create index on dbo.{table} (updt_dt)",
        f"insert into dbo.{table} select p || lpad(i::text, 4, '0'), i, {DAY} + i * interval '1 s'"
        f" from unnest(array{list(PREFIXES)}) as p, generate_series(1, 6) as i",
    )
    cursor = (
        {"cursor": "UPDT_DT", "mode": "incremental", "sweep_every": "0s"}
        if mode == "incremental"
        else {}
    )
    stand.feeds(**{table: {"key": "ORDER_NO", "page_rows": 2, **cursor}})
    if loaded:
        stand.run(table)
        stand.source(f"update dbo.{table} set v = v || '!', updt_dt = updt_dt + interval '1 hour'")

    result = stand.run(table, observer=Between(writer(stand, table)))
    doubles = f"select order_no from lv0.{table} group by order_no having count(*) > 1"

    assert result.rows_inserted >= (0 if loaded else 25)
    assert stand.rows(doubles) == []
    stand.run(table, observer=Between(lambda page: None))
    assert stand.rows(doubles) == []
    assert_equal(stand, table, "order_no")
    assert not stand.run(table).changed


def writer(stand: Stand, table: str) -> Callable[[int], None]:
    """Writes after each page: inserts under HI, and changes behind and ahead of the page.

    Half of the inserts bear an old time, as of a till that was offline.
    """

    def write(page: int) -> None:
        if page > 16:
            return
        when = f"{DAY} + interval '{page % 2} days {page} seconds'"
        stand.source(f"insert into dbo.{table} values ('HI{page:04}x', 'in between', {when})")
        if page == 13:
            stand.source(
                f"delete from dbo.{table} where order_no in ('020002', 'ON0006')",
                f"update dbo.{table} set v = 'behind', updt_dt = '2024-03-01'"
                " where order_no = '020003'",
                f"update dbo.{table} set v = 'ahead', updt_dt = '2024-03-01'"
                " where order_no = 'ON0005'",
                f"update dbo.{table} set order_no = 'HI0000' where order_no = 'ON0004'",
            )

    return write


def test_keys_are_counted_anew_where_the_connection_that_counts_is_lost(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(stand, "counted")
    stand.feeds(counted=incremental())
    stand.run("counted")
    stand.source("delete from dbo.counted where k in (3, 4)")
    tries: list[object] = []

    def refuse(*asked: object) -> None:
        tries.append(asked)
        raise TransientError("it broke off")

    monkeypatch.setattr(sweep, "open_source", refuse)
    assert stand.run("counted").rows_deleted == 2
    assert tries
    assert_equal(stand, "counted")


def test_a_short_run_does_not_load_what_it_does_not_need(stand: Stand) -> None:
    make(stand, "short")
    stand.feeds(short=incremental())
    stand.run("short")
    stand.source(f"update dbo.short set v = 'x', u = {DAY} + interval '1 hour' where k = 2")
    command = [sys.executable, "-X", "importtime", "-m", "extract", "--project-dir"]
    done = subprocess.run(
        [*command, str(stand.home), "run", "s.short", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert '"rows_updated": 1' in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "extract.run" in loaded
    assert not {"pandas", "pymssql", "mssql_python", "duckdb", "pymysql"} & loaded
    assert ("pyarrow" in loaded) == (stand.driver == "adbc")
