"""The project as dbt parses it: one parse for all rules that are read from its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Parsed:
    """target/manifest.json as a mapping, and what dbt complained about while it wrote it."""

    path: Path
    manifest: Mapping[str, Any]
    complaints: tuple[str, ...]

    def nodes(self, kind: str) -> Iterator[Node]:
        """The project's own nodes of one resource type, in order of their ids."""
        for _, node in sorted(self.manifest["nodes"].items()):
            if node["resource_type"] == kind and node["package_name"] == "stairway":
                yield node

    @property
    def sources(self) -> list[Node]:
        """The source tables that feeds fill, in order of their ids."""
        return [node for node in self._all_sources if "extract" in node["config"]["meta"]]

    @property
    def answers(self) -> list[Node]:
        """The source tables that nothing extracts, as they hold what Salesforce answers."""
        return [node for node in self._all_sources if "extract" not in node["config"]["meta"]]

    @property
    def _all_sources(self) -> list[Node]:
        return [node for _, node in sorted(self.manifest["sources"].items())]

    def tests_of(self, node: Node) -> list[Node]:
        """The data tests that are attached to a model, a seed or a source table."""
        return [
            test
            for test in self.nodes("test")
            if test["attached_node"] == node["unique_id"]
            or (
                test["attached_node"] is None and test["depends_on"]["nodes"] == [node["unique_id"]]
            )
        ]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    target = tmp_path_factory.mktemp("parse")
    complaints: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level in ("warn", "error"):
            complaints.append(f"{event.info.name}: {event.info.msg}")

    outcome = dbtRunner(callbacks=[listen]).invoke(
        [
            "--quiet", "parse", "--no-partial-parse", "--show-all-deprecations",
            "--project-dir", str(ROOT), "--profiles-dir", str(ROOT),
            "--target-path", str(target), "--log-level-file", "none",
        ]
    )  # fmt: skip
    assert outcome.success, f"dbt parse failed: {outcome.exception} {complaints}"
    path = target / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return Parsed(path=path, manifest=manifest, complaints=tuple(complaints))


@pytest.fixture(scope="session")
def models(parsed: Parsed) -> dict[str, Node]:
    found = {node["name"]: node for node in parsed.nodes("model")}
    assert found, "dbt found no model at all"
    return found
