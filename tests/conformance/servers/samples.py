"""Key values that every server must page through, whatever its collation makes of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

__all__ = ["DATES", "FOLDED", "INTEGERS", "MOMENTS", "NUMBERS", "TEXTS", "UUIDS"]

INTEGERS = (-2147483648, -77, -5, 0, 3, 10, 9, 100, 2147483647)
NUMBERS = tuple(Decimal(text) for text in ("-5", "0.5", "-0.001", "9", "10", "100", "99999.999"))
# Different in any collation that ignores case and trailing blanks.
FOLDED = (
    "02-1", "82-1", "HI-1", "K2-1", "ON-1", "가", "나", "가나", "힣", "😀", "😁", "O'Brien", "%s",
    "100%", "a\\b", "\\N", '"x"', "a b", "{x}", "[x]", "`x`", "?", ":a", "é", "ß", "z", "Zebra",
)  # fmt: skip
# Different where every byte counts.
TEXTS = (*FOLDED, "on-1", "ON-1 ", "", " ", "zebra", "Z", "e\u0301", "가 ")
DATES = (
    date(1753, 1, 1), date(1900, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(9999, 12, 31),
)  # fmt: skip
MOMENTS = (
    datetime(1753, 1, 1), datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 3000),
    datetime(2024, 1, 1, 0, 0, 0, 7000), datetime(2024, 1, 1, 23, 59, 59, 997000),
    datetime(9999, 12, 31, 23, 59, 59, 997000),
)  # fmt: skip
UUIDS = tuple(
    UUID(text)
    for text in (
        "00000000-0000-0000-0000-0000000000ff", "00000000-0000-0000-0000-00000000ff00",
        "ff000000-0000-0000-0000-000000000000", "12345678-9abc-def0-1234-56789abcdef0",
        "00ff0000-0000-0000-0000-000000000000", "abcdef00-0000-0000-0000-000000000000",
    )
)  # fmt: skip
