"""What a comparison found, for people, for programs and for `ops`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["KINDS", "Difference", "Verification", "masked", "summary"]

# What counts as a difference, in words.
KINDS = {"only_source": "only in the source", "only_lv0": "only in lv0", "different": "different"}
_MASK_DIGITS = 8


@dataclass(frozen=True)
class Difference:
    """A row by its key, and how it differs; `columns` are those whose values aren't equal.

    `kind` is one of `KINDS`, or `rejected`. Without a key the row is named by the first digits
    of its md5. No other value of the row is kept.
    """

    kind: str
    key: dict[str, str]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """One comparison of a feed. `state` is `equal`, `different` or `failed`.

    `newer` rows changed since the last run, or while they were looked at; `rejected` ones are in
    lv0._rejected: neither are differences. `differences` names some of the rows.
    """

    feed: str
    state: str
    seconds: float
    source_rows: int | None = None
    lv0_rows: int | None = None
    only_source: int = 0
    only_lv0: int = 0
    different: int = 0
    newer: int = 0
    rejected: int = 0
    columns: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    error: str | None = None

    def as_mapping(self) -> dict[str, Any]:
        """The verification as JSON takes it."""
        return asdict(self)


def masked(key: Mapping[str, str], pii: Collection[str]) -> dict[str, str]:
    """`key` with the first digits of the md5 in place of what is personal."""
    return {name: _digits(value) if name in pii else value for name, value in key.items()}


def summary(found: Verification) -> str:
    """The result in one line."""
    counts = [
        f"{getattr(found, kind):,} {words}" for kind, words in KINDS.items() if getattr(found, kind)
    ]
    if found.columns:
        counts.append(f"in {', '.join(found.columns)}")
    return f"{found.feed}: {found.state}" + (f" ({'; '.join(counts)})" if counts else "")


def _digits(value: str) -> str:
    digest = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
    return f"md5:{digest[:_MASK_DIGITS]}"
