from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.measure import Command, FailedError, Measured, measure, medians

_SPEND = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
_HOLD = "import time\nheld = bytearray(60 << 20)\ntime.sleep(0.6)\n"


def _python(code: str, folder: Path) -> Command:
    return Command([sys.executable, "-S", "-c", code], dict(os.environ), folder)


def _parent_of(code: str) -> str:
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {code!r}])\n"


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_cpu_of_a_grandchild_counts(tmp_path: Path) -> None:
    taken = measure([_python(_parent_of(_SPEND), tmp_path)], tmp_path / "log", 30)
    assert 0.3 <= taken.cpu_s < 3
    assert taken.wall_s >= 0.3


def test_memory_is_the_sum_over_the_tree_and_not_its_largest_process(tmp_path: Path) -> None:
    one = measure([_python(_HOLD, tmp_path)], tmp_path / "log", 30)
    assert 60 < one.peak_rss_mb < 110
    both = (
        "import subprocess, sys\n"
        f"held = [subprocess.Popen([sys.executable, '-S', '-c', {_HOLD!r}]) for _ in range(2)]\n"
        "[process.wait() for process in held]\n"
    )
    two = measure([_python(both, tmp_path)], tmp_path / "log", 30)
    assert two.peak_rss_mb > 120


def test_a_pipeline_hands_each_process_what_the_one_before_it_wrote(tmp_path: Path) -> None:
    writes = "print('x' * 1_000_000)"
    reads = "import sys\nsys.exit(0 if len(sys.stdin.read()) == 1_000_001 else 'too short')"
    measure([_python(writes, tmp_path), _python(reads, tmp_path)], tmp_path / "log", 30)


def test_a_failure_is_told_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"^failed: it broke$"):
        measure([_python("import sys\nsys.exit('it broke')", tmp_path)], tmp_path / "log", 30)


def test_the_first_process_of_a_pipeline_may_not_fail_either(tmp_path: Path) -> None:
    pipeline = [_python("raise SystemExit(3)", tmp_path), _python("input", tmp_path)]
    with pytest.raises(FailedError, match="without a word"):
        measure(pipeline, tmp_path / "log", 30)


def test_whoever_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    began = time.monotonic()
    with pytest.raises(FailedError, match="more than 1 s"):
        measure([_python(_parent_of(child), tmp_path)], tmp_path / "log", 1)
    assert time.monotonic() - began < 20
    while _runs(int(pid.read_text())):
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_each_figure_has_its_own_median() -> None:
    runs = [Measured(1, 30, 5), Measured(2, 10, 9), Measured(3, 20, 7)]
    assert medians(runs) == Measured(2, 20, 7)
