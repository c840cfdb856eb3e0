"""What a child does to itself: it dies at a round trip, or writes to the source between pages."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any

import psycopg

from extract import postgres, reading

__all__ = ["install"]


def install(
    *,
    die_at: int = 0,
    after: bool = False,
    writes: dict[str, list[str]] | None = None,
    source: str = "",
) -> None:
    """Prepares this process.

    Args:
        die_at: the how-manieth round trip to a server kills the process; 0: none.
        after: it dies after the round trip instead of before it.
        writes: statements for the source, by the number of the page that they follow.
        source: where to write.
    """
    _die_at(die_at, after=after)
    _write_between(writes or {}, source)


def _die_at(die_at: int, *, after: bool) -> None:
    trips = itertools.count(1)
    wait = postgres.Statements.wait

    def wait_or_die(connection: Any, *arguments: Any, **options: Any) -> Any:
        is_last = next(trips) == die_at
        if is_last and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return wait(connection, *arguments, **options)
        finally:
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)

    postgres.Statements.wait = wait_or_die  # type: ignore[method-assign]


def _write_between(writes: dict[str, list[str]], source: str) -> None:
    pages = itertools.count(1)
    committed = reading.SegmentReader._committed

    def committed_and_written(reader: Any, before: Any, moved: Any) -> Any:
        statements = writes.get(str(next(pages)), [])
        if statements:
            with psycopg.connect(source, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())
        return committed(reader, before, moved)

    reading.SegmentReader._committed = committed_and_written  # type: ignore[method-assign]
