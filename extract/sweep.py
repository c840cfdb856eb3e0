"""Finds which keys differ between source and lv0 without moving them: by hashes, in buckets.

Both sides count the rows in each bucket of their key's hash and add the hashes up. Only keys in
buckets that differ are then read. Where both sides' hashes of a key don't agree (a key that the
source's code page spells otherwise) its bucket differs each time: more is read, nothing is missed.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from threading import Thread

from extract.errors import TransientError
from extract.paging import bucket_statement, key_set_statement
from extract.plan import KeySet, Plan, Sweep
from extract.session import Session
from extract.settings import Connection
from extract.sources import Source, open_source

__all__ = ["KeyCount", "make_sweep"]

_ROWS_PER_BUCKET = 16
_FEWEST = 1 << 12
_MOST = 1 << 16
# SQL Server's limit for a list is some thousands.
_LONGEST_LIST = 2000


class KeyCount:
    """The keys that the source has now: counted, as that takes a while, beside the reading.

    Args:
        plan: of the pass.
        connection: to the source; one of its own is opened.
    """

    def __init__(self, plan: Plan, connection: Connection) -> None:
        self._plan = plan
        self._connection = connection
        self._counted: Future[KeySet] = Future()
        # Nobody waits for the answer to a pass that failed.
        Thread(target=self._count, name="count keys", daemon=True).start()

    def result(self, source: Source) -> KeySet:
        """What was counted; counted over `source` where the own connection was lost.

        Raises:
            ExtractError: the source can't count them.
        """
        try:
            return self._counted.result()
        except TransientError:
            return _key_set(self._plan, source)

    def _count(self) -> None:
        try:
            opened = open_source(self._connection, self._plan.feed.extract.database)
            with closing(opened):
                self._counted.set_result(_key_set(self._plan, opened))
        except BaseException as error:
            self._counted.set_exception(error)


def _key_set(plan: Plan, source: Source) -> KeySet:
    # An index answers it alone.
    statement = key_set_statement(source.dialect, plan.shape.relation, plan.key)
    [(rows, total)] = source.texts(statement)
    return KeySet(source.dialect.hashing, int(rows or 0), int(total or 0))


def make_sweep(plan: Plan, session: Session) -> Sweep:
    """Which keys to read so that every difference in keys is seen."""
    source, target = session.source, session.target
    hashing = source.dialect.hashing
    buckets = _buckets(max(plan.lv0_rows or 0, plan.shape.estimated_rows or 0))
    with ThreadPoolExecutor(1, thread_name_prefix="sweep") as pool:
        ours = pool.submit(target.buckets, plan, hashing, buckets)
        theirs = _buckets_of(plan, source, buckets)
        held = ours.result()
    differing = [
        bucket for bucket in theirs.keys() | held.keys() if theirs.get(bucket) != held.get(bucket)
    ]
    chosen = tuple(sorted(differing)) if len(differing) <= _LONGEST_LIST else None
    return Sweep(hashing, buckets, chosen, sum(rows for rows, _ in held.values()))


def _buckets_of(plan: Plan, source: Source, buckets: int) -> dict[int, tuple[int, int]]:
    statement = bucket_statement(source.dialect, plan.shape.relation, plan.key, buckets)
    return {
        int(bucket or 0): (int(rows or 0), int(total or 0))
        for bucket, rows, total in source.texts(statement)
    }


def _buckets(rows: int) -> int:
    wanted = rows // _ROWS_PER_BUCKET
    return min(_MOST, max(_FEWEST, 1 << max(wanted - 1, 0).bit_length()))
