"""`verify` finds a table equal to what was extracted from it, and what differs, on every server."""

from __future__ import annotations

from datetime import datetime

import pytest

from extract.api import verify_feed
from tests.conformance.landing import Landing
from tests.conformance.servers import Kind, Server, Table, having
from tests.conformance.test_values import make_types_table

pytestmark = pytest.mark.usefixtures("server")


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_every_type_verifies_equal_and_a_value_lost_in_lv0_is_named(
    server: Server, landing: Landing
) -> None:
    rows = make_types_table(server, "proven")
    landing.feed("proven", key="k")
    landing.run("proven")

    found = verify_feed("s.proven", landing.home)
    assert (found.differences, found.state, found.source_rows) == ((), "equal", len(rows))

    columns = list(landing.columns("proven"))[1:]
    for column in columns:
        landing.warehouse.execute(f"update lv0.proven set {column} = null where k = 0".encode())
    landing.warehouse.execute(b"delete from lv0.proven where k = 1")
    found = verify_feed("s.proven", landing.home)
    assert [(each.kind, each.key, each.columns) for each in found.differences] == [
        ("different", {"k": "0"}, tuple(columns)),
        ("only_source", {"k": "1"}, ()),
    ]


@pytest.mark.parametrize("overlap", ["0s", "1m"])
@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_rows_that_are_newer_than_the_last_run_are_no_difference(
    server: Server, landing: Landing, overlap: str
) -> None:
    name = f"newer_{overlap}"
    rows = [(key, datetime(2024, 1, 1, 0, 0, at), key) for at, key in enumerate("가나다라마바")]
    table = Table(name, {"k": Kind.TEXT, "t": Kind.MOMENT, "v": Kind.TEXT}, ("k",), rows=rows)
    server.create(table)
    landing.feed(name, key="k", mode="incremental", cursor="t", overlap=overlap)
    landing.run(name)
    server.insert(table, [("사", datetime(2024, 1, 2), "new"), ("아", None, "undated")])
    server.update(table, {"k": "나"}, {"t": datetime(2024, 1, 2), "v": "changed"})
    landing.warehouse.execute(f"update lv0.{name} set v = 'wrong' where k = '다'".encode())

    found = verify_feed(f"s.{name}", landing.home)

    assert (found.state, found.newer, found.different, found.only_source) == ("different", 2, 1, 1)
    assert [(each.kind, each.key, each.columns) for each in found.differences] == [
        ("different", {"k": "다"}, ("v",)),
        ("only_source", {"k": "아"}, ()),
    ]
