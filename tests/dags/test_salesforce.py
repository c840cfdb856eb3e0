"""The DAGs of what Salesforce answers: ids that come back, refusals that are sent again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest


@pytest.mark.parametrize(("name", "hour"), [("return_ids_nightly", 22), ("checks_daily", 8)])
def test_it_is_run_at_its_hour_in_seoul(bag: Any, name: str, hour: int) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    dag = bag.dags[name]
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert info is not None
    seoul = info.run_after.astimezone(ZoneInfo("Asia/Seoul"))
    assert (seoul.hour, seoul.minute, seoul.second) == (hour, 0, 0)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_the_ids_are_brought_back_by_their_own_dag_and_by_no_other(bag: Any) -> None:
    names = {"lv1_salesforce__product", "lv1_salesforce__promotion_master"}
    assert set(bag.dags["return_ids_nightly"].task_ids) == names
    others = set(bag.dags["elt_nightly"].task_ids) | set(bag.dags["checks_daily"].task_ids)
    assert not names & others


def test_the_checks_are_whatever_else_reads_the_answers_and_the_age_of_the_feeds(
    bag: Any, manifest_path: Path
) -> None:
    manifest = json.loads(manifest_path.read_text())
    dag = bag.dags["checks_daily"]
    answers = {
        node["name"]
        for node in manifest["nodes"].values()
        if "answers" in node["tags"] and "return_ids" not in node["tags"]
        if node["resource_type"] != "test"
    }
    assert answers >= {"lv1_salesforce__failed_write", "lv2_quality__salesforce_error"}
    assert answers <= set(dag.task_ids)
    assert not answers & set(bag.dags["elt_nightly"].task_ids)
    # Its tests of several models come along, and nothing else.
    rest = set(dag.task_ids) - answers - {"freshness"}
    assert all(name.endswith("_test") for name in rest)
    assert dag.get_task("freshness").upstream_task_ids == set()
    report = dag.get_task("lv2_quality__salesforce_error")
    assert "lv1_salesforce__failed_write" in report.upstream_task_ids


def test_a_requeue_is_a_dry_run_unless_somebody_says_otherwise(bag: Any) -> None:
    dag = bag.dags["requeue_failed"]
    assert dag.params.dump()["dry_run"] is True
    [task] = dag.tasks
    assert (task.macro_name, task.retries) == ("requeue_failed", 0)


def test_the_parameters_reach_the_macro_with_their_types(bag: Any) -> None:
    [task] = bag.dags["requeue_failed"].tasks
    params = {"object": "opportunity", "keys": ["HI1"], "message": "it's", "dry_run": False}
    assert task.render_template(task.args, {"params": params}) == params
