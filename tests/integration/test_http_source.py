"""Paged web APIs into lv0, from a server on loopback that does what a test tells it."""

from __future__ import annotations

import json
import logging
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from extract.api import verify_feed
from extract.catalog import Extract, read_catalog
from extract.cli import main
from extract.errors import (
    BreakerError,
    ConfigurationError,
    ExtractError,
    SourceError,
    TransientError,
)
from extract.paging import page_statement
from extract.session import Session
from extract.settings import Connection, Project
from extract.sources.http import HttpSource, connect
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand

KEY = "s+cr/t=%41"
SIZE = 3


@dataclass(frozen=True)
class Reply:
    """What the server answers; `cut` breaks the connection off in the middle of the body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Api:
    """A server with `items`, three to a page; `act` may answer in its place."""

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    act: Callable[[int, int], Reply | None] = lambda page, request: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def reply(self, query: dict[str, str]) -> Reply:
        self.asked.append(query)
        page = int(query["page"])
        acted = self.act(page, len(self.asked))
        if acted is not None:
            return acted
        if query.get("apiKey") != KEY:
            said = f"KEY {query.get('apiKey')} IS NOT REGISTERED"
            return Reply(json.dumps({"head": {"code": "30", "message": said}}).encode())
        return self.page(page)

    def page(self, page: int, total: int | None = None) -> Reply:
        chosen = self.items[(page - 1) * SIZE : page * SIZE]
        body = {"items": {"item": chosen} if chosen else "", "total": total or len(self.items)}
        return Reply(json.dumps({"head": {"code": "00"}, "body": body}).encode())

    def pages(self) -> list[int]:
        return [int(query["page"]) for query in self.asked]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr("extract.retry.FIRST_WAIT_SECONDS", 0.001)
    made = Api(items=[{"no": f"{number:02}", "name": f"이름 {number}"} for number in range(1, 8)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = made.reply(dict(parse_qsl(urlsplit(self.path).query)))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            if reply.cut:
                # The client gets a reset, no end of the stream.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def block(**more: Any) -> dict[str, Any]:
    """`config.meta.extract` of the server's API."""
    http = {
        "format": "json",
        "page_parameter": "page",
        "size_parameter": "rows",
        "page_size": SIZE,
        "secret_parameter": "apiKey",
        "items": "body.items.item",
        "total": "body.total",
        "result": {"code": "head.code", "message": "head.message", "ok": "00"},
        "columns": ["no", "name"],
        **more,
    }
    return {"connection": "erp", "table": "api/list", "key": "no", "http": http}


def connection(api: Api, **options: str) -> Connection:
    return Connection("erp", api.url, {"key": KEY, "timeout": "1s", **options})


def opened(api: Api, **options: str) -> HttpSource:
    return connect(connection(api, **options), None)


def read(source: HttpSource, **more: Any) -> list[tuple[Any, ...]]:
    """The rows as the source gives them, in order of the key."""
    shape = source.describe(Extract.model_validate(block(**more)))
    statement = page_statement(
        source.dialect, shape.relation, shape.columns, shape.columns[:1], with_order=False
    )
    return [
        row
        for batch in source.read(statement, shape.columns)
        for row in zip(*(values.to_pylist() for values in batch.columns), strict=True)
    ]


def all_of(api: Api) -> list[tuple[Any, ...]]:
    return [(item["no"], item["name"]) for item in api.items]


def test_all_pages_are_read_in_turn_and_no_request_is_made_in_vain(api: Api) -> None:
    with closing(opened(api)) as source:
        assert source.describe(Extract.model_validate(block())).columns[0].lv0_type == "text"
        assert api.asked == []
        assert read(source, parameters={"시도": "서울 & 경기"}) == all_of(api)
    assert api.pages() == [1, 2, 3]
    assert api.asked[0] == {"page": "1", "rows": "3", "apiKey": KEY, "시도": "서울 & 경기"}


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"busy", 500),
        Reply(b"", 429, {"Retry-After": "0"}),
        Reply(b'{"head": {"code": "05"}}'),
        Reply(b'{"head": {"code": "00"}, "body": {}}', cut=True),
    ],
    ids=["500", "429", "a transient code", "a connection that breaks"],
)
def test_a_page_that_fails_for_a_moment_is_asked_for_again(api: Api, fault: Reply) -> None:
    api.act = lambda page, request: fault if request in (2, 3) else None
    result = {"code": "head.code", "ok": "00", "transient": "05"}
    with closing(opened(api)) as source:
        assert read(source, result=result) == all_of(api)
    assert api.pages() == [1, 2, 2, 2, 3]


def test_a_page_that_keeps_failing_is_a_transient_error_after_six_tries(api: Api) -> None:
    api.act = lambda page, request: Reply(b"", 503) if page == 2 else None
    with closing(opened(api)) as source, pytest.raises(TransientError) as error:
        read(source)
    assert str(error.value) == f"{api.url}/api/list: the API answers with status 503."
    assert error.value.is_spent
    assert api.pages() == [1] + [2] * 6


def test_retry_after_is_waited_for_within_bounds(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("extract.retry.time.sleep", slept.append)
    api.act = lambda page, request: Reply(b"", 429, {"Retry-After": "7"}) if request == 1 else None
    with closing(opened(api)) as source:
        read(source)
    assert slept == [7]
    api.asked.clear()
    api.act = lambda page, request: Reply(b"", 429, {"Retry-After": "3600"})
    with (
        closing(opened(api)) as source,
        pytest.raises(TransientError, match=r"status 429, and asks to wait for 3,600 s\.$"),
    ):
        read(source)
    assert api.pages() == [1] and slept == [7]


def test_a_server_that_says_nothing_is_given_up(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        api.url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with (
            closing(opened(api, timeout="1s")) as source,
            pytest.MonkeyPatch.context() as patch,
            pytest.raises(TransientError, match="no whole answer: ReadTimeout"),
        ):
            patch.setattr("extract.retry.ATTEMPTS", 1)
            read(source)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(b"{}", 404), "the API answers with status 404. Fix `config.meta.extract`"),
        (Reply(b'{"head": {"code": "9", "message": "NO"}}', 401),
         "status 401 (9 NO). Is `key` of `erp` in connections.yml right?"),
        (Reply(b"", 302, {"Location": "http://elsewhere.example/"}), "answers with status 302"),
        (Reply(b'{"head": {"code": "22", "message": "QUOTA"}}'), "page 2: the API refuses: 22 QUO"),
        (Reply(b"<html>"), "page 2: the answer breaks off or is no XML"),
        (Reply(b"x" * 80, headers={"Content-Encoding": "gzip"}), "Error -3 while decompressing"),
    ],
)  # fmt: skip
def test_what_another_try_would_not_cure_is_told_at_once(api: Api, reply: Reply, said: str) -> None:
    api.act = lambda page, request: reply if page == 2 else None
    with closing(opened(api)) as source, pytest.raises(SourceError) as error:
        read(source)
    assert said in str(error.value)
    assert api.pages() == [1, 2]


def test_a_row_that_moves_to_another_page_is_noticed_and_the_api_read_again(api: Api) -> None:
    def insert_in_front(page: int, request: int) -> None:
        # Without a total, only the key shows it: row 03 moves from the first page to the second.
        if request == 2:
            api.items.insert(0, {"no": "00", "name": "new"})

    api.act = insert_in_front
    with closing(opened(api)) as source:
        assert read(source, total=None) == all_of(api)
    assert api.pages() == [1, 2, 3, 4] + [1, 2, 3, 4]


def test_a_total_that_changes_while_it_is_read_is_noticed_too(api: Api) -> None:
    def remove_in_front(page: int, request: int) -> None:
        if request == 2:
            del api.items[0]

    api.act = remove_in_front
    with closing(opened(api)) as source:
        assert read(source) == all_of(api)
    assert api.pages() == [1, 2] + [1, 2]


def test_what_never_adds_up_names_the_fact_and_the_ways_out(api: Api) -> None:
    api.items[5]["no"] = "01"
    with closing(opened(api)) as source, pytest.raises(SourceError) as error:
        read(source)
    assert "3 readings, and none is whole: the key (no) comes more than once for 1 of" in str(
        error.value
    )
    assert api.pages() == [1, 2, 3] * 3

    api.act = lambda page, request: api.page(page, total=100 + request)
    with closing(opened(api)) as source, pytest.raises(TransientError, match="the total went from"):
        read(source)


def test_a_column_that_no_item_has_is_told_unless_it_may_be_missing(api: Api) -> None:
    missing = {"path": "tel.no", "name": "tel"}
    with closing(opened(api)) as source:
        with pytest.raises(SourceError, match=r"no item has tel\.no\. lv0 is as it was"):
            read(source, columns=["no", missing])
        optional = read(source, columns=["no", {**missing, "optional": True}])
    assert optional == [(item["no"], None) for item in api.items]


def test_a_source_opened_anew_knows_its_feed(api: Api, stand: Stand) -> None:
    """After a lost connection the session opens another, which nobody asks to describe."""
    land(stand, api)
    feed = read_catalog(Project(stand.home))["s.t"]
    with closing(Session(feed, connection(api), Project(stand.home).warehouse())) as session:
        shape = session.source.describe(feed.extract)
        session.drop()
        statement = page_statement(session.source.dialect, shape.relation, shape.columns, ())
        assert sum(b.num_rows for b in session.source.read(statement, shape.columns)) == 7


@pytest.fixture
def stand(postgres: EmbeddedPostgres, tmp_path: Path) -> Stand:
    return Stand.make(tmp_path, postgres)


def land(stand: Stand, api: Api, *, key: str | None = KEY, **more: Any) -> None:
    """A project whose only feed is the server's API."""
    own = {"url": api.url, "timeout": "1s"} | ({"key": key} if key is not None else {})
    (stand.home / "connections.yml").write_text(json.dumps({"erp": own}))
    table = {"name": "t", "config": {"meta": {"extract": block(**more)}}}
    source = {"name": "s", "schema": "lv0", "tables": [table]}
    (stand.home / "models").mkdir(exist_ok=True)
    (stand.home / "models" / "sources.yml").write_text(json.dumps({"sources": [source]}))


def lv0(stand: Stand) -> list[tuple[Any, ...]]:
    return stand.rows("select no, name from lv0.t where _deleted_at is null order by no")


def test_an_api_lands_like_a_table(api: Api, stand: Stand) -> None:
    land(stand, api)
    first = stand.run()
    assert (first.rows_inserted, lv0(stand)) == (7, all_of(api))

    api.items[0]["name"] = None
    del api.items[6]
    api.items.append({"no": "08"})
    second = stand.run()
    assert (second.rows_updated, second.rows_inserted, second.rows_deleted) == (1, 1, 1)
    assert lv0(stand)[0] == ("01", None) and lv0(stand)[-1] == ("08", None)
    assert verify_feed("s.t", stand.home).state == "equal"
    third = stand.run()
    assert third.rows_unchanged == 7


def on_page_3(reply: Reply, page: int, request: int) -> Reply | None:
    return reply if page == 3 else None


def test_an_api_that_answers_empty_or_fails_leaves_lv0_as_it_was(api: Api, stand: Stand) -> None:
    land(stand, api)
    stand.run()
    before = lv0(stand)
    kept = api.items
    api.items = []
    with pytest.raises(BreakerError):
        stand.run()
    api.items = kept[:4]
    with pytest.raises(BreakerError):
        stand.run()
    api.items = kept
    for reply in (Reply(b"", 404), Reply(b'{"head": {"code": "22"}}'), Reply(b"{}", 500)):
        api.act = partial(on_page_3, reply)
        with pytest.raises(ExtractError):
            stand.run()
    assert lv0(stand) == before


def test_a_value_that_is_none_of_its_column_s_type_sets_its_row_aside(
    api: Api, stand: Stand
) -> None:
    values = {"01": "1.250000", "02": " 7 ", "03": "", "04": None, "05": "1.2345678", "06": "x"}
    api.items = [{"no": no, "name": value} for no, value in values.items()]
    land(stand, api, columns=["no", {"path": "name", "type": "numeric(9,6)"}])
    assert stand.run().rows_rejected == 2
    assert [(no, value and str(value)) for no, value in lv0(stand)] == [
        ("01", "1.250000"),
        ("02", "7.000000"),
        ("03", None),
        ("04", None),
    ]
    rejected = stand.rows("select key, column_name from lv0._rejected order by 1")
    assert [column for _, column in rejected] == ["name", "name"]


def test_the_key_is_shown_nowhere(
    api: Api,
    stand: Stand,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = "w+ong/k%y"
    caplog.set_level(logging.DEBUG)
    land(stand, api)
    stand.run()
    land(stand, api, key=wrong)
    status = main(["--project-dir", str(stand.home), "run"])
    said = capsys.readouterr()
    assert status == 1
    assert "the API refuses: 30 KEY *** IS NOT REGISTERED." in said.err
    ops = stand.rows("select error from ops.runs where error is not null")
    assert len(ops) == 1
    dump = [str(row) for table in ("runs", "feeds", "pages", "segments")
            for row in stand.rows(f"select to_jsonb(t)::text from ops.{table} as t")]  # fmt: skip
    for secret in (KEY, wrong, "s%2Bcr", "w%2Bong"):
        for text in (*dump, said.out, said.err, caplog.text):
            assert secret not in text


def test_what_the_api_cannot_be_asked_without_is_told_before_anything_is_touched(
    api: Api, stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(connect(Connection("erp", api.url), None)) as source:
        with pytest.raises(ConfigurationError, match="`erp` has no `key`, which the API asks for"):
            read(source)
        with pytest.raises(ConfigurationError, match=r"`config.meta.extract.http` is missing"):
            source.describe(Extract(connection="erp", table="t", key=("no",)))
        placed = Extract.model_validate({**block(), "database": "RENTAL"})
        with pytest.raises(ConfigurationError, match="has neither `database` nor `schema`"):
            source.describe(placed)
    land(stand, api)
    (stand.home / "connections.yml").write_text(json.dumps({"erp": {"url": "sqlite:///x.db"}}))
    assert main(["--project-dir", str(stand.home), "run"]) == 2
    assert "needs a connection whose URL begins with http://" in capsys.readouterr().err
    assert api.asked == []
