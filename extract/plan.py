"""Decides what a run of a feed reads, in which order, and how it lands. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from extract.catalog import Feed
from extract.drift import Drift, drift_of
from extract.errors import ConfigurationError
from extract.shape import Column, TableShape

__all__ = ["Checkpoint", "FeedState", "Plan", "Segment", "make_plan"]


@dataclass(frozen=True)
class Checkpoint:
    """How far an unfinished pass has come; kept as JSON beside its pages.

    `rejected_since` is when the last pass began that read every row; `after` is the order of the
    last committed row of the segment at `segment`; `staged` counts the rows that each staging
    table must hold.
    """

    fingerprint: str
    started_at: str
    rejected_since: str
    is_complete: bool
    straight: bool
    kinds: tuple[str, ...]
    lower: tuple[str, ...] | None
    upper: tuple[str, ...] | None = None
    segment: int = 0
    after: tuple[str, ...] | None = None
    pages: int = 0
    rows: int = 0
    bytes: int = 0
    nul_removed: int = 0
    rejected: int = 0
    staged: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """The checkpoint as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_mapping(cls, content: dict[str, Any]) -> Checkpoint:
        """The checkpoint that `to_json` wrote."""
        lists = ("after", "kinds", "lower", "upper")
        given = {name: content[name] for name in lists if content.get(name) is not None}
        return cls(**{**content, **{name: tuple(values) for name, values in given.items()}})


@dataclass(frozen=True)
class FeedState:
    """What the warehouse remembers of a feed."""

    last_mark: tuple[str, ...] | None = None
    last_swept_at: datetime | None = None
    last_complete_at: datetime | None = None
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of reading: which columns, in which order, restricted how.

    `kind` is `rows` (all), `keys` (the key of every row), `undated` (rows without a cursor) or
    `changed` (rows whose cursor lies between the marks). A `paged` segment asks for a page at a
    time; without an index for its order it is one stream, cut into pages.
    """

    kind: str
    columns: tuple[Column, ...]
    order: tuple[Column, ...]
    paged: bool

    @property
    def stage(self) -> str:
        """Which staging table takes it: `rows` or `keys`."""
        return "keys" if self.kind == "keys" else "rows"


@dataclass(frozen=True)
class Plan:
    """A run of a feed, decided.

    `reason` says in words why it is a complete pass or not; `straight` that the pages become
    the lv0 table themselves, there being none; `proven` that the source guarantees the key.
    """

    feed: Feed
    shape: TableShape
    key: tuple[Column, ...]
    cursor: tuple[Column, ...]
    is_complete: bool
    reason: str
    straight: bool
    proven: bool
    segments: tuple[Segment, ...]
    lower: tuple[str, ...] | None
    last_complete_at: datetime | None
    drift: Drift
    fingerprint: str
    resumes: Checkpoint | None

    def first_checkpoint(self, started_at: datetime) -> Checkpoint:
        """The state of the pass before its first page."""
        since = (
            started_at if self.is_complete or not self.last_complete_at else self.last_complete_at
        )
        return Checkpoint(
            fingerprint=self.fingerprint,
            started_at=started_at.isoformat(),
            rejected_since=since.isoformat(),
            is_complete=self.is_complete,
            straight=self.straight,
            kinds=tuple(segment.kind for segment in self.segments),
            lower=self.lower,
        )


def make_plan(
    feed: Feed,
    shape: TableShape,
    lv0: dict[str, str] | None,
    state: FeedState,
    now: datetime,
    *,
    place: str = "",
    complete: bool = False,
    sweep: bool = False,
) -> Plan:
    """Decides how `feed` is read now.

    Args:
        feed: from the catalogue.
        shape: what the source says of the table.
        lv0: type by column of the lv0 table, None where there is none.
        state: what earlier runs left.
        now: aware.
        place: the server; pages of another one are not joined with its own.
        complete: read all rows whatever the mode says.
        sweep: read all keys in an incremental pass, due or not.

    Raises:
        ConfigurationError: the key or the cursor is not there, or there is no key.
        DriftError: the shape no longer fits lv0.
    """
    key = _key(feed, shape)
    cursor = _cursor(feed, shape)
    drift = drift_of(feed, shape.columns, lv0)
    straight = lv0 is None
    fingerprint = _fingerprint(feed, place, shape, key, cursor)
    is_complete, reason = _pass(feed, lv0, state, now, complete)
    kinds = _kinds(feed, cursor, state, now, is_complete, sweep)
    lower = None if is_complete else state.last_mark
    held = state.checkpoint
    if held is not None and (
        (held.fingerprint, held.straight) != (fingerprint, straight)
        or (is_complete and not held.is_complete)
    ):
        held = None
    if held is not None:
        is_complete, kinds, lower = held.is_complete, held.kinds, held.lower
        reason = f"goes on after {held.pages} committed pages of an interrupted run"
    proven = shape.has_unique(tuple(column.name for column in key))
    return Plan(
        feed=feed,
        shape=shape,
        key=key,
        cursor=cursor,
        is_complete=is_complete,
        reason=reason,
        straight=straight,
        proven=proven,
        segments=tuple(_segment(kind, shape, key, cursor, proven) for kind in kinds),
        lower=lower,
        last_complete_at=state.last_complete_at,
        drift=drift,
        fingerprint=fingerprint,
        resumes=held,
    )


def _pass(
    feed: Feed, lv0: dict[str, str] | None, state: FeedState, now: datetime, complete: bool
) -> tuple[bool, str]:
    every = timedelta(seconds=feed.extract.full_every)
    if lv0 is None:
        return True, "first load"
    if complete:
        return True, "complete pass, as asked"
    if feed.extract.mode == "snapshot":
        return True, "snapshot: all rows"
    if state.last_mark is None or state.last_complete_at is None:
        return True, "complete pass: no complete one so far"
    if state.last_complete_at + every <= now:
        return True, f"complete pass: the last one was {state.last_complete_at:%Y-%m-%d %H:%M} UTC"
    return False, "incremental: rows whose cursor moved"


def _kinds(
    feed: Feed,
    cursor: tuple[Column, ...],
    state: FeedState,
    now: datetime,
    is_complete: bool,
    sweep: bool,
) -> tuple[str, ...]:
    if is_complete or not cursor:
        return ("rows",)
    every = timedelta(seconds=feed.extract.sweep_every)
    due = sweep or state.last_swept_at is None or state.last_swept_at + every <= now
    # Keys first: whatever is inserted after the sweep is then found by its cursor.
    return (
        *(("keys",) if due else ()),
        *(("undated",) if any(column.nullable for column in cursor) else ()),
        "changed",
    )


def _segment(
    kind: str, shape: TableShape, key: tuple[Column, ...], cursor: tuple[Column, ...], proven: bool
) -> Segment:
    order = key
    if kind == "changed" and shape.has_index(tuple(column.name for column in cursor)):
        order = (*cursor, *(column for column in key if column not in cursor))
    indexed = shape.has_index(tuple(column.name for column in order[:1]))
    return Segment(
        kind=kind,
        columns=key if kind == "keys" else shape.columns,
        order=order,
        # Without proof that the key is unique, a page's edge could fall between two equal keys.
        paged=proven and indexed,
    )


def _key(feed: Feed, shape: TableShape) -> tuple[Column, ...]:
    names = feed.extract.key or shape.primary_key
    if not names:
        raise ConfigurationError(
            f"{feed.source_relation} has no primary key. Name the columns that identify a row in "
            f"`config.meta.extract.key` of {feed.name} in {feed.file.name}.",
            feed=feed.name,
        )
    return tuple(_named(feed, shape, name, "Key", "key") for name in names)


def _cursor(feed: Feed, shape: TableShape) -> tuple[Column, ...]:
    return tuple(_named(feed, shape, name, "Cursor", "cursor") for name in feed.extract.cursor)


def _named(feed: Feed, shape: TableShape, name: str, what: str, field_name: str) -> Column:
    column = shape.column(name)
    if column is None:
        available = ", ".join(column.name for column in shape.columns)
        raise ConfigurationError(
            f"{what} column `{name}` is not in `{feed.source_relation}`; it has {available}. "
            f"Fix `config.meta.extract.{field_name}` of {feed.name} in {feed.file.name}.",
            feed=feed.name,
        )
    return column


def _fingerprint(
    feed: Feed, place: str, shape: TableShape, key: tuple[Column, ...], cursor: tuple[Column, ...]
) -> str:
    """Changes whenever pages read before must not be joined with pages read now."""
    database = (place, feed.extract.connection, feed.extract.database)
    content = repr((database, shape.relation, shape.columns, key, cursor, shape.indexes))
    return hashlib.sha256(content.encode()).hexdigest()[:16]
