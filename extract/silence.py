"""Ends connections to Postgres that nothing will ever come over again.

A peer that vanished behind something that still acknowledges for it (a proxy, a load balancer) is
seen by no timer of TCP, and a statement may rightly take hours. So, when nothing has come for a
while, the server is asked over another connection whether it's at work for this one. Where it is
not, twice in a row, the socket is shut down: whoever waits on it sees a connection that was lost.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

__all__ = ["Watch", "new_name", "tagged_sockets"]

logger = logging.getLogger(__name__)

# How long nothing may come before the server is asked; then it's asked each quarter of it.
SILENCE_SECONDS = 60.0
_ANSWER_SECONDS = 10
_OF_DEAD = 2
# Is the server computing, or does it too wait for the other side?
_IS_AT_WORK = "state = 'active' and wait_event_type is distinct from 'Client'"
_PROCESS = "from pg_catalog.pg_stat_activity where application_name = '{name}'"
_ASK = f"select {_IS_AT_WORK} {_PROCESS}"
# What it holds locked would keep the next try waiting.
_END = f"select pg_terminate_backend(pid) {_PROCESS} and not ({_IS_AT_WORK})"
# Where struct tcp_info has how many bytes were acknowledged, and how many received.
_TCP_INFO = struct.Struct("@120xQQ")


class Watch:
    """Watches over one connection while somebody waits on it.

    Args:
        descriptors: the numbers of its open sockets now.
        name: the `application_name` that no other connection has.
        conninfo: to ask about it.
    """

    def __init__(self, descriptors: Callable[[], list[int]], name: str, conninfo: str) -> None:
        self._descriptors = descriptors
        self._name = name
        self._conninfo = conninfo
        self._lock = threading.Lock()
        self._since: float | None = None
        self._moved: list[tuple[int, ...]] | None = None
        self._signs = 0
        _Watcher.of_process().add(self)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Whoever is in the block waits for the server."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._since = None
                self._signs = 0

    def look(self) -> None:
        """Shuts the socket down if it is dead."""
        since = self._since
        if since is None or time.monotonic() - since < SILENCE_SECONDS or self._is_moving():
            return
        at_work = self._is_at_work()
        with self._lock:
            if self._since != since:
                return
            self._signs = 0 if at_work else self._signs + 1
            if self._signs < _OF_DEAD:
                return
            logger.warning("Nothing comes over connection `%s` any more; it is ended.", self._name)
            with suppress(psycopg.Error, OSError):
                _ask(self._conninfo, _END.format(name=self._name))
            for descriptor in self._descriptors():
                with suppress(OSError), closing(_duplicate(descriptor)) as connected:
                    connected.shutdown(socket.SHUT_RDWR)

    def _is_moving(self) -> bool:
        """Whether bytes have gone either way since the last look, where the system can tell."""
        moved = []
        for descriptor in self._descriptors():
            with (
                suppress(OSError, AttributeError, struct.error),
                closing(_duplicate(descriptor)) as connected,
            ):
                info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
                moved.append(_TCP_INFO.unpack(info))
        before, self._moved = self._moved, moved
        return before is not None and moved != before

    def _is_at_work(self) -> bool:
        try:
            answer = _ask(self._conninfo, _ASK.format(name=self._name))
        except (psycopg.Error, OSError) as error:
            # A server that answers, if only by a refusal, is not gone.
            return getattr(error, "sqlstate", None) is not None
        return answer == b"t"


class _Watcher:
    """The thread that looks after this process's watches."""

    _current: _Watcher | None = None
    _starting = threading.Lock()

    def __init__(self) -> None:
        self._process = os.getpid()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._added = threading.Event()
        threading.Thread(target=self._run, name="silence", daemon=True).start()

    @classmethod
    def of_process(cls) -> _Watcher:
        """The running one; a forked process starts its own."""
        with cls._starting:
            if cls._current is None or cls._current._process != os.getpid():
                cls._current = cls()
            return cls._current

    def add(self, watch: Watch) -> None:
        """Looks after `watch` for as long as it exists."""
        with self._lock:
            self._watches.add(watch)
        self._added.set()

    def _run(self) -> None:
        while True:
            if self._added.wait(SILENCE_SECONDS / 4):
                self._added.clear()
            self._look()

    def _look(self) -> None:
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.look()


def new_name() -> str:
    """An `application_name` for one connection."""
    return f"stairway {uuid4().hex[:12]}"


def tagged_sockets(milliseconds: int) -> list[int]:
    """This process's sockets with that TCP_USER_TIMEOUT; none where the system can't tell.

    A driver that doesn't show its sockets can be given a time of its own to know them by.
    """
    found = []
    with suppress(OSError, AttributeError):
        for path in Path("/proc/self/fd").iterdir():
            with suppress(OSError), closing(_duplicate(int(path.name))) as opened:
                if opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == milliseconds:
                    found.append(int(path.name))
    return found


def _duplicate(descriptor: int) -> socket.socket:
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _ask(conninfo: str, query: str) -> bytes | None:
    """The only value of a query, within some seconds."""
    asking = make_conninfo(conninfo, connect_timeout=_ANSWER_SECONDS, application_name="stairway")
    with closing(psycopg.connect(asking)) as connection:
        libpq = connection.pgconn
        libpq.send_query(query.encode())
        give_up = time.monotonic() + _ANSWER_SECONDS
        while libpq.is_busy():
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([libpq.socket], [], [], left)[0]:
                raise TimeoutError("no answer")
            libpq.consume_input()
        result = libpq.get_result()
        if result is None or result.ntuples != 1:
            return None
        return result.get_value(0, 0)
