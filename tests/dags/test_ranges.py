"""A table with `ranges` is opened, read by a mapped task, and published."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest


@dataclass(frozen=True)
class Node:
    unique_id: str = "source.stairway.rental.r_order_contract"
    resource_name: str = "rental.r_order_contract"
    config: dict[str, Any] = field(default_factory=dict)
    has_non_detached_test: bool = False
    has_freshness: bool = False


def rendered(ranges: int) -> Any:
    from _stairway import sources
    from airflow.sdk import DAG

    node = Node(config={"meta": {"extract": {"ranges": ranges} if ranges else {}}})
    with DAG("ranges", start_date=datetime(2026, 1, 1)) as dag:
        sources.source_group(
            dag=dag, task_group=None, node=node, task_args={}, detached_from_parent={}
        )
    return dag


def test_ranges_are_mapped_over_workers_between_opening_and_publishing() -> None:
    dag = rendered(4)
    group = "lv0_rental__r_order_contract"
    opened, read, extract = (
        dag.get_task(f"{group}.{name}") for name in ("open", "read", "extract")
    )
    assert opened.downstream_task_ids == {read.task_id}
    assert read.is_mapped
    assert read.downstream_task_ids == {extract.task_id}
    assert extract.trigger_rule == "none_failed"
    assert {task.pool for task in (opened, read, extract)} == {"extract"}


def test_a_table_without_ranges_is_one_task() -> None:
    dag = rendered(0)
    assert {task.task_id for task in dag.tasks} == {
        "lv0_rental__r_order_contract.extract",
        "lv0_rental__r_order_contract_verify",
    }


def test_the_arguments_of_the_mapped_task_are_the_segments_of_the_open_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from _stairway import extraction

    from extract import api

    monkeypatch.setattr(extraction, "_airflow_urls", lambda name: {})
    monkeypatch.setattr(api, "open_feed", lambda feed, project, connection_urls: [0, 1])
    feed = "rental.r_order_contract"
    assert extraction.open_feed(feed) == [
        {"feed": feed, "number": 0},
        {"feed": feed, "number": 1},
    ]
