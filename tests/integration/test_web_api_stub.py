"""The stub of the web APIs as a process: it starts once, answers, changes by rounds, and ends."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.api import KEY, StubApi, changes_of
from sandbox.postgres import SandboxError

TOWN_HALLS = f"/api/15063424/v1/town-halls?serviceKey={KEY}&perPage=100"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[StubApi]:
    stub = StubApi(tmp_path / "api")
    stub.start()
    try:
        yield stub
    finally:
        stub.stop()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def test_a_second_start_changes_nothing_and_a_stop_ends_it(api: StubApi) -> None:
    url = api.url
    api.start()
    assert api.url == url
    assert get(url + TOWN_HALLS)["totalCount"] == 60
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(url + "/elsewhere").close()
    api.stop()
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(url + TOWN_HALLS)
    with pytest.raises(SandboxError, match="not running"):
        _ = api.url


def test_a_round_of_changes_is_what_the_report_says(api: StubApi) -> None:
    def halls() -> dict[int, Any]:
        api_says = get(api.url + TOWN_HALLS)["data"]
        return {hall["행정기관코드"]: hall["전화번호"] for hall in api_says}

    before = halls()
    api.set_round(1)
    after = halls()
    kept = before.keys() & after.keys()
    assert changes_of(1)["public_data.town_hall"] == (
        len(after.keys() - kept),
        sum(before[hall] != after[hall] for hall in kept),
        len(before.keys() - kept),
    )
    api.set_round(0)
    assert halls() == before
