"""What a scheduler calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from extract.catalog import Feed, read_catalog, select
from extract.run import Observer, run
from extract.runs import RunResult
from extract.settings import Connection, Project

__all__ = ["run_feed", "source_connection"]


def run_feed(
    feed: str,
    project_dir: Path | None = None,
    *,
    connection_urls: Mapping[str, str] | None = None,
    complete: bool = False,
    allow_deletes: bool = False,
    observer: Observer | None = None,
) -> RunResult:
    """Extracts one feed; returns what changed in lv0.

    Args:
        feed: `source.table`, as in dbt.
        project_dir: folder of dbt_project.yml; default: this folder or one above it.
        connection_urls: URLs by connection name that win over connections.yml.
        complete: read all rows whatever the mode says.
        allow_deletes: publish however many rows are gone.
        observer: is told of each page.

    Raises:
        ExtractError: see `extract.errors`; only `TransientError` is worth a retry.
    """
    project = Project.find(project_dir)
    (found,) = select(read_catalog(project), [feed])
    return run(
        found,
        source_connection(project, found, connection_urls),
        project.warehouse(),
        complete=complete,
        allow_deletes=allow_deletes,
        observer=observer,
    )


def source_connection(
    project: Project, feed: Feed, connection_urls: Mapping[str, str] | None = None
) -> Connection:
    """Where the feed's rows are."""
    name = feed.extract.connection
    if connection_urls and name in connection_urls:
        return Connection(name, connection_urls[name])
    return project.connection(name)
