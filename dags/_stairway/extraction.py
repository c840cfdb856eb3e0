"""The extract task: one feed into lv0."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from _stairway.project import PROJECT_DIR

__all__ = ["extract_feed"]


def extract_feed(feed: str) -> dict[str, Any]:
    """Runs `feed`; what it read and wrote.

    An Airflow Connection that is called like the feed's connection in connections.yml wins over
    that file.

    Raises:
        AirflowFailException: another try would fail in the same way.
        TransientError: a connection was lost for longer than the extraction waits by itself.
    """
    # Here, as the DAG processor needs none of the drivers that this imports.
    from extract.api import run_feed
    from extract.catalog import read_catalog, select
    from extract.errors import ExtractError, TransientError
    from extract.settings import Project

    try:
        [chosen] = select(read_catalog(Project(PROJECT_DIR)), [feed])
        urls = _airflow_urls(chosen.extract.connection)
        return dataclasses.asdict(run_feed(feed, PROJECT_DIR, connection_urls=urls))
    except TransientError:
        raise
    except ExtractError as error:
        raise AirflowFailException(str(error)) from error


def _airflow_urls(name: str) -> dict[str, str]:
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        return {}
    # Airflow's own name of the connection type, where libpq's is `postgresql`.
    return {name: re.sub(r"^postgres://", "postgresql://", connection.get_uri())}
