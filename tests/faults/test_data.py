"""Data that is hard to keep: doubles, moving keys, huge values, rows that fail, other modes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from extract.errors import BreakerError, DataError, DriftError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand
from tests.faults.twins import Twins

MEGABYTES = 50
# Fails for the rows that it is told to; so might a decryption.
FRAGILE = """
create function dbo.fragile(k integer, bad integer[]) returns integer language plpgsql as $$
begin
    if k = any(bad) then raise exception 'no key for this row'; end if;
    return -k;
end $$
"""


@pytest.fixture(scope="module")
def stands(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stand]:
    """By driver, over one source."""
    copied = Stand.make(tmp_path_factory.mktemp("data"), postgres)
    copied.source("create schema dbo", FRAGILE)
    return {"copy": copied, "adbc": copied.twin(tmp_path_factory.mktemp("arrow"), "adbc")}


@pytest.fixture
def stand(stands: dict[str, Stand], request: pytest.FixtureRequest) -> Stand:
    """Of the driver that a test asks for; copies rows through where it makes no difference."""
    return stands[getattr(request, "param", "copy")]


@pytest.fixture(autouse=True)
def _clean(stand: Stand) -> Iterator[None]:
    try:
        yield
    finally:
        stand.source("drop table if exists dbo.t cascade")
        stand.warehouse("drop table if exists lv0.f, lv0.f_twin", "truncate lv0._rejected")
        stand.forget()


def make(stand: Stand, rows: int = 40, key: str = "primary key") -> None:
    """Rows with k from 1 and a cursor u a minute apart."""
    stand.source(
        f"create table dbo.t (k integer {key}, v text, u timestamp)",
        "insert into dbo.t select i, i, timestamp '2024-01-01' + i * interval '1 minute'"
        f" from generate_series(1, {rows}) as i",
    )


class _CrashError(Exception):
    """Ends a run between two pages, as nothing of ours would."""


def crash(page: int) -> None:
    if page == 2:
        raise _CrashError


def multiset(stand: Stand, table: str) -> Counter[tuple[Any, ...]]:
    return Counter(stand.rows(f"select k, v, u from lv0.{table} where _deleted_at is null"))


@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_true_doubles_without_a_key_are_kept_as_often_as_they_are_there(stand: Stand) -> None:
    make(stand, 30, key="")
    stand.source(
        "insert into dbo.t select * from dbo.t where k <= 20",
        "insert into dbo.t select null, null, null from generate_series(1, 3)",
        "insert into dbo.t values (null, '', null), (null, '', null), (1, null, null)",
    )
    twins = Twins.of(stand, "f", page_rows=7, max_delete_share=1.0)
    one_of = "ctid in (select min(ctid) from dbo.t where {} group by k)"
    steps = [
        "select",
        # One of two goes; a third comes; a kind goes; one of two changes; one NULL row goes.
        f"delete from dbo.t where {one_of.format('k in (3, 4)')}",
        "insert into dbo.t select * from dbo.t where k = 5 limit 1",
        "delete from dbo.t where k = 6",
        f"update dbo.t set v = null where {one_of.format('k = 7')}",
        f"delete from dbo.t where {one_of.format('v is null and k is null')}",
        "insert into dbo.t select * from dbo.t",
    ]
    for step in steps:
        stand.source(step)
        if step.startswith("insert"):
            with pytest.raises(_CrashError):
                twins.run(observer=Between(lambda page: crash(page + 1)))

        twins.run()
        assert not twins.run().changed
        assert multiset(stand, "f") == Counter(stand.source_rows("select k, v, u from dbo.t"))

    twins.run_twin()
    assert multiset(stand, "f") == multiset(stand, "f_twin")


@pytest.mark.parametrize("mode", ["snapshot", "incremental"])
@pytest.mark.parametrize("place", ["over a page's edge", "far apart"])
def test_a_declared_key_that_turns_out_double_stops_the_run(
    stand: Stand, mode: str, place: str
) -> None:
    make(stand, key="not null")
    extract = {"mode": mode, "cursor": "u"} if mode == "incremental" else {}
    twins = Twins.of(stand, "f", page_rows=5, key="k", **extract)
    twins.run()
    twins.run_twin()
    before = twins.lv0()
    double = {"over a page's edge": 15, "far apart": 1}[place]
    stand.source(f"insert into dbo.t values ({double}, 'double', '2024-06-01')")

    for _ in range(2):
        with pytest.raises(DataError, match=r"1 values of the key \(k\) come more than once"):
            twins.run()

    if mode == "snapshot":
        assert twins.lv0() == before
    stand.source("delete from dbo.t where v = 'double'")
    twins.run(complete=True)
    twins.assert_alike(complete=True)


MOVES = {
    "ahead": "update dbo.t set k = k + 1000 where k in (2, 3)",
    "behind": "update dbo.t set k = k - 1000 where k in (38, 39)",
    "to and fro": "update dbo.t set k = -k, u = '2024-02-01' where k in (2, 39);"
    " update dbo.t set k = 41 + k where k in (-2, -39)",
    "insert": "insert into dbo.t select i, 'new', '2024-02-01' from generate_series(-2, 2) as i"
    " on conflict do nothing; insert into dbo.t values (900, 'new', '2024-02-01')",
    "update": "update dbo.t set v = 'new', u = '2024-02-01' where k in (1, 12, 38)",
    "delete": "delete from dbo.t where k in (1, 12, 38)",
    "delete and insert": "delete from dbo.t where k = 38;"
    " insert into dbo.t values (38, 'again', '2024-02-01')",
}


@pytest.mark.parametrize("loaded", [False, True], ids=["first load", "later"])
@pytest.mark.parametrize("mode", ["snapshot", "incremental"])
@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_whatever_moves_while_pages_are_read_is_right_once_the_source_rests(
    stand: Stand, mode: str, loaded: bool
) -> None:
    extract = {"mode": mode, "cursor": "u", "sweep_every": "0s"} if mode == "incremental" else {}
    few = [MOVES["behind"], MOVES["delete and insert"]]
    for move in MOVES.values() if loaded and stand.driver == "copy" else few:
        make(stand)
        twins = Twins.of(stand, "f", page_rows=10, max_delete_share=1.0, **extract)
        if loaded:
            twins.run()
            stand.source("update dbo.t set u = '2024-01-15' where k % 2 = 0")

        def act(page: int, move: str = move) -> None:
            if page == 2:
                stand.source(*move.split(";"))

        twins.run(observer=Between(act))
        twins.run()

        twins.run_twin()
        there, twin = (
            [row for row, is_there in twins.lv0(table) if is_there] for table in ("f", "f_twin")
        )
        assert there == twin, move
        assert not twins.run().changed
        _forget(stand)


def _forget(stand: Stand) -> None:
    stand.source("drop table dbo.t")
    stand.warehouse("drop table lv0.f, lv0.f_twin")
    stand.forget()


@pytest.mark.parametrize("mode", ["snapshot", "incremental", "keyless"])
def test_a_source_that_shrank_by_nine_tenths_is_refused_until_it_is_allowed(
    stand: Stand, mode: str
) -> None:
    make(stand, 50, key="" if mode == "keyless" else "primary key")
    extract = {"mode": mode, "cursor": "u"} if mode == "incremental" else {}
    twins = Twins.of(stand, "f", page_rows=7, **extract)
    twins.run()
    twins.run_twin()
    before = stand.rows("select * from lv0.f order by k")
    stand.source("delete from dbo.t where k % 10 > 0")

    for _ in range(2):
        with pytest.raises(BreakerError, match=r"45 of 50 rows of lv0 .* more than the 20%"):
            twins.run()
        assert stand.rows("select * from lv0.f order by k") == before
    assert stand.rows(
        "select state, error ~ '45 of 50 rows' from ops.runs where feed = 's.f'"
        " order by started_at desc limit 1"
    ) == [("failed", True)]

    assert twins.run(allow_deletes=True).rows_deleted == 45
    twins.assert_alike(allow_deletes=True)


def test_an_empty_source_is_a_first_load_and_never_a_silent_end(stand: Stand) -> None:
    make(stand, 0)
    twins = Twins.of(stand, "f", mode="incremental", cursor="u", page_rows=7)
    assert (twins.run().rows_read, twins.run().changed) == (0, False)
    make_more = "insert into dbo.t select i, i, now() from generate_series(1, 9) as i"
    stand.source(make_more)
    assert twins.run().rows_inserted == 9
    twins.run_twin()
    stand.source("truncate dbo.t")
    with pytest.raises(BreakerError, match="9 of 9 rows"):
        twins.run()
    stand.source(make_more)
    twins.run()
    twins.assert_alike()


@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_a_text_and_a_bytea_of_fifty_megabytes_arrive_whole(stand: Stand) -> None:
    size = MEGABYTES << 20
    stand.source(
        "create table dbo.t (k integer primary key, v text, b bytea)",
        f"insert into dbo.t values (1, repeat(E'\\\\N\\t\\n\"''한', {size // 10}),"
        f" decode(repeat('00ff5c0a', {size // 4}), 'hex')), (2, '', ''), (3, null, null)",
    )
    stand.feeds(f={"table": "t", "page_rows": 1})

    stand.run("f")

    digest = "select k, length(v), md5(v), length(b), md5(b) from {} order by k"
    landed = stand.rows(digest.format("lv0.f"))
    assert landed[0][3] == size
    assert landed == stand.source_rows(digest.format("dbo.t"))
    assert not stand.run("f").changed


# The first row, neighbours over a page's edge, a whole page, the last row.
FAILING = [1, 7, 8, *range(15, 22), 40]


@pytest.mark.parametrize("kind", ["table", "view"])
@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_only_the_rows_whose_expression_fails_are_set_aside(stand: Stand, kind: str) -> None:
    make(stand)
    bad = FAILING
    expression = {"n": f"dbo.fragile(k, '{{{','.join(map(str, bad))}}}')"}
    stand.source("create view dbo.seen as select * from dbo.t")
    table = "t" if kind == "table" else "seen"
    stand.feeds(
        f={"table": table, "key": "k", "page_rows": 7, "expressions": expression},
        f_twin={"table": table, "key": "k", "page_rows": 7, "expressions": {"n": "-k"}},
    )

    result = stand.run("f")
    stand.run("f_twin")

    assert (result.rows_rejected, result.rows_read) == (len(bad), 40)
    listed = ", ".join(map(str, bad))
    columns = "select k, v, u, n from lv0"
    assert stand.rows(f"{columns}.f order by k") == stand.rows(
        f"{columns}.f_twin where k not in ({listed}) order by k"
    )
    assert stand.rows(
        "select (key ->> 'k')::int, column_name, reason from lv0._rejected order by 1"
    ) == [(k, "n", "the source can't compute it") for k in bad]
    assert stand.rows("select notes from ops.runs where feed = 's.f'") == [
        ([f"rejected {len(bad)} rows: n: the source can't compute it"],)
    ]
    assert not stand.run("f").changed
    # Once they can be computed they come along.
    stand.feeds(f={"table": table, "key": "k", "page_rows": 7, "expressions": {"n": "-k"}})
    assert stand.run("f").rows_inserted == len(bad)
    assert stand.rows(f"{columns}.f order by k") == stand.rows(f"{columns}.f_twin order by k")


@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_too_many_rows_that_fail_stop_the_run_and_leave_lv0_as_it_was(stand: Stand) -> None:
    make(stand)
    expression = {"n": "dbo.fragile(k, '{3,20,37}')"}
    common = {"table": "t", "page_rows": 7}
    stand.feeds(f={**common, "expressions": {"n": "-k"}})
    stand.run("f")
    before = stand.rows("select * from lv0.f order by k")
    stand.source("update dbo.t set v = 'new' where k > 30")
    stand.feeds(f={**common, "expressions": expression, "max_rejects": 2})

    for _ in range(2):
        with pytest.raises(DataError, match=r"3 rows could not be stored, more than .*\(2\)"):
            stand.run("f")
        assert stand.rows("select * from lv0.f order by k") == before
    assert stand.rows(
        "select count(*) from ops.runs where error like '%3 rows could not be stored%'"
    ) == [(2,)]

    stand.feeds(f={**common, "expressions": expression, "max_rejects": 3})
    assert (stand.run("f").rows_updated, stand.run("f").changed) == (9, False)


@pytest.mark.parametrize(
    ("stand", "mode"),
    [("copy", "snapshot"), ("copy", "incremental"), ("copy", "window"), ("adbc", "incremental")],
    indirect=["stand"],
)
def test_rows_set_aside_are_neither_deleted_nor_kept_once_they_are_gone(
    stand: Stand, mode: str
) -> None:
    make(stand)
    extract: dict[str, Any] = {
        "snapshot": {},
        "incremental": {"mode": "incremental", "cursor": "u", "sweep_every": "0s"},
        "window": {"mode": "window", "cursor": "u", "window": "1d"},
    }[mode]
    extract = {"table": "t", "page_rows": 7, **extract}
    stand.feeds(f={**extract, "expressions": {"n": "-k"}})
    stand.run("f")
    stand.feeds(f={**extract, "expressions": {"n": "dbo.fragile(k, '{7,8}')"}})
    stand.source("update dbo.t set v = 'new', u = '2024-01-01 01:00' where k in (7, 8, 9)")

    first, second = stand.run("f"), stand.run("f")

    alive = "select v from lv0.f where k in (7, 8, 9) and _deleted_at is null order by k"
    assert (first.rows_updated, first.rows_deleted, second.changed) == (1, 0, False)
    assert stand.rows(alive) == [("7",), ("8",), ("new",)]
    stand.source("delete from dbo.t where k = 7")
    assert (stand.run("f").rows_deleted, stand.run("f").changed) == (1, False)
    assert stand.rows(alive) == [("8",), ("new",)]


@pytest.mark.parametrize("stand", ["copy", "adbc"], indirect=True)
def test_drift_rejects_and_personal_columns_have_their_lines_in_the_record(stand: Stand) -> None:
    stand.source(
        "create table dbo.t (mail text primary key, v varchar(5))",
        "insert into dbo.t select 'p' || i || '@example.com', i from generate_series(1, 20) as i",
    )
    extract = {"table": "t", "page_rows": 7}
    _feed_with_pii(stand, {**extract, "expressions": {"n": "length(v)"}})
    stand.run("f")
    stand.source("alter table dbo.t add w integer, alter v type varchar(9)")
    failing = "dbo.fragile(case mail when 'p7@example.com' then 1 end, '{1}')"
    _feed_with_pii(stand, {**extract, "expressions": {"n": failing}})

    with pytest.raises(_CrashError):
        stand.run("f", observer=Between(crash))
    in_flight = stand.rows("select count(*) from ops.pages where last_key is not null")
    result = stand.run("f")

    assert result.rows_rejected == 1
    assert stand.rows("select drift, notes, error from ops.runs where state = 'published'"
                      " order by started_at desc limit 1") == [
        (
            ["added w integer", "widened v to character varying(9)"],
            ["rejected 1 rows: n: the source can't compute it", "pii: mail"],
            None,
        )
    ]  # fmt: skip
    assert stand.rows("select col_description('lv0.f'::regclass, 1)") == [("pii",)]
    assert stand.rows("select key from lv0._rejected") == [
        ({"mail": hashlib.md5(b"p7@example.com").hexdigest()},)
    ]
    assert in_flight == [(0,)]
    for table in ("ops.pages", "ops.runs", "ops.feeds", "ops.segments", "lv0._rejected"):
        found = stand.rows(f"select 1 from {table} as t where t::text like '%example.com%'")
        assert found == [], table
    # What was set aside by its md5 is found again: it isn't taken for deleted.
    assert stand.rows("select count(*) from lv0.f where _deleted_at is null") == [(20,)]


def _feed_with_pii(stand: Stand, extract: dict[str, Any]) -> None:
    stand.feeds(f=extract)
    path = stand.home / "models/sources.yml"
    content = json.loads(path.read_text())
    content["sources"][0]["tables"][0]["columns"] = [
        {"name": "MAIL", "config": {"meta": {"pii": True}}}
    ]
    path.write_text(json.dumps(content))


def test_mode_and_cursor_may_change_between_runs(stand: Stand) -> None:
    make(stand)
    stand.source("alter table dbo.t add w timestamp", "update dbo.t set w = u")
    steps: list[dict[str, Any]] = [
        {},
        {"mode": "incremental", "cursor": "u"},
        {"mode": "incremental", "cursor": "w"},
        {"mode": "incremental", "cursor": ["w", "u"]},
        {"mode": "window", "cursor": "u", "window": "1h"},
        {"mode": "append", "cursor": "u"},
        {},
        {"mode": "incremental", "cursor": "u"},
    ]
    for number, extract in enumerate(steps):
        # Changes that only a pass over all rows sees.
        stand.source(f"update dbo.t set v = 'step {number}' where k = {number + 1}")
        twins = Twins.of(stand, "f", page_rows=7, **extract)
        result = twins.run()
        # A table that is appended to has no rows that change.
        expected = (
            0
            if extract.get("mode") == "append"
            else 1 + (steps[number - 1].get("mode") == "append")
        )
        assert (result.is_complete, result.rows_updated) == (True, expected if number else 0)
        assert not twins.run().changed
    twins.assert_alike()


def test_the_key_may_change_to_another_unique_column_or_to_none_and_back(stand: Stand) -> None:
    make(stand, key="")
    stand.source("alter table dbo.t add other integer", "update dbo.t set other = 100 - k")
    stand.feeds(f={"table": "t", "key": "k"})
    stand.run("f")
    for key, change in (
        ({"key": "other"}, "update dbo.t set k = null where k = 3"),
        ({}, "insert into dbo.t (v) values ('no key at all')"),
        ({"key": "v"}, "select"),
    ):
        twins = Twins.of(stand, "f", "t", page_rows=7, max_delete_share=1.0, **key)
        stand.run("f")
        stand.source(change)
        twins.run()
        assert not twins.run().changed
    stand.source("delete from dbo.t where k is null")
    alive = "select k, v, u, other from lv0.{} where _deleted_at is null order by v"
    twins.run()
    twins.run_twin()
    assert stand.rows(alive.format("f")) == stand.rows(alive.format("f_twin"))


@pytest.mark.parametrize("deleted", [False, True], ids=["both exist", "one is deleted"])
def test_a_key_that_lv0_holds_twice_is_refused_with_what_to_do(stand: Stand, deleted: bool) -> None:
    make(stand)
    stand.source("update dbo.t set v = 'same' where k in (4, 5)")
    twins = Twins.of(stand, "f", page_rows=7)
    twins.run()
    stand.source(
        "delete from dbo.t where k = 4" if deleted else "update dbo.t set v = 'x' where k = 4"
    )
    if deleted:
        twins.run()
    before = stand.rows("select * from lv0.f order by k")
    twins = Twins.of(stand, "f", page_rows=7, key="v")

    for _ in range(2):
        with pytest.raises(DriftError, match=r"the key is v now, but 1 of its values .* old key"):
            twins.run()
        assert stand.rows("select * from lv0.f order by k") == before

    twins = Twins.of(stand, "f", page_rows=7)
    twins.run()
    stand.warehouse("drop table lv0.f")
    twins = Twins.of(stand, "f", page_rows=7, key="v")
    twins.run()
    twins.assert_alike()
