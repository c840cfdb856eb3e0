"""State that is lost, damaged, of another release, or from the future; clocks and zones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from extract import runs
from extract.errors import LeaseLostError, TargetError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand
from tests.faults.twins import Twins

LOSSES = {
    "feeds": "truncate ops.feeds",
    "segments": "truncate ops.segments",
    "runs and pages": "truncate ops.runs, ops.pages",
    "all": "truncate ops.feeds, ops.segments, ops.runs, ops.pages",
}
MODES: dict[str, dict[str, Any]] = {
    "snapshot": {},
    "incremental": {"mode": "incremental", "cursor": "u", "sweep_every": "0s"},
    "window": {"mode": "window", "cursor": "u", "window": "1h"},
    "append": {"mode": "append", "cursor": "u"},
}


@pytest.fixture(scope="module")
def stands(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stand]:
    """By driver, over one source."""
    copied = Stand.make(tmp_path_factory.mktemp("state"), postgres)
    copied.source("create schema dbo")
    return {"copy": copied, "adbc": copied.twin(tmp_path_factory.mktemp("arrow"), "adbc")}


@pytest.fixture
def stand(stands: dict[str, Stand], request: pytest.FixtureRequest) -> Stand:
    """Of the driver that a test asks for; copies rows through where it makes no difference."""
    return stands[getattr(request, "param", "copy")]


@pytest.fixture
def table(stand: Stand) -> Iterator[str]:
    """Forty rows, k 1 to 40, a minute apart by their cursor u."""
    stand.source(
        "create table dbo.t (k integer primary key, v text, u timestamp not null)",
        "insert into dbo.t select i, i, timestamp '2024-01-01' + i * interval '1 minute'"
        " from generate_series(1, 40) as i",
    )
    try:
        yield "t"
    finally:
        stand.source("drop table dbo.t cascade")
        stand.warehouse("drop table if exists lv0.f, lv0.f_twin")
        stand.forget()


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


def write(stand: Stand, day: int) -> None:
    """Rows that are new and, where the mode sees them, rows that change or go; all by the cursor.

    The row that is changed is the last one, so that each mode's twin reads it too.
    """
    stand.source(
        f"insert into dbo.t select 1000 * {day} + i, 'new', timestamp '2024-01-01'"
        f" + {day} * interval '1 day' + i * interval '1 minute' from generate_series(1, 8) as i"
    )


@contextmanager
def off_by(monkeypatch: pytest.MonkeyPatch, shift: timedelta) -> Iterator[None]:
    """The warehouse's clock, as runs see it, is wrong."""
    told = runs.Runs.now
    with monkeypatch.context() as patch:
        patch.setattr(runs.Runs, "now", lambda self: told(self) + shift)
        yield


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
@pytest.mark.parametrize("column", ["last_swept_at", "last_complete_at"])
def test_a_date_ahead_of_the_clock_counts_as_due(stand: Stand, column: str) -> None:
    twins = Twins.of(stand, "f", page_rows=7, mode="incremental", cursor="u")
    twins.run()
    twins.run_twin()
    # Only a pass over all rows sees this; a sweep sees nothing, but it is made.
    stand.source("update dbo.t set v = 'silent' where k = 5")
    assert not twins.run().changed
    stand.warehouse(f"update ops.feeds set {column} = now() + interval '10 years'")

    assert twins.run().is_complete == (column == "last_complete_at")
    assert stand.rows(f"select {column} <= now() from ops.feeds where feed = 's.f'") == [(True,)]
    twins.run(complete=True)
    twins.assert_alike(complete=True)


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


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("mode", ["snapshot", "incremental"])
def test_extracted_at_grows_even_where_the_clock_was_set_back(stand: Stand, mode: str) -> None:
    twins = Twins.of(stand, "f", page_rows=7, **MODES[mode])
    twins.run()
    stamps = []
    # The run before was published by a clock that was an hour ahead.
    stand.warehouse("update ops.feeds set last_published_at = now() + interval '1 hour'")
    stamps.append(stand.rows("select last_published_at from ops.feeds")[0][0])
    for day in (2, 3):
        write(stand, day)
        assert twins.run().rows_inserted == 8
        stamps.append(stand.rows("select max(_extracted_at) from lv0.f")[0][0])
    stand.warehouse("drop table lv0.f")
    assert twins.run().rows_inserted == 56
    stamps.append(stand.rows("select min(_extracted_at) from lv0.f")[0][0])

    assert stamps == sorted(set(stamps))
    twins.assert_alike()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("hours", [-2, 2], ids=["behind", "ahead"])
def test_rows_set_aside_are_not_taken_for_deleted_while_the_clock_moves(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    extract = {**MODES["incremental"], "expressions": {"n": "100 / (k - 7)"}}
    twins = Twins.of(stand, "f", page_rows=7, **extract)
    with off_by(monkeypatch, timedelta(hours=hours)):
        assert twins.run().rows_rejected == 1
    write(stand, 2)
    stand.source("update dbo.t set u = '2024-02-01' where k = 7")

    result = twins.run()

    assert (result.rows_inserted, result.rows_deleted) == (8, 0)
    assert not twins.run().changed


SEOUL = [
    # Summer time began on 8 May 1988 at 02:00 and ended on 9 October at 03:00.
    "1988-05-07 23:59:59+09", "1988-05-08 01:59:59.999999+09", "1988-05-08 03:00+10",
    "1988-10-09 01:59:59+10", "1988-10-09 02:30+10", "1988-10-09 02:30+09",
]  # fmt: skip
BERLIN = [
    "2024-03-31 01:59:59+01", "2024-03-31 03:00+02",
    "2024-10-27 02:30+02", "2024-10-27 02:30+01", "2024-10-27 03:00+01",
]  # fmt: skip
ZONES = {"Asia/Seoul": SEOUL, "Europe/Berlin": BERLIN}


@pytest.mark.parametrize(
    ("stand", "zone", "kind", "mode"),
    [
        ("copy", "Asia/Seoul", "timestamptz", "incremental"),
        ("copy", "Asia/Seoul", "timestamp", "window"),
        ("adbc", "Asia/Seoul", "timestamp", "incremental"),
        ("adbc", "Europe/Berlin", "timestamptz", "window"),
        ("copy", "Europe/Berlin", "timestamp", "incremental"),
    ],
    indirect=["stand"],
)
def test_moments_around_a_change_of_summer_time_are_paged_and_kept_as_they_are(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, zone: str, kind: str, mode: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    moments = ZONES[zone]
    source, warehouse = stand.source_name, stand.warehouse_name
    try:
        stand.source(
            f"""alter database "{source}" set timezone = '{zone}'""",
            f"create table dbo.dst (k integer primary key, u {kind} not null, z timestamptz)",
            "create index on dbo.dst (u)",
        )
        stand.warehouse(f"""alter database "{warehouse}" set timezone = '{zone}'""")
        more = {"window": "1h"} if mode == "window" else {"overlap": "1h", "sweep_every": "0s"}
        twins = Twins.of(
            stand, "dst", "dst", page_rows=1, mode=mode, cursor="u", full_every="365d", **more
        )
        for number, moment in enumerate(moments):
            # What a clock on the wall shows there, or the instant.
            u = f"timestamptz '{moment}'" + (
                "" if kind == "timestamptz" else f" at time zone '{zone}'"
            )
            stand.source(f"insert into dbo.dst values ({number}, {u}, '{moment}')")
            result = twins.run()
            assert (result.rows_inserted, result.rows_updated, result.rows_deleted) == (1, 0, 0)

        there, landed = stand.both("k", "dst")
        assert landed == there
        assert [row[2] for row in landed] == [
            datetime.fromisoformat(stand.rows(f"select (timestamptz '{moment}')::text")[0][0])
            .strftime("%Y-%m-%d %H:%M:%S.%f")
            .rstrip("0")
            .rstrip(".")
            + "+00"
            for moment in moments
        ]
        twins.assert_alike()
    finally:
        stand.source("drop table dbo.dst", f'alter database "{source}" reset timezone')
        stand.warehouse(f'alter database "{warehouse}" reset timezone', "drop table lv0.dst")
        stand.warehouse("drop table if exists lv0.dst_twin")
        stand.forget()


OVERLAPS: list[tuple[str, str, list[str], list[int]]] = [
    # Between 02:00 and 03:00 on 8 May no clock in Seoul showed anything: without a zone, an hour
    # is one of the clock's face all the same. With one it is sixty minutes.
    ("timestamp", "1988-05-08 03:15", ["1988-05-08 02:10", "1988-05-08 02:15"], [1]),
    ("timestamptz", "1988-05-08 03:15+10", ["1988-05-08 01:10+09", "1988-05-08 01:15+09"], [1]),
    ("timestamptz", "1988-10-09 02:15+09", ["1988-10-09 02:10+10", "1988-10-09 02:15+10"], [1]),
]


@pytest.mark.parametrize(("kind", "mark", "late", "found"), OVERLAPS)
def test_an_overlap_over_a_change_of_summer_time_is_as_long_as_it_says(
    stand: Stand, kind: str, mark: str, late: list[str], found: list[int]
) -> None:
    source = stand.source_name
    try:
        stand.source(
            f"""alter database "{source}" set timezone = 'Asia/Seoul'""",
            f"create table dbo.lap (k integer primary key, u {kind} not null)",
            f"insert into dbo.lap values (-1, '{mark}')",
        )
        # Nothing but the overlap finds what was written late.
        stand.feeds(lap={"mode": "append", "cursor": "u", "overlap": "1h"})
        stand.run("lap")
        for number, moment in enumerate(late):
            stand.source(f"insert into dbo.lap values ({number}, '{moment}')")

        stand.run("lap")

        assert stand.rows("select k from lv0.lap where k >= 0 order by k") == [(k,) for k in found]
    finally:
        stand.source("drop table dbo.lap", f'alter database "{source}" reset timezone')
        stand.warehouse("drop table if exists lv0.lap")
        stand.forget()
