"""dbt's graph, read from the manifest.json that dbt wrote: what is built from what.

dbt itself isn't imported. `python dags/_stairway/manifest.py` writes the manifest that the DAGs are
rendered from, `dbt parse` another one with the same graph.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extract.catalog import read_catalog
from extract.errors import ConfigurationError
from extract.settings import Project

__all__ = ["Graph", "Node", "manifest_path", "read_manifest"]

_KINDS = ("model", "seed", "snapshot", "source")
_REMEDY = "Make it anew: `python dags/_stairway/manifest.py`, or `dbt parse` and name that one."


@dataclass(frozen=True)
class Node:
    """A relation of the graph. A model is called as in `ref()`, a source table `source.table`."""

    name: str
    kind: str
    relation: str
    file: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """The nodes by name; `parents` name nodes of the graph."""

    nodes: Mapping[str, Node]

    def making(self, relation: str) -> list[Node]:
        """The nodes behind `schema.table`; a source only where no model makes the relation."""
        found = [node for node in self.nodes.values() if node.relation == relation]
        return [node for node in found if node.kind != "source"] or found

    def path(self, start: str, ends: Collection[str]) -> tuple[str, ...]:
        """A shortest way down from `start` to one of `ends`, both named; empty without one."""
        children: dict[str, list[str]] = {}
        for node in self.nodes.values():
            for parent in node.parents:
                children.setdefault(parent, []).append(node.name)
        came_from: dict[str, str | None] = {start: None}
        queue = deque([start])
        while queue:
            name = queue.popleft()
            if name in ends:
                return tuple(_way_back(name, came_from))[::-1]
            for child in sorted(children.get(name, ())):
                if child not in came_from:
                    came_from[child] = name
                    queue.append(child)
        return ()


def manifest_path(project: Project, named: Path | None = None) -> Path:
    """The manifest to read: `named`, else the one that the DAGs are rendered from."""
    chosen = named or os.environ.get("STAIRWAY_MANIFEST")
    return Path(chosen) if chosen else project.root / "target" / "airflow" / "manifest.json"


def read_manifest(project: Project, path: Path) -> Graph:
    """The graph of the project as it is.

    A source table with `config.meta.extract.after` comes after the models that it names there.

    Raises:
        ConfigurationError: there is no manifest, or it was made from other models or feeds than
            the project has now.
    """
    content = _content(path)
    resources = {
        unique_id: resource
        for part in ("nodes", "sources")
        for unique_id, resource in content[part].items()
        if resource["resource_type"] in _KINDS
    }
    _require_current(project, path, resources.values())
    names = {unique_id: _name(resource) for unique_id, resource in resources.items()}
    nodes = {
        names[unique_id]: Node(
            name=names[unique_id],
            kind=resource["resource_type"],
            relation=f"{resource['schema']}.{_table(resource)}".lower(),
            file=resource["original_file_path"],
            parents=(
                *(
                    names[parent]
                    for parent in (resource.get("depends_on") or {}).get("nodes", ())
                    if parent in names
                ),
                *_after(resource),
            ),
        )
        for unique_id, resource in resources.items()
    }
    return Graph(dict(sorted(nodes.items())))


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"The manifest {path} is missing. {_REMEDY}") from None
    except ValueError:
        raise ConfigurationError(f"{path} is not valid JSON. {_REMEDY}") from None
    if not isinstance(content, dict) or not {"nodes", "sources"} <= content.keys():
        raise ConfigurationError(f"{path} is not a manifest of dbt. {_REMEDY}")
    return content


def _require_current(project: Project, path: Path, resources: Iterable[dict[str, Any]]) -> None:
    made_from = {
        resource["original_file_path"]: resource["checksum"]["checksum"]
        for resource in resources
        if resource["resource_type"] == "model"
    }
    present = dict(_checksums(project))
    feeds = {name for resource in resources if (name := _feed(resource))}
    changed = {file for file, checksum in present.items() if made_from.get(file) != checksum}
    changed |= made_from.keys() - present.keys()
    changed |= feeds ^ read_catalog(project).keys()
    if changed:
        some = ", ".join(sorted(changed)[:5])
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        raise ConfigurationError(
            f"The manifest {path} is stale: the project has changed in {some}{more}. {_REMEDY}"
        )


def _checksums(project: Project) -> Iterator[tuple[str, str]]:
    """The models' files with the checksum that dbt gives them: of their text without its ends."""
    for folder in project.read().get("model-paths") or ["models"]:
        for path in (project.root / folder).rglob("*.sql"):
            text = path.read_text(encoding="utf-8").strip()
            yield (
                path.relative_to(project.root).as_posix(),
                hashlib.sha256(text.encode()).hexdigest(),
            )


def _name(resource: dict[str, Any]) -> str:
    name = str(resource["name"])
    return f"{resource['source_name']}.{name}" if _is_source(resource) else name


def _table(resource: dict[str, Any]) -> str:
    return str(resource["identifier"] if _is_source(resource) else resource["alias"])


def _feed(resource: dict[str, Any]) -> str | None:
    return _name(resource) if _is_source(resource) and _extract(resource) else None


def _after(resource: dict[str, Any]) -> tuple[str, ...]:
    after = _extract(resource).get("after") or () if _is_source(resource) else ()
    return (after,) if isinstance(after, str) else tuple(after)


def _extract(resource: dict[str, Any]) -> dict[str, Any]:
    meta = (resource.get("source_meta") or {}, resource["config"].get("meta") or {})
    return {key: value for part in meta for key, value in (part.get("extract") or {}).items()}


def _is_source(resource: dict[str, Any]) -> bool:
    return bool(resource["resource_type"] == "source")


def _way_back(name: str, came_from: Mapping[str, str | None]) -> Iterator[str]:
    step: str | None = name
    while step is not None:
        yield step
        step = came_from[step]
