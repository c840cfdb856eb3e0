"""Fixtures that every suite shares: an embedded Postgres cluster of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from sandbox.postgres import EmbeddedPostgres

os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("stairway", deadline=None)
hypothesis.settings.load_profile("stairway")

ROOT = Path(__file__).resolve().parent.parent
# Suites whose files share fixtures that are slow to make; so do those of a folder in a suite.
_SHARING = ("conformance", "dags", "project")


class _BySuite(LoadScopeScheduling):
    """Of several workers one runs a whole file, or all files that share fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.split("::")[0]).relative_to("tests")
        suite, *folders, _ = path.parts
        return str(path.parent if folders or suite in _SHARING else path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _BySuite:
    """Hands the tests out in the order in which they were collected."""
    config.option.loadscopereorder = False
    return _BySuite(config, log)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running cluster on a port of its own, gone with the session."""
    cluster = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), preferred_port=0)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
