"""What a run changes in lv0: exactly what changed in the source, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from extract.errors import BreakerError, DataError, DriftError
from extract.runs import RunResult
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand, until

STATE = "select k, v, _extracted_at, _deleted_at from lv0.t order by k"


@pytest.fixture(scope="module", params=["copy", "adbc"])
def shared(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("changes"), postgres, request.param)
    made.source("create schema dbo")
    return made


@pytest.fixture
def stand(shared: Stand) -> Iterator[Stand]:
    """Twenty rows, k 1 to 20 and v their text, extracted once."""
    shared.source(
        "create table dbo.t (k integer primary key, v varchar(5))",
        "insert into dbo.t select i, i from generate_series(1, 20) as i",
    )
    shared.feeds(t={"page_rows": 3})
    shared.run()
    try:
        yield shared
    finally:
        shared.source("drop table dbo.t cascade")
        shared.warehouse("drop table if exists lv0.t cascade")
        shared.forget()


def counts(result: RunResult) -> tuple[int, int, int, int]:
    """Inserted, updated, unchanged, deleted."""
    return (
        result.rows_inserted,
        result.rows_updated,
        result.rows_unchanged,
        result.rows_deleted,
    )


def test_a_second_run_without_a_change_writes_nothing(stand: Stand) -> None:
    before = stand.rows(f"select ctid::text, t.* from ({STATE.replace('k, v', 'ctid, k, v')}) as t")

    result = stand.run()

    after = stand.rows(f"select ctid::text, t.* from ({STATE.replace('k, v', 'ctid, k, v')}) as t")
    assert counts(result) == (0, 0, 20, 0)
    assert after == before


def test_extracted_at_moves_for_the_rows_that_changed_and_for_no_other(stand: Stand) -> None:
    before = {row[0]: row for row in stand.rows(STATE)}
    stand.source(
        "update dbo.t set v = 'new' where k = 4",
        "update dbo.t set v = null where k = 5",
        "update dbo.t set v = v where k = 6",
        "delete from dbo.t where k in (7, 20)",
        "insert into dbo.t values (0, 'first'), (21, '')",
    )

    result = stand.run()

    after = {row[0]: row for row in stand.rows(STATE)}
    assert counts(result) == (2, 2, 16, 2)
    assert {k for k in after if after[k] != before.get(k)} == {0, 4, 5, 7, 20, 21}
    assert {k for k in after if after[k][3] is not None} == {7, 20}
    moved = {after[k][2] for k in (0, 4, 5, 7, 20, 21)}
    assert len(moved) == 1 and moved.pop() > before[1][2]
    assert after[7][1] == "7", "a deleted row keeps its values"


def test_a_row_that_comes_back_is_alive_again(stand: Stand) -> None:
    stand.source("delete from dbo.t where k in (3, 4)")
    assert counts(stand.run()) == (0, 0, 18, 2)
    assert counts(stand.run()) == (0, 0, 18, 0)
    stand.source("insert into dbo.t values (3, '3'), (4, 'other')")

    assert counts(stand.run()) == (0, 2, 18, 0)

    source, lv0 = stand.both("k")
    assert lv0 == source
    assert counts(stand.run()) == (0, 0, 20, 0)


@pytest.mark.parametrize("deletes", ["delete from dbo.t where k <= 5", "truncate dbo.t"])
def test_a_pass_that_would_delete_too_much_stops_until_it_is_told_otherwise(
    stand: Stand, deletes: str
) -> None:
    before = stand.rows(STATE)
    stand.source(deletes)
    gone = 20 - stand.source_rows("select count(*) from dbo.t")[0][0]

    with pytest.raises(BreakerError, match=rf"{gone} of 20 rows .* 20% .* --allow-deletes") as told:
        stand.run()

    assert told.value.feed == "s.t"
    assert stand.rows(STATE) == before
    assert stand.rows("select count(*) from pg_tables where schemaname = 'stage'") == [(0,)]
    assert counts(stand.run(allow_deletes=True)) == (0, 0, 20 - gone, gone)


def test_a_fifth_of_the_rows_may_go(stand: Stand) -> None:
    stand.source("delete from dbo.t where k <= 4")
    assert counts(stand.run()) == (0, 0, 16, 4)


def test_a_key_that_is_not_unique_in_a_view_is_refused(stand: Stand) -> None:
    stand.source("create view dbo.doubles as select k / 2 as k, v from dbo.t")
    stand.feeds(t={"table": "doubles", "key": "k"})
    before = stand.rows(STATE)

    for _ in range(2):
        with pytest.raises(DataError, match=r"9 values of the key \(k\) come more than once"):
            stand.run()
        assert stand.rows(STATE) == before


def test_a_view_is_read_in_one_stream_and_mirrored(stand: Stand) -> None:
    stand.source("create view dbo.v as select k, v from dbo.t where k <> 2")
    stand.feeds(v={"key": "K", "page_rows": 3})
    try:
        assert counts(stand.run("v")) == (19, 0, 0, 0)
        stand.source("update dbo.t set k = 0 where k = 9")
        assert counts(stand.run("v")) == (1, 0, 18, 1)
        source, lv0 = stand.both("k", "v")
        assert lv0 == source
    finally:
        stand.warehouse("drop table if exists lv0.v")


def test_added_and_widened_columns_reach_lv0_and_are_told(stand: Stand) -> None:
    stand.source(
        "alter table dbo.t add n numeric(5,2), add i smallint",
        "update dbo.t set n = k, i = k",
        "alter table dbo.t alter v type varchar(9)",
        "insert into dbo.t values (21, 'ninechars')",
    )
    first = stand.run()
    stand.source(
        "alter table dbo.t alter n type numeric(9,2), alter i type bigint, alter v type text"
    )

    second = stand.run()

    assert first.drift == (
        "added n numeric(5,2)",
        "added i smallint",
        "widened v to character varying(9)",
    )
    assert counts(first) == (1, 20, 0, 0)
    assert second.drift == ("widened v to text", "widened n to numeric(9,2)", "widened i to bigint")
    assert counts(second) == (0, 0, 21, 0)
    assert stand.rows(
        "select drift from ops.runs where drift <> '{}' order by started_at"
    ) == [(list(first.drift),), (list(second.drift),)]  # fmt: skip
    source, lv0 = stand.both("k", columns="k, v, n, i")
    assert lv0 == source


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("drop column v", "no longer has v; new are none; available are k"),
        ("rename column v to w", "no longer has v; new are w; available are k, w"),
        ("alter v type varchar(4)", "v from character varying(5) to character varying(4)"),
        ("alter v type integer using 1", "v from character varying(5) to integer"),
        ("alter k type text", "k from integer to text"),
    ],
)
def test_a_shape_that_no_longer_fits_stops_the_run_before_it_writes(
    stand: Stand, change: str, told: str
) -> None:
    before = stand.rows(STATE)
    stand.source("update dbo.t set v = 'x'", f"alter table dbo.t {change}")

    with pytest.raises(DriftError) as error:
        stand.run()

    assert told in str(error.value)
    assert stand.rows(STATE) == before
    assert stand.rows("select count(*) from ops.pages as p natural join ops.runs as r"
                      " where r.state = 'failed'") == [(0,)]  # fmt: skip


def test_readers_see_the_old_rows_or_the_new_ones_and_never_a_hole(stand: Stand) -> None:
    stand.source(
        "update dbo.t set v = 'new'", "insert into dbo.t select i from generate_series(21, 3000) i"
    )
    stand.feeds(t={"page_rows": 1000})
    seen: set[tuple[int, int]] = set()
    asked, stop = Event(), Event()

    def poll() -> None:
        with stand.connect(stand.warehouse_name) as reader:
            while not stop.is_set():
                row = reader.execute(
                    "select count(*), count(*) filter (where v = 'new') from lv0.t"
                ).fetchone()
                assert row is not None
                seen.add((row[0], row[1]))
                asked.set()

    reader = Thread(target=poll)
    reader.start()
    try:
        assert asked.wait(30)
        stand.run(complete=True)
        until(lambda: (3000, 20) in seen, "the reader saw what was published")
    finally:
        stop.set()
        reader.join()
    assert seen == {(20, 0), (3000, 20)}


def test_what_each_run_did_is_on_record(stand: Stand, tmp_path: Path) -> None:
    stand.source("delete from dbo.t where k = 1", "insert into dbo.t values (30, 'x')")
    result = stand.run()

    assert stand.rows(
        "select state, mode, is_complete, pages, rows_read, rows_inserted, rows_updated,"
        " rows_unchanged, rows_deleted, rows_rejected, error from ops.runs order by started_at"
    ) == [
        ("published", "snapshot", True, 7, 20, 20, 0, 0, 0, 0, None),
        ("published", "snapshot", True, 7, 20, 1, 0, 19, 1, 0, None),
    ]
    assert stand.rows(
        f"select page_no, kind, rows, last_key from ops.pages where run_id = '{result.run_id}'"
        " order by page_no limit 2"
    ) == [(1, "rows", 3, ["4"]), (2, "rows", 3, ["7"])]
    assert stand.rows(
        "select run_id::text, holder_pid, checkpoint, last_published_at is null from ops.feeds"
    ) == [(str(result.run_id), None, None, False)]


def test_what_was_staged_for_another_shape_or_is_lost_is_read_again(stand: Stand) -> None:
    class _CrashError(Exception):
        pass

    def crash(page: int) -> None:
        if page == 3:
            raise _CrashError

    damages = {
        "stage": lambda: stand.warehouse('truncate stage."s.t.rows"'),
        "shape": lambda: stand.source("alter table dbo.t add w integer"),
        "place": lambda: stand.warehouse('drop table stage."s.t.rows"'),
        "release": lambda: stand.warehouse(
            """update ops.feeds set checkpoint = checkpoint - 'kinds' || '{"odd": 1}'"""
        ),
        "none": lambda: None,
    }
    for damage, act in damages.items():
        with pytest.raises(_CrashError):
            stand.run(observer=Between(crash))
        act()
        started = stand.rows("select count(*) from ops.pages")[0][0]

        stand.run()

        again = stand.rows("select count(*) from ops.pages")[0][0] - started
        assert again == (4 if damage == "none" else 7), damage
        columns = "k, v" if damage == "stage" else "k, v, w"
        source, lv0 = stand.both("k", columns=columns)
        assert lv0 == source, damage
