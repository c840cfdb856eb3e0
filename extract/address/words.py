"""What is asked about a raw address, and what the address says by itself; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Place", "Refined", "refine", "shortened"]

_DONG = re.compile(r"(\d+)동")
_HO = re.compile(r"(\d+)호")


@dataclass(frozen=True)
class Place:
    """What an address search knows of one place. Texts are never empty."""

    road_address: bool
    address_name: str | None
    region_1depth_name: str | None
    region_2depth_name: str | None
    region_3depth_name: str | None
    region_3depth_h_name: str | None
    building_name: str | None
    zone_no: str | None
    x: float | None
    y: float | None


@dataclass(frozen=True)
class Refined:
    """A raw address and what was found; where nothing was, only the raw address.

    Attributes:
        accuracy: share of the words that were left when the search found something; 1 is all.
        building_dong: number of the building, of "101동 1203호" the 101.
        building_ho: number of the door, of "101동 1203호" the 1203.
    """

    raw_address: str
    place: Place | None = None
    accuracy: float | None = None
    building_dong: str | None = None
    building_ho: str | None = None


def refine(raw_address: str, search: Callable[[str], Place | None]) -> Refined:
    """Asks for the whole address, then for one word less at a time, until a place is found."""
    words = len(raw_address.split())
    for query in shortened(raw_address):
        place = search(query)
        if place is not None:
            return Refined(
                raw_address=raw_address,
                place=place,
                accuracy=round(len(query.split()) / words, 3),
                building_dong=_last(_DONG, raw_address),
                building_ho=_last(_HO, raw_address),
            )
    return Refined(raw_address)


def shortened(raw_address: str) -> Iterator[str]:
    """The address with single blanks between its words, then without its last word, and so on."""
    words = raw_address.split()
    while words:
        yield " ".join(words)
        words.pop()


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    # A quarter comes first and may have a number too: "역삼1동 ... 101동 1203호".
    found = pattern.findall(text)
    return found[-1] if found else None
