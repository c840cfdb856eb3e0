"""Five public-data APIs: hospitals, schools, town halls, welfare centers, care centers.

Each answers in the shape of the public one that it stands for, and each in another: XML or JSON,
its own names of page and size, a single item that is no list, `items: ""`, an empty last page. The
institutions are made up from their number, so the answers are the same whatever the clock.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.api.answers import KEY, Answer, Handler, Headers, Query, json_answer, xml_answer

__all__ = ["INSTITUTION_FEEDS", "changes_of", "routes", "write_round"]

# How many institutions there are of each kind; a round of changes keeps the number. In pages of 20,
# the last page of hospital and of welfare_center has a single one, and that of town_hall is full.
_COUNTS = {"hospital": 61, "school": 45, "town_hall": 60, "welfare_center": 41, "care_center": 50}
INSTITUTION_FEEDS = tuple(f"public_data.{kind}" for kind in _COUNTS)
_MOST_ROWS = 100
_REGIONS = (
    ("서울특별시", "강남구"), ("서울특별시", "마포구"), ("부산광역시", "해운대구"),
    ("대구광역시", "수성구"), ("인천광역시", "연수구"), ("광주광역시", "북구"),
    ("대전광역시", "유성구"), ("경기도", "성남시 분당구"), ("경기도", "수원시 영통구"),
    ("강원도", "춘천시"), ("전라북도", "전주시 완산구"), ("제주특별자치도", "제주시"),
)  # fmt: skip
_STREETS = ("견본로", "보기로", "모형로", "가상대로", "예시길", "표본로12번길", "연습로")
_WORDS = ("가람", "나래", "다솜", "라온", "마루", "바다 & 하늘", "사랑", "아름", "자람", "한빛")


@dataclass(frozen=True)
class _Institution:
    """The institution `number` of its kind, as it is after `revision` changes."""

    kind: str
    number: int
    revision: int

    def dice(self, salt: str, sides: int) -> int:
        digest = hashlib.sha256(f"{self.kind}/{self.number}/{salt}".encode()).digest()
        return int.from_bytes(digest[:8]) % sides

    def pick(self, salt: str, words: Sequence[Any]) -> Any:
        return words[self.dice(salt, len(words))]

    @property
    def name(self) -> str:
        return f"{self.pick('name', _WORDS)}{self.number:03d}"

    @property
    def region(self) -> tuple[str, str]:
        region: tuple[str, str] = self.pick("region", _REGIONS)
        return region

    @property
    def address(self) -> str:
        street = f"{self.pick('street', _STREETS)} {1 + self.dice('house', 300)}"
        more = self.pick("more", ("", "", " (견본동)", "  1층"))
        return f"{' '.join(self.region)} {street}{more}"

    @property
    def postal_code(self) -> str:
        return f"{1000 + self.dice('postal', 60000):05d}"

    @property
    def phone(self) -> str:
        if not self.revision and self.dice("phone", 12) == 0:
            return ""
        # The middle block 0000 is never given out.
        number = (self.dice("line", 5000) + 5000 * self.revision) % 10000
        return f"{self.pick('area', ('02', '031', '051'))}-0000-{number:04d}"

    @property
    def homepage(self) -> str:
        return f"http://www.{self.kind.replace('_', '-')}{self.number}.example"

    @property
    def longitude(self) -> str:
        return f"{126 + self.dice('x', 3_000_000) / 1e6:.6f}"

    @property
    def latitude(self) -> str:
        return f"{34 + self.dice('y', 4_000_000) / 1e6:.6f}"

    @property
    def opened(self) -> str:
        return f"{1970 + self.dice('year', 50)}{1 + self.dice('month', 12):02d}15"


def routes(home: Path) -> dict[str, Handler]:
    """The five APIs, under the paths of those that they stand for."""
    return {
        path: partial(_answer, home, kind, shape)
        for path, (kind, shape) in {
            "/B551182/hospInfoServicev2/getHospBasisList": ("hospital", _hospitals),
            "/hub/schoolInfo": ("school", _schools),
            "/api/15063424/v1/town-halls": ("town_hall", _town_halls),
            "/B554287/wlfareCntrService/getWlfareCntrList": ("welfare_center", _welfare_centers),
            "/B550928/searchLtcInsttService/getLtcInsttList": ("care_center", _care_centers),
        }.items()
    }


def write_round(home: Path, number: int) -> None:
    """Sets after how many rounds of changes the APIs answer."""
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / "round.new"
    fresh.write_text(f"{number}\n")
    fresh.replace(home / "round")


def changes_of(number: int) -> dict[str, tuple[int, int, int]]:
    """By feed, what round `number` of changes inserted, updated and deleted."""
    changes = {}
    for kind, feed in zip(_COUNTS, INSTITUTION_FEEDS, strict=True):
        before = {each.number: each for each in _institutions(kind, number - 1)}
        after = {each.number: each for each in _institutions(kind, number)}
        kept = before.keys() & after.keys()
        changes[feed] = (
            len(after.keys() - kept),
            sum(before[each] != after[each] for each in kept),
            len(before.keys() - kept),
        )
    return changes


def _institutions(kind: str, rounds: int) -> list[_Institution]:
    """Each round closes the oldest one, opens another, and gives one in the middle a new number."""
    count = _COUNTS[kind]
    middle = count // 2
    return [
        _Institution(kind, number, int(middle < number <= middle + rounds))
        for number in range(1 + rounds, 1 + count + rounds)
    ]


@dataclass(frozen=True)
class _Page:
    """What was asked for; `institutions` is the page, `total` counts all pages."""

    number: int
    size: int
    total: int
    institutions: list[_Institution]


def _answer(
    home: Path,
    kind: str,
    shape: Callable[[Query, Callable[[str, str], _Page]], Answer],
    query: Query,
    headers: Headers,
) -> Answer:
    def page(number_parameter: str, size_parameter: str) -> _Page:
        number = max(1, _number(query.get(number_parameter), 1))
        size = min(_MOST_ROWS, max(1, _number(query.get(size_parameter), 10)))
        everything = _institutions(kind, _read_round(home))
        chosen = everything[(number - 1) * size : number * size]
        return _Page(number, size, len(everything), chosen)

    return shape(query, page)


def _hospitals(query: Query, page_of: Callable[[str, str], _Page]) -> Answer:
    if query.get("ServiceKey") != KEY:
        return _unknown_key()
    page = page_of("pageNo", "numOfRows")
    items = [
        {
            "addr": each.address,
            **each.pick("class", _HOSPITAL_CLASSES),
            "drTotCnt": str(each.dice("doctors", 400)),
            "estbDd": each.opened,
            # Where a hospital has no homepage, its item has no such element.
            **({"hospUrl": each.homepage} if each.dice("homepage", 3) else {}),
            "postNo": each.postal_code,
            "sidoCdNm": each.region[0][:2],
            "sgguCdNm": each.region[1],
            "telno": each.phone,
            "XPos": each.longitude,
            "YPos": each.latitude,
            "yadmNm": each.name + each.pick("suffix", ("의원", "병원", " 종합병원 ")),
            "ykiho": base64.b64encode(f"sandbox hospital {each.number:05d}".encode()).decode(),
        }
        for each in page.institutions
    ]
    return xml_answer("response", _data_go_kr({"item": items}, page))


def _schools(query: Query, page_of: Callable[[str, str], _Page]) -> Answer:
    if query.get("KEY") != KEY:
        return json_answer(_neis("ERROR-290", "인증키가 유효하지 않습니다."))
    page = page_of("pIndex", "pSize")
    if not page.institutions:
        return json_answer(_neis("INFO-200", "해당하는 데이터가 없습니다."))
    rows = [
        {
            "ATPT_OFCDC_SC_CODE": each.pick("office", ("B10", "C10", "J10", "T10")),
            "SD_SCHUL_CODE": f"{7010000 + each.number}",
            "SCHUL_NM": f"{each.name}학교",
            "SCHUL_KND_SC_NM": each.pick("class", ("초등학교", "중학교", "고등학교", "특수학교")),
            "LCTN_SC_NM": each.region[0],
            "ORG_RDNZC": f"{each.postal_code} ",
            "ORG_RDNMA": each.address,
            "ORG_RDNDA": each.pick("detail", (" ", f"/ {each.name}학교", None)),
            "ORG_TELNO": each.phone,
            "HMPG_ADRES": each.homepage,
            "FOND_YMD": each.opened,
        }
        for each in page.institutions
    ]
    head = [{"list_total_count": page.total}, _neis("INFO-000", "정상 처리되었습니다.")]
    return json_answer({"schoolInfo": [{"head": head}, {"row": rows}]})


def _town_halls(query: Query, page_of: Callable[[str, str], _Page]) -> Answer:
    if query.get("serviceKey") != KEY:
        return json_answer({"code": -401, "msg": "유효하지 않은 인증키 입니다."}, 401)
    page = page_of("page", "perPage")
    first = (page.number - 1) * page.size + 1
    data = [
        {
            # A running number: it moves with every hall before it that opens or closes.
            "연번": first + place,
            "행정기관코드": 1_100_000_000 + 1000 * each.number,
            "시도": each.region[0],
            "시군구": each.region[1],
            "읍면동": f"{each.pick('name', _WORDS)}{each.number}동",
            "우편번호": each.postal_code,
            "주소": each.address,
            "전화번호": each.phone or None,
        }
        for place, each in enumerate(page.institutions)
    ]
    return json_answer(
        {
            "currentCount": len(data),
            "data": data,
            "matchCount": page.total,
            "page": page.number,
            "perPage": page.size,
            "totalCount": page.total,
        }
    )


def _welfare_centers(query: Query, page_of: Callable[[str, str], _Page]) -> Answer:
    if query.get("serviceKey") != KEY:
        return _unknown_key()
    page = page_of("pageNo", "numOfRows")
    items: list[dict[str, Any]] = [
        {
            "cntrId": f"W{each.number:06d}",
            "cntrNm": f"{each.name}복지관",
            "cntrTy": each.pick("class", ("종합", "노인", "장애인", "가족센터")),
            "rdnmadr": each.address,
            "zipCode": each.postal_code,
            "latitude": each.latitude,
            "longitude": each.longitude,
            "phoneNumber": each.phone,
            "homepageUrl": each.homepage,
            "openDate": f"{each.opened[:4]}-{each.opened[4:6]}-{each.opened[6:]}",
        }
        for each in page.institutions
    ]
    listed: Any = {"item": items[0] if len(items) == 1 else items} if items else ""
    return json_answer({"response": _data_go_kr(listed, page)})


def _care_centers(query: Query, page_of: Callable[[str, str], _Page]) -> Answer:
    if query.get("serviceKey") != KEY:
        return _unknown_key()
    page = page_of("pageNo", "numOfRows")
    items = [
        {
            "longTermAdminSym": f"3{each.number:010d}",
            "adminNm": f"{each.name}요양원",
            "adminPttnCd": each.pick("class", ("A01", "A03", "B03", "C06", "X99")),
            "location": {"zipNo": each.postal_code, "addr": each.address},
            "telNo": each.phone,
            "longTermPeribRgtDt": each.opened,
        }
        for each in page.institutions
    ]
    return xml_answer("response", _data_go_kr({"item": items}, page), "EUC-KR")


_HOSPITAL_CLASSES = (
    {"clCd": "01", "clCdNm": "상급종합"},
    {"clCd": "11", "clCdNm": "종합병원"},
    {"clCd": "21", "clCdNm": "병원"},
    {"clCd": "31", "clCdNm": "의원"},
)


def _data_go_kr(items: Any, page: _Page) -> Mapping[str, Any]:
    return {
        "header": {"resultCode": "00", "resultMsg": "NORMAL SERVICE."},
        "body": {
            "items": items,
            "numOfRows": page.size,
            "pageNo": page.number,
            "totalCount": page.total,
        },
    }


def _unknown_key() -> Answer:
    # The gateway says so in XML and with status 200, whatever was asked for.
    return xml_answer(
        "OpenAPI_ServiceResponse",
        {
            "cmmMsgHeader": {
                "errMsg": "SERVICE ERROR",
                "returnAuthMsg": "SERVICE_KEY_IS_NOT_REGISTERED_ERROR",
                "returnReasonCode": "30",
            }
        },
    )


def _neis(code: str, message: str) -> dict[str, Any]:
    return {"RESULT": {"CODE": code, "MESSAGE": message}}


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _read_round(home: Path) -> int:
    try:
        return int((home / "round").read_text())
    except FileNotFoundError:
        return 0
