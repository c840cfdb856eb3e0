"""What is wrong is said in one line that names it, and lv0 is not touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from extract.errors import ConfigurationError, ExtractError, SourceError, TransientError
from extract.settings import Project
from extract.sources import open_source
from tests.conformance.landing import Landing
from tests.conformance.servers import Kind, Server, Table, having

_TABLE = Table("orders", {"id": Kind.INTEGER, "v": Kind.TEXT}, ("id",), rows=[(1, "a")])


@pytest.fixture(scope="session")
def orders(server: Server) -> Table:
    server.create(_TABLE)
    return _TABLE


@pytest.mark.parametrize(
    ("extract", "kind", "named"),
    [
        ({"table": "ordres"}, SourceError, "ordres"),
        ({"key": "no_such"}, ConfigurationError, "no_such"),
        ({"mode": "incremental", "cursor": "no_such"}, ConfigurationError, "no_such"),
        ({"include": ["id", "no_such"]}, SourceError, "no_such"),
        ({"exclude": "no_such"}, SourceError, "no_such"),
        ({"expressions": {"x": "no_such + 1"}}, SourceError, "no_such"),
        ({"expressions": {"x": "1 +"}}, SourceError, ""),
        ({"expressions": {"V": "1"}}, SourceError, "V"),
    ],
    ids=["table", "key", "cursor", "include", "exclude", "expression", "syntax", "clash"],
)
def test_a_fault_of_the_catalogue_is_named(
    landing: Landing, orders: Table, extract: dict[str, Any], kind: type[ExtractError], named: str
) -> None:
    landing.feed("faulty", **{"table": orders.name, "key": "id", **extract})

    with pytest.raises(kind) as caught:
        landing.run("faulty")

    assert type(caught.value) is kind
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert landing.rows("select to_regclass('lv0.faulty')") == [(None,)]


def test_a_table_that_is_missing_is_told_with_those_that_are_there(
    landing: Landing, orders: Table
) -> None:
    landing.feed("faulty", table="ordre", key="id")

    with pytest.raises(SourceError, match=r"ordre.*orders"):
        landing.run("faulty")


def test_a_login_that_fails_is_told_without_the_password(
    server: Server, landing: Landing, orders: Table
) -> None:
    landing.feed("faulty", table=orders.name, key="id")
    landing.connect(**server.refused)
    try:
        with pytest.raises(ConfigurationError) as caught:
            landing.run("faulty")
    finally:
        landing.connect()

    assert "erp" in str(caught.value) or "//" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("server", having("network"), indirect=True)
def test_a_server_that_nobody_answers_for_is_worth_another_try(
    server: Server, landing: Landing
) -> None:
    connection = Project.find(landing.home).connection("erp")
    port = urlsplit(connection.url).port
    elsewhere = connection.url.replace(f":{port}/", ":9/")
    unreachable = replace(connection, url=elsewhere)

    with pytest.raises(TransientError) as caught:
        open_source(unreachable, server.defaults.get("database"))

    assert "\n" not in str(caught.value)
