"""One source and one warehouse for all files; each test has tables of its own."""

from __future__ import annotations

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand
from tests.integration.test_extract_types import SCHEMA


@pytest.fixture(scope="session")
def stand(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("verify"), postgres)
    made.source(SCHEMA)
    return made
