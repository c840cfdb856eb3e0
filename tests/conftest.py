"""Fixtures that every suite shares: an embedded Postgres cluster of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from sandbox.postgres import EmbeddedPostgres

os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("stairway", deadline=None)
hypothesis.settings.load_profile("stairway")

ROOT = Path(__file__).resolve().parent.parent
# Suites whose fixtures are slow to make and serve several files; so do those of a folder below one.
_TOGETHER = ("conformance", "dags", "project")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run on several workers, one of them runs a whole file, or a whole suite."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            path = item.path.relative_to(ROOT / "tests")
            suite, *folders, _ = path.parts
            group = path.parent if suite in _TOGETHER or folders else path
            item.add_marker(pytest.mark.xdist_group(group.as_posix()))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running cluster on a port of its own, gone with the session."""
    cluster = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), preferred_port=0)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
