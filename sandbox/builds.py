"""`dbt build` in steps, around the feeds that run after a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extract.catalog import AnyFeed

__all__ = ["Builds"]

_DONE = ("success", "pass", "warn", "no-op")
_BUILT = ("model", "seed", "snapshot", "test")


@dataclass
class Builds:
    """What was built so far, and what is left out because something above it failed.

    Args:
        target: dbt's folder of artifacts.
        dbt: runs dbt with these arguments; returns its exit status.
        on_built: is called after each build that left results, with their file.
        postponed: selects what only `later` builds.
    """

    target: Path
    dbt: Callable[[Sequence[str]], int]
    on_built: Callable[[Path], None]
    postponed: str
    failed: bool = False
    _built: list[str] = field(default_factory=list)
    _left_out: list[str] = field(default_factory=list)

    def leave_out(self, feed: AnyFeed) -> None:
        """Leaves out whatever depends on a feed that failed."""
        self._left_out.append(f"source:{feed.name}+")

    def before(self, waiting: Iterable[AnyFeed]) -> list[AnyFeed]:
        """Builds the models that feeds wait for, and all above these; the feeds that may run now.

        A model that depends on one of the feeds itself has to wait too, so it may take several
        calls. The answer is empty where no call would help any more.
        """
        waiting = list(waiting)
        names = dict.fromkeys(name for feed in waiting for name in feed.extract.after)
        behind = [f"source:{feed.name}+" for feed in waiting]
        self._build(["--select", *(f"+{name}" for name in names)], behind)
        return [feed for feed in waiting if set(feed.extract.after) <= set(self._sound())]

    def rest(self) -> None:
        """Builds what is left, but for what is postponed."""
        self._build([], [])

    def later(self) -> None:
        """Builds what was postponed, whatever failed before."""
        self._run(["--select", f"{self.postponed}+"], [])

    def _build(self, select: Sequence[str], behind: Sequence[str]) -> None:
        self._run(select, [*self._built, *self._left_out, *behind, f"{self.postponed}+"])

    def _run(self, select: Sequence[str], exclude: Sequence[str]) -> None:
        results = self.target / "run_results.json"
        results.unlink(missing_ok=True)
        status = self.dbt([
            # A test of models on both sides of a step belongs to the second one.
            "build", "--quiet", "--indirect-selection", "cautious", *select,
            *(["--exclude", *exclude] if exclude else []),
        ])  # fmt: skip
        self.failed = self.failed or status != 0
        if results.exists():
            self._learn(json.loads(results.read_text())["results"])
            self.on_built(results)

    def _learn(self, results: Iterable[Mapping[str, Any]]) -> None:
        parents: Mapping[str, Sequence[str]] = {}
        for result in results:
            unique_id = result["unique_id"]
            kind, name = unique_id.split(".")[0], unique_id.split(".")[2]
            if result["status"] in _DONE:
                self._built += [name] if kind in _BUILT else []
            elif kind == "test":
                # As in one build, a test holds back what is below all of its parents.
                parents = (
                    parents or json.loads((self.target / "manifest.json").read_text())["parent_map"]
                )
                self._left_out.append(",".join(f"{_selector(up)}+" for up in parents[unique_id]))
            elif kind != "unit_test":
                # Of a unit test, its model tells: it was skipped.
                self._left_out.append(f"{name}+")

    def _sound(self) -> list[str]:
        """What was built and had no failing test of its own."""
        return [name for name in self._built if f"{name}+" not in self._left_out]


def _selector(unique_id: str) -> str:
    kind, _, *names = unique_id.split(".")
    return f"source:{'.'.join(names)}" if kind == "source" else names[0]
