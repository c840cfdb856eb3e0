"""A dbt source as Airflow runs it: extract, then the source's tests.

What fills it may have to wait for models: `config.meta.extract.after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import DbtTestLocalOperator

from _stairway.extraction import extract_feed, open_feed, read_range
from _stairway.verification import verify_feed

__all__ = ["EXTRACT_POOL", "AfterError", "add_after", "source_group", "task_id", "verify_task_id"]

# Its slots bound how many tables are read from the sources at a time.
EXTRACT_POOL = "extract"


class AfterError(Exception):
    """`config.meta.extract.after` of a source can't be followed."""


def task_id(node: DbtNode) -> str:
    """The task or group that stands for `node`.

    It is the model's name, `lv0_<source>__<table>` for a mirror, and `lookup_<source>__<table>` for
    what a lookup fills.
    """
    if node.unique_id.startswith("source."):
        kind = "lookup" if "lookup" in _extract(node) else "lv0"
        return f"{kind}_{node.resource_name.replace('.', '__')}"
    return str(node.name)


def verify_task_id(node: DbtNode) -> str:
    """The task that compares the source with lv0, where there is one."""
    return f"{task_id(node)}_verify"


def source_group(
    *,
    dag: DAG,
    task_group: TaskGroup | None,
    node: DbtNode,
    task_args: dict[str, Any],
    detached_from_parent: dict[str, list[DbtNode]],
    **_: Any,
) -> TaskGroup | None:
    """Cosmos' converter for sources.

    Returns:
        A group of those of `extract` and `test` that the source states, in a row; None where it
        states none, such as a table that something else fills. A table with
        `ranges` is opened first and read by a mapped task, so that `extract` finds most of it
        read. Beside the group stands the task that verifies what was extracted, unless that was
        looked up: nothing waits for it, as a source may have moved on since
        (docs/adr/0007-verify.md).
    """
    how = (node.config.get("meta") or {}).get("extract")
    if how is None and not node.has_non_detached_test:
        return None
    group = TaskGroup(group_id=task_id(node), dag=dag, parent_group=task_group)
    select = f"source:{node.resource_name}"
    steps: list[Any] = []
    if how is not None:
        if how.get("ranges", 1) > 1:
            steps += _ranges(node.resource_name, dag, group)
        extract = PythonOperator(
            task_id="extract",
            python_callable=extract_feed,
            op_kwargs={"feed": node.resource_name},
            # A pass that isn't shared has no ranges: the mapped task is skipped then. A lookup
            # waits for its models to end, and asks about what there is.
            trigger_rule="all_done" if "lookup" in how else "none_failed",
            pool=EXTRACT_POOL,
            dag=dag,
            task_group=group,
        )
        steps.append(extract)
        if "lookup" not in how:
            PythonOperator(
                task_id=verify_task_id(node),
                python_callable=verify_feed,
                op_kwargs={"feed": node.resource_name, "extracted": extract.output},
                pool=EXTRACT_POOL,
                dag=dag,
                task_group=task_group,
            )
    if node.has_non_detached_test:
        detached = [
            test.resource_name.split(".")[0]
            for test in detached_from_parent.get(node.unique_id, [])
        ]
        steps.append(
            DbtTestLocalOperator(
                task_id="test",
                select=select,
                exclude=" ".join(detached) or None,
                dag=dag,
                task_group=group,
                **task_args,
            )
        )
    for before, after in pairwise(steps):
        before >> after
    return group


def add_after(nodes: Mapping[str, DbtNode], tasks: Mapping[str, Any]) -> None:
    """Lets each source's group wait for the models that its `after` names.

    A lookup waits for their end, any other feed for their success.

    Args:
        nodes: Cosmos' nodes by unique id (`dbt_graph.filtered_nodes`).
        tasks: Cosmos' tasks and task groups by unique id (`tasks_map`).

    Raises:
        AfterError: a name is no rendered model, or a model waits for the source itself.
    """
    models = {
        str(node.name): name
        for name, node in nodes.items()
        if name in tasks and name.startswith("model.")
    }
    above = {name: set(node.depends_on) for name, node in nodes.items()}
    waiting = {
        name: _names(_extract(node).get("after"))
        for name, node in nodes.items()
        if name.startswith("source.") and name in tasks
    }
    for source, names in waiting.items():
        unknown = [name for name in names if name not in models]
        if unknown:
            raise AfterError(
                f"{source}: `config.meta.extract.after` names {', '.join(unknown)}, which is no "
                "model of the manifest. Correct it in the source's yml."
            )
        above[source] |= {models[name] for name in names}
    for source, names in waiting.items():
        for name in names:
            if (path := _path(above, models[name], source)) is not None:
                raise AfterError(
                    f"{source}: it runs after {name}, which waits for it by "
                    f"{' <- '.join(path)}. Take {name} out of `config.meta.extract.after`."
                )
            tasks[models[name]] >> tasks[source]


def _extract(node: DbtNode) -> Mapping[str, Any]:
    """The node's `config.meta.extract`; empty where there is none."""
    how: Mapping[str, Any] = (node.config.get("meta") or {}).get("extract") or {}
    return how


def _names(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _path(above: Mapping[str, set[str]], start: str, goal: str) -> list[str] | None:
    """The nodes from `goal` down to `start`, where that depends on it."""
    came_from = {start: start}
    queue = [start]
    while queue:
        node = queue.pop()
        if node == goal:
            path = [node]
            while path[-1] != start:
                path.append(came_from[path[-1]])
            return path
        for parent in sorted(above.get(node, ())):
            if parent not in came_from:
                came_from[parent] = node
                queue.append(parent)
    return None


def _ranges(feed: str, dag: DAG, group: TaskGroup) -> list[Any]:
    opened = PythonOperator(
        task_id="open",
        python_callable=open_feed,
        op_kwargs={"feed": feed},
        pool=EXTRACT_POOL,
        dag=dag,
        task_group=group,
    )
    read = PythonOperator.partial(
        task_id="read",
        python_callable=read_range,
        pool=EXTRACT_POOL,
        dag=dag,
        task_group=group,
    ).expand(op_kwargs=opened.output)
    return [opened, read]
