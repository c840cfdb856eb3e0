"""What a scheduler calls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from extract.address import run as address
from extract.catalog import AnyFeed, Feed, LookupFeed, read_catalog, select
from extract.errors import ConfigurationError
from extract.plan import Progress
from extract.run import Observer, Options, open_pass, read_segment, run
from extract.runs import RunResult
from extract.settings import Connection, Project
from extract.verify import LIMIT, Verification, verify

__all__ = ["run_any", "run_feed", "source_connection", "verify_feed"]


def run_feed(
    feed: str,
    project_dir: Path | None = None,
    *,
    connection_urls: Mapping[str, str] | None = None,
    complete: bool = False,
    allow_deletes: bool = False,
    jobs: int = 1,
    observer: Observer | None = None,
) -> RunResult:
    """Extracts one feed; returns what changed in its table.

    Args:
        feed: `source.table`, as in dbt.
        project_dir: folder of dbt_project.yml; default: this folder or one above it.
        connection_urls: URLs by connection name that win over connections.yml.
        complete: read all rows whatever the mode says; a lookup asks again whatever had no answer.
        allow_deletes: publish however many rows are gone.
        jobs: how many key ranges of the table are read at once.
        observer: is told of each page.

    Raises:
        ExtractError: see `extract.errors`; only `TransientError` is worth a retry.
    """
    options = Options(complete, allow_deletes, jobs, observer)
    project, found = _find(feed, project_dir)
    service = source_connection(project, found, connection_urls)
    return run_any(found, service, project.warehouse(), options)


def run_any(
    feed: AnyFeed, source: Connection, warehouse: Connection, options: Options
) -> RunResult:
    """Runs a feed of either kind. Raises as `run_feed`."""
    if isinstance(feed, LookupFeed):
        return address.run(feed, source, warehouse, again=options.complete, stop=options.stop)
    return run(feed, source, warehouse, options)


def open_feed(
    feed: str,
    project_dir: Path | None = None,
    *,
    connection_urls: Mapping[str, str] | None = None,
) -> list[int]:
    """Opens a pass over a feed with `ranges`; the segments that workers may read by themselves.

    Then call `read_feed_segment` for each of them, anywhere, and `run_feed` to publish: it reads
    what a worker left. The list is empty where the pass has nothing to share.

    Raises:
        ExtractError: as `run_feed`.
    """
    return open_pass(*_places(feed, project_dir, connection_urls))


def read_feed_segment(
    feed: str,
    number: int,
    project_dir: Path | None = None,
    *,
    connection_urls: Mapping[str, str] | None = None,
) -> Progress:
    """Reads one segment of an open pass into staging; how far it has come then.

    Raises:
        ExtractError: as `run_feed`.
    """
    return read_segment(*_places(feed, project_dir, connection_urls), number)


def _places(
    feed: str, project_dir: Path | None, connection_urls: Mapping[str, str] | None
) -> tuple[Feed, Connection, Connection]:
    project, found = _find(feed, project_dir)
    if isinstance(found, LookupFeed):
        raise ConfigurationError(
            f"`{feed}` is a lookup: it has no ranges, and no source to compare it with.", feed=feed
        )
    return found, source_connection(project, found, connection_urls), project.warehouse()


def _find(feed: str, project_dir: Path | None) -> tuple[Project, AnyFeed]:
    project = Project.find(project_dir)
    (found,) = select(read_catalog(project), [feed])
    return project, found


def verify_feed(
    feed: str,
    project_dir: Path | None = None,
    *,
    connection_urls: Mapping[str, str] | None = None,
    limit: int = LIMIT,
) -> Verification:
    """Compares one feed's source with lv0; returns what it found, which is also in `ops`.

    Args:
        feed: `source.table`, as in dbt.
        project_dir: folder of dbt_project.yml; default: this folder or one above it.
        connection_urls: URLs by connection name that win over connections.yml.
        limit: how many rows to name.

    Raises:
        ExtractError: see `extract.errors`; only `TransientError` is worth a retry.
    """
    return verify(*_places(feed, project_dir, connection_urls), limit=limit)


def source_connection(
    project: Project, feed: AnyFeed, connection_urls: Mapping[str, str] | None = None
) -> Connection:
    """Where the feed's rows, or its answers, are."""
    name = feed.extract.connection
    if connection_urls and name in connection_urls:
        # The other fields of connections.yml still hold, where it has the connection.
        options = project.connection(name).options if project.has_connection(name) else {}
        found = Connection(name, connection_urls[name], options)
    else:
        found = project.connection(name)
    is_web_api = isinstance(feed, Feed) and feed.extract.http is not None
    if is_web_api and found.scheme not in ("http", "https"):
        raise ConfigurationError(
            f"{feed.name}: `config.meta.extract.http` in {feed.file.name} needs a connection whose "
            f"URL begins with http:// or https://; that of `{name}` begins with {found.scheme}://.",
            feed=feed.name,
        )
    return found
