"""The cluster of these tests, and the sample ERP in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import erp
from sandbox.postgres import EmbeddedPostgres
from tests.integration.sample_erp.reading import forget


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The cluster; the sample ERP in it goes with a file's tests: no two begin with the same."""
    try:
        yield postgres
    finally:
        postgres.drop_database("RENTAL")
        postgres.drop_database("UNIERP5")


@pytest.fixture
def built(server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The unchanged sample of the default seed and size."""
    marker = erp.read_marker(server)
    if marker is not None and marker.round > 0:
        forget(server)
    erp.build(server)
    return server
