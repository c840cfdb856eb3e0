"""The DAG as it is rendered from the project's manifest."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.dags.conftest import DAGS, ROOT
from tests.dags.graphs import below, edges, node_of_task

RENDERED = ("model.", "seed.", "snapshot.", "source.")


@pytest.fixture(scope="module")
def manifest(manifest_path: Path) -> dict[str, Any]:
    """The part of the manifest that elt_nightly renders."""
    content: dict[str, Any] = json.loads(manifest_path.read_text())
    content["sources"] = {
        name: node
        for name, node in content["sources"].items()
        # What Heroku Connect leaves behind is read, but nothing extracts it.
        if "extract" in node["config"]["meta"]
    }
    # What reads the answers of Salesforce has DAGs of its own.
    answers = {name for name, node in content["nodes"].items() if "answers" in node["tags"]}
    content["nodes"] = {
        name: node
        for name, node in content["nodes"].items()
        if not answers & {name, *node["depends_on"].get("nodes", [])}
    }
    for node in content["nodes"].values():
        parents = node["depends_on"].get("nodes", [])
        node["depends_on"]["nodes"] = [
            parent for parent in parents if parent in content["nodes"] | content["sources"]
        ]
    return content


@pytest.fixture(scope="module")
def dag(bag: Any) -> Any:
    assert bag.import_errors == {}
    return bag.dags["elt_nightly"]


def waits(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """By source that runs after models, these."""
    models = {node["name"]: name for name, node in manifest["nodes"].items() if "model." in name}
    return {
        name: [models[model] for model in after]
        for name, node in manifest["sources"].items()
        if (after := node["config"]["meta"]["extract"].get("after"))
    }


def is_lookup(source: dict[str, Any]) -> bool:
    return "lookup" in source["config"]["meta"]["extract"]


def parents_of_tests(manifest: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: node["depends_on"]["nodes"]
        for name, node in manifest["nodes"].items()
        if name.startswith("test.")
    }


def test_the_dag_files_import_and_hold_exactly_these_dags(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {
        "checks_daily", "elt_nightly", "requeue_failed", "return_ids_nightly",
    }  # fmt: skip
    assert {path.stem for path in DAGS.glob("*.py")} == set(bag.dags)


def test_a_dag_is_documented_by_its_file_and_names_a_runbook_that_exists(bag: Any) -> None:
    for dag in bag.dags.values():
        assert (DAGS / f"{dag.dag_id}.py").read_text().startswith(f'"""{dag.doc_md[:200]}')
        for said in ("Schedule", "KST", "Writes", "Safe to re-run", "Parameters"):
            assert said in dag.doc_md
        runbook = f"docs/runbooks/{dag.dag_id}.md"
        assert runbook in dag.doc_md
        assert (ROOT / runbook).is_file()


def test_the_documentation_names_the_dbt_project_that_the_dag_was_rendered_from(
    dag: Any, manifest: dict[str, Any]
) -> None:
    assert dag.doc_md.endswith(f"dbt project: `{manifest['metadata']['project_digest']}`")


def test_the_next_run_is_at_midnight_in_seoul(dag: Any) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable = coerce_to_core_timetable(dag.timetable)
    info = timetable.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert info is not None
    seoul = info.run_after.astimezone(ZoneInfo("Asia/Seoul"))
    assert (seoul.hour, seoul.minute, seoul.second) == (0, 0, 0)
    utc = info.run_after.astimezone(ZoneInfo("UTC"))
    assert utc.hour == 15


def test_missed_nights_are_not_made_up_for_and_runs_do_not_overlap(dag: Any) -> None:
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_every_task_is_tried_again_twice_and_has_an_owner(dag: Any) -> None:
    for task in dag.tasks:
        assert task.retries == 2, task.task_id
        assert task.owner not in ("", "airflow"), task.task_id


def test_a_dbt_task_ends_at_once_where_another_try_would_fail_again(dag: Any) -> None:
    from _stairway.faults import fail_at_once_unless_transient
    from cosmos.operators.local import DbtLocalBaseOperator

    dbt_tasks = [task for task in dag.tasks if isinstance(task, DbtLocalBaseOperator)]
    assert dbt_tasks
    for task in dbt_tasks:
        assert task.callback.__name__ == fail_at_once_unless_transient.__name__
        assert task.invocation_mode.value == "dbt_runner"
        assert not task.install_deps
        assert not task.emit_datasets


def test_each_source_has_one_extract_task_in_the_pool(dag: Any, manifest: dict[str, Any]) -> None:
    extracts = {
        task.op_kwargs["feed"]: task for task in dag.tasks if task.task_id.endswith(".extract")
    }
    feeds = {f"{node['source_name']}.{node['name']}" for node in manifest["sources"].values()}
    assert set(extracts) == feeds
    assert len([task for task in dag.tasks if task.task_id.endswith(".extract")]) == len(feeds)
    for name, node in manifest["sources"].items():
        task = extracts[f"{node['source_name']}.{node['name']}"]
        kind = "lookup" if is_lookup(node) else "lv0"
        assert task.task_id == f"{kind}_{node['source_name']}__{node['name']}.extract"
        assert {node_of_task(dag)[up] for up in task.upstream_task_ids} == {
            *waits(manifest).get(name, [])
        }
        assert task.pool == "extract"
        # A list of addresses that can't be made holds back none of the others.
        assert task.trigger_rule == ("all_done" if is_lookup(node) else "none_failed")


def test_every_source_that_a_rendered_model_reads_is_rendered(
    dag: Any, manifest_path: Path
) -> None:
    nodes = json.loads(manifest_path.read_text())["nodes"]
    rendered = set(node_of_task(dag).values())
    read = {
        parent
        for name in rendered & set(nodes)
        for parent in nodes[name]["depends_on"].get("nodes", [])
        if parent.startswith("source.")
    }
    assert len(read) > 20
    assert read <= rendered


def test_no_dag_shows_a_group_without_tasks(bag: Any) -> None:
    for dag in bag.dags.values():
        groups = dag.task_group.get_task_group_dict()
        assert [name for name, group in groups.items() if not group.children] == []


def test_what_was_extracted_is_verified_and_nothing_waits_for_that(
    dag: Any, manifest: dict[str, Any]
) -> None:
    verifies = {task.task_id: task for task in dag.tasks if task.task_id.endswith("_verify")}
    assert set(verifies) == {
        f"lv0_{node['source_name']}__{node['name']}_verify"
        for node in manifest["sources"].values()
        if not is_lookup(node)
    }
    for name, task in verifies.items():
        extract = f"{name.removesuffix('_verify')}.extract"
        assert task.upstream_task_ids == {extract}
        assert task.downstream_task_ids == set()
        assert task.op_kwargs["extracted"].operator.task_id == extract
        assert task.op_kwargs["feed"] == dag.get_task(extract).op_kwargs["feed"]
        assert task.pool == "extract"


def test_each_model_is_one_task_of_its_name(dag: Any, manifest: dict[str, Any]) -> None:
    wanted = {
        node["name"]: name for name, node in manifest["nodes"].items() if name.startswith(RENDERED)
    }
    node = node_of_task(dag)
    assert {task: node[task] for task in wanted} == wanted
    assert set(node) == {task.task_id for task in dag.tasks}


def test_the_edges_are_refs_sources_afters_and_gates_and_no_others(
    dag: Any, manifest: dict[str, Any]
) -> None:
    from _stairway.gates import gates

    resources = {**manifest["nodes"], **manifest["sources"]}
    depends_on = {
        name: resource.get("depends_on", {}).get("nodes", [])
        for name, resource in resources.items()
        if name.startswith(RENDERED)
    }
    detached = {name: on for name, on in parents_of_tests(manifest).items() if len(on) > 1}
    depends_on |= detached
    wanted = {(parent, name) for name, parents in depends_on.items() for parent in parents}
    after = {(model, source) for source, models in waits(manifest).items() for model in models}
    assert {source for _, source in after} == {"source.stairway.address.address_master"}
    assert ("model.stairway.lv1_address__customer_address", max(after)[1]) in after
    assert edges(dag) == wanted | after | gates(depends_on, detached)


def test_a_source_is_extracted_then_tested_then_read(dag: Any, manifest: dict[str, Any]) -> None:
    groups = {name: group for name, group in dag.tasks_map.items() if name.startswith("source.")}
    # A table that is mirrored only has no reader.
    read = {
        parent
        for name, node in manifest["nodes"].items()
        if name.startswith(("model.", "snapshot."))
        for parent in node["depends_on"]["nodes"]
    }
    assert set(groups) & read
    order = ["extract", "test"]
    for name, group in groups.items():
        steps = [child.split(".")[-1] for child in group.children]
        assert steps == [step for step in order if step in steps]
        tasks = list(group.children.values())
        for before, after in pairwise(tasks):
            assert before.downstream_task_ids - {f"{group.group_id}_verify"} == {after.task_id}
        assert bool(tasks[-1].downstream_task_ids) == (name in read), name


def test_every_test_of_the_project_runs_in_exactly_one_task(
    dag: Any, manifest: dict[str, Any]
) -> None:
    node = node_of_task(dag)
    runs: Counter[str] = Counter()
    for task in dag.tasks:
        unique_id = node[task.task_id]
        if unique_id.startswith("test."):
            assert task.select == unique_id.split(".")[2]
            runs[unique_id] += 1
        elif not task.task_id.endswith((".extract", "_verify")):
            excluded = set((task.exclude or "").split())
            for name, parents in parents_of_tests(manifest).items():
                if unique_id in parents and name.split(".")[2] not in excluded:
                    runs[name] += 1
    assert runs == Counter(dict.fromkeys(parents_of_tests(manifest), 1))


def test_people_can_pause_an_object_and_let_a_large_change_through(dag: Any) -> None:
    switches = dag.get_task("hc__account").env
    assert "hc_pause" in switches["STAIRWAY_HC_PAUSE"]
    assert dag.params.dump() == {"hc_allow_large_change": []}
    for named, said in ([], ""), (["account", "lead"], "account,lead"):
        rendered = dag.get_task("hc__account").render_template(
            switches["STAIRWAY_HC_ALLOW_LARGE_CHANGE"], {"params": {"hc_allow_large_change": named}}
        )
        assert rendered == said


def test_a_failing_lv2_model_stops_the_hc_models_below_it_and_no_others(
    dag: Any, manifest: dict[str, Any]
) -> None:
    graph = edges(dag)
    lineage = {(up, down) for up, downs in manifest["child_map"].items() for down in downs}

    def published(names: set[str]) -> set[str]:
        return {name for name in names if name.startswith("model.stairway.hc__")}

    models = [name for name in manifest["nodes"] if name.startswith("model.stairway.lv2_")]
    stopped = {name: below(graph, name) for name in models}
    assert any(map(published, stopped.values()))
    for name, tasks in stopped.items():
        assert published(tasks) == published(below(lineage, name))
        assert not any(task.startswith("source.") for task in tasks)


def test_a_double_key_stops_the_history_of_its_model(dag: Any, manifest: dict[str, Any]) -> None:
    graph = edges(dag)
    snapshots = [name for name in manifest["nodes"] if name.startswith("snapshot.")]
    assert snapshots
    for name in snapshots:
        [model] = manifest["nodes"][name]["depends_on"]["nodes"]
        key = manifest["nodes"][name]["config"]["unique_key"]
        [test] = [
            test
            for test, node in manifest["nodes"].items()
            if node.get("attached_node") == model
            and node["test_metadata"]["name"] == "unique"
            and node["test_metadata"]["kwargs"]["column_name"] == key
        ]
        # A test of one model runs in the model's own task, which fails with it.
        runs_in = test if test in dag.tasks_map else model
        assert name in below(graph, runs_in)


def test_the_dag_survives_serialization_and_renders_the_same_twice(
    bag: Any, manifest_path: Path, read_dags: Any
) -> None:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    first, second = (
        LazyDeserializedDAG.from_dag(found.dags["elt_nightly"])
        for found in (bag, read_dags(DAGS, manifest_path))
    )
    assert first.hash == second.hash
