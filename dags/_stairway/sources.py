"""A dbt source as Airflow runs it: extract, then the source's tests, then its freshness."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import DbtSourceLocalOperator, DbtTestLocalOperator

from _stairway.extraction import extract_feed, open_feed, read_range
from _stairway.verification import verify_feed

__all__ = ["EXTRACT_POOL", "source_group", "task_id", "verify_task_id"]

# Its slots bound how many tables are read from the sources at a time.
EXTRACT_POOL = "extract"


def task_id(node: DbtNode) -> str:
    """The task or group that stands for `node`: the model's name, or `lv0_<source>__<table>`."""
    if node.unique_id.startswith("source."):
        return f"lv0_{node.resource_name.replace('.', '__')}"
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
        A group of those of `extract`, `test` and `freshness` that the source states, in a row;
        None where it states none, such as a table that something else fills. A table with
        `ranges` is opened first and read by a mapped task, so that `extract` finds most of it
        read. Beside the group stands the task that verifies what was extracted: nothing waits
        for that one, as a source may have moved on since (docs/adr/0007-verify.md).
    """
    group = TaskGroup(group_id=task_id(node), dag=dag, parent_group=task_group)
    select = f"source:{node.resource_name}"
    steps: list[Any] = []
    how = (node.config.get("meta") or {}).get("extract")
    if how is not None:
        if how.get("ranges", 1) > 1:
            steps += _ranges(node.resource_name, dag, group)
        extract = PythonOperator(
            task_id="extract",
            python_callable=extract_feed,
            op_kwargs={"feed": node.resource_name},
            # A pass that isn't shared has no ranges: the mapped task is skipped then.
            trigger_rule="none_failed",
            pool=EXTRACT_POOL,
            dag=dag,
            task_group=group,
        )
        steps.append(extract)
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
    if node.has_freshness:
        steps.append(
            DbtSourceLocalOperator(
                task_id="freshness", select=select, dag=dag, task_group=group, **task_args
            )
        )
    for before, after in pairwise(steps):
        before >> after
    return group if steps else None


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
