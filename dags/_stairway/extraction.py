"""The extract tasks: one feed into lv0, or ranges of it by several workers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, TypeVar

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from _stairway.project import PROJECT_DIR

__all__ = ["asked", "extract_feed", "open_feed", "read_range"]

T = TypeVar("T")


def extract_feed(feed: str) -> dict[str, Any]:
    """Runs `feed`; what it read and wrote.

    An Airflow Connection that is called like the feed's connection in connections.yml wins over
    that file.

    Raises:
        AirflowFailException: another try would fail in the same way.
        TransientError: a connection was lost for longer than the extraction waits by itself.
    """
    # Here, as the DAG processor needs none of the drivers that this imports.
    from extract import api

    return dataclasses.asdict(asked(api.run_feed, feed))


def open_feed(feed: str) -> list[dict[str, Any]]:
    """Opens a pass over `feed`; the arguments of `read_range` for each range that it has.

    There are none where the pass isn't a complete one, or the table is small. Raises as
    `extract_feed`.
    """
    from extract import api

    return [{"feed": feed, "number": number} for number in asked(api.open_feed, feed)]


def read_range(feed: str, number: int) -> int:
    """Reads one range of an open pass into staging; its rows. Raises as `extract_feed`."""
    from extract import api

    return int(asked(api.read_feed_segment, feed, number).rows)


def asked(call: Callable[..., T], feed: str, *more: Any) -> T:
    """What a function of `extract.api` answers for `feed`. Raises as `extract_feed`."""
    from extract.catalog import read_catalog, select
    from extract.errors import ExtractError, TransientError
    from extract.settings import Project

    try:
        [chosen] = select(read_catalog(Project(PROJECT_DIR)), [feed])
        urls = _airflow_urls(chosen.extract.connection)
        return call(feed, *more, PROJECT_DIR, connection_urls=urls)
    except TransientError:
        raise
    except ExtractError as error:
        raise AirflowFailException(str(error)) from error


def _airflow_urls(name: str) -> dict[str, str]:
    """The URL of the Airflow Connection called `name`, by that name; empty where there is none."""
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        return {}
    # Airflow's own name of the connection type, where libpq's is `postgresql`.
    return {name: re.sub(r"^postgres://", "postgresql://", connection.get_uri())}
