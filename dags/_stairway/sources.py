"""A dbt source as Airflow runs it: extract, then the source's tests, then its freshness."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import DbtSourceLocalOperator, DbtTestLocalOperator

from _stairway.extraction import extract_feed

__all__ = ["EXTRACT_POOL", "source_group", "task_id"]

# Its slots bound how many tables are read from the sources at a time.
EXTRACT_POOL = "extract"


def task_id(node: DbtNode) -> str:
    """The task or group that stands for `node`: the model's name, or `lv0_<source>__<table>`."""
    if node.unique_id.startswith("source."):
        return f"lv0_{node.resource_name.replace('.', '__')}"
    return str(node.name)


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
        A group of those of `extract`, `test` and `freshness` that the source states, in a row;
        None where it states none, such as a table that something else fills.
    """
    group = TaskGroup(group_id=task_id(node), dag=dag, parent_group=task_group)
    select = f"source:{node.resource_name}"
    steps: list[Any] = []
    if "extract" in (node.config.get("meta") or {}):
        steps.append(
            PythonOperator(
                task_id="extract",
                python_callable=extract_feed,
                op_kwargs={"feed": node.resource_name},
                pool=EXTRACT_POOL,
                dag=dag,
                task_group=group,
            )
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
    if node.has_freshness:
        steps.append(
            DbtSourceLocalOperator(
                task_id="freshness", select=select, dag=dag, task_group=group, **task_args
            )
        )
    for before, after in pairwise(steps):
        before >> after
    return group if steps else None
