"""The address lookup on a real Postgres and a loopback server: once ever, whatever happens."""

from __future__ import annotations

import json
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from extract import retry
from extract.api import run_feed, verify_feed
from extract.cli import main
from extract.errors import (
    ConfigurationError,
    DataError,
    LeaseHeldError,
    LeaseLostError,
    TargetError,
    TransientError,
)
from sandbox.api import KEY
from sandbox.api.address import PATH, routes, set_quota
from sandbox.api.answers import Answer, Handler, Headers, Query, json_answer
from sandbox.api.server import StubServer
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Children, Stand, children, until

FEED = "address.address_master"
MASTER = "lv1.address_master"
KNOWN = "서울특별시 강남구 견본로 {} 101동 1203호"
UNKNOWN = "제주특별자치도 제주시 견본로 {}"


@dataclass
class Service:
    """The stub, with what it was asked and with faults that a test may set."""

    home: Path
    asked: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    fault: Answer | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()
        self._search: Handler = routes(self.home)[PATH]

    def answer(self, query: Query, headers: Headers) -> Answer:
        with self.lock:
            self.asked[query["query"]] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(30)
        try:
            return self.fault or self._search(query, headers)
        finally:
            with self.lock:
                self.at_once -= 1


@dataclass(frozen=True)
class Bed:
    stand: Stand
    service: Service
    url: str

    def project(self, extract: dict[str, Any] | None = None, **connection: object) -> None:
        """Writes the catalogue and the connection."""
        how = {
            "lookup": "address", "connection": "search", "reads": ["lv1.raw_address", "lv1.more"],
            "after": ["m"], "page_rows": 5, **(extract or {}),
        }  # fmt: skip
        table = {"name": "address_master", "config": {"meta": {"extract": how}}}
        source = {"name": "address", "schema": "lv1", "tables": [table]}
        self.write("models/sources.yml", {"sources": [source]})
        search = {"url": self.url, "key": KEY, "per_second": 100_000, **connection}
        self.write("connections.yml", {"search": search})

    def write(self, path: str, content: object) -> None:
        (self.stand.home / path).write_text(json.dumps(content), encoding="utf-8")

    def addresses(self, *addresses: str) -> None:
        values = ", ".join(f"('{address}')" for address in addresses)
        self.stand.warehouse(
            "truncate lv1.raw_address, lv1.more", f"insert into lv1.raw_address values {values}"
        )

    def run(self, **options: Any) -> Any:
        return run_feed(FEED, self.stand.home, **options)

    def master(self, columns: str = "raw_address") -> list[tuple[Any, ...]]:
        return self.stand.rows(f"select {columns} from {MASTER} order by raw_address")


@pytest.fixture(scope="module")
def stand(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("address"), postgres)
    (made.home / "models").mkdir()
    (made.home / "models/m.sql").touch()
    for name in ("raw_address", "more"):
        made.warehouse(f"create table lv1.{name} (raw_address text primary key)")
    return made


@pytest.fixture
def bed(stand: Stand, tmp_path: Path) -> Iterator[Bed]:
    service = Service(tmp_path)
    server = StubServer(0, {PATH: service.answer})
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    stand.forget()
    stand.warehouse(f"drop table if exists {MASTER}, {MASTER}_log")
    found = Bed(stand, service, server.url)
    found.project()
    try:
        yield found
    finally:
        service.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "ATTEMPTS", 3)


@pytest.fixture(scope="module")
def forks(stand: Stand) -> Iterator[Children]:
    with children(stand.home) as source:
        yield source


def test_an_address_is_asked_once_ever_and_stored_with_all_that_was_found(bed: Bed) -> None:
    bed.addresses(KNOWN.format(8), UNKNOWN.format(1), "서울특별시 강남구 없는길 3")
    first = bed.run()
    assert (first.rows_read, first.rows_inserted, first.rows_updated) == (3, 3, 0)
    assert first.notes == ("8 requests, 1 addresses without a hit",)
    assert bed.master(
        "raw_address, accuracy::text, road_address, address_name, region_1depth_name,"
        " region_2depth_name, region_3depth_name, region_3depth_h_name, building_name,"
        " building_dong, building_ho, zone_no, x, y"
    ) == [
        (
            KNOWN.format(8), "1.000", True, "서울 강남구 견본로 8", "서울", "강남구", "역삼동",
            "역삼1동", "견본8아파트", "101", "1203", "11198", 127.03666, 37.510838,
        ),
        (
            "서울특별시 강남구 없는길 3", "0.500", False, "서울 강남구", "서울", "강남구",
            None, None, None, None, None, None, 127.0365, 37.5006,
        ),
        (UNKNOWN.format(1), *[None] * 13),
    ]  # fmt: skip

    before = bed.master("*")
    bed.service.asked.clear()
    second = bed.run()
    assert (second.rows_read, second.changed, bed.master("*")) == (0, False, before)
    bed.addresses(KNOWN.format(8), KNOWN.format(9))
    assert bed.run().rows_inserted == 1
    assert bed.service.asked == {KNOWN.format(9): 1}
    assert len(bed.master()) == 4


def test_an_address_of_two_relations_is_one_and_a_missing_relation_is_noted(bed: Bed) -> None:
    bed.addresses(KNOWN.format(8))
    bed.stand.warehouse(f"insert into lv1.more values ('{KNOWN.format(8)}'), ('{KNOWN.format(9)}')")
    bed.project({"reads": ["lv1.raw_address", "lv1.more", "lv1.later"]})
    result = bed.run()
    assert result.rows_inserted == 2 and result.notes[0] == "not there yet: lv1.later"
    assert bed.service.asked == {KNOWN.format(8): 1, KNOWN.format(9): 1}


def test_addresses_of_one_house_share_what_is_left_of_them(bed: Bed) -> None:
    bed.addresses(*(f"경기도 수원시 영통구 연습로 7 {n}동" for n in range(4)))
    bed.project(concurrency=1)
    bed.run()
    assert bed.service.asked["경기도 수원시 영통구 연습로 7"] == 1


def test_what_had_no_answer_is_asked_again_only_after_its_time(bed: Bed) -> None:
    bed.addresses(UNKNOWN.format(1), UNKNOWN.format(2))
    bed.run()
    extracted = bed.master("_extracted_at")
    bed.service.asked.clear()
    assert bed.run().rows_read == 0
    assert not bed.service.asked

    bed.stand.warehouse(f"update {MASTER} set asked_at = now() - interval '91 days'")
    bed.addresses(UNKNOWN.format(1))
    assert bed.run().rows_unchanged == 1
    # The other one is nobody's address any more.
    assert set(bed.service.asked) == {
        "제주특별자치도 제주시 견본로 1", "제주특별자치도 제주시 견본로", "제주특별자치도 제주시",
        "제주특별자치도",
    }  # fmt: skip
    assert bed.master("_extracted_at") == extracted

    bed.service.fault = json_answer({"documents": [{"address_name": "제주"}]})
    assert bed.run(complete=True).rows_updated == 1
    assert bed.master("address_name") == [("제주",), (None,)]
    bed.addresses(UNKNOWN.format(1), UNKNOWN.format(3))
    bed.service.fault = None
    # Nor is a new one asked twice by the run that finds nothing.
    assert bed.run(complete=True).rows_read == 1


def test_a_used_up_quota_ends_the_run_and_what_was_found_is_kept(
    bed: Bed, capsys: pytest.CaptureFixture[str]
) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 21)))
    bed.project(concurrency=2)
    set_quota(bed.service.home, 12)
    assert main(["--project-dir", str(bed.stand.home), "run", FEED]) == 1
    told = capsys.readouterr().err
    assert (
        f"error: search ({bed.url}) answers 429 RequestThrottled: its quota is used up. "
        "12 addresses were asked and are kept, 8 wait: run address.address_master again when "
        "the quota is back, and set `max_requests` of `search` in connections.yml below it."
    ) in told
    assert "견본로" not in told and KEY not in told
    assert len(bed.master()) == 12
    assert bed.stand.rows(f"select count(*) from {MASTER}_log") == [(12,)]
    [(state, error)] = bed.stand.rows("select state, error from ops.runs")
    assert state == "failed" and error in told

    set_quota(bed.service.home, None)
    bed.service.asked.clear()
    assert bed.run().rows_inserted == 8
    assert len(bed.service.asked) == 8


def test_a_run_leaves_to_the_next_what_its_requests_do_not_suffice_for(bed: Bed) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 21)))
    bed.project(max_requests=10)
    first = bed.run()
    assert first.rows_inserted == 10
    assert "left 10 addresses to the next run, after 10 requests (`max_requests`)" in first.notes
    assert bed.run().rows_inserted == 10


def test_no_more_requests_are_under_way_than_the_connection_allows(bed: Bed) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 31)))
    bed.project({"page_rows": 30}, concurrency=3)
    bed.service.gate.clear()
    run = threading.Thread(target=bed.run)
    run.start()
    until(lambda: bed.service.at_once == 3, "three requests are under way")
    bed.service.gate.set()
    run.join()
    assert bed.service.most_at_once == 3
    assert len(bed.master()) == 30


def test_a_server_that_is_away_for_a_moment_is_asked_again(
    bed: Bed, caplog: pytest.LogCaptureFixture
) -> None:
    bed.addresses(KNOWN.format(1))
    bed.project(timeout=1)
    answers = [json_answer({}, 503), json_answer({}, 500)]
    search = bed.service._search
    bed.service._search = lambda *asked: answers.pop() if answers else search(*asked)
    assert bed.run().rows_inserted == 1
    assert "answers 500. Trying again" in caplog.text and "견본로" not in caplog.text

    bed.addresses(KNOWN.format(2))
    bed.service.fault = json_answer({}, 503)
    with pytest.raises(TransientError, match=r"search \(http://127\.0\.0\.1:\d+\) answers 503\."):
        bed.run()
    assert bed.stand.rows("select count(*) from ops.runs where state = 'failed'") == [(1,)]
    bed.service.fault = None
    bed.service.gate.clear()
    with pytest.raises(TransientError, match="doesn't answer, or broke off: TimeoutError"):
        bed.run()


def test_an_address_that_is_refused_is_left_out_until_there_are_too_many(bed: Bed) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 4)))
    bed.project({"max_rejects": 3})
    bed.service.fault = json_answer({"errorType": "InvalidArgument"}, 400)
    result = bed.run()
    assert (result.rows_rejected, result.rows_inserted, bed.master()) == (3, 0, [])
    bed.project({"max_rejects": 2})
    with pytest.raises(DataError, match=r"refused 3 addresses, more than `max_rejects` \(2\)"):
        bed.run()


def test_a_wrong_key_or_a_missing_relation_is_told_before_anything_is_kept(bed: Bed) -> None:
    bed.addresses(KNOWN.format(1))
    bed.project(key="wrong")
    with pytest.raises(ConfigurationError, match="401 AccessDeniedError: it refuses the key"):
        bed.run()
    bed.project({"reads": "lv1.elsewhere"})
    with pytest.raises(TargetError, match=r"no lv1\.elsewhere\. .*: `dbt build --select m`"):
        bed.run()
    bed.project({"reads": ["lv1.raw_address", "ops.runs"]})
    with pytest.raises(TargetError, match=r"no ops\.runs with a column `raw_address`"):
        bed.run()
    with pytest.raises(ConfigurationError, match="is a lookup: it has no ranges"):
        verify_feed(FEED, bed.stand.home)


@pytest.mark.parametrize("page", [0, 2])
def test_a_killed_run_loses_its_page_only(bed: Bed, forks: Children, page: int) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 21)))
    with held_page(bed.stand, page):
        run = forks.start("run", FEED)
        until(lambda: is_held(bed.stand), "the page is about to be committed")
        with pytest.raises(LeaseHeldError, match="is being extracted by run"):
            bed.run()
        run.signal(signal.SIGKILL)
        assert run.wait()[0] == -signal.SIGKILL
    until(lambda: not is_held(bed.stand), "the server is rid of it")
    assert len(bed.master()) == 5 * page
    assert bed.run().rows_inserted == 20 - 5 * page
    assert sorted(bed.service.asked.values()) == [1] * 15 + [2] * 5
    assert bed.stand.rows("select state from ops.runs order by started_at") == [
        ("interrupted",), ("published",),
    ]  # fmt: skip


def test_a_run_that_was_taken_over_commits_nothing_more(bed: Bed) -> None:
    bed.addresses(*(KNOWN.format(n) for n in range(1, 6)))
    bed.service.gate.clear()
    failures: list[Exception] = []

    def run() -> None:
        try:
            bed.run()
        except LeaseLostError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: bed.service.at_once, "a request is under way")
    bed.stand.warehouse("update ops.feeds set run_id = gen_random_uuid()")
    bed.service.gate.set()
    thread.join()
    assert "was taken over by another run" in str(failures[0])
    assert bed.master() == []


def test_each_day_has_one_copy_and_old_ones_are_dropped(bed: Bed) -> None:
    def days() -> list[Any]:
        return bed.stand.rows(
            f"select logged_on - (now() at time zone 'Asia/Seoul')::date, count(*)"
            f" from {MASTER}_log group by 1 order by 1"
        )

    bed.project({"log_days": 3})
    bed.addresses(KNOWN.format(1))
    bed.run()
    bed.addresses(KNOWN.format(1), UNKNOWN.format(2))
    bed.run()
    assert days() == [(0, 2)]
    for age in (2, 3):
        bed.stand.warehouse(f"""
            do $$ declare day date := (now() at time zone 'Asia/Seoul')::date - {age}; begin
                execute format('create table {MASTER}_log_%s partition of {MASTER}_log'
                    ' for values in (%L)', to_char(day, 'YYYYMMDD'), day);
            end $$
        """)
    copied = bed.stand.rows(f"select ctid::text, * from {MASTER}_log order by raw_address")
    bed.run()
    partitions = bed.stand.rows(
        f"select count(*) from pg_inherits where inhparent = '{MASTER}_log'::regclass"
    )
    assert partitions == [(2,)]
    # Nothing was answered since: the copy isn't written anew.
    assert bed.stand.rows(f"select ctid::text, * from {MASTER}_log order by raw_address") == copied


def test_the_commands_know_the_lookup(bed: Bed, capsys: pytest.CaptureFixture[str]) -> None:
    project = ["--project-dir", str(bed.stand.home)]
    bed.addresses(KNOWN.format(1), UNKNOWN.format(1))
    assert main([*project, "plan"]) == 0
    assert "asks about lv1.raw_address, lv1.more: 2 new, 0 again" in capsys.readouterr().out
    assert bed.stand.rows(f"select to_regclass('{MASTER}')") == [(None,)]
    assert not bed.service.asked
    assert main([*project, "run"]) == 0
    assert main([*project, "status"]) == 0
    assert "requests, 1 addresses without a hit" in capsys.readouterr().out
    assert main([*project, "verify"]) == 0
    assert main([*project, "verify", FEED]) == 2
    assert "a lookup has no source" in capsys.readouterr().err


@contextmanager
def held_page(stand: Stand, number: int) -> Iterator[None]:
    """Keeps a run from committing its page of that number."""
    stand.warehouse(f"""
        create function ops.hold() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock(7); return new; end $$;
        create trigger hold after insert on ops.pages for each row
            when (new.page_no = {number}) execute function ops.hold()
    """)
    try:
        with stand.connect(stand.warehouse_name) as holder:
            holder.execute("select pg_advisory_lock(7)")
            yield
    finally:
        stand.warehouse("drop function ops.hold cascade")


def is_held(stand: Stand) -> bool:
    return bool(
        stand.rows(
            "select 1 from pg_locks where locktype = 'advisory' and not granted and database ="
            " (select oid from pg_database where datname = current_database())"
        )
    )
