"""State that is lost, damaged, of another release, or from the future."""

from __future__ import annotations

import pytest

from extract.errors import LeaseLostError, TargetError
from tests.extract_support import Between, Stand
from tests.faults.table import MODES, write
from tests.faults.twins import Twins

LOSSES = {
    "feeds": "truncate ops.feeds",
    "segments": "truncate ops.segments",
    "runs and pages": "truncate ops.runs, ops.pages",
    "all": "truncate ops.feeds, ops.segments, ops.runs, ops.pages",
}


class _CrashError(Exception):
    """Ends a run between two pages, as nothing of ours would."""


def crash_at(page: int) -> Between:
    def crash(number: int) -> None:
        if number == page:
            raise _CrashError

    return Between(crash)


def place(stand: Stand) -> str:
    """The warehouse as messages name it."""
    return f"postgresql://127.0.0.1:{stand.cluster.port}/{stand.warehouse_name}"


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("mode", "loss"), [*((mode, "feeds") for mode in MODES), ("append", "runs and pages")]
)
def test_state_that_is_lost_at_rest_costs_a_pass_and_no_row(
    stand: Stand, mode: str, loss: str
) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **MODES[mode])
    twins.run()
    stand.warehouse(LOSSES[loss])
    write(stand, 2)

    result = twins.run()

    assert (result.rows_inserted, result.rows_updated, result.rows_deleted) == (8, 0, 0)
    # Only `ops.feeds` says where a pass begins.
    assert result.is_complete or loss in ("segments", "runs and pages")
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("stand", "loss", "loaded"),
    [("copy", loss, True) for loss in LOSSES] + [("copy", "all", False), ("adbc", "feeds", True)],
    indirect=["stand"],
)
def test_state_that_is_lost_between_two_pages_begins_the_pass_anew(
    stand: Stand, loss: str, loaded: bool
) -> None:
    twins = Twins.of(stand, "f", page_rows=7)
    if loaded:
        twins.run()
        write(stand, 2)
    with pytest.raises(_CrashError):
        twins.run(observer=crash_at(3))
    stand.warehouse(LOSSES[loss])

    result = twins.run()

    assert result.rows_read == (48 if loaded else 40)
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("loss", ["feeds", "segments"])
def test_a_run_whose_state_vanishes_while_it_reads_commits_nothing_more(
    stand: Stand, loss: str
) -> None:
    twins = Twins.of(stand, "f", page_rows=7)
    twins.run()
    before = twins.lv0()
    write(stand, 2)

    def lose(page: int) -> None:
        if page == 3:
            stand.warehouse(LOSSES[loss])

    with pytest.raises(LeaseLostError, match=r"s\.f was taken over"):
        twins.run(observer=Between(lose))

    assert twins.lv0() == before
    assert twins.run().rows_inserted == 8
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without a key"])
@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_staging_that_a_crash_emptied_under_a_live_run_is_read_again_by_it(
    stand: Stand, keyed: bool
) -> None:
    if not keyed:
        stand.source("alter table dbo.t drop constraint t_pkey")
    twins = Twins.of(stand, "f", page_rows=7, max_delete_share=1.0)
    twins.run()
    write(stand, 2)

    def empty(page: int) -> None:
        if page == 1:
            stand.warehouse('truncate stage."s.f.rows"')

    result = twins.run(observer=Between(empty))

    assert (result.rows_inserted, result.rows_deleted, result.rows_read) == (8, 0, 48)
    assert [line.partition(";")[0] for line in twins.notes()] == [
        f"started over: s.f: staged pages are gone, as after a crash of {place(stand)}"
    ]
    twins.assert_alike()


@pytest.mark.usefixtures("table")
def test_staging_that_is_dropped_under_a_live_run_stops_it(stand: Stand) -> None:
    twins = Twins.of(stand, "f", page_rows=7)
    twins.run()
    before = twins.lv0()
    write(stand, 2)

    def drop(page: int) -> None:
        if page == 3:
            stand.warehouse('drop table stage."s.f.rows"')

    with pytest.raises(TargetError, match=r's\.f\.rows" does not exist'):
        twins.run(observer=Between(drop))

    assert twins.lv0() == before
    assert twins.run().rows_inserted == 8
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("mode", "moment"),
    [*((mode, "at rest") for mode in MODES), ("incremental", "under a checkpoint")],
)
def test_an_lv0_table_that_was_dropped_is_loaded_anew_whatever_the_state_says(
    stand: Stand, mode: str, moment: str
) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **MODES[mode])
    twins.run()
    last = stand.rows("select last_published_at from ops.feeds")[0][0]
    write(stand, 2)
    if moment != "at rest":
        with pytest.raises(_CrashError):
            twins.run(observer=crash_at(1))
    stand.warehouse("drop table lv0.f")

    result = twins.run()

    assert (result.is_complete, result.rows_inserted) == (True, 48)
    kept = 48 if mode == "incremental" else None
    assert stand.rows("select keys_count::int from ops.feeds") == [(kept,)]
    assert stand.rows("select min(_extracted_at) from lv0.f")[0][0] > last
    twins.assert_alike()


DAMAGES = [
    "checkpoint - 'sweep'",
    "checkpoint - 'bounds' - 'upper'",
    """checkpoint || '{"sweep": {"buckets": 64}}'""",
    """checkpoint || '{"of_tomorrow": true}'""",
    """checkpoint || '{"fingerprint": "another"}'""",
    "'[]'",
    "'null'",
    "null",
]


@pytest.mark.usefixtures("table")
def test_a_checkpoint_of_another_release_is_put_aside(stand: Stand) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **MODES["incremental"])
    twins.run()
    for day, damage in enumerate(DAMAGES, start=2):
        write(stand, day)
        with pytest.raises(_CrashError):
            twins.run(observer=crash_at(2))
        stand.warehouse(f"update ops.feeds set checkpoint = {damage}")

        assert twins.run().rows_inserted == 8, damage

    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ("insert into ops.migrations (version) values (99)", "newer release .* Upgrade Stairway"),
        ("delete from ops.migrations where version > 1", "at version 1, .* Run `make db`"),
    ],
    ids=["newer", "older"],
)
def test_state_of_another_version_stops_a_run_before_it_touches_anything(
    stand: Stand, versions: str, told: str
) -> None:
    twins = Twins.of(stand, "f", page_rows=7)
    twins.run()
    write(stand, 2)
    with pytest.raises(_CrashError):
        twins.run(observer=crash_at(3))
    state = "select to_jsonb(f) from ops.feeds as f union all select to_jsonb(r) from ops.runs as r"
    state = f"select * from ({state}) as s (row) order by row::text"
    before, lv0, pages = stand.rows(state), twins.lv0(), twins.pages()
    known = stand.rows("select version from ops.migrations order by 1")
    stand.warehouse(versions)
    try:
        with pytest.raises(TargetError, match=told):
            twins.run()
        assert (stand.rows(state), twins.lv0(), twins.pages()) == (before, lv0, pages)
    finally:
        listed = ", ".join(f"({version})" for (version,) in known)
        stand.warehouse(
            "truncate ops.migrations", f"insert into ops.migrations (version) values {listed}"
        )

    assert twins.run().rows_inserted == 8
    assert twins.pages()[1] - pages[1] == 48 - 21
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("mode", ["incremental", "append"])
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_mark_beyond_every_row_makes_the_pass_a_complete_one(
    stand: Stand, mode: str, interrupted: bool
) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **{**MODES[mode], "full_every": "365d"})
    twins.run()
    write(stand, 2)
    stand.warehouse("update ops.feeds set last_mark = '{2031-01-01 00:00:00}'")
    if interrupted:
        with pytest.raises(_CrashError):
            twins.run(observer=crash_at(3))

    result = twins.run()

    assert (result.is_complete, result.rows_inserted) == (True, 8)
    assert stand.rows("select last_mark from ops.feeds") == [(["2024-01-03 00:08:00"],)]
    twins.assert_alike()
    write(stand, 3)
    assert (twins.run().rows_inserted, twins.run_twin().rows_inserted) == (8, 8)


@pytest.mark.usefixtures("table")
def test_an_lv0_table_older_than_the_state_is_brought_up_by_the_next_sweep(
    stand: Stand,
) -> None:
    twins = Twins.of(stand, "f", page_rows=7, mode="incremental", cursor="u")
    twins.run()
    stand.warehouse("create table lv0.of_yesterday as table lv0.f")
    write(stand, 2)
    twins.run()
    # The table of yesterday is put back under the state of today.
    stand.warehouse("truncate lv0.f", "insert into lv0.f table lv0.of_yesterday")
    stand.warehouse("drop table lv0.of_yesterday", "update ops.feeds set last_swept_at = null")

    assert twins.run().rows_inserted == 8
    twins.assert_alike()


@pytest.mark.usefixtures("table")
def test_a_source_that_lost_its_newest_row_needs_no_complete_pass(stand: Stand) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **MODES["incremental"])
    twins.run()
    twins.run_twin()
    stand.source("delete from dbo.t where k = 40")

    result = twins.run()

    assert (result.is_complete, result.rows_deleted, result.rows_read) == (False, 1, 0)
    assert stand.rows("select last_mark from ops.feeds where feed = 's.f'") == [
        (["2024-01-01 00:39:00"],)
    ]
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "damage",
    [
        "keys_count = null, keys_sum = null, keys_hashing = null",
        "keys_count = 0, keys_sum = 0",
        "keys_count = keys_count - 1",
        "keys_sum = keys_sum + 1",
        "keys_hashing = 'of another release'",
    ],
)
def test_keys_that_the_state_counts_wrong_are_set_right_by_a_sweep(
    stand: Stand, damage: str
) -> None:
    twins = Twins.of(stand, "f", page_rows=7, mode="incremental", cursor="u")
    twins.run()
    twins.run_twin()
    kept = "select keys_count, keys_sum, keys_hashing from ops.feeds where feed = 's.f{}'"
    stand.warehouse(f"update ops.feeds set {damage} where feed = 's.f'")
    stand.source("delete from dbo.t where k = 5")

    assert twins.run().rows_deleted == 1
    twins.assert_alike()
    assert stand.rows(kept.format("")) == stand.rows(kept.format("_twin"))
