"""Wall time, CPU and memory of a pipeline of processes, taken from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO

import psutil

__all__ = ["Command", "FailedError", "Measured", "measure", "medians"]

_SAMPLE_S = 0.05
# Looking for new children reads all of /proc, which the contestants would feel at every sample.
_SEARCH_EVERY = 4
_MB = 1 << 20


@dataclass(frozen=True)
class Command:
    """A process to start: its arguments, environment and folder."""

    args: list[str]
    env: dict[str, str]
    cwd: Path


@dataclass(frozen=True)
class Measured:
    """One run: seconds of wall time and of CPU (user and system), peak memory in MB.

    CPU is that of the processes started and all that they waited for. Memory is the resident set
    of all of them at once, so pages that two of them share count twice.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mb: float


class FailedError(Exception):
    """A contestant that didn't arrive; the text says why."""


@dataclass
class _Watch:
    """Samples the memory of process trees, and ends them when their time is up."""

    roots: list[psutil.Process]
    timeout_s: float
    peak: int = 0
    timed_out: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        end = time.monotonic() + self.timeout_s
        known: set[psutil.Process] = set()
        turn = 0
        while not self._over.wait(_SAMPLE_S):
            if turn % _SEARCH_EVERY == 0:
                known = self._tree()
            turn += 1
            self.peak = max(self.peak, sum(_resident(process) for process in known))
            if time.monotonic() > end:
                self.timed_out = True
                for root in self.roots:
                    _kill_group(root.pid)
                return

    def _tree(self) -> set[psutil.Process]:
        found = set(self.roots)
        for root in self.roots:
            with suppress(psutil.Error):
                found.update(root.children(recursive=True))
        return found


def measure(pipeline: list[Command], log: Path, timeout_s: float) -> Measured:
    """What it took until the last process of `pipeline` ended, each reading the one before it.

    Args:
        pipeline: at least one command.
        log: takes what they print; replaced.
        timeout_s: seconds after which they are ended.

    Raises:
        FailedError: a process ended with an error, or time was up.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        began = time.perf_counter()
        processes = _start(pipeline, out)
        try:
            watch = _Watch([psutil.Process(process.pid) for process in processes], timeout_s)
            try:
                cpu_s = sum(_wait(process) for process in processes)
                wall_s = time.perf_counter() - began
            finally:
                watch.stop()
        finally:
            for process in processes:
                if process.returncode is None:
                    _kill_group(process.pid)
                    process.wait()
    if watch.timed_out:
        raise FailedError(f"more than {timeout_s:.0f} s")
    if any(process.returncode for process in processes):
        raise FailedError(_last_line(log))
    return Measured(wall_s, cpu_s, watch.peak / _MB)


def medians(runs: list[Measured]) -> Measured:
    """Each figure's median."""
    return Measured(
        median(run.wall_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.peak_rss_mb for run in runs),
    )


def _start(pipeline: list[Command], out: IO[bytes]) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    for position, command in enumerate(pipeline):
        before = processes[-1].stdout if processes else None
        last = position == len(pipeline) - 1
        processes.append(
            subprocess.Popen(
                command.args,
                env=command.env,
                cwd=command.cwd,
                stdin=before or subprocess.DEVNULL,
                stdout=out if last else subprocess.PIPE,
                stderr=out,
                start_new_session=True,
            )
        )
        if before is not None:
            before.close()
    return processes


def _wait(process: subprocess.Popen[bytes]) -> float:
    """Seconds of CPU of a process and its children, once it has ended."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def _resident(process: psutil.Process) -> int:
    try:
        resident: int = process.memory_info().rss
    except psutil.Error:
        return 0
    return resident


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    return f"failed: {lines[-1][:160]}" if lines else "failed without a word"
