"""Tries again what failed for a moment only: a lost connection, a deadlock, a time-out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from extract.errors import TransientError

__all__ = ["persist"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Waits of 0.5, 1, 2, 4 and 8 seconds.
ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.5
# Whoever is asked to wait for longer had better come back another time.
LONGEST_WAIT_SECONDS = 60.0


def persist(
    step: Callable[[], T],
    recover: Callable[[], None],
    on_retry: Callable[[TransientError], None] | None = None,
) -> T:
    """What `step` returns, at the latest at its sixth try.

    An error that says so ends it at once; one that names a time is waited for that long.

    Args:
        step: may be called again after it failed; it begins where its last success left off.
        recover: called before another try; where it fails in the same way, that counts as a try.
        on_retry: is told why.

    Raises:
        TransientError: the last try's.
    """
    wait = FIRST_WAIT_SECONDS
    needs_recovery = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if needs_recovery:
                recover()
            return step()
        except TransientError as error:
            asked = error.wait_seconds
            if attempt == ATTEMPTS or error.is_spent or asked > LONGEST_WAIT_SECONDS:
                raise
            pause = max(wait, asked)
            logger.warning("%s Trying again in %.1f s.", error, pause)
            if on_retry is not None:
                on_retry(error)
            needs_recovery = True
            time.sleep(pause)
            wait *= 2
    raise AssertionError("unreachable")
