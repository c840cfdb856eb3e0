"""The stair is built once; the tests of all files here follow each other on it, by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.heroku_connect import install
from sandbox.postgres import EmbeddedPostgres
from tests.integration.dbt_models.stair import DATABASE, ROOT, Stair


@pytest.fixture(scope="session")
def stair(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stair:
    postgres.create_database(DATABASE)
    stair = Stair(postgres, tmp_path_factory.mktemp("target"))
    for path in sorted((ROOT / "extract/migrations").glob("*.sql")):
        stair.execute(path.read_text(encoding="utf-8"))
    install(stair.url)
    for path in sorted(Path(__file__).parent.glob("small_mirror*.sql")):
        stair.execute(path.read_text(encoding="utf-8"))
    stair.dbt("build")
    return stair
