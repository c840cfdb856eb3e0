"""Finds which keys differ between source and lv0 without moving them: by hashes, in buckets.

Both sides count the rows in each bucket of their key's hash and add the hashes up. Only keys in
buckets that differ are then read. Where both sides' hashes of a key don't agree (a key that the
source's code page spells otherwise) its bucket differs each time: more is read, nothing is missed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from extract.paging import bucket_statement
from extract.plan import KeySet, Plan, Sweep
from extract.session import Session
from extract.sources import Source

__all__ = ["key_set", "make_sweep"]

_ROWS_PER_BUCKET = 16
# Fewer would let the sums of a table that has grown since it was last counted run over.
_FEWEST = 1 << 12
_MOST = 1 << 16
# SQL Server's limit for a list is some thousands.
_LONGEST_LIST = 2000


def key_set(plan: Plan, source: Source) -> KeySet:
    """The keys that the source has now: an index answers it alone."""
    found = _buckets_of(plan, source, _FEWEST)
    rows = sum(count for count, _ in found.values())
    return KeySet(source.dialect.hashing, rows, sum(total for _, total in found.values()))


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
