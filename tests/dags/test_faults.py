"""What is tried again, and what fails at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def result(status: str, message: str | None = None) -> dict[str, Any]:
    return {"unique_id": f"model.stairway.{status}", "status": status, "message": message}


def ends_at_once(tmp_path: Path, *results: dict[str, Any]) -> str | None:
    from _stairway.faults import fail_at_once_unless_transient
    from airflow.sdk.exceptions import AirflowFailException

    (tmp_path / "target").mkdir(exist_ok=True)
    (tmp_path / "target" / "run_results.json").write_text(json.dumps({"results": results}))
    try:
        fail_at_once_unless_transient(str(tmp_path), context={})
    except AirflowFailException as error:
        return str(error)
    return None


def test_a_failed_test_is_not_tried_again(tmp_path: Path) -> None:
    said = ends_at_once(tmp_path, result("success"), result("fail", "Got 3 results"))
    assert said == "model.stairway.fail: Got 3 results"


def test_an_error_of_the_model_is_not_tried_again(tmp_path: Path) -> None:
    said = ends_at_once(tmp_path, result("error", 'Database Error: column "x" does not exist'))
    assert said is not None


@pytest.mark.parametrize(
    "message",
    [
        'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        "server closed the connection unexpectedly",
        "terminating connection due to administrator command",
        "FATAL:  the database system is starting up",
        "deadlock detected\nDETAIL: ...",
        "could not serialize access due to concurrent update",
    ],
)
def test_a_lost_connection_or_a_deadlock_is_tried_again(tmp_path: Path, message: str) -> None:
    assert ends_at_once(tmp_path, result("error", f"Database Error\n  {message}")) is None


def test_a_wrong_password_is_not_tried_again(tmp_path: Path) -> None:
    message = (
        'connection to server at "127.0.0.1", port 5432 failed: '
        'FATAL:  password authentication failed for user "stairway"'
    )
    assert ends_at_once(tmp_path, result("error", message)) is not None


def test_one_lasting_fault_is_enough_to_end(tmp_path: Path) -> None:
    said = ends_at_once(
        tmp_path, result("error", "deadlock detected"), result("fail"), result("skipped")
    )
    assert said == "model.stairway.fail: fail"


def test_success_warnings_and_no_results_are_left_to_cosmos(tmp_path: Path) -> None:
    from _stairway.faults import fail_at_once_unless_transient

    fail_at_once_unless_transient(str(tmp_path), context={})
    assert ends_at_once(tmp_path, result("success"), result("pass"), result("warn")) is None
