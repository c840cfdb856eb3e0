from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from bench import contest
from bench.bed import Bed, cut_sql, multiply_sql
from bench.compare import Comparison
from bench.contest import Limits, compete
from bench.contestants import CONTESTANTS, Contestant, Task
from bench.measure import Command
from bench.tools import MissingError, Tools

_SAME = Comparison(rows=5, differing=(), retyped=(), loosened=(), equal=True)


@dataclass(frozen=True)
class _Bed:
    home: Path
    source_url: str = "source"
    target_url: str = "target"

    def empty_target(self) -> None:
        """There is no target."""

    def scratch(self, name: str) -> Path:
        return self.home


def _sleeps(name: str, seconds: float) -> Contestant:
    def ready(task: Task) -> list[Command]:
        code = f"import time; time.sleep({seconds})"
        return [Command([sys.executable, "-S", "-c", code], dict(os.environ), task.scratch)]

    return Contestant(name, "sleeps", ready, "public.{table}")


def _is_missing(task: Task) -> list[Command]:
    raise MissingError("no such program")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    landed: list[str] = []

    def compare(source_url: str, source: str, target_url: str, target: str) -> Comparison:
        landed.append(target)
        return _SAME

    monkeypatch.setattr(contest, "compare", compare)
    return landed


def _compete(tmp_path: Path, contestants: list[Contestant], limits: Limits) -> tuple[Any, Any]:
    said: list[str] = []
    bed = cast(Bed, _Bed(tmp_path))
    return compete(bed, Tools(tmp_path), contestants, limits, said.append), said


def test_turns_are_interleaved_and_what_landed_is_checked_once(
    tmp_path: Path, checked: list[str]
) -> None:
    both = [_sleeps("a", 0), _sleeps("b", 0)]
    standings, said = _compete(tmp_path, both, Limits(2, once_above_s=30, timeout_s=30))
    assert [line.split(": ")[:2] for line in said] == [
        ["turn 1", "a"], ["turn 1", "b"], ["turn 2", "a"], ["turn 2", "b"],
    ]  # fmt: skip
    assert [len(standing.runs) for standing in standings] == [2, 2]
    assert checked == ["public.r_order_contract"] * 2


def test_a_slow_contestant_gets_one_turn(tmp_path: Path, checked: list[str]) -> None:
    both = [_sleeps("quick", 0), _sleeps("slow", 1)]
    standings, _ = _compete(tmp_path, both, Limits(3, once_above_s=0.8, timeout_s=30))
    assert [len(standing.runs) for standing in standings] == [3, 1]


def test_who_is_missing_or_too_late_is_named_and_never_dropped(
    tmp_path: Path, checked: list[str]
) -> None:
    missing = Contestant("gone", "is not there", _is_missing, "public.{table}")
    both = [missing, _sleeps("late", 60)]
    standings, _ = _compete(tmp_path, both, Limits(2, once_above_s=30, timeout_s=1))
    assert [standing.absent for standing in standings] == [
        "not at hand: no such program", "more than 1 s",
    ]  # fmt: skip
    assert not checked


def test_every_contestant_has_a_name_of_its_own() -> None:
    names = [contestant.name for contestant in CONTESTANTS]
    assert len(set(names)) == len(names)
    assert {"limit", "stairway-copy", "stairway-arrow", "original"} < set(names)


def test_the_table_is_multiplied_by_its_key_up_to_the_wanted_rows() -> None:
    create, *rest = multiply_sql(["order_no", "remark"], 4001)
    assert "o.order_no || '-' || g.n as order_no, o.remark" in create
    assert "generate_series(1, 3) as g (n) limit 4001" in create
    assert any("primary key (order_no)" in statement for statement in rest)


def test_a_cut_has_the_indexes_of_the_whole() -> None:
    whole = multiply_sql(["order_no"], 10)[2:]
    assert [text.replace("r_few", "r_order_contract") for text in cut_sql("r_few", 5)[1:]] == whole
