"""State of the runs, in schema `ops` of the warehouse: leases, checkpoints, results."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID, uuid4

import psycopg

from extract import postgres
from extract.errors import ExtractError, LeaseHeldError, LeaseLostError, TargetError
from extract.heart import Heart
from extract.plan import Checkpoint, FeedState, Progress, Segment
from extract.retry import persist
from extract.settings import Connection

__all__ = ["SCHEMA_VERSION", "RunResult", "Runs", "lease_lost", "schema_version"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

_PATIENCE_SECONDS = 1.0
# How long a statement that a killed holder left behind, or anybody, may keep the feed's row.
_LOCK_SECONDS: float = 60
_STANDS: LiteralString = """
    h.lease_expires_at > clock_timestamp()
    and exists (
        select from pg_stat_activity as a
        where a.pid = h.holder_pid and a.backend_start = h.holder_started_at
    )
"""
# Who holds a feed: the run that has its lease, or a worker that reads a segment of it.
_HOLDER: LiteralString = f"""
    select f.run_id, exists (select from ops.feeds as h where h.feed = f.feed and {_STANDS})
        or exists (select from ops.segments as h where h.feed = f.feed and {_STANDS})
    from ops.feeds as f where f.feed = %s
"""
_HELD_SEGMENT: LiteralString = f"""
    select coalesce(h.worker_id, f.run_id),
        exists (select from ops.feeds as h where h.feed = f.feed and {_STANDS})
        or coalesce({_STANDS}, false)
    from ops.feeds as f inner join ops.segments as h on f.feed = h.feed
    where f.feed = %s and h.segment_no = %s and f.checkpoint is not null
"""
_PROGRESS: LiteralString = "after, is_done, pages, rows, bytes, nul_removed, rejected, staged"
# The newest migration that this code knows.
SCHEMA_VERSION = 5


@dataclass(frozen=True)
class RunResult:
    """What a published run did. Rows are counted over the whole pass, resumed parts included."""

    run_id: UUID
    feed: str
    mode: str
    is_complete: bool
    pages: int
    rows_read: int
    bytes_read: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_deleted: int
    rows_rejected: int
    nul_removed: int
    seconds: float
    drift: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether lv0 is different from before."""
        return bool(self.rows_inserted or self.rows_updated or self.rows_deleted)

    def followed_by(self, second: RunResult) -> RunResult:
        """Both passes as one: the figures added, the rest from the second."""
        added = (
            "pages", "rows_read", "bytes_read", "rows_inserted", "rows_updated", "rows_deleted",
            "rows_rejected", "nul_removed", "seconds",
        )  # fmt: skip
        return replace(
            second,
            drift=self.drift + second.drift,
            notes=self.notes + second.notes,
            **{name: getattr(self, name) + getattr(second, name) for name in added},
        )


class Runs:
    """The records of the warehouse's runs, over one autocommit connection.

    A call on a connection that broke off opens another one; the call itself isn't repeated.
    """

    def __init__(self, warehouse: Connection) -> None:
        self._warehouse = warehouse
        self._opened = self._open()

    @property
    def _connection(self) -> postgres.Statements:
        if self._opened.closed:
            self._opened = self._open()
        return self._opened

    def _open(self) -> postgres.Statements:
        opened = postgres.connect(self._warehouse)
        with postgres.translated(self._warehouse):
            opened.execute(f"set lock_timeout = '{_LOCK_SECONDS}s'".encode())
        return opened

    def close(self) -> None:
        """Closes the connection."""
        self._opened.close()

    def check_schema(self) -> None:
        """Makes sure that the state is of a version that this code knows.

        Raises:
            TargetError: it is missing, older, or newer.
        """
        version = schema_version(self._connection)
        if version == SCHEMA_VERSION:
            return
        where = self._warehouse.where
        if version is None:
            raise TargetError(f"{where} is not set up: it has no `ops.migrations`. Run `make db`.")
        if version < SCHEMA_VERSION:
            raise TargetError(
                f"{where} is at version {version}, this code needs {SCHEMA_VERSION}. Run `make db`."
            )
        raise TargetError(
            f"{where} was set up by a newer release (version {version}, this one knows "
            f"{SCHEMA_VERSION}). Upgrade Stairway."
        )

    def now(self) -> datetime:
        """The warehouse's clock: the only one that all workers share."""
        row = self._connection.execute("select clock_timestamp()").fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment

    def state(self, feed: str) -> FeedState:
        """What is remembered of `feed`."""
        row = self._connection.execute(
            "select last_mark, last_swept_at, last_complete_at, checkpoint, definition"
            " from ops.feeds where feed = %s",
            (feed,),
        ).fetchone()
        if row is None:
            return FeedState()
        mark = None if row[0] is None else tuple(row[0])
        return FeedState(mark, row[1], row[2], _checkpoint(feed, row[3]), row[4])

    def progress(self, feed: str) -> list[Progress]:
        """How far each segment of the unfinished pass has come, in order."""
        rows = self._connection.execute(
            f"select {_PROGRESS} from ops.segments where feed = %s order by segment_no", (feed,)
        ).fetchall()
        return [_progress(row) for row in rows]

    @contextmanager
    def recorded(self, feed: str, mode: str) -> Iterator[UUID]:
        """Holds `feed` for a new run as `lease` does, and records why the block failed.

        Raises:
            LeaseLostError: the block failed after the feed was taken over.
            ExtractError: as the block, or as `lease`.
        """
        with postgres.translated(self._warehouse, feed), self.lease(feed, mode) as run_id:
            try:
                with postgres.translated(self._warehouse, feed):
                    yield run_id
            except ExtractError as error:
                # Whatever fails after a takeover fails on what is another run's by then.
                told = lease_lost(feed) if self.is_lost(feed, run_id) else error
                self.fail(run_id, str(told))
                raise told from None
            except BaseException as error:
                # Not ours: the text might quote a row.
                self.fail(run_id, f"ended by {type(error).__name__}")
                raise

    @contextmanager
    def lease(self, feed: str, mode: str) -> Iterator[UUID]:
        """Holds `feed` for a new run, and keeps the lease alive until the block ends.

        Raises:
            LeaseHeldError: another run holds it, or a worker reads one of its segments.
        """
        run_id = uuid4()
        heart = persist(lambda: Heart(self._warehouse, feed, run_id), lambda: None)
        with self._beating(heart, "ops.feeds", "run_id"):
            self._until_taken(heart, lambda: self._take(feed, mode, run_id, heart))
            yield run_id

    @contextmanager
    def work(self, feed: str, number: int) -> Iterator[UUID]:
        """Holds one segment of an unfinished pass for a worker, likewise.

        Raises:
            LeaseHeldError: a run has the feed, or another worker the segment.
            TargetError: there is no such segment.
        """
        worker_id = uuid4()
        heart = persist(lambda: Heart(self._warehouse, feed, worker_id), lambda: None)
        with self._beating(heart, "ops.segments", "worker_id"):
            self._until_taken(heart, lambda: self._take_segment(feed, number, worker_id, heart))
            yield worker_id

    def claim(self, feed: str, number: int, worker_id: UUID) -> Progress:
        """Makes `worker_id`, or the run that holds the feed, the only one that commits its pages.

        Raises:
            LeaseLostError: the segment is another's now.
        """
        row = self._connection.execute(
            "update ops.segments as s set worker_id = %s where s.feed = %s and s.segment_no = %s"
            " and %s in (s.worker_id, (select f.run_id from ops.feeds as f where f.feed = s.feed))"
            f" returning {_PROGRESS}",
            (worker_id, feed, number, worker_id),
        ).fetchone()
        if row is None:
            raise lease_lost(feed)
        return _progress(row)

    def finish(self, feed: str, number: int, worker_id: UUID) -> None:
        """Marks a segment as read.

        Raises:
            LeaseLostError: it is another worker's now.
        """
        done = self._connection.execute(
            "update ops.segments set is_done = true"
            " where feed = %s and segment_no = %s and worker_id = %s",
            (feed, number, worker_id),
        )
        if done.rowcount != 1:
            raise lease_lost(feed)

    def begin(self, run_id: UUID, *, is_complete: bool, lower: tuple[str, ...] | None) -> None:
        """Records what kind of pass the run turned out to be."""
        self._connection.execute(
            "update ops.runs set is_complete = %s, lower_mark = %s where run_id = %s",
            (is_complete, None if lower is None else list(lower), run_id),
        )

    def open(
        self, feed: str, run_id: UUID, checkpoint: Checkpoint, segments: tuple[Segment, ...]
    ) -> None:
        """Records a new pass and its segments.

        Raises:
            LeaseLostError: the feed is another run's now.
        """
        with self._connection.transaction():
            self.save(feed, run_id, checkpoint)
            self._connection.execute("delete from ops.segments where feed = %s", (feed,))
            for segment in segments:
                self._connection.execute(
                    "insert into ops.segments (feed, segment_no, kind) values (%s, %s, %s)",
                    (feed, segment.number, segment.kind),
                )

    def save(self, feed: str, run_id: UUID, checkpoint: Checkpoint) -> None:
        """Replaces the checkpoint.

        Raises:
            LeaseLostError: the feed is another run's now.
        """
        done = self._connection.execute(
            "update ops.feeds set checkpoint = %s::jsonb where feed = %s and run_id = %s",
            (checkpoint.to_json(), feed, run_id),
        )
        if done.rowcount != 1:
            raise lease_lost(feed)

    def is_lost(self, feed: str, run_id: UUID) -> bool:
        """Whether the feed is another run's now; False where the warehouse doesn't answer."""
        found = self._try_to_execute("select run_id from ops.feeds where feed = %s", (feed,))
        row = None if found is None else found.fetchone()
        return row is not None and row[0] != run_id

    def is_taken(self, feed: str, number: int, worker_id: UUID) -> bool:
        """Whether a segment is another worker's now, or gone; False without an answer."""
        with suppress(postgres.DatabaseError, ExtractError):
            row = self._connection.execute(
                "select worker_id from ops.segments where feed = %s and segment_no = %s",
                (feed, number),
            ).fetchone()
            return row is None or row[0] != worker_id
        return False

    def note(self, feed: str, line: str) -> None:
        """Adds a line to the running run's record; keeps silent where the warehouse is away."""
        self._try_to_execute(
            "update ops.runs set notes = notes || %s::text"
            " where run_id = (select f.run_id from ops.feeds as f where f.feed = %s)",
            (line, feed),
        )

    def notes(self, run_id: UUID) -> tuple[str, ...]:
        """The lines of the run's record."""
        row = self._connection.execute(
            "select notes from ops.runs where run_id = %s", (run_id,)
        ).fetchone()
        return tuple(row[0]) if row is not None else ()

    def fail(self, run_id: UUID, message: str) -> None:
        """Records why the run ended; keeps silent where the warehouse itself is away."""
        self._try_to_execute(
            "update ops.runs set state = 'failed', finished_at = clock_timestamp(), error = %s"
            " where run_id = %s and state <> 'published'",
            (message, run_id),
        )

    def latest(self) -> list[dict[str, Any]]:
        """The latest run of each feed, with what is left of an unfinished pass."""
        return postgres.mappings(
            self._connection,
            f"""
            select distinct on (r.feed)
                r.*, f.last_published_at, f.last_complete_at, f.last_mark,
                case when f.checkpoint is not null then (
                    select coalesce(sum(s.pages), 0) from ops.segments as s where s.feed = f.feed
                ) end as kept_pages,
                exists (select from ops.feeds as h where h.feed = f.feed and {_STANDS})
                or exists (select from ops.segments as h where h.feed = f.feed and {_STANDS})
                as is_held
            from ops.runs as r left join ops.feeds as f on r.feed = f.feed
            order by r.feed, r.started_at desc
            """,
        )

    @contextmanager
    def _beating(self, heart: Heart, table: LiteralString, owner: LiteralString) -> Iterator[None]:
        try:
            yield
        finally:
            heart.stop()
            self._try_to_execute(
                f"update {table} set holder_pid = null, holder_started_at = null,"
                f" lease_expires_at = null where feed = %s and {owner} = %s",
                (heart.feed, heart.owner),
            )

    def _try_to_execute(
        self, statement: LiteralString, values: tuple[object, ...]
    ) -> psycopg.Cursor[tuple[Any, ...]] | None:
        # What is to be told of may have cut this connection too, which shows at the first try.
        for _ in range(2):
            with suppress(postgres.DatabaseError, ExtractError):
                return self._connection.execute(statement, values)
            if not self._opened.closed:
                break
        return None

    def _until_taken(self, heart: Heart, take: Callable[[], None]) -> None:
        def translated() -> None:
            with postgres.translated(self._warehouse, heart.feed):
                take()

        _patiently(lambda: persist(translated, lambda: None))

    def _take(self, feed: str, mode: str, run_id: UUID, heart: Heart) -> None:
        # A holder that publishes has the row locked: who only looks doesn't wait for it.
        self._refuse_held(_HOLDER, run_id, feed)
        with self._connection.transaction():
            self._connection.execute(
                "insert into ops.feeds (feed) values (%s) on conflict do nothing", (feed,)
            )
            self._refuse_held(_HOLDER + " for update of f", run_id, feed)
            self._connection.execute(
                "update ops.feeds set run_id = %s where feed = %s", (run_id, feed)
            )
            interrupted = self._connection.execute(
                "update ops.runs set state = 'interrupted', finished_at = clock_timestamp()"
                " where feed = %s and state = 'running' and run_id <> %s returning run_id",
                (feed, run_id),
            ).fetchone()
            self._connection.execute(
                "insert into ops.runs (run_id, feed, mode, is_complete, state, resumes)"
                " values (%s, %s, %s, false, 'running', %s) on conflict (run_id) do nothing",
                (run_id, feed, mode, interrupted[0] if interrupted else None),
            )
            self._connection.execute(heart.renewal("ops.feeds", "run_id"), heart.values)
        heart.start("ops.feeds", "run_id")

    def _take_segment(self, feed: str, number: int, worker_id: UUID, heart: Heart) -> None:
        with self._connection.transaction():
            row = self._refuse_held(_HELD_SEGMENT + " for update", worker_id, feed, number)
            if row is None:
                raise TargetError(
                    f"{feed} has no open pass with a segment {number}. Start it with "
                    "`open_pass`, or run the feed as a whole.",
                    feed=feed,
                )
            self._connection.execute(
                "update ops.segments set worker_id = %s where feed = %s and segment_no = %s",
                (worker_id, feed, number),
            )
            self._connection.execute(heart.renewal("ops.segments", "worker_id"), heart.values)
        heart.start("ops.segments", "worker_id")

    def _refuse_held(
        self, query: LiteralString, own: UUID, feed: str, *more: int
    ) -> tuple[Any, ...] | None:
        row = self._connection.execute(query, (feed, *more)).fetchone()
        # A lease whose taking was committed, but not acknowledged, is one's own.
        if row is not None and row[1] and row[0] != own:
            raise LeaseHeldError(
                f"{feed} is being extracted by run {row[0]}. Wait for it, or see "
                "`python -m extract status`.",
                feed=feed,
            )
        return row


def _patiently(take: Callable[[], None]) -> None:
    # The server may need a moment to see that a killed holder's connection is gone.
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return take()
        except LeaseHeldError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _progress(row: tuple[Any, ...]) -> Progress:
    return Progress(None if row[0] is None else tuple(row[0]), *row[1:])


def _checkpoint(feed: str, content: dict[str, Any] | None) -> Checkpoint | None:
    if content is None:
        return None
    try:
        return Checkpoint.from_mapping(content)
    except (KeyError, TypeError):
        logger.warning("%s: the checkpoint is another release's; starting over", feed)
        return None


def lease_lost(feed: str) -> LeaseLostError:
    """The error of a run whose feed was taken over."""
    return LeaseLostError(
        f"{feed} was taken over by another run while this one was away; nothing of this one's "
        "last page was kept.",
        feed=feed,
    )


def schema_version(connection: postgres.Statements) -> int | None:
    """The newest migration applied, None where there is none."""
    there = connection.execute("select to_regclass('ops.migrations')").fetchone()
    if there is None or there[0] is None:
        return None
    row = connection.execute("select max(version) from ops.migrations").fetchone()
    return None if row is None else row[0]
