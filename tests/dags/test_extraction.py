"""The extract task: whose connection it takes, and which of its errors are tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from extract import api
from extract.errors import ConfigurationError, SourceError, TransientError

FEED = "rental.r_order_contract"


@dataclass(frozen=True)
class Result:
    rows_read: int


@pytest.fixture
def airflow_has(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Sets the connections that Airflow has, as URIs by id."""
    from _stairway import extraction
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    def has(connections: dict[str, str]) -> None:
        def get(conn_id: str) -> Connection:
            if conn_id not in connections:
                raise AirflowNotFoundException(conn_id)
            return Connection.from_uri(connections[conn_id], conn_id=conn_id)

        monkeypatch.setattr(extraction.Connection, "get", get)

    return has


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the extraction was asked for; it reads 7 rows."""
    made: list[dict[str, Any]] = []

    def run_feed(feed: str, project_dir: object, *, connection_urls: dict[str, str]) -> Result:
        made.append({"feed": feed, "connection_urls": connection_urls})
        return Result(rows_read=7)

    monkeypatch.setattr(api, "run_feed", run_feed)
    return made


def test_the_task_returns_what_the_extraction_reports(
    airflow_has: Callable[[dict[str, str]], None], calls: list[dict[str, Any]]
) -> None:
    from _stairway.extraction import extract_feed

    airflow_has({})
    assert extract_feed(FEED) == {"rows_read": 7}
    assert calls == [{"feed": FEED, "connection_urls": {}}]


def test_an_airflow_connection_of_the_same_id_wins(
    airflow_has: Callable[[dict[str, str]], None], calls: list[dict[str, Any]]
) -> None:
    from _stairway.extraction import extract_feed

    airflow_has({"uni_erp": "postgres://reader:s%40crt@erp.example:5432", "other": "http://x"})
    extract_feed(FEED)
    assert calls[0]["connection_urls"] == {
        "uni_erp": "postgresql://reader:s%40crt@erp.example:5432"
    }


def test_an_unknown_feed_fails_at_once_in_the_words_of_the_catalogue(
    airflow_has: Callable[[dict[str, str]], None],
) -> None:
    from _stairway.extraction import extract_feed
    from airflow.sdk.exceptions import AirflowFailException

    airflow_has({})
    with pytest.raises(AirflowFailException, match=r"Unknown feed `rental\.r_typo`"):
        extract_feed("rental.r_typo")


@pytest.mark.parametrize("error", [SourceError("no such table"), ConfigurationError("no url")])
def test_a_lasting_error_fails_at_once(
    airflow_has: Callable[[dict[str, str]], None],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    from _stairway.extraction import extract_feed
    from airflow.sdk.exceptions import AirflowFailException

    def fail(*_: object, **__: object) -> None:
        raise error

    airflow_has({})
    monkeypatch.setattr(api, "run_feed", fail)
    with pytest.raises(AirflowFailException, match=str(error)):
        extract_feed(FEED)


def test_a_transient_error_is_left_to_airflows_retries(
    airflow_has: Callable[[dict[str, str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from _stairway.extraction import extract_feed

    def fail(*_: object, **__: object) -> None:
        raise TransientError("the connection was lost")

    airflow_has({})
    monkeypatch.setattr(api, "run_feed", fail)
    with pytest.raises(TransientError):
        extract_feed(FEED)
