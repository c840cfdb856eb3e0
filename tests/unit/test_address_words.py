"""The address search's rules without a network: words, doors, answers, pace."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from extract.address.client import AddressSearch
from extract.address.pace import Pace
from extract.address.words import Place, refine, shortened
from extract.errors import (
    ConfigurationError,
    ExtractError,
    QuotaError,
    RowError,
    SourceError,
    TransientError,
)
from extract.settings import Connection

NOWHERE = dict.fromkeys(
    (
        "address_name", "region_1depth_name", "region_2depth_name", "region_3depth_name",
        "region_3depth_h_name", "building_name", "zone_no", "x", "y",
    )
)  # fmt: skip


def place(name: str) -> Place:
    return Place(road_address=True, **{**NOWHERE, "address_name": name})  # type: ignore[arg-type]


def knows(*queries: str) -> tuple[list[str], Any]:
    """A search that knows these texts, and what it was asked."""
    asked: list[str] = []

    def search(query: str) -> Place | None:
        asked.append(query)
        return place(query) if query in queries else None

    return asked, search


def test_the_last_word_is_dropped_until_a_place_is_found() -> None:
    asked, search = knows("수원시 견본로 7", "수원시")
    found = refine("수원시  견본로\u30007\t101동 1203호", search)
    assert asked == [
        "수원시 견본로 7 101동 1203호",
        "수원시 견본로 7 101동",
        "수원시 견본로 7",
    ]
    assert found.place == place("수원시 견본로 7")
    assert (found.accuracy, found.building_dong, found.building_ho) == (0.6, "101", "1203")
    assert found.raw_address == "수원시  견본로\u30007\t101동 1203호"


def test_an_address_that_is_known_as_a_whole_is_accurate() -> None:
    asked, search = knows("견본로 7")
    assert refine("견본로 7", search).accuracy == 1
    assert asked == ["견본로 7"]


def test_where_nothing_is_found_the_raw_address_stands_alone() -> None:
    asked, search = knows()
    found = refine("없는길 1 101동 2호", search)
    assert len(asked) == 4
    assert {name: value for name, value in vars(found).items() if value is not None} == {
        "raw_address": "없는길 1 101동 2호"
    }


@pytest.mark.parametrize(
    ("address", "dong", "ho"),
    [
        ("견본로 7 101동 1203호", "101", "1203"),
        ("견본로 7 101동1203호", "101", "1203"),
        ("역삼1동 견본로 7 3호 101동 1203호", "101", "1203"),
        ("견본로 7 가동 지하호", None, None),
        ("견본로 7 12층 1203호", None, "1203"),
        ("견본동 7", None, None),
    ],
)
def test_dong_and_ho_are_the_last_numbers_before_their_words(
    address: str, dong: str | None, ho: str | None
) -> None:
    found = refine(address, place)
    assert (found.building_dong, found.building_ho) == (dong, ho)


@hypothesis.given(st.text(alphabet="가나 \t\u3000\u00a01동호", max_size=40))
def test_every_query_is_a_shorter_beginning_with_single_blanks(address: str) -> None:
    queries = list(shortened(address))
    assert len(queries) == len(address.split())
    for longer, shorter in pairwise(queries):
        assert longer.startswith(shorter + " ")
    assert queries[:1] == ([" ".join(address.split())] if address.split() else [])


def test_calls_are_spread_evenly_and_a_rest_is_not_saved_up() -> None:
    now, slept = 100.0, []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))

    pace = Pace(4, clock=lambda: now, sleep=sleep)
    for _ in range(3):
        pace.wait()
    assert slept == [0.25, 0.5]
    now += 10
    pace.wait()
    pace.wait()
    assert slept[2:] == [0.25]


# -- what the service answers -------------------------------------------------------------------


class Answering(AddressSearch):
    """The client without a network: it gets one answer."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(Connection("search", "https://search.example", {"key": "s3cret"}))
        self._answer = status, body if isinstance(body, bytes) else json.dumps(body).encode()

    def _get(self, target: str) -> tuple[int, bytes]:
        return self._answer


def documents(**fields: object) -> dict[str, Any]:
    return {"documents": [{"address_name": "N", "x": "127.1", "y": "37.2", **fields}]}


LOT = {
    "region_1depth_name": "경기",
    "region_3depth_name": "이의동",
    "region_3depth_h_name": "광교1동",
}
ROAD = {"region_1depth_name": "경기도", "building_name": "", "zone_no": "16500"}


def test_regions_are_the_lot_s_and_the_building_is_the_road_address_s() -> None:
    found = Answering(200, documents(address=LOT, road_address=ROAD)).search("q")
    assert found is not None and found.road_address
    assert (found.region_1depth_name, found.region_3depth_h_name) == ("경기", "광교1동")
    assert (found.building_name, found.zone_no) == (None, "16500")
    assert (found.address_name, found.x, found.y) == ("N", 127.1, 37.2)


def test_a_place_may_lack_its_road_address_or_its_lot() -> None:
    lot = Answering(200, documents(address=LOT, road_address=None)).search("q")
    road = Answering(200, documents(address=None, road_address=ROAD, x="", y=None)).search("q")
    assert lot is not None and not lot.road_address and lot.zone_no is None
    assert road is not None and road.road_address and road.region_1depth_name == "경기도"
    assert (road.region_3depth_h_name, road.x, road.y) == (None, None, None)
    assert Answering(200, {"documents": []}).search("q") is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"errorType": "RequestThrottled", "message": "API limit"}, QuotaError),
        (400, {"code": -10, "msg": "API limit has been exceeded."}, QuotaError),
        (400, {"errorType": "InvalidArgument", "message": "비밀로 1"}, RowError),
        (401, {"errorType": "AccessDeniedError", "message": "s3cret"}, ConfigurationError),
        (403, {"errorType": "NotAuthorizedError"}, ConfigurationError),
        (500, b"<html>", TransientError),
        (503, b"", TransientError),
        (408, b"", TransientError),
        (404, b"<html>", SourceError),
        (302, b"", SourceError),
        (200, b"<html>", SourceError),
        (200, {"documents": "none"}, SourceError),
        (200, {"documents": [{"x": "east"}]}, SourceError),
        (200, [], SourceError),
    ],
)
def test_each_answer_is_what_it_means_and_no_error_tells_what_was_asked(
    status: int, body: object, kind: type[ExtractError]
) -> None:
    with pytest.raises(ExtractError) as raised:
        Answering(status, body).search("비밀로 1")
    assert type(raised.value) is kind
    text = str(raised.value)
    assert text.startswith("search (https://search.example) answers")
    assert "비밀로" not in text and "s3cret" not in text and "\n" not in text


@pytest.mark.parametrize(
    ("url", "options", "told"),
    [
        ("ftp://search.example", {"key": "k"}, "has the URL ftp://search.example; an address"),
        ("https://search.example", {}, "`search` has no `key`"),
        ("https://search.example", {"key": ""}, "`search` has no `key`"),
        ("https://a", {"key": "k", "concurrency": "0"}, "`concurrency` must be a whole number"),
        ("https://a", {"key": "k", "per_second": "1.5"}, "`per_second` must be a whole number"),
        ("https://a", {"key": "k", "max_requests": "-1"}, "`max_requests` must be a whole number"),
        ("https://a", {"key": "k", "timeout": "soon"}, "`timeout` must be a time like 15s"),
    ],
)
def test_a_connection_that_cannot_work_is_told(
    url: str, options: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AddressSearch(Connection("search", url, options))
    assert told in str(raised.value)


def test_the_key_may_be_the_password_of_the_url() -> None:
    search = AddressSearch(Connection("search", "https://:k%2B@search.example/base/"))
    assert (search._key, search._path) == ("k+", "/base/v2/local/search/address.json")
