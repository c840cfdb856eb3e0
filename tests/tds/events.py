"""What executing a statement brings forth, in order."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.tds.types import Column, SqlType

__all__ = ["Count", "Environment", "Event", "Events", "Notice", "Output", "Rows", "Status"]


@dataclass(frozen=True)
class Rows:
    """A result; its rows are read while they are sent."""

    columns: Sequence[Column]
    rows: Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class Count:
    """The end of a statement that returns no rows; `rows` where it counts them."""

    rows: int | None


@dataclass(frozen=True)
class Notice:
    """A message that is not an error."""

    number: int
    text: str
    severity: int = 0


@dataclass(frozen=True)
class Environment:
    """An ENVCHANGE token."""

    token: bytes


@dataclass(frozen=True)
class Status:
    """What a procedure returns."""

    value: int


@dataclass(frozen=True)
class Output:
    """An output parameter."""

    ordinal: int
    name: str
    type: SqlType
    value: Any


Event = Rows | Count | Notice | Environment | Status | Output
Events = Generator[Event, None, None]
