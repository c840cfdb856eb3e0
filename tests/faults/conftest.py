"""Options of the random histories; stands and a table for files that make none of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/faults --histories 2000 --first-seed 1`."""
    parser.addoption("--histories", type=int, default=200, help="random histories to play")
    parser.addoption("--first-seed", type=int, default=1, help="seed of the first history")


@pytest.fixture(scope="session")
def stands(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stand]:
    """By driver, over one source."""
    copied = Stand.make(tmp_path_factory.mktemp("state"), postgres)
    copied.source("create schema dbo")
    return {"copy": copied, "adbc": copied.twin(tmp_path_factory.mktemp("arrow"), "adbc")}


@pytest.fixture
def stand(stands: dict[str, Stand], request: pytest.FixtureRequest) -> Stand:
    """Of the driver that a test asks for; copies rows through where it makes no difference."""
    return stands[getattr(request, "param", "copy")]


@pytest.fixture
def table(stand: Stand) -> Iterator[str]:
    """Forty rows, k 1 to 40, a minute apart by their cursor u."""
    stand.source(
        "create table dbo.t (k integer primary key, v text, u timestamp not null)",
        "insert into dbo.t select i, i, timestamp '2024-01-01' + i * interval '1 minute'"
        " from generate_series(1, 40) as i",
    )
    try:
        yield "t"
    finally:
        stand.source("drop table dbo.t cascade")
        stand.warehouse("drop table if exists lv0.f, lv0.f_twin", "truncate lv0._rejected")
        stand.forget()
