"""A bound on how often something is done, for several threads together."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

__all__ = ["Pace"]


class Pace:
    """Lets pass at most so many calls per second, evenly spread.

    Args:
        per_second: calls; more than 0.
        clock: seconds that only grow.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = Lock()

    def wait(self) -> None:
        """Returns when the next call may be made."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now)
            self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)
