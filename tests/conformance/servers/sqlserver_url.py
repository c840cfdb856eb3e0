"""The SQL Server, or compatible one, that an environment variable names; see docs/sources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers.sql import SqlServer
from tests.conformance.servers.sqlserver import in_own_schema

__all__ = ["VARIABLE", "start"]

VARIABLE = "STAIRWAY_TEST_SQLSERVER_URL"


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """A schema of its own in the URL's database."""
    url = os.environ.get(VARIABLE)
    if not url:
        pytest.exit(f"error: set {VARIABLE}: mssql://user:password@host:1433/database", 2)
    with in_own_schema({"url": url, **options}, None) as server:
        yield server
