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
    """Leaves the models `targets` and all that they stand on."""
    manifest = released(project)
    kept = _above(manifest, targets)
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
    for path in sorted((project / "dbt_project" / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text())
        if "sources" in content or "exposures" in content:
            path.write_text(yaml.safe_dump(_without(content, kept), allow_unicode=True))


def _above(manifest: Mapping[str, Any], targets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    queue = [f"model.stairway.{target}" for target in targets]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += manifest["parent_map"].get(name, [])
            how = manifest["sources"].get(name, {}).get("config", {}).get("meta", {})
            queue += [
                f"model.stairway.{model}" for model in how.get("extract", {}).get("after", [])
            ]
    return found


def _without(content: dict[str, Any], kept: set[str]) -> dict[str, Any]:
    for source in content.get("sources", []):
        source["tables"] = [
            table
            for table in source["tables"]
            if f"source.stairway.{source['name']}.{table['name']}" in kept
        ]
    content["exposures"] = [
        exposure
        for exposure in content.get("exposures", [])
        if all(f"model.stairway.{ref[5:-2]}" in kept for ref in exposure["depends_on"])
    ]
    return content
