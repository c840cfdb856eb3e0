"""A source that runs after models: its edges, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

SOURCE = "source.stairway.address.master"


@dataclass(frozen=True)
class Node:
    unique_id: str
    depends_on: list[str]
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.unique_id.rsplit(".", 1)[1]


def wired(after: object, **depends_on: list[str]) -> set[tuple[str, str]]:
    """The edges that `add_after` gives to models and the one source."""
    from _stairway.sources import add_after
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG

    nodes = {
        name: Node(name, parents)
        for name, parents in ((f"model.stairway.{k}", v) for k, v in depends_on.items())
    }
    nodes[SOURCE] = Node(SOURCE, [], {"meta": {"extract": {"after": after}}})
    with DAG("after", start_date=datetime(2026, 1, 1)) as dag:
        tasks = {name: EmptyOperator(task_id=name) for name in nodes}
    add_after(nodes, tasks)
    return {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}


def test_a_source_waits_for_each_model_that_it_names() -> None:
    edges = {("model.stairway.a", SOURCE), ("model.stairway.b", SOURCE)}
    assert wired(["a", "b"], a=[], b=[], c=[SOURCE]) == edges
    assert wired("a", a=[], b=[]) == {("model.stairway.a", SOURCE)}
    assert wired(None, a=[]) == set()


def test_an_unknown_name_is_told_with_the_source(airflow_home: None) -> None:
    from _stairway.sources import AfterError

    with pytest.raises(AfterError, match=r"source\.stairway\.address\.master: .* names typo, "):
        wired(["a", "typo"], a=[])


def test_a_model_that_waits_for_the_source_is_told_with_the_way_there(airflow_home: None) -> None:
    from _stairway.sources import AfterError

    with pytest.raises(AfterError) as raised:
        wired(["c"], a=[SOURCE], b=[], c=["model.stairway.a", "model.stairway.b"])
    assert str(raised.value) == (
        f"{SOURCE}: it runs after c, which waits for it by "
        f"{SOURCE} <- model.stairway.a <- model.stairway.c. "
        "Take c out of `config.meta.extract.after`."
    )
