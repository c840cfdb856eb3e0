"""The verify task: when it is due, what it returns, and which of its errors are tried again."""

from __future__ import annotations

from typing import Any

import pytest

from extract import api
from extract.errors import SourceError, TransientError
from extract.verify import Difference, Verification

FEED = "rental.r_goods"
COMPLETE = {"is_complete": True, "rows_read": 7}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked for; the answer is the first of its kind, an exception is raised."""
    from _stairway import extraction

    made: list[dict[str, Any]] = []
    monkeypatch.setattr(extraction, "_airflow_urls", lambda name: {name: "postgresql://erp"})
    answers(monkeypatch, Verification(FEED, "equal", 1.5, 7, 7), made)
    return made


def answers(
    monkeypatch: pytest.MonkeyPatch,
    answer: Verification | Exception,
    made: list[dict[str, Any]] | None = None,
) -> None:
    def verify_feed(feed: str, project_dir: object, **options: Any) -> Verification:
        if made is not None:
            made.append({"feed": feed, **options})
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(api, "verify_feed", verify_feed)


def test_a_complete_pass_is_verified_through_airflows_connection(
    calls: list[dict[str, Any]],
) -> None:
    from _stairway.verification import verify_feed

    found = verify_feed(FEED, COMPLETE)
    assert (found["state"], found["source_rows"], found["differences"]) == ("equal", 7, ())
    assert calls == [{"feed": FEED, "connection_urls": {"uni_erp": "postgresql://erp"}}]


def test_an_incremental_pass_is_not_due(calls: list[dict[str, Any]]) -> None:
    from _stairway.verification import verify_feed

    assert verify_feed(FEED, {"is_complete": False}) == {"feed": FEED, "state": "not due"}
    assert calls == []


def test_a_difference_fails_at_once_and_says_how_many(
    calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from _stairway.verification import verify_feed
    from airflow.sdk.exceptions import AirflowFailException

    difference = Difference("different", {"goods_cd": "G-1"}, ("use_yn",))
    answers(
        monkeypatch,
        Verification(
            FEED, "different", 1.0, 7, 7,
            different=1, columns=("use_yn",), differences=(difference,),
        ),
    )  # fmt: skip
    with pytest.raises(
        AirflowFailException, match=r"rental\.r_goods: different \(1 different; in use_yn\)\. See"
    ) as raised:
        verify_feed(FEED, COMPLETE)
    assert "G-1" not in str(raised.value)


def test_a_lasting_error_fails_at_once(
    calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from _stairway.verification import verify_feed
    from airflow.sdk.exceptions import AirflowFailException

    answers(monkeypatch, SourceError("no such table"))
    with pytest.raises(AirflowFailException, match="no such table"):
        verify_feed(FEED, COMPLETE)
    with pytest.raises(AirflowFailException, match=r"Unknown feed `rental\.r_typo`"):
        verify_feed("rental.r_typo", COMPLETE)


def test_a_transient_error_is_left_to_airflows_retries(
    calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from _stairway.verification import verify_feed

    answers(monkeypatch, TransientError("the connection was lost"))
    with pytest.raises(TransientError):
        verify_feed(FEED, COMPLETE)
