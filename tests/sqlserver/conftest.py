"""SQL Server by both drivers: the stand-in always, a real server where the marker asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from extract.settings import Connection
from extract.sources import open_source
from extract.sources.sqlserver import SqlServerSource
from sandbox.postgres import EmbeddedPostgres
from tests.conformance.landing import Landing
from tests.conformance.servers import SERVERS, start
from tests.conformance.servers.sql import SqlServer

Open = Callable[..., SqlServerSource]


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=known.marks, id=name)
        for name, known in SERVERS.items()
        if known.module.startswith("sqlserver")
    ],
)
def server(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SqlServer]:
    """A schema of its own on a running server."""
    with start(request.param, tmp_path_factory.mktemp("server"), postgres) as running:
        assert isinstance(running, SqlServer)
        yield running


@pytest.fixture(scope="session")
def landing(
    server: SqlServer, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Landing]:
    """A project and a warehouse for the tests on one server."""
    made = Landing.make(tmp_path_factory.mktemp("landing"), server, postgres)
    try:
        yield made
    finally:
        made.warehouse.close()


@pytest.fixture
def opened(server: SqlServer) -> Iterator[Open]:
    """Opens sources on the server, with options of one's own; they are closed with the test."""
    with ExitStack() as stack:

        def open_one(**options: str) -> SqlServerSource:
            given = {name: text for name, text in server.connection.items() if name != "url"}
            connection = Connection("erp", server.connection["url"], {**given, **options})
            source = open_source(connection, server.defaults.get("database"))
            assert isinstance(source, SqlServerSource)
            stack.callback(source.close)
            return source

        yield open_one
