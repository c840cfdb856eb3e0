"""What an old DAG is called in the graph. Pure, but for reading the file of exceptions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from extract.errors import ConfigurationError
from extract.manifest import Graph

__all__ = ["Names", "UnknownNameError", "read_names"]

# `legacy_to_lv0_r_goods`: what fills lv0.r_goods, from wherever.
_RULE = re.compile(r"[a-z0-9]+_to_([a-z0-9]+)_(\w+)")
_KEYS = ("names", "retired")


class UnknownNameError(Exception):
    """An old DAG's name leads to no node, or to several; the text says which."""


@dataclass(frozen=True)
class Names:
    """Where the names of old DAGs lead.

    `names` are the exceptions from the rule: an old DAG and the nodes that do its work now.
    `retired` ones have no successor: an old DAG and why.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)

    def nodes(self, dag: str, graph: Graph) -> tuple[str, ...]:
        """The nodes that do the work of `dag` now.

        Raises:
            UnknownNameError: there is none, or the rule leads to several.
        """
        if dag in self.names:
            return self.names[dag]
        match = _RULE.fullmatch(dag)
        if match is None:
            raise UnknownNameError(f"{dag} is not called <from>_to_<schema>_<table>")
        relation = f"{match[1]}.{match[2]}"
        found = graph.making(relation)
        if len(found) == 1:
            return (found[0].name,)
        if found:
            several = ", ".join(node.name for node in found)
            raise UnknownNameError(f"{dag}: {relation} is made by {several}")
        near = get_close_matches(relation, {node.relation for node in graph.nodes.values()}, 3)
        hint = f"; near are {', '.join(near)}" if near else ""
        raise UnknownNameError(f"{dag}: nothing makes {relation}{hint}")


def read_names(path: Path, graph: Graph) -> Names:
    """The exceptions in a YAML file with `names` (DAG: node, or a list) and `retired` (DAG: why).

    Raises:
        ConfigurationError: the file can't be used; the text names file and entry.
    """
    content = _mapping(path)
    names = {dag: _nodes(path, dag, value, graph) for dag, value in content["names"].items()}
    for dag, reason in content["retired"].items():
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigurationError(f"{path}: `retired.{dag}` must say why, in a text.")
        if dag in names:
            raise ConfigurationError(f"{path}: {dag} is in both `names` and `retired`.")
    return Names(names, content["retired"])


def _mapping(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ConfigurationError(f"{path} is not valid YAML: {line}") from None
    if not isinstance(content, dict) or not content.keys() <= set(_KEYS):
        raise ConfigurationError(f"{path} must be a mapping with the keys {', '.join(_KEYS)}.")
    parts = {key: content.get(key) or {} for key in _KEYS}
    for key, part in parts.items():
        if not isinstance(part, dict):
            raise ConfigurationError(f"{path}: `{key}` must be a mapping by old DAG.")
    return {
        key: {str(dag).lower(): value for dag, value in part.items()} for key, part in parts.items()
    }


def _nodes(path: Path, dag: str, value: object, graph: Graph) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(name, str) for name in listed):
        raise ConfigurationError(f"{path}: `names.{dag}` must be a node or a list of nodes.")
    for name in listed:
        if name not in graph.nodes:
            near = get_close_matches(name, graph.nodes, 3)
            raise ConfigurationError(
                f"{path}: `names.{dag}` leads to {name}, which is not in the graph"
                f"{'; near are ' + ', '.join(near) if near else ''}. A model is called as in "
                "ref(), a source table source.table."
            )
    return tuple(listed)
