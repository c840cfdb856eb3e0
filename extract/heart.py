"""Keeps a lease alive while its process lives."""

from __future__ import annotations

import logging
import select
import socket
import threading
from contextlib import suppress
from typing import Any, LiteralString
from uuid import UUID

from extract import postgres
from extract.settings import Connection

__all__ = ["LEASE_SECONDS", "Heart"]

logger = logging.getLogger(__name__)

# How long a holder that is silent, but whose connection stands, keeps its feed.
LEASE_SECONDS = 60
# After how long a lease whose server doesn't answer asks again.
_AWAY_SECONDS = 1.0
_STOP_SECONDS = 1.0


class Heart:
    """Renews a lease from a connection and a thread of its own.

    While its process lives and runs, the lease stands, however long a page takes. When the
    process dies the server drops the connection, and with it the lease. When only the connection
    breaks, another one takes its place, unless the lease is another's by then.
    """

    def __init__(self, warehouse: Connection, feed: str, owner: UUID) -> None:
        self.feed = feed
        self.owner = owner
        self._warehouse = warehouse
        self._connection = postgres.connect(warehouse)
        self._stopped = threading.Event()
        self._ended, self._end = socket.socketpair()
        self._thread: threading.Thread | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of a renewal."""
        return {
            "pid": self._connection.info.backend_pid,
            "seconds": LEASE_SECONDS,
            "feed": self.feed,
            "owner": self.owner,
        }

    @staticmethod
    def renewal(table: LiteralString, owner: LiteralString) -> LiteralString:
        """Renews the lease for the connection that beats."""
        return f"""
            update {table} set
                holder_pid = %(pid)s,
                holder_started_at = (
                    select backend_start from pg_stat_activity where pid = %(pid)s
                ),
                lease_expires_at = greatest(
                    lease_expires_at, clock_timestamp() + make_interval(secs => %(seconds)s)
                )
            where feed = %(feed)s and {owner} = %(owner)s
        """

    def start(self, table: LiteralString, owner: LiteralString) -> None:
        """Begins to beat."""
        self._thread = threading.Thread(
            target=self._beat,
            args=(self.renewal(table, owner),),
            name=f"lease {self.feed}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stops beating and closes the connection."""
        self._stopped.set()
        self._end.close()
        if self._thread is not None:
            self._thread.join(timeout=_STOP_SECONDS)
            if self._thread.is_alive():
                # It waits for whoever has the feed's row locked.
                with suppress(postgres.DatabaseError):
                    self._connection.cancel()
                self._thread.join(timeout=LEASE_SECONDS)
        self._connection.close()
        self._ended.close()

    def _beat(self, renewal: LiteralString) -> None:
        while not self._rest():
            # A connection that has ended shows that at the first try.
            if not self._renew(renewal) and not self._stopped.is_set():
                self._renew(renewal)

    def _renew(self, renewal: LiteralString) -> bool:
        try:
            if self._connection.closed:
                self._connection = postgres.connect(self._warehouse)
            self._connection.execute(renewal, self.values)
            return True
        except Exception as error:
            logger.warning("%s: lease not renewed: %s", self.feed, type(error).__name__)
            self._connection.close()
            return False

    def _rest(self) -> bool:
        """Waits until the next beat; says whether there is none.

        The lease doesn't stand without its connection, so whatever comes over that, which may be
        its end, is not waited out.
        """
        waiting, seconds = [self._ended.fileno()], LEASE_SECONDS / 4
        if self._connection.closed:
            seconds = min(seconds, _AWAY_SECONDS)
        else:
            waiting.append(self._connection.fileno())
        select.select(waiting, [], [], seconds)
        return self._stopped.is_set()
