"""Connections that are cut: what was under way is done again, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
import pytest

from extract import reading, retry
from extract.errors import ConfigurationError, LeaseHeldError, SourceError, TransientError
from extract.plan import Plan, Segment
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand, until
from tests.faults.proxy import Proxy, proxy
from tests.faults.twins import Twins

ROWS, PAGE_ROWS = 40, 5
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
    statement = reading.page_statement

    def noted(*arguments: Any, **options: Any) -> Any:
        after = int(options["after"][0]) if options.get("after") else 0
        made.reads.append((after, made.committed()))
        return statement(*arguments, **options)

    monkeypatch.setattr(reading, "page_statement", noted)
    through_proxies(made)
    made.at_rest()
    return made


def through_proxies(bench: Bench, user: str = "stairway", password: str = "") -> None:
    bench.stand.write_project(
        source_url=f"postgresql://{user}:{password}@127.0.0.1:{bench.source.port}/postgres",
        warehouse={"port": bench.warehouse.port},
    )


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


@pytest.mark.parametrize("page", [1, 2, 6])
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

    assert [note.startswith("tried again: ") for note in twins.notes()] == [True] * rereads
    if bench.stand.driver == "copy":
        assert len(bench.reads) == PAGES + rereads
    assert_only_what_was_under_way_was_read_again(bench, twins)


@pytest.mark.parametrize("side", ["source", "warehouse"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_may_be_cut_anywhere(
    bench: Bench, side: Side, direction: Literal["up", "down"]
) -> None:
    cut = bench.side(side)
    twins = Twins.of(bench.stand, f"anywhere_{side}_{direction}", page_rows=PAGE_ROWS)
    before = cut.bytes[direction]
    twins.run_twin()
    traffic = cut.bytes[direction] - before
    places = 8
    for place in range(places):
        twins = Twins.of(bench.stand, f"{side}_{direction}_{place}", page_rows=PAGE_ROWS)
        cut.cut(direction, traffic * place // places)
        try:
            twins.run()
        except Exception as error:
            import traceback
            print(place, traffic*place//places, error); traceback.print_exc(limit=-6)
