"""Sums over ranges of keys: equal on both sides where the rows are. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from extract.verify.statements import bucket_of

__all__ = ["Sums", "differing", "md5_number", "of_numbers", "of_texts", "total"]

Sums = dict[int, tuple[int, int]]
"""Rows and the sum of their numbers, by range."""


def md5_number(text: str) -> int:
    """What `Dialect.md5_number` means; NUL characters, which lv0 can't hold, don't count."""
    data = text.replace("\0", "").encode()
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:6], "big")


def of_numbers(rows: Iterable[tuple[str | None, ...]]) -> Sums:
    """The sums that a server returned."""
    return {int(bucket or 0): (int(count or 0), int(sum_ or 0)) for bucket, count, sum_ in rows}


def of_texts(rows: Iterable[tuple[str, ...]]) -> Sums:
    """The sums of rows that come as texts: (key, row), or (row,) without a key."""
    sums: Sums = {}
    for texts in rows:
        row = md5_number(texts[-1])
        bucket = bucket_of(md5_number(texts[0]) if len(texts) > 1 else row)
        count, sum_ = sums.get(bucket, (0, 0))
        sums[bucket] = (count + 1, sum_ + row)
    return sums


def differing(one: Sums, other: Sums) -> frozenset[int]:
    """The ranges that aren't equal."""
    return frozenset(
        bucket for bucket in one.keys() | other.keys() if one.get(bucket) != other.get(bucket)
    )


def total(sums: Sums) -> int:
    """How many rows there are."""
    return sum(count for count, _ in sums.values())
