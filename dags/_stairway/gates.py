"""Which tests must pass before which nodes run, beyond what Cosmos wires.

Cosmos runs a test of several parents as a task of its own that nothing waits for. `dbt build` lets
a node wait for every test whose parents are all above the node; so do these edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["add_gates", "gates"]


def gates(depends_on: Mapping[str, Iterable[str]], tests: Iterable[str]) -> set[tuple[str, str]]:
    """The fewest edges (test, node) that make every node wait for its gating tests.

    Args:
        depends_on: the parents of each node and of each test, by unique id.
        tests: the unique ids among them that are tests of several parents.

    Returns:
        Edges to the topmost nodes only: what is below those waits for them anyway.
    """
    above = _ancestors(depends_on)
    edges: set[tuple[str, str]] = set()
    for test in tests:
        parents = set(depends_on[test])
        gated = {
            node for node in depends_on if not node.startswith("test.") and parents <= above[node]
        }
        edges |= {(test, node) for node in gated if not above[node] & gated}
    return edges


def add_gates(nodes: Mapping[str, Any], tasks: Mapping[str, Any]) -> None:
    """Adds the gates to a rendered DAG.

    Args:
        nodes: Cosmos' nodes by unique id (`dbt_graph.filtered_nodes`).
        tasks: Cosmos' tasks and task groups by unique id (`tasks_map`); of the tests it holds
            those that are tasks of their own.
    """
    depends_on = {name: node.depends_on for name, node in nodes.items() if name in tasks}
    tests = [name for name in depends_on if name.startswith("test.")]
    for test, node in sorted(gates(depends_on, tests)):
        tasks[test] >> tasks[node]


def _ancestors(depends_on: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}

    def visit(node: str) -> set[str]:
        if node not in found:
            found[node] = set()
            for parent in depends_on.get(node, ()):
                found[node] |= {parent} | visit(parent)
        return found[node]

    for node in depends_on:
        visit(node)
    return found
