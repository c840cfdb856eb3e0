"""A stand-in for the address search: Kakao's local API, for the streets of the sample ERP.

It knows most of them. Of some it also takes the door behind the number, of some it has no road
address or no lot, of one it knows the quarter alone, and one town it doesn't know at all.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from threading import Lock
from typing import Any

from sandbox.api.answers import KEY, Answer, Handler, Headers, Query, json_answer

__all__ = ["PATH", "routes", "set_quota"]

PATH = "/v2/local/search/address.json"
# What people write -> province, district, quarter, administrative quarter, longitude, latitude.
_QUARTERS = {
    "서울특별시 강남구": ("서울", "강남구", "역삼동", "역삼1동", 127.0365, 37.5006),
    "서울특별시 마포구": ("서울", "마포구", "공덕동", "공덕동", 126.9519, 37.5443),
    "부산광역시 해운대구": ("부산", "해운대구", "우동", "우1동", 129.1604, 35.1631),
    "대구광역시 수성구": ("대구", "수성구", "범어동", "범어4동", 128.6256, 35.8596),
    "인천광역시 연수구": ("인천", "연수구", "송도동", "송도1동", 126.6451, 37.3827),
    "광주광역시 북구": ("광주", "북구", "용봉동", "용봉동", 126.9025, 35.1762),
    "대전광역시 유성구": ("대전", "유성구", "봉명동", "온천1동", 127.3447, 36.3555),
    "경기도 성남시 분당구": ("경기", "성남시 분당구", "정자동", "정자1동", 127.1119, 37.3660),
    "경기도 수원시 영통구": ("경기", "수원시 영통구", "이의동", "광교1동", 127.0467, 37.2840),
    "강원도 춘천시": ("강원특별자치도", "춘천시", "퇴계동", "퇴계동", 127.7341, 37.8625),
    "전라북도 전주시 완산구": (
        "전북특별자치도",
        "전주시 완산구",
        "효자동2가",
        "효자4동",
        127.1066,
        35.8135,
    ),
}
_TAKES_THE_DOOR = ("견본로", "보기로", "가상대로")
_WITHOUT_A_LOT = ("모형로",)
_WITHOUT_A_ROAD = ("예시길",)
_ROADS = (*_TAKES_THE_DOOR, *_WITHOUT_A_LOT, *_WITHOUT_A_ROAD, "표본로12번길", "연습로")


def routes(home: Path) -> dict[str, Handler]:
    """The search, by its path; `home` holds its quota."""
    return {PATH: _Search(home).answer}


def set_quota(home: Path, requests: int | None) -> None:
    """Lets the search answer so many requests more; None for as many as come."""
    if requests is None:
        _quota(home).unlink(missing_ok=True)
    else:
        _quota(home).write_text(str(requests))


def _quota(home: Path) -> Path:
    return home / "address_quota"


class _Search:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = Lock()

    def answer(self, query: Query, headers: Headers) -> Answer:
        """What the service says, right or wrong."""
        if headers.get("authorization") != f"KakaoAK {KEY}":
            return _error(401, "AccessDeniedError", "cannot find appkey")
        if not query.get("query"):
            return _error(400, "MissingParameter", "query parameter required")
        if not self._within_quota():
            return _error(429, "RequestThrottled", "API limit has been exceeded.")
        found = _documents(query["query"])
        meta = {"total_count": len(found), "pageable_count": len(found), "is_end": True}
        return json_answer({"meta": meta, "documents": found})

    def _within_quota(self) -> bool:
        with self._lock, contextlib.suppress(FileNotFoundError):
            left = int(_quota(self._home).read_text())
            _quota(self._home).write_text(str(max(0, left - 1)))
            return left > 0
        return True


def _error(status: int, kind: str, message: str) -> Answer:
    return json_answer({"errorType": kind, "message": message}, status)


def _documents(query: str) -> list[dict[str, Any]]:
    words = query.split()
    for length in (2, 3):
        quarter = _QUARTERS.get(" ".join(words[:length]))
        if quarter is not None:
            found = _document(quarter, words[length:])
            return [] if found is None else [found]
    return []


def _document(
    quarter: tuple[str, str, str, str, float, float], rest: list[str]
) -> dict[str, Any] | None:
    province, district, part, administrative, x, y = quarter
    if not rest:
        name = f"{province} {district}"
        lot = _lot(name, province, district, "", "", f"{x}", f"{y}")
        return {
            "address_name": name, "address_type": "REGION", "x": f"{x}", "y": f"{y}",
            "address": lot, "road_address": None,
        }  # fmt: skip
    if len(rest) < 2 or rest[0] not in _ROADS or not rest[1].isdigit():
        return None
    if len(rest) > 2 and rest[0] not in _TAKES_THE_DOOR:
        return None
    road, number = rest[0], int(rest[1])
    dice = int(hashlib.md5(road.encode(), usedforsecurity=False).hexdigest()[:4], 16)
    x, y = round(x + number / 50_000, 12), round(y + dice / 5_000_000, 12)
    by_road = f"{province} {district} {road} {number}"
    by_lot = f"{province} {district} {part} {number + dice % 500}"
    lot = _lot(by_lot, province, district, part, administrative, f"{x}", f"{y}")
    house = {
        "address_name": by_road, "building_name": f"견본{number}아파트" if number % 4 == 0 else "",
        "main_building_no": str(number), "region_1depth_name": province,
        "region_2depth_name": district, "region_3depth_name": part, "road_name": road,
        "sub_building_no": "", "underground_yn": "N", "x": f"{x}", "y": f"{y}",
        "zone_no": f"{10000 + (dice + number) % 50000}",
    }  # fmt: skip
    has_road, has_lot = road not in _WITHOUT_A_ROAD, road not in _WITHOUT_A_LOT
    return {
        "address_name": by_road if has_road else by_lot,
        "address_type": "ROAD_ADDR" if has_road else "REGION_ADDR", "x": f"{x}", "y": f"{y}",
        "address": lot if has_lot else None, "road_address": house if has_road else None,
    }  # fmt: skip


def _lot(
    name: str, province: str, district: str, part: str, administrative: str, x: str, y: str
) -> dict[str, str]:
    number = name.rpartition(" ")[2]
    return {
        "address_name": name, "b_code": "1168010100", "h_code": "1168064000",
        "main_address_no": number if part else "", "mountain_yn": "N",
        "region_1depth_name": province, "region_2depth_name": district,
        "region_3depth_name": part, "region_3depth_h_name": administrative,
        "sub_address_no": "", "x": x, "y": y,
    }  # fmt: skip
