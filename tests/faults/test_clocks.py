"""Clocks that are wrong, and zones in which they are set forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from extract import runs
from tests.extract_support import Stand
from tests.faults.table import MODES, write
from tests.faults.twins import Twins


@contextmanager
def off_by(monkeypatch: pytest.MonkeyPatch, shift: timedelta) -> Iterator[None]:
    """The warehouse's clock, as runs see it, is wrong."""
    told = runs.Runs.now
    with monkeypatch.context() as patch:
        patch.setattr(runs.Runs, "now", lambda self: told(self) + shift)
        yield


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
