"""Takes out of a copy of the project what some of its targets don't stand on.

A task of Airflow's costs seconds. The whole graph is rendered and looked at in tests/dags, and run
by `make run`; a scheduler is shown a part of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["released", "trim"]


def released(project: Path) -> dict[str, Any]:
    """The manifest of the project as it is now, made as a deployment makes it."""
    release = project / "dags" / "_stairway" / "manifest.py"
    subprocess.run([sys.executable, str(release)], check=True, capture_output=True)
    path = project / "target" / "airflow" / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def trim(project: Path, targets: Iterable[str]) -> None:
    """Leaves the models `targets` and all that they stand on.

    Of the models that a source runs after, those stay that read nothing else.
    """
    manifest = released(project)
    kept = _above(manifest, [f"model.stairway.{target}" for target in targets])
    kept |= {
        model
        for source in kept & set(manifest["sources"])
        for name in _extract(manifest["sources"][source]).get("after", [])
        if _above(manifest, [model := f"model.stairway.{name}"]) <= kept | {model}
    }
    for name, node in manifest["nodes"].items():
        if name.startswith("test."):
            is_file = node["original_file_path"].endswith(".sql")
            is_gone = is_file and not set(node["depends_on"]["nodes"]) <= kept
        else:
            is_gone = name not in kept
        if is_gone:
            path = project / node["original_file_path"]
            for file in (path, path.with_suffix(".yml")):
                file.unlink(missing_ok=True)
    relations = {
        f"{node['schema']}.{node['alias']}"
        for name, node in manifest["nodes"].items()
        if name in kept
    }
    for path in sorted((project / "dbt_project" / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text())
        if "sources" in content or "exposures" in content:
            _cut(content, kept, relations)
            path.write_text(yaml.safe_dump(content, allow_unicode=True))


def _above(manifest: Mapping[str, Any], nodes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    queue = list(nodes)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += manifest["parent_map"].get(name, [])
    return found


def _extract(table: Mapping[str, Any]) -> dict[str, Any]:
    how: dict[str, Any] = table.get("config", {}).get("meta", {}).get("extract", {})
    return how


def _cut(content: dict[str, Any], kept: set[str], relations: set[str]) -> None:
    for source in content.get("sources", []):
        source["tables"] = [
            table
            for table in source["tables"]
            if f"source.stairway.{source['name']}.{table['name']}" in kept
        ]
        for table in source["tables"]:
            how = _extract(table)
            if "after" in how:
                how["after"] = [name for name in how["after"] if f"model.stairway.{name}" in kept]
                how["reads"] = [name for name in how["reads"] if name in relations]
    content["exposures"] = [
        exposure
        for exposure in content.get("exposures", [])
        if all(f"model.stairway.{ref[5:-2]}" in kept for ref in exposure["depends_on"])
    ]
