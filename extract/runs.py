"""State of the runs, in schema `ops` of the warehouse: leases, checkpoints, results."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID, uuid4

from extract import postgres
from extract.errors import LeaseHeldError, LeaseLostError, TargetError
from extract.plan import Checkpoint, FeedState
from extract.settings import Connection

__all__ = ["LEASE_SECONDS", "SCHEMA_VERSION", "RunResult", "Runs"]

logger = logging.getLogger(__name__)

# How long a holder that is silent, but whose connection stands, keeps its feed.
LEASE_SECONDS = 60
_PATIENCE_SECONDS = 1.0
# How long a statement that a killed holder left behind may keep the feed's row.
_LOCK_SECONDS = 60
_HOLDER: LiteralString = """
    select
        f.run_id, f.lease_expires_at > clock_timestamp()
        and exists (
            select from pg_stat_activity as a
            where a.pid = f.holder_pid and a.backend_start = f.holder_started_at
        )
    from ops.feeds as f where f.feed = %s
"""
# The newest migration that this code knows.
SCHEMA_VERSION = 2


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

    @property
    def changed(self) -> bool:
        """Whether lv0 is different from before."""
        return bool(self.rows_inserted or self.rows_updated or self.rows_deleted)


class Runs:
    """The records of the warehouse's runs, over one autocommit connection."""

    def __init__(self, warehouse: Connection) -> None:
        self._warehouse = warehouse
        self._connection = postgres.connect(warehouse)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

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

    def state(self, feed: str) -> FeedState:
        """What is remembered of `feed`."""
        row = self._connection.execute(
            "select last_mark, last_swept_at, last_complete_at, checkpoint"
            " from ops.feeds where feed = %s",
            (feed,),
        ).fetchone()
        if row is None:
            return FeedState()
        mark = None if row[0] is None else tuple(row[0])
        return FeedState(mark, row[1], row[2], _checkpoint(feed, row[3]))

    @contextmanager
    def lease(self, feed: str, mode: str) -> Iterator[UUID]:
        """Holds `feed` for a new run, and keeps the lease alive until the block ends.

        Raises:
            LeaseHeldError: another run holds it.
        """
        run_id = uuid4()
        heart = _Heart(self._warehouse, feed, run_id)
        try:
            self._take(feed, mode, run_id, heart, patience=_PATIENCE_SECONDS)
            heart.start()
            yield run_id
        finally:
            heart.stop()
            with suppress(postgres.DatabaseError):
                self._connection.execute(
                    "update ops.feeds set holder_pid = null, holder_started_at = null,"
                    " lease_expires_at = null where feed = %s and run_id = %s",
                    (feed, run_id),
                )

    def begin(self, run_id: UUID, *, is_complete: bool, lower: tuple[str, ...] | None) -> None:
        """Records what kind of pass the run turned out to be."""
        self._connection.execute(
            "update ops.runs set is_complete = %s, lower_mark = %s where run_id = %s",
            (is_complete, None if lower is None else list(lower), run_id),
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
        with suppress(postgres.DatabaseError):
            row = self._connection.execute(
                "select run_id from ops.feeds where feed = %s", (feed,)
            ).fetchone()
            return row is not None and row[0] != run_id
        return False

    def fail(self, run_id: UUID, message: str) -> None:
        """Records why the run ended; keeps silent where the warehouse itself is away."""
        with suppress(postgres.DatabaseError):
            self._connection.execute(
                "update ops.runs set state = 'failed', finished_at = clock_timestamp(), error = %s"
                " where run_id = %s",
                (message, run_id),
            )

    def latest(self) -> list[dict[str, Any]]:
        """The latest run of each feed, with what is left of an unfinished pass."""
        return postgres.mappings(
            self._connection,
            """
            select distinct on (r.feed)
                r.*, f.last_published_at, f.last_complete_at, f.last_mark, f.checkpoint,
                f.lease_expires_at > clock_timestamp() as is_held
            from ops.runs as r left join ops.feeds as f on r.feed = f.feed
            order by r.feed, r.started_at desc
            """,
        )

    def _take(self, feed: str, mode: str, run_id: UUID, heart: _Heart, patience: float) -> None:
        # The server may need a moment to see that a killed holder's connection is gone.
        until = time.monotonic() + patience
        while True:
            try:
                return self._take_now(feed, mode, run_id, heart)
            except LeaseHeldError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _take_now(self, feed: str, mode: str, run_id: UUID, heart: _Heart) -> None:
        # A holder that publishes has the row locked: who only looks doesn't wait for it.
        self._refuse_held(feed, _HOLDER)
        with self._connection.transaction():
            self._connection.execute(
                "select set_config('lock_timeout', %s, true)", (f"{_LOCK_SECONDS}s",)
            )
            self._connection.execute(
                "insert into ops.feeds (feed) values (%s) on conflict do nothing", (feed,)
            )
            self._refuse_held(feed, _HOLDER + " for update")
            self._connection.execute(
                """
                update ops.feeds set
                    run_id = %(run_id)s, holder_pid = %(pid)s,
                    holder_started_at = (
                        select backend_start from pg_stat_activity where pid = %(pid)s
                    ),
                    lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
                where feed = %(feed)s
                """,
                {"run_id": run_id, "pid": heart.pid, "seconds": LEASE_SECONDS, "feed": feed},
            )
            interrupted = self._connection.execute(
                "update ops.runs set state = 'interrupted', finished_at = clock_timestamp()"
                " where feed = %s and state = 'running' returning run_id",
                (feed,),
            ).fetchone()
            self._connection.execute(
                "insert into ops.runs (run_id, feed, mode, is_complete, state, resumes)"
                " values (%s, %s, %s, false, 'running', %s)",
                (run_id, feed, mode, interrupted[0] if interrupted else None),
            )

    def _refuse_held(self, feed: str, query: LiteralString) -> None:
        row = self._connection.execute(query, (feed,)).fetchone()
        if row is not None and row[1]:
            raise LeaseHeldError(
                f"{feed} is being extracted by run {row[0]}. Wait for it, or see "
                "`python -m extract status`.",
                feed=feed,
            )


class _Heart:
    """Renews a lease from a connection and a thread of its own.

    While its process lives and runs, the lease stands, however long a page takes. When the
    process dies the server drops the connection, and with it the lease.
    """

    def __init__(self, warehouse: Connection, feed: str, run_id: UUID) -> None:
        self._connection = postgres.connect(warehouse)
        self._feed = feed
        self._run_id = run_id
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {feed}", daemon=True)
        self.pid = self._connection.info.backend_pid

    def start(self) -> None:
        """Begins to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stops beating and closes the connection."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=LEASE_SECONDS)
        self._connection.close()

    def _beat(self) -> None:
        while not self._stopped.wait(LEASE_SECONDS / 4):
            try:
                self._connection.execute(
                    "update ops.feeds set"
                    " lease_expires_at = greatest(lease_expires_at,"
                    " clock_timestamp() + make_interval(secs => %s))"
                    " where feed = %s and run_id = %s",
                    (LEASE_SECONDS, self._feed, self._run_id),
                )
            except postgres.DatabaseError as error:
                logger.warning("%s: lease not renewed: %s", self._feed, type(error).__name__)
                return


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
