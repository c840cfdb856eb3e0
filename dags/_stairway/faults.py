"""Which failures of a dbt task are worth another try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

__all__ = ["fail_at_once_unless_transient", "lasting_faults"]

# What Postgres and its client say when the same statement may succeed a minute later.
_TRANSIENT = (
    "connection to server",
    "could not connect to server",
    "server closed the connection",
    "connection already closed",
    "connection timed out",
    "connection has been closed unexpectedly",
    "terminating connection",
    "the database system is",
    "too many clients",
    "remaining connection slots",
    "deadlock detected",
    "could not serialize access",
    "lock timeout",
)


# The client wraps these in the words of a lost connection.
_LASTING = ("authentication failed", "no pg_hba.conf entry", "does not exist")


def lasting_faults(run_results: dict[str, Any]) -> list[str]:
    """The failed tests, and the errors that another try would only repeat, one text for each."""
    return [
        f"{result['unique_id']}: {result.get('message') or status}"
        for result in run_results.get("results", [])
        if (status := result.get("status")) == "fail"
        or (status == "error" and not _is_transient(str(result.get("message"))))
    ]


def fail_at_once_unless_transient(project_dir: str, **_: Any) -> None:
    """Ends the task without a retry where dbt met a lasting fault; Cosmos calls it after dbt.

    Where dbt left no run results (it found no database, or no valid project) the task fails
    later and by itself, and is tried again.

    Raises:
        AirflowFailException: a test failed, or a node's error isn't a transient one.
    """
    path = Path(project_dir) / "target" / "run_results.json"
    if path.is_file() and (faults := lasting_faults(json.loads(path.read_text()))):
        raise AirflowFailException("\n".join(faults))


def _is_transient(message: str) -> bool:
    text = message.lower()
    return any(sign in text for sign in _TRANSIENT) and not any(sign in text for sign in _LASTING)
