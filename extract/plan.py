"""Decides what a run of a feed reads, in which order, and how it lands. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from extract.catalog import Feed
from extract.drift import Drift, drift_of
from extract.errors import ConfigurationError
from extract.shape import Column, TableShape

__all__ = [
    "Checkpoint",
    "FeedState",
    "KeySet",
    "Lv0",
    "Plan",
    "Progress",
    "Reject",
    "Segment",
    "Sweep",
    "make_plan",
]

Key = tuple[str, ...]
# Rows of a page that is decoded on its way, and of one that isn't.
_ARROW_PAGE = 20_000
_COPIED_PAGE = 100_000


@dataclass(frozen=True)
class KeySet:
    """A table's keys: how many they are, and the sum of their hashes."""

    hashing: str
    count: int
    sum: int


@dataclass(frozen=True)
class Sweep:
    """Which keys a sweep reads: those in the `chosen` buckets of their hash, or all for None.

    `rows` existed in lv0 when it was made.
    """

    hashing: str
    buckets: int
    chosen: tuple[int, ...] | None
    rows: int


@dataclass(frozen=True)
class Checkpoint:
    """What an unfinished pass has fixed; kept as JSON beside its segments.

    `rejected_since` is when the last pass began that read every row; `bounds` cut a complete
    pass into key ranges, by values of the first key column; `lower` is the mark of the run
    before and `upper` the largest cursor when reading began; `rejected` rows have no key.
    """

    fingerprint: str
    started_at: str
    rejected_since: str
    is_complete: bool
    straight: bool
    kinds: tuple[str, ...]
    bounds: Key = ()
    lower: Key | None = None
    upper: Key | None = None
    upper_fixed: bool = False
    rejected: int = 0
    sweep: Sweep | None = None

    def to_json(self) -> str:
        """The checkpoint as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_mapping(cls, content: dict[str, Any]) -> Checkpoint:
        """The checkpoint that `to_json` wrote.

        Raises:
            KeyError, TypeError: another release wrote it.
        """
        given: dict[str, Any] = {**content}
        for name in ("kinds", "bounds", "lower", "upper"):
            given[name] = None if content[name] is None else tuple(content[name])
        if content["sweep"] is not None:
            chosen = content["sweep"]["chosen"]
            given["sweep"] = Sweep(
                content["sweep"]["hashing"],
                content["sweep"]["buckets"],
                None if chosen is None else tuple(chosen),
                content["sweep"]["rows"],
            )
        return cls(**given)


@dataclass(frozen=True)
class Progress:
    """How far a segment has come; `after` is the order of its last committed row."""

    after: Key | None = None
    is_done: bool = False
    pages: int = 0
    rows: int = 0
    bytes: int = 0
    nul_removed: int = 0
    rejected: int = 0
    staged: int = 0


@dataclass(frozen=True)
class Reject:
    """A row that can't be stored: its order values as text, the column, the reason."""

    order: Key
    column: str
    reason: str


@dataclass(frozen=True)
class FeedState:
    """What the warehouse remembers of a feed.

    `definition` is mode, key and cursor of the last published run.
    """

    last_mark: Key | None = None
    last_swept_at: datetime | None = None
    last_complete_at: datetime | None = None
    checkpoint: Checkpoint | None = None
    definition: dict[str, Any] | None = None


@dataclass(frozen=True)
class Lv0:
    """The lv0 table as it is: type by column, the key it is unique by, about how many rows."""

    columns: dict[str, str]
    key: Key = ()
    estimated_rows: int | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of reading: which columns, in which order, from where to where.

    `kind` is `rows` (all), `keys` (the key of every row), `undated` (rows without a cursor),
    `changed` (rows whose cursor lies between the marks), `window` (rows of the latest stretch of
    time) or `strays` (rows that lv0 has in the window and the source elsewhere). A `paged`
    segment asks for a page at a time; without an index for its order it is one stream, cut into
    pages. `after` and `upto` bound a key range.
    """

    number: int
    kind: str
    columns: tuple[Column, ...]
    order: tuple[Column, ...]
    paged: bool
    after: Key | None = None
    upto: Key | None = None

    @property
    def stage(self) -> str:
        """Which staging table takes it: `rows` or `keys`."""
        return "keys" if self.kind == "keys" else "rows"


@dataclass(frozen=True)
class Plan:
    """A run of a feed, decided.

    `reason` says in words why it is a complete pass or not; `straight` that the pages become
    the lv0 table themselves, there being none; `proven` that the source guarantees the key;
    `rekeyed` that lv0 is unique by another key so far; `copies` that rows are copied through
    undecoded. A table without a `key` is a multiset.
    """

    feed: Feed
    shape: TableShape
    key: tuple[Column, ...]
    cursor: tuple[Column, ...]
    is_complete: bool
    reason: str
    straight: bool
    proven: bool
    rekeyed: bool
    copies: bool
    kinds: tuple[str, ...]
    lower: Key | None
    last_complete_at: datetime | None
    drift: Drift
    lv0_rows: int | None
    fingerprint: str = ""
    resumes: Checkpoint | None = None

    def first_checkpoint(self, started_at: datetime, bounds: Sequence[str] = ()) -> Checkpoint:
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
            kinds=self.kinds,
            bounds=tuple(bounds),
            lower=self.lower,
        )

    def segments(self, bounds: Sequence[str] = ()) -> tuple[Segment, ...]:
        """What is read, in order; `bounds` cut the rows of a complete pass into ranges."""
        if self.kinds != ("rows",):
            return tuple(self._segment(number, kind) for number, kind in enumerate(self.kinds))
        edges = [None, *((bound,) for bound in bounds), None]
        return tuple(
            self._segment(number, "rows", edges[number], edges[number + 1])
            for number in range(len(edges) - 1)
        )

    @property
    def stages(self) -> tuple[str, ...]:
        """The staging tables that the pass needs."""
        return tuple(sorted({"keys" if kind == "keys" else "rows" for kind in self.kinds}))

    @property
    def definition(self) -> dict[str, Any]:
        """Mode, key and cursor: a run by another one has another meaning."""
        return {
            "mode": self.feed.extract.mode,
            "key": [column.name for column in self.key],
            "cursor": [column.name for column in self.cursor],
        }

    @property
    def page_rows(self) -> int:
        """Rows per page and transaction."""
        return self.feed.extract.page_rows or (_COPIED_PAGE if self.copies else _ARROW_PAGE)

    @property
    def compares_keys(self) -> bool:
        """Whether the sum of all keys' hashes is all that the pass looks for deletes by."""
        is_incremental = self.feed.extract.mode == "incremental"
        return is_incremental and not self.is_complete and "keys" not in self.kinds

    @property
    def can_split(self) -> bool:
        """Whether key ranges of the pass can be read apart from each other."""
        return self.is_complete and self._is_paged(self.key)

    def _segment(
        self, number: int, kind: str, after: Key | None = None, upto: Key | None = None
    ) -> Segment:
        order = self.key
        cursor_indexed = self.shape.has_index(tuple(column.name for column in self.cursor))
        if kind in ("changed", "window") and cursor_indexed:
            order = (*self.cursor, *(column for column in self.key if column not in self.cursor))
        return Segment(
            number=number,
            kind=kind,
            columns=self.key if kind == "keys" else self.shape.columns,
            order=order,
            paged=self._is_paged(order),
            after=after,
            upto=upto,
        )

    def _is_paged(self, order: tuple[Column, ...]) -> bool:
        # Without proof that the key is unique, a page's edge could fall between two equal keys.
        first = tuple(column.name for column in order[:1])
        return bool(order) and self.proven and self.shape.has_index(first)


def make_plan(
    feed: Feed,
    shape: TableShape,
    lv0: Lv0 | None,
    state: FeedState,
    now: datetime,
    *,
    place: str = "",
    complete: bool = False,
    sweep: bool = False,
    can_copy: bool = False,
) -> Plan:
    """Decides how `feed` is read now.

    Args:
        feed: from the catalogue.
        shape: what the source says of the table.
        lv0: the lv0 table, None where there is none.
        state: what earlier runs left.
        now: aware.
        place: the server; pages of another one are not joined with its own.
        complete: read all rows whatever the mode says.
        sweep: read all keys in an incremental pass, due or not.
        can_copy: the source can send rows as lv0 takes them.

    Raises:
        ConfigurationError: the key or the cursor is not there, or there is no key.
        DriftError: the shape no longer fits lv0.
    """
    plan = _plan(feed, shape.as_arrow(), lv0, state, now, complete=complete, sweep=sweep)
    copied = shape.as_copied() if can_copy else None
    # A stream is cut into pages by the keys in it, which nobody sees in rows that pass through.
    if copied is not None and all(not each.order or each.paged for each in plan.segments()):
        plan = _plan(feed, copied, lv0, state, now, complete=complete, sweep=sweep)
        plan = replace(plan, copies=True)
    plan = replace(plan, fingerprint=_fingerprint(plan, place))
    held = _resumable(state.checkpoint, plan)
    if held is None:
        return plan
    return replace(
        plan,
        resumes=held,
        is_complete=held.is_complete,
        kinds=held.kinds,
        lower=held.lower,
        reason="goes on where an interrupted run stopped",
    )


def _plan(
    feed: Feed,
    shape: TableShape,
    lv0: Lv0 | None,
    state: FeedState,
    now: datetime,
    *,
    complete: bool,
    sweep: bool,
) -> Plan:
    key = _key(feed, shape)
    cursor = tuple(_named(feed, shape, name, "Cursor", "cursor") for name in feed.extract.cursor)
    rekeyed = lv0 is not None and lv0.key != tuple(column.lv0_name for column in key)
    is_complete, reason = _pass(feed, lv0, state, now, complete, rekeyed)
    return Plan(
        feed=feed,
        shape=shape,
        key=key,
        cursor=cursor,
        is_complete=is_complete,
        reason=reason,
        straight=lv0 is None,
        proven=bool(key) and shape.has_unique(tuple(column.name for column in key)),
        rekeyed=rekeyed,
        copies=False,
        kinds=_kinds(feed, cursor, state, now, is_complete, sweep),
        lower=None if is_complete else state.last_mark,
        last_complete_at=state.last_complete_at,
        drift=drift_of(feed, shape.columns, None if lv0 is None else lv0.columns),
        lv0_rows=None if lv0 is None else lv0.estimated_rows,
    )


def _resumable(held: Checkpoint | None, plan: Plan) -> Checkpoint | None:
    # Rows without a key have no order to go on in.
    if held is None or not plan.key:
        return None
    if (held.fingerprint, held.straight) != (plan.fingerprint, plan.straight):
        return None
    return None if plan.is_complete and not held.is_complete else held


def _pass(
    feed: Feed,
    lv0: Lv0 | None,
    state: FeedState,
    now: datetime,
    complete: bool,
    rekeyed: bool,
) -> tuple[bool, str]:
    mode = feed.extract.mode
    every = timedelta(seconds=feed.extract.full_every)
    before = state.definition or {}
    if lv0 is None:
        return True, "first load"
    if complete:
        return True, "complete pass, as asked"
    if mode == "snapshot":
        return True, "snapshot: all rows"
    if rekeyed:
        return True, f"complete pass: lv0's key was {', '.join(lv0.key) or 'none'}"
    if before.get("mode", mode) != mode:
        return True, f"complete pass: the mode was {before['mode']}"
    if before.get("cursor", list(feed.extract.cursor)) != _as_named(before, feed):
        return True, f"complete pass: the cursor was {', '.join(before['cursor']) or 'none'}"
    if state.last_mark is None or state.last_complete_at is None:
        return True, "complete pass: no complete one so far"
    if mode == "append":
        return False, "append: rows behind the last mark"
    if _is_due(state.last_complete_at, every, now):
        return True, f"complete pass: the last one was {state.last_complete_at:%Y-%m-%d %H:%M} UTC"
    if mode == "window":
        return False, "window: rows of the latest stretch of time"
    return False, "incremental: rows whose cursor moved"


def _is_due(last: datetime, every: timedelta, now: datetime) -> bool:
    # A date ahead of now is of a clock that was wrong: it says nothing.
    return not now - every < last <= now


def _as_named(before: dict[str, Any], feed: Feed) -> list[str]:
    """The feed's cursor as the run before named it, where it differs in case only."""
    named = {name.lower(): name for name in before.get("cursor", ())}
    return [named.get(name.lower(), name) for name in feed.extract.cursor]


def _kinds(
    feed: Feed,
    cursor: tuple[Column, ...],
    state: FeedState,
    now: datetime,
    is_complete: bool,
    sweep: bool,
) -> tuple[str, ...]:
    mode = feed.extract.mode
    if is_complete or not cursor:
        return ("rows",)
    if mode == "window":
        return ("window", "strays")
    every = timedelta(seconds=feed.extract.sweep_every)
    due = sweep or state.last_swept_at is None or _is_due(state.last_swept_at, every, now)
    # Keys first: whatever is inserted after the sweep is then found by its cursor.
    return (
        *(("keys",) if due and mode == "incremental" else ()),
        *(("undated",) if any(column.nullable for column in cursor) else ()),
        "changed",
    )


def _key(feed: Feed, shape: TableShape) -> tuple[Column, ...]:
    names = feed.extract.key or shape.primary_key
    if not names and (shape.is_view or feed.extract.mode != "snapshot"):
        needs = "is a view" if shape.is_view else f"is read in mode {feed.extract.mode}"
        raise ConfigurationError(
            f"{feed.source_relation} has no primary key and {needs}. Name the columns that "
            f"identify a row in `config.meta.extract.key` of {feed.name} in {feed.file.name}.",
            feed=feed.name,
        )
    return tuple(_named(feed, shape, name, "Key", "key") for name in names)


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


def _fingerprint(plan: Plan, place: str) -> str:
    """Changes whenever pages read before must not be joined with pages read now."""
    extract, shape = plan.feed.extract, plan.shape
    database = (place, extract.connection, extract.database, extract.mode)
    table = (shape.relation, shape.columns, plan.key, plan.cursor, shape.indexes)
    return hashlib.sha256(repr((database, table)).encode()).hexdigest()[:16]
