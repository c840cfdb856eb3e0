"""Bad input and bad days: one clear line, a status that isn't zero, and nothing half written."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from extract.cli import main
from extract.errors import TargetError, TransientError
from extract.runs import SCHEMA_VERSION
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand

PASSWORD = "pä:ss/w@rd%?#[é"
# A write to /dev/full is the server's own "No space left on device".
DISK_FULL = """
create or replace function public.disk_full() returns trigger language plpgsql as $$
begin
    copy (select 1) to '/dev/full';
    return new;
end $$
"""
# COPY into a staging table fails when the table was given this trigger as it was made.
DISK_FULL_IN_STAGE = """
create function public.trap() returns event_trigger language plpgsql as $$
declare made record;
begin
    for made in select * from pg_event_trigger_ddl_commands() where schema_name = 'stage' loop
        execute format('create trigger disk_full before insert on %s for each row'
            ' when (new.k = 7) execute function public.disk_full()', made.object_identity);
    end loop;
end $$;
create event trigger trap on ddl_command_end when tag in ('CREATE TABLE')
    execute function public.trap()
"""


@pytest.fixture(scope="module", params=["copy", "adbc"])
def shared(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("faults"), postgres, request.param)
    made.source("create schema dbo")
    made.warehouse(DISK_FULL)
    return made


@pytest.fixture
def stand(shared: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Twelve rows in pages of five, extracted once and then changed."""
    monkeypatch.setattr("extract.retry.FIRST_WAIT_SECONDS", 0.01)
    shared.write_project()
    shared.feeds(t={"page_rows": 5})
    # Most faults leave everything as it was: then there is nothing to make anew.
    if shared.rows("select state from ops.runs") != [("published",)]:
        shared.source(
            "drop table if exists dbo.t cascade",
            "create table dbo.t (k integer primary key, v text)",
            "insert into dbo.t select i, 'geheim' || i from generate_series(1, 12) as i",
        )
        shared.warehouse("drop table if exists lv0.t")
        shared.forget()
        shared.run()
        shared.source("update dbo.t set v = v || '!'")
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield shared
    finally:
        signal.signal(signal.SIGTERM, handler)
        shared.warehouse(
            "delete from ops.runs where state <> 'published'",
            "update ops.feeds set checkpoint = null",
        )


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def complaint(
    stand: Stand, capsys: pytest.CaptureFixture[str], status: int, feed: str = "s.t"
) -> str:
    """The only line that a failing command writes; lv0 is as it was."""
    state = "select k, v, _extracted_at, _deleted_at from lv0.t order by k"
    before = stand.rows(state)

    found = main(["--project-dir", str(stand.home), "run", feed])

    out, err = capsys.readouterr()
    assert stand.rows(state) == before
    assert (found, out) == (status, "")
    assert err.startswith("error: ") and err.count("\n") == 1, err
    assert "geheim" not in err
    return err


@pytest.mark.parametrize(
    ("extract", "status", "told"),
    [
        ({"table": "tt"}, 1, "Table `dbo.tt` is not there in postgresql://127.0.0.1:"),
        ({"schema": "dba"}, 1, "schema dba is empty or isn't there"),
        ({"key": ["k", "KK"]}, 1, "Key column `KK` is not in `"),
        ({"mode": "incremental", "cursor": "W"}, 1, "Cursor column `W` is not in `"),
        ({"include": ["K", "W"]}, 1, "Column W is not in "),
        ({"expressions": {"e": "no_such(v)"}}, 1, "function no_such(text) does not exist"),
        ({"expressions": {"e": "v from"}}, 1, "syntax error"),
        ({"database": "NOWHERE"}, 1, 'database "NOWHERE" does not exist'),
        ({"tabel": "t"}, 2, "sources.yml: source `s`, table `t`: `config.meta.extract.tabel`"),
        ({"connection": "epr"}, 2, "connections.yml has no connection `epr`; it has erp"),
    ],
)
def test_what_the_catalogue_gets_wrong_is_told_with_the_place_to_put_it_right(
    stand: Stand,
    capsys: pytest.CaptureFixture[str],
    extract: dict[str, Any],
    status: int,
    told: str,
) -> None:
    stand.feeds(t=extract)
    assert told in complaint(stand, capsys, status)


def test_an_unknown_feed_is_told_with_those_that_exist(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Unknown feed `s.u`; the catalogue has s.t." in complaint(stand, capsys, 2, "s.u")


@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_wrong_password_is_refused_and_appears_nowhere(
    stand: Stand, capsys: pytest.CaptureFixture[str], side: str
) -> None:
    stand.warehouse(
        "do $$ begin create role guest login password 'right'; exception when others then end $$"
    )
    if side == "source":
        at = f"127.0.0.1:{stand.cluster.port}"
        stand.write_project(source_url=f"postgresql://guest:{quote(PASSWORD, safe='')}@{at}/x")
    else:
        stand.write_project(warehouse={"user": "guest", "password": PASSWORD})

    err = complaint(stand, capsys, 1)

    assert 'password authentication failed for user "guest"' in err
    kept = repr(stand.rows("select * from ops.runs, ops.feeds order by started_at"))
    for secret in (PASSWORD, quote(PASSWORD, safe=""), PASSWORD[:6]):
        assert secret not in err + kept


@pytest.mark.parametrize(
    "url", ["postgresql://u:se%cret@h/d", "pg://u:secret@h/d", "postgresql+x://u:secret@{at}/d"]
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(
    stand: Stand, capsys: pytest.CaptureFixture[str], url: str, nobody: int
) -> None:
    stand.write_project(source_url=url.format(at=f"127.0.0.1:{nobody}"))
    status = 2 if "%" in url else 1
    assert "cret" not in complaint(stand, capsys, status)


@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_server_that_is_away_is_told_and_worth_a_retry(
    stand: Stand, capsys: pytest.CaptureFixture[str], side: str, nobody: int
) -> None:
    if side == "source":
        stand.write_project(source_url=f"postgresql://stairway@127.0.0.1:{nobody}/x")
    else:
        stand.write_project(warehouse={"port": nobody})

    err = complaint(stand, capsys, 1)

    assert f":{nobody}/" in err and "doesn't answer" in err
    with pytest.raises(TransientError):
        stand.run()


@pytest.mark.parametrize(
    ("damage", "repair", "told"),
    [
        (
            "alter table ops.migrations rename to m",
            "alter table ops.m rename to migrations",
            "is not set up: it has no `ops.migrations`. Run `make db`.",
        ),
        (
            "insert into ops.migrations values (99)",
            "delete from ops.migrations where version = 99",
            f"was set up by a newer release (version 99, this one knows {SCHEMA_VERSION})."
            " Upgrade Stairway.",
        ),
        (
            "alter table ops.pages rename to p",
            "alter table ops.p rename to pages",
            'relation "ops.pages" does not exist',
        ),
        (
            "alter table ops.runs rename to r",
            "alter table ops.r rename to runs",
            'relation "ops.runs" does not exist',
        ),
    ],
)
def test_a_warehouse_that_is_not_set_up_is_told(
    stand: Stand, capsys: pytest.CaptureFixture[str], damage: str, repair: str, told: str
) -> None:
    stand.warehouse(damage)
    try:
        assert told in complaint(stand, capsys, 1)
    finally:
        stand.warehouse(repair)


def test_a_target_schema_that_is_missing_is_told(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.feeds(t={})
    path = stand.home / "models/sources.yml"
    path.write_text(path.read_text().replace('"lv0"', '"lv00"'))
    assert "has no schema lv00. Run `make db`." in complaint(stand, capsys, 1)


@pytest.mark.parametrize(
    ("trap", "repair"),
    [
        (DISK_FULL_IN_STAGE, "drop event trigger trap; drop function public.trap()"),
        (
            "create trigger disk_full before insert on ops.pages for each row"
            " when (new.page_no = 2) execute function public.disk_full()",
            "drop trigger disk_full on ops.pages",
        ),
        (
            "create trigger disk_full before update on lv0.t for each row"
            " execute function public.disk_full()",
            "drop trigger disk_full on lv0.t",
        ),
    ],
    ids=["while a page is copied", "while a page is committed", "while it publishes"],
)
def test_a_full_disk_ends_in_one_line_and_the_next_run_goes_on(
    stand: Stand, capsys: pytest.CaptureFixture[str], trap: str, repair: str
) -> None:
    stand.warehouse(trap)
    try:
        err = complaint(stand, capsys, 1)
    finally:
        stand.warehouse(repair, 'drop trigger if exists disk_full on stage."s.t.rows"')

    assert "has no disk space left" in err and "No space left on device" in err
    assert stand.run().rows_updated == 12
    source, lv0 = stand.both("k")
    assert lv0 == source
    assert stand.rows(
        "select sum(rows)::int from ops.pages natural join ops.runs where run_id <>"
        " (select run_id from ops.runs order by started_at limit 1)"
    ) == [(12,)]


def test_a_view_on_lv0_that_pins_a_column_is_told_and_nothing_is_half_done(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.source("alter table dbo.t add w integer", "alter table dbo.t alter k type bigint")
    stand.warehouse("create view lv0.pinned as select k from lv0.t")
    try:
        assert "used by a view" in complaint(stand, capsys, 1)
        with pytest.raises(TargetError):
            stand.run()
        assert len(stand.rows("select attname from pg_attribute where attnum > 0"
                              " and attrelid = 'lv0.t'::regclass order by 1")) == 4  # fmt: skip
    finally:
        stand.warehouse("drop view lv0.pinned")
    assert stand.run().rows_updated == 12


def test_one_feed_that_fails_does_not_keep_the_others_from_running(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.feeds(a={"table": "none"}, t={})

    status = main(["--project-dir", str(stand.home), "run", "--json"])

    out, err = capsys.readouterr()
    assert status == 1
    assert err.count("error: ") == 1 and "`dbo.none`" in err
    assert '"rows_updated": 12' in out


def test_plan_and_status_say_what_is_and_touch_nothing(
    stand: Stand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    tables = ("ops.feeds", "ops.runs", "ops.pages", "lv0.t")
    content = [stand.rows(f"select * from {table} order by 1") for table in tables]

    for command, told in (("plan", "snapshot: all rows"), ("status", "published")):
        assert main(["--project-dir", str(stand.home), command]) == 0
        assert told in capsys.readouterr().out

    assert [stand.rows(f"select * from {table} order by 1") for table in tables] == content
