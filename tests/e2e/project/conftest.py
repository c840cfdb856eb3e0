"""The project that the suites of this folder run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.copies import copied, sandbox


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project whose services are stopped in the end."""
    copy = copied(tmp_path_factory.mktemp("project"))
    try:
        yield copy
    finally:
        sandbox(copy, "stop")
