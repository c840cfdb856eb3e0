"""Connections over which nothing comes any more: noticed, ended, and the page read again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Literal

import psycopg
import pytest

from extract import postgres, silence
from extract.errors import TransientError
from extract.settings import Connection
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Between, Stand, until
from tests.faults.proxy import Proxy, proxy

ROWS, PAGE_ROWS = 2000, 100


@pytest.fixture(scope="module", params=["copy", "adbc"])
def stand(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    """Two thousand rows of a kilobyte, in pages of a hundred."""
    made = Stand.make(tmp_path_factory.mktemp("silence"), postgres, request.param)
    made.source(
        "create schema dbo",
        "create table dbo.t (k integer primary key, v text)",
        f"insert into dbo.t select i, repeat('x', 1000) from generate_series(1, {ROWS}) as i",
        "create view dbo.slow as select 1 as k, pg_sleep(1.5)::text as v",
    )
    made.feeds(t={"page_rows": PAGE_ROWS}, slow={"key": "k"})
    return made


@pytest.fixture
def between(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy to the servers, and little patience."""
    monkeypatch.setattr(silence, "SILENCE_SECONDS", 0.4)
    monkeypatch.setattr(silence, "_ANSWER_SECONDS", 1)
    monkeypatch.setattr("extract.retry.FIRST_WAIT_SECONDS", 0.01)
    stand.warehouse("drop table if exists lv0.t")
    stand.forget()
    with proxy(stand.cluster.port) as made:
        try:
            yield made
        finally:
            stand.write_project()


def lead(stand: Stand, side: str, port: int) -> None:
    if side == "source":
        stand.write_project(source_url=f"postgresql://stairway@127.0.0.1:{port}/postgres")
    else:
        stand.write_project(warehouse={"port": port})


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("side", ["source", "warehouse"])
def test_a_connection_that_falls_silent_is_ended_and_its_page_alone_is_read_again(
    stand: Stand, between: Proxy, side: str, direction: Literal["up", "down"]
) -> None:
    lead(stand, side, between.port)
    # Rows come down from the source and go up to the warehouse: the silence begins among them.
    # In the other direction there are only words, and it begins with a later page's.
    in_rows = (side == "source") == (direction == "down")

    def silence_later(page: int) -> None:
        if page == 2:
            between.swallow(direction, 40_000 if in_rows else 0)

    result = stand.run(observer=Between(silence_later))

    source, lv0 = stand.both("k")
    assert lv0 == source
    assert between.faults == 1
    assert (result.rows_read, result.pages) == (ROWS, ROWS // PAGE_ROWS)
    (note,) = result.notes
    assert note.startswith("tried again: ") and "doesn't answer, or broke off" in note


def test_a_statement_that_computes_for_long_is_left_alone(stand: Stand, between: Proxy) -> None:
    for side in ("source", "warehouse"):
        lead(stand, side, between.port)
        result = stand.run("slow")
        assert (result.notes, result.rows_read) == ((), 1)


def test_a_statement_that_waits_for_a_lock_is_left_alone(stand: Stand, between: Proxy) -> None:
    lead(stand, "source", between.port)
    with stand.connect(stand.source_name) as holder:
        holder.execute("begin")
        holder.execute("lock table dbo.t in access exclusive mode")
        timer = threading.Timer(1.5, holder.execute, ["commit"])
        timer.start()
        try:
            assert stand.run().notes == ()
        finally:
            timer.join()


def test_a_silent_connection_s_server_process_is_ended_with_what_it_holds_locked(
    stand: Stand, between: Proxy
) -> None:
    warehouse = Connection("warehouse", stand.warehouse_url).url
    port = f":{stand.cluster.port}/"
    through = Connection("warehouse", warehouse.replace(port, f":{between.port}/"))
    with closing(postgres.connect(through)) as silent:
        silent.execute("create table if not exists lv0.held (i integer)")
        silent.execute("begin")
        silent.execute("lock table lv0.held in access exclusive mode")
        pid = silent.info.backend_pid
        between.swallow("down")
        with pytest.raises(psycopg.OperationalError):
            silent.execute("select 1")
    until(
        lambda: not stand.rows(f"select 1 from pg_stat_activity where pid = {pid}"),
        "the server process is gone",
    )
    stand.warehouse("drop table lv0.held")


def test_a_server_that_falls_silent_altogether_is_told_in_time(
    stand: Stand, between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.CONNECTION, "connect_timeout", 2)
    monkeypatch.setattr("extract.retry.ATTEMPTS", 2)
    lead(stand, "source", between.port)
    began = time.monotonic()

    with pytest.raises(TransientError, match="doesn't answer, or broke off"):
        stand.run(observer=Between(lambda page: page == 1 and between.swallow_new()))

    assert time.monotonic() - began < 20
    between.clear()
    assert stand.run().rows_read == ROWS


def test_a_refusal_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise psycopg.errors.TooManyConnections("too many clients already")

    monkeypatch.setattr(silence, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(silence, "_ask", refuse)
    left, right = socket.socketpair()
    with left, right:
        watch = silence.Watch(lambda: [left.fileno()], "x", "")
        with watch.waiting():
            for _ in range(3):
                watch.look()
            right.sendall(b"still there")
        assert left.recv(100) == b"still there"


def test_a_wait_that_has_ended_is_not_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "SILENCE_SECONDS", 0.0)
    left, right = socket.socketpair()
    with left, right:
        watch = silence.Watch(lambda: [left.fileno()], "x", "")

        def answered(*_: object) -> bytes:
            # The answer comes while the server is asked about it.
            watch._since = None
            return b"f"

        monkeypatch.setattr(silence, "_ask", answered)
        for _ in range(3):
            with watch.waiting():
                watch.look()
        right.sendall(b"still there")
        assert left.recv(100) == b"still there"


def test_the_proxy_passes_on_what_it_gets_and_cuts_at_the_byte() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, proxy(server.getsockname()[1]) as made:
        for arm in (made.cut, made.swallow):
            arm("up", 5)
            with socket.create_connection(("127.0.0.1", made.port)) as client:
                accepted, _ = server.accept()
                with accepted:
                    accepted.sendall(b"hello")
                    assert client.recv(100) == b"hello"
                    client.sendall(b"1234567")
                    assert accepted.recv(100) == b"12345"
                    assert made.faults == (1 if arm == made.cut else 2)
                    assert is_silent(accepted) == (arm == made.swallow)
                    assert is_silent(client) == (arm == made.swallow)


def is_silent(connected: socket.socket) -> bool:
    """Whether nothing comes, not even an end."""
    connected.settimeout(0.2)
    try:
        assert connected.recv(100) == b""
    except TimeoutError:
        return True
    except ConnectionResetError:
        pass
    return False
