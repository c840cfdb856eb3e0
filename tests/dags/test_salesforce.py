"""The DAGs of what Salesforce answers: ids that come back, refusals that are sent again."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo


def test_the_ids_come_back_at_22_in_seoul(bag: Any) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    dag = bag.dags["return_ids_nightly"]
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert info is not None
    seoul = info.run_after.astimezone(ZoneInfo("Asia/Seoul"))
    assert (seoul.hour, seoul.minute, seoul.second) == (22, 0, 0)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_the_ids_are_brought_back_by_their_own_dag_and_by_no_other(bag: Any) -> None:
    names = {"lv1_salesforce__product", "lv1_salesforce__promotion_master"}
    assert set(bag.dags["return_ids_nightly"].task_ids) == names
    assert not names & set(bag.dags["elt_nightly"].task_ids)


def test_a_requeue_is_a_dry_run_unless_somebody_says_otherwise(bag: Any) -> None:
    dag = bag.dags["requeue_failed"]
    assert dag.params.dump()["dry_run"] is True
    [task] = dag.tasks
    assert (task.macro_name, task.retries) == ("requeue_failed", 0)


def test_the_parameters_reach_the_macro_with_their_types(bag: Any) -> None:
    [task] = bag.dags["requeue_failed"].tasks
    params = {"object": "opportunity", "keys": ["HI1"], "message": "it's", "dry_run": False}
    assert task.render_template(task.args, {"params": params}) == params
