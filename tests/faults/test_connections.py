"""Connections that are cut: what was under way is done again, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest

from extract import retry, runs
from extract.errors import (
    ConfigurationError,
    LeaseHeldError,
    LeaseLostError,
    SourceError,
    TransientError,
)
from extract.paging import page_statement
from extract.plan import Plan, Segment
from extract.runs import RunResult
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand, until
from tests.faults.proxy import Proxy, proxy
from tests.faults.twins import Twins

ROWS, PAGE_ROWS = 60, 5
PAGES = ROWS // PAGE_ROWS
# Each row has about two kilobytes: this many bytes end in the middle of a page.
HALF_A_PAGE = 5_000
# Let a test stop a run within the statement that moves a segment, within the commit of a page,
# and within the publishing.
GATES = """
create function ops.gate() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(tg_argv[0]::integer, (to_jsonb(new) ->> tg_argv[1])::integer);
    return new;
end $$;
create trigger gate_of_fence after insert on ops.pages
    for each row execute function ops.gate('1', 'page_no');
create constraint trigger gate_of_commit after insert on ops.pages
    deferrable initially deferred for each row execute function ops.gate('2', 'page_no');
create trigger gate_of_publishing after update on ops.runs
    for each row when (new.state = 'published') execute function ops.gate('3', 'pages');
create constraint trigger gate_of_published after update on ops.runs
    deferrable initially deferred for each row when (new.state = 'published')
    execute function ops.gate('4', 'pages');
"""
FENCE, COMMIT, PUBLISHING, PUBLISHED = 1, 2, 3, 4
Side = Literal["source", "warehouse"]


@dataclass
class Bench:
    """A stand whose source and warehouse are reached through proxies."""

    stand: Stand
    source: Proxy
    warehouse: Proxy
    looking: psycopg.Connection[tuple[Any, ...]]
    reads: list[tuple[int, int]] = field(default_factory=list)

    def committed(self) -> int:
        """The last key whose page is committed, of the pass under way."""
        row = self.looking.execute(
            "select coalesce(max(after[1]::integer), 0) from ops.segments"
        ).fetchone()
        assert row is not None
        found: int = row[0]
        return found

    def side(self, name: Side) -> Proxy:
        return self.source if name == "source" else self.warehouse

    def at_rest(self) -> None:
        """Nothing is armed, and nothing was read yet."""
        for each in (self.source, self.warehouse):
            each.clear()
        self.reads.clear()


@pytest.fixture(scope="module", params=["copy", "adbc"])
def made(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Bench]:
    stand = Stand.make(tmp_path_factory.mktemp("connections"), postgres, request.param)
    stand.source(
        "create schema dbo",
        "create table dbo.t (k integer primary key, v text)",
        f"insert into dbo.t select i, i || repeat(md5(i::text), 60) from"
        f" generate_series(1, {ROWS}) as i",
    )
    stand.warehouse(GATES)
    with (
        proxy(postgres.port) as source,
        proxy(postgres.port) as warehouse,
        stand.connect(stand.warehouse_name) as looking,
    ):
        yield Bench(stand, source, warehouse, looking)


@pytest.fixture
def bench(made: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """At rest; `reads` notes behind which key each page was read, and how far lv0's had come."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)

    def noted(*arguments: Any, **options: Any) -> Any:
        after = int(options["after"][0]) if options.get("after") else 0
        made.reads.append((after, made.committed()))
        return page_statement(*arguments, **options)

    monkeypatch.setattr("extract.reading.page_statement", noted)
    through_proxies(made)
    made.at_rest()
    # What another test left unfinished.
    made.stand.warehouse("delete from ops.segments", "update ops.feeds set checkpoint = null")
    return made


def through_proxies(
    bench: Bench, side: Side | None = None, user: str = "", password: str = ""
) -> None:
    """Has the project connect through the proxies; to one side as a user of its own."""
    login = f"{user}:{password}" if side == "source" else "stairway"
    given = {"user": user, "password": password} if side == "warehouse" else {}
    bench.stand.write_project(
        source_url=source_url(bench, login),
        warehouse={"port": bench.warehouse.port, **given},
    )


def source_url(bench: Bench, login: str = "stairway") -> str:
    return f"postgresql://{login}@127.0.0.1:{bench.source.port}/postgres"


class Observer:
    """Calls `act` when `page` pages are committed."""

    def __init__(self, page: int, act: Callable[[], None]) -> None:
        self._page = page
        self._act = act
        self.pages = 0

    def started(self, plan: Plan, rows: int) -> None:
        if self._page == 0:
            self._act()

    def page(self, segment: Segment, rows: int) -> None:
        self.pages += 1
        if self.pages == self._page:
            self._act()


@contextmanager
def at_gate(stand: Stand, kind: int, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Has `act` done while the run of the block stands in this gate."""

    def wait_and_act() -> None:
        query = (
            "select 1 from pg_locks where locktype = 'advisory' and not granted and database ="
            " (select oid from pg_database where datname = current_database())"
        )
        try:
            until(lambda: stand.rows(query), "the run is at the gate")
            act()
        finally:
            holder.execute("select pg_advisory_unlock_all()")

    with stand.connect(stand.warehouse_name) as holder:
        holder.execute("select pg_advisory_lock(%s, %s)", (kind, number))
        keeper = threading.Thread(target=wait_and_act)
        keeper.start()
        try:
            yield
        finally:
            keeper.join()


def assert_only_what_was_under_way_was_read_again(bench: Bench, twins: Twins) -> None:
    """Of the pages none was read once it was committed, and each was committed once."""
    assert all(after >= committed for after, committed in bench.reads)
    assert {after for after, _ in bench.reads} <= set(range(0, ROWS + 1, PAGE_ROWS))
    assert twins.pages() == (PAGES, ROWS)
    bench.at_rest()
    twins.assert_alike()


@pytest.mark.parametrize("page", [1, 2, 5])
@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_connection_that_is_cut_within_a_page_costs_that_page_only(
    bench: Bench, side: Side, page: int
) -> None:
    twins = Twins.of(bench.stand, f"page_{side}_{page}", page_rows=PAGE_ROWS)
    direction: Literal["up", "down"] = "down" if side == "source" else "up"

    result = twins.run(
        observer=Observer(page - 1, lambda: bench.side(side).cut(direction, HALF_A_PAGE))
    )

    assert result.rows_inserted == ROWS
    assert [note.startswith("tried again: ") for note in twins.notes()] == [True]
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize(
    ("gate", "page", "rereads"),
    [(FENCE, 3, 1), (COMMIT, 3, 0), (PUBLISHING, PAGES, 0), (PUBLISHED, PAGES, 0)],
    ids=["the fence", "a commit", "the publishing", "the commit of the publishing"],
)
def test_all_connections_that_are_cut_within(
    bench: Bench, gate: int, page: int, rereads: int
) -> None:
    """What was committed though nobody was told is found to be, and isn't done again."""
    twins = Twins.of(bench.stand, f"gate_{gate}", page_rows=PAGE_ROWS)

    with at_gate(bench.stand, gate, page, bench.warehouse.cut_all):
        twins.run()

    assert [note.startswith("tried again: ") for note in twins.notes()] == [True]
    if bench.stand.driver == "copy":
        assert len(bench.reads) == PAGES + rereads
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize("side", ["source", "warehouse"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_may_be_cut_anywhere(
    bench: Bench, side: Side, direction: Literal["up", "down"]
) -> None:
    name, places = f"anywhere_{side}_{direction}", 5
    cut = bench.side(side)
    twins = Twins.of(bench.stand, name, page_rows=PAGE_ROWS)
    before = cut.bytes[direction]
    twins.run_twin()
    traffic, faults = cut.bytes[direction] - before, cut.faults
    for place in range(places):
        twins = Twins.of(bench.stand, f"{name}_{place}", page_rows=PAGE_ROWS)
        cut.cut(direction, traffic * place // places)

        twins.run()

        assert twins.pages() == (PAGES, ROWS)
        assert twins.lv0() == twins.lv0(f"{name}_twin")
    assert cut.faults == faults + places
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_server_that_stays_away_ends_the_run_and_the_next_one_goes_on(
    bench: Bench, side: Side, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retry, "ATTEMPTS", 3)
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.1)
    twins = Twins.of(bench.stand, f"away_{side}", page_rows=PAGE_ROWS)
    away = bench.side(side)
    connections: list[int] = []

    def leave() -> None:
        connections.append(away.connections)
        away.cut("down", times=1_000)

    with pytest.raises(TransientError):
        twins.run(observer=Observer(3, leave))

    assert [line.rpartition("again in ")[2] for line in retries(caplog)] == ["0.1 s.", "0.2 s."]
    if side == "source":
        assert away.connections - connections[0] == 2
    pages, rows = twins.pages()
    assert 3 <= pages < PAGES and rows == pages * PAGE_ROWS
    assert bench.stand.rows(f"select to_regclass('lv0.{twins.name}') is null") == [(True,)]
    bench.at_rest()
    twins.run()
    assert bench.reads[0] == (rows, rows)
    assert_only_what_was_under_way_was_read_again(bench, twins)


def retries(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that tell of another try."""
    return [record.getMessage() for record in caplog.records if record.name == "extract.retry"]


@pytest.fixture
def guest(bench: Bench) -> str:
    """A role that may do everything and needs the password `right`."""
    bench.stand.source(
        "do $$ begin create role guest_of_faults superuser login;"
        " exception when duplicate_object then end $$",
        "alter role guest_of_faults password 'right'",
    )
    return "guest_of_faults"


@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_login_that_is_refused_is_not_tried_again(
    bench: Bench, guest: str, side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    twins = Twins.of(bench.stand, f"login_{side}", page_rows=PAGE_ROWS)
    through_proxies(bench, side, guest, "wrong")
    before = bench.side(side).connections

    with pytest.raises(ConfigurationError, match="password authentication failed"):
        twins.run()

    assert bench.side(side).connections == before + 1
    assert retries(caplog) == []


@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_password_that_is_changed_in_the_middle_ends_the_run_at_the_next_connection(
    bench: Bench, guest: str, side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    twins = Twins.of(bench.stand, f"changed_{side}", page_rows=PAGE_ROWS)
    through_proxies(bench, side, guest, "right")

    def change() -> None:
        bench.stand.source(f"alter role {guest} password 'other'")
        bench.side(side).cut_all()

    with pytest.raises(ConfigurationError, match="password authentication failed") as found:
        twins.run(observer=Observer(3, change))

    assert "right" not in str(found.value)
    assert len(retries(caplog)) == 1
    through_proxies(bench, side, guest, "other")
    bench.at_rest()
    twins.run()
    assert bench.reads[0][0] >= 3 * PAGE_ROWS
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize("change", ["alter table dbo.{0} drop column v", "drop table dbo.{0}"])
@pytest.mark.parametrize("page", [0, 1])
def test_a_column_or_a_table_that_is_gone_is_not_asked_for_again(
    bench: Bench, page: int, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = f"leaving_{change.split()[0]}_{page}"
    bench.stand.source(
        f"create table dbo.{table} as select * from dbo.t",
        f"alter table dbo.{table} add primary key (k)",
    )
    twins = Twins.of(bench.stand, table, table, page_rows=PAGE_ROWS)

    with pytest.raises(SourceError) as found:
        twins.run(observer=Observer(page, lambda: bench.stand.source(change.format(table))))

    assert not isinstance(found.value, TransientError)
    assert retries(caplog) == []
    assert len(set(bench.reads)) == len(bench.reads)
    assert page <= twins.pages()[0] < PAGES
    assert bench.stand.rows(
        f"select state, error is null from ops.runs where feed = '{twins.feed}'"
    ) == [("failed", False)]


def test_a_lease_whose_connection_is_cut_stands_again_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_PATIENCE_SECONDS", 0.1)
    twins = Twins.of(bench.stand, "heart", page_rows=PAGE_ROWS)
    holder = f"from ops.feeds where feed = '{twins.feed}'"

    def cut() -> None:
        ((pid,),) = bench.stand.rows(f"select holder_pid {holder}")
        bench.stand.rows(f"select pg_terminate_backend({pid})")
        until(
            lambda: bench.stand.rows(f"select 1 {holder} and holder_pid <> {pid}"),
            "the lease has another connection",
            seconds=5,
        )
        with pytest.raises(LeaseHeldError):
            twins.run()

    twins.run(observer=Observer(3, cut))

    assert twins.notes() == []
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize("rival", ["ends", "stands in the middle"])
def test_a_run_that_lost_its_lease_with_its_connections_meets_the_fence(
    bench: Bench, tmp_path: Path, rival: str
) -> None:
    direct = replace(bench.stand, home=tmp_path)
    direct.write_project(source_url=source_url(bench))
    name = f"rival_{len(rival)}"
    twins, other = (Twins.of(each, name, page_rows=PAGE_ROWS) for each in (bench.stand, direct))
    outcome: list[RunResult] = []

    def lose() -> None:
        bench.warehouse.cut("up", times=1_000)
        bench.warehouse.cut_all()
        until(lambda: not is_held(bench.stand, twins.feed), "nobody holds the feed")
        if rival == "ends":
            outcome.append(other.run())
            bench.warehouse.clear()
        else:
            taking.start()
            until(stands.is_set, "the rival has read a page")
            bench.warehouse.clear()

    def stand_still() -> None:
        stands.set()
        until(gave_up.is_set, "the run has met the fence")

    stands, gave_up = threading.Event(), threading.Event()
    taking = threading.Thread(
        target=lambda: outcome.append(other.run(observer=Observer(1, stand_still)))
    )
    with pytest.raises(LeaseLostError):
        twins.run(observer=Observer(3, lose))
    gave_up.set()
    if rival != "ends":
        taking.join()

    assert outcome[0].rows_inserted == ROWS
    assert bench.stand.rows(
        f"select state from ops.runs where feed = '{twins.feed}' order by started_at"
    ) == [("failed",), ("published",)]
    assert twins.pages() == (PAGES, ROWS)
    bench.at_rest()
    twins.assert_alike()


def is_held(stand: Stand, feed: str) -> bool:
    return bool(
        stand.rows(
            "select 1 from ops.feeds as f inner join pg_stat_activity as a on f.holder_pid = a.pid"
            f" where f.feed = '{feed}'"
        )
    )
