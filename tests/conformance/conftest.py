"""Each server is started once; tests on the same one follow each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.conformance.landing import Landing
from tests.conformance.servers import Server, having, start


@pytest.fixture(scope="session", params=having())
def server(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A running server; a test that not every one can serve names those that do."""
    with start(request.param, tmp_path_factory.mktemp("server"), postgres) as running:
        yield running


@pytest.fixture(scope="session")
def landing(
    server: Server, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Landing]:
    """A project and a warehouse for the tests on one server."""
    made = Landing.make(tmp_path_factory.mktemp("landing"), server, postgres)
    try:
        yield made
    finally:
        made.warehouse.close()
