"""What a rendered DAG runs, in the terms of the manifest."""

from __future__ import annotations

from typing import Any


def node_of_task(dag: Any) -> dict[str, str]:
    """The manifest's unique id behind each task."""
    found = {}
    for unique_id, task_or_group in dag.tasks_map.items():
        children = getattr(task_or_group, "children", None)
        tasks = children.values() if children is not None else [task_or_group]
        found |= {task.task_id: unique_id for task in tasks}
        if children is not None:
            found |= {
                task.task_id: unique_id
                for task in dag.tasks
                if task.task_id == f"{task_or_group.group_id}_verify"
            }
    return found


def edges(dag: Any) -> set[tuple[str, str]]:
    """The edges between nodes; those within a source's group are left out."""
    node = node_of_task(dag)
    return {
        (node[task.task_id], node[below])
        for task in dag.tasks
        for below in task.downstream_task_ids
        if node[task.task_id] != node[below]
    }


def below(graph: set[tuple[str, str]], start: str) -> set[str]:
    """All that waits for `start`, directly or not: what its failure stops."""
    found: set[str] = set()
    queue = [start]
    while queue:
        name = queue.pop()
        for parent, child in graph:
            if parent == name and child not in found:
                found.add(child)
                queue.append(child)
    return found
