"""Long-running child processes that are started, watched and stopped together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.postgres import SandboxError

__all__ = ["Processes", "free_port", "last_line", "recorded", "stop_recorded"]

_GRACE_SECONDS = 20


@dataclass
class Processes:
    """Children that write to `<logs>/<name>.log`, recorded in the file `record`.

    Each leads a process group of its own: a Ctrl-C on the terminal reaches the parent only, which
    stops them in its own time, with all that they have forked.
    """

    record: Path
    logs: Path
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Starts a child; what it wrote before is gone."""
        with self.log(name).open("wb") as log:
            self._children[name] = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._write([child.pid for child in self._children.values()])

    def log(self, name: str) -> Path:
        """The log of the child `name`."""
        return self.logs / f"{name}.log"

    def require_running(self) -> None:
        """Checks that no child has ended by itself.

        Raises:
            SandboxError: one has; the text ends with its last log line.
        """
        for name, child in self._children.items():
            if child.poll() is not None:
                log = self.log(name)
                raise SandboxError(
                    f"Airflow's {name} ended with code {child.returncode}: {last_line(log)} ({log})"
                )

    @property
    def stopped_from_outside(self) -> bool:
        """Whether `stop_recorded` has been called for these children."""
        return not self.record.exists()

    def stop(self) -> None:
        """Ends all children and whatever they have forked."""
        _stop_groups([child.pid for child in self._children.values()])
        for child in self._children.values():
            child.wait()
        self._children.clear()
        self.record.unlink(missing_ok=True)

    def _write(self, pids: list[int]) -> None:
        # A pid alone may be somebody else's by the time that it is read.
        entries = [[pid, psutil.Process(pid).create_time()] for pid in pids]
        self.record.write_text(json.dumps(entries))


def recorded(record: Path) -> list[int]:
    """The processes in the file `record` that are still running."""
    try:
        entries = json.loads(record.read_text())
    except FileNotFoundError:
        return []
    return [int(pid) for pid, created in entries if _is_same(int(pid), float(created))]


def stop_recorded(record: Path) -> bool:
    """Ends the processes that another process has recorded; says whether any was running."""
    running = recorded(record)
    # First, so that who watches these processes knows that their end is meant.
    record.unlink(missing_ok=True)
    _stop_groups(running)
    return bool(running)


def free_port(preferred: int) -> int:
    """`preferred` where nothing listens on it, else any free port of 127.0.0.1."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise SandboxError("127.0.0.1 has no free port.")


def last_line(log: Path) -> str:
    """The last line of a log that isn't blank."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it left no log"


def _is_same(pid: int, created: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() == created)
    except psutil.NoSuchProcess:
        return False


def _stop_groups(pids: list[int]) -> None:
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and any(_is_running(pid) for pid in pids):
        time.sleep(0.1)
    # Also where the leader is gone: a task that it forked may still be in the group.
    _signal(pids, signal.SIGKILL)


def _signal(groups: list[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
