"""What a comparison found, for people and for programs. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["KINDS", "Parity", "Sample"]

# What a row can be, in words.
KINDS = {"only_old": "only in the old", "only_new": "only in the new", "different": "different"}


@dataclass(frozen=True)
class Sample:
    """A row that isn't alike on both sides: its key, and both values of each column that differs.

    A personal key shows as digits of its md5, a personal value not at all.
    """

    kind: str
    key: dict[str, str]
    values: dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Parity:
    """One comparison; columns are called as the new relation calls them.

    Attributes:
        normalised: what was done to both sides before they were compared.
        as_text: columns of two kinds, such as a text and a number, whose texts were compared.
        columns: how many rows differ in each column that was compared.
        not_compared: columns of either side without a partner.
        masked: whether nothing is known of the new columns, so that all of them are masked.
    """

    old: str
    new: str
    key: tuple[str, ...]
    normalised: tuple[str, ...]
    as_text: tuple[str, ...]
    old_rows: int
    new_rows: int
    only_old: int
    only_new: int
    different: int
    columns: dict[str, int]
    not_compared: dict[str, tuple[str, ...]]
    samples: tuple[Sample, ...]
    masked: bool

    @property
    def state(self) -> str:
        """`equal` or `different`."""
        return "different" if self.only_old or self.only_new or self.different else "equal"

    def as_mapping(self) -> dict[str, Any]:
        """The comparison as JSON takes it."""
        return {"state": self.state, **asdict(self)}
