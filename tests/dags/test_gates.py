"""A failing test stops what `dbt build` would stop, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dags.conftest import DAGS
from tests.dags.graphs import below, edges

DEPENDS_ON = {
    "source.p.erp.a": [],
    "source.p.erp.b": [],
    "model.p.lv1_a": ["source.p.erp.a"],
    "model.p.lv1_b": ["source.p.erp.b"],
    "model.p.lv2_a": ["model.p.lv1_a"],
    "model.p.lv2_b": ["model.p.lv1_b"],
    "model.p.lv2_c": ["model.p.lv1_b"],
    "model.p.hc_a": ["model.p.lv2_a"],
    "model.p.hc_ab": ["model.p.lv2_a", "model.p.lv2_b"],
    "model.p.hc_ab_child": ["model.p.hc_ab"],
    "model.p.hc_c": ["model.p.lv2_c"],
    "test.p.a_is_unique.1": ["source.p.erp.a"],
    "test.p.lv2_a_is_unique.1": ["model.p.lv2_a"],
    "test.p.lv2_a_has_its_b.1": ["model.p.lv2_a", "model.p.lv2_b"],
    "test.p.source_a_is_in_lv1_a.1": ["source.p.erp.a", "model.p.lv1_a"],
}


@pytest.fixture(scope="module")
def dag(read_dags: Callable[[Path, Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """elt_nightly as it is rendered from a small manifest of our own."""
    root = tmp_path_factory.mktemp("synthetic")
    shutil.copytree(DAGS, root / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "dbt_project" / "models").mkdir(parents=True)
    (root / "dbt_project.yml").write_text("name: stairway\n")
    (root / "profiles.yml").write_text("stairway: {outputs: {warehouse: {type: postgres}}}\n")
    from _stairway.manifest import digest_of_project

    nodes = {name: _resource(name, parents) for name, parents in DEPENDS_ON.items()}
    manifest = root / "manifest.json"
    manifest.write_text(
        json.dumps(
            {
                "metadata": {
                    "project_name": "p",
                    "project_digest": digest_of_project(root),
                },
                "nodes": {k: v for k, v in nodes.items() if not k.startswith("source.")},
                "sources": {k: v for k, v in nodes.items() if k.startswith("source.")},
            }
        )
    )
    bag = read_dags(root / "dags", manifest)
    assert bag.import_errors == {}
    return bag.dags["elt_nightly"]


def _resource(name: str, parents: list[str]) -> dict[str, Any]:
    kind, package, rest = name.split(".", 2)
    return {
        "unique_id": name,
        "resource_type": kind,
        "package_name": package,
        "original_file_path": f"dbt_project/models/{rest}.sql",
        "fqn": [package, rest],
        "depends_on": {"nodes": parents},
        "config": {"meta": {"extract": {"table": "A"}}} if kind == "source" else {},
    }


def test_a_failing_test_of_two_models_stops_what_is_below_both(dag: Any) -> None:
    stopped = below(edges(dag), "test.p.lv2_a_has_its_b.1")
    assert stopped == {"model.p.hc_ab", "model.p.hc_ab_child"}


def test_a_failing_test_of_one_model_stops_what_is_below_the_model(dag: Any) -> None:
    assert "test.p.lv2_a_is_unique.1" not in dag.tasks_map
    stopped = below(edges(dag), "model.p.lv2_a")
    assert stopped == {
        "model.p.hc_a",
        "model.p.hc_ab",
        "model.p.hc_ab_child",
        "test.p.lv2_a_has_its_b.1",
    }


def test_a_failing_source_test_stops_what_is_below_the_source(dag: Any) -> None:
    group = dag.tasks_map["source.p.erp.a"]
    assert list(group.children) == ["lv0_erp__a.extract", "lv0_erp__a.test"]
    assert dag.get_task("lv0_erp__a.test").downstream_task_ids == {
        "lv1_a",
        "source_a_is_in_lv1_a_test",
    }
    assert list(dag.tasks_map["source.p.erp.b"].children) == ["lv0_erp__b.extract"]


def test_a_test_of_a_source_and_a_model_waits_for_both_and_runs_once(dag: Any) -> None:
    name = "source_a_is_in_lv1_a"
    for task in ("lv0_erp__a.test", "lv1_a"):
        assert name in dag.get_task(task).exclude.split()
    assert dag.get_task(f"{name}_test").upstream_task_ids == {"lv0_erp__a.test", "lv1_a"}
    assert "model.p.lv2_a" in below(edges(dag), f"test.p.{name}.1")


def test_a_gate_is_drawn_to_the_topmost_nodes_only(dag: Any) -> None:
    gate = dag.get_task("lv2_a_has_its_b_test")
    assert gate.downstream_task_ids == {"hc_ab"}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    models: list[str] = []
    depends_on: dict[str, list[str]] = {}
    for number in range(draw(st.integers(2, 9))):
        name = f"model.p.m{number}"
        depends_on[name] = draw(st.lists(st.sampled_from(models), unique=True)) if models else []
        models.append(name)
    for number in range(draw(st.integers(0, 5))):
        parents = draw(st.lists(st.sampled_from(models), min_size=2, max_size=4, unique=True))
        depends_on[f"test.p.t{number}"] = parents
    return depends_on


@settings(deadline=None)
@given(graphs())
def test_on_any_graph_the_gates_stop_what_dbts_own_linker_would(
    depends_on: dict[str, list[str]],
) -> None:
    import networkx
    from _stairway.gates import gates
    from dbt.artifacts.resources.types import NodeType
    from dbt.compilation import Linker

    kinds = {"model": NodeType.Model, "test": NodeType.Test}
    children: dict[str, list[str]] = {name: [] for name in depends_on}
    wired = set()
    for name, parents in depends_on.items():
        for parent in parents:
            children[parent].append(name)
            wired.add((parent, name))
    manifest = SimpleNamespace(
        nodes={
            name: SimpleNamespace(resource_type=kinds[name.split(".")[0]], depends_on_nodes=parents)
            for name, parents in depends_on.items()
        },
        child_map=children,
    )
    linker = Linker()
    linker.graph.add_nodes_from(depends_on)
    linker.graph.add_edges_from(wired)
    linker.add_test_edges_1(manifest)  # type: ignore[arg-type]

    tests = [name for name in depends_on if name.startswith("test.")]
    ours = networkx.DiGraph()
    ours.add_nodes_from(depends_on)
    ours.add_edges_from(wired | gates(depends_on, tests))
    assert networkx.is_directed_acyclic_graph(ours)
    for test in tests:
        assert networkx.descendants(ours, test) == networkx.descendants(linker.graph, test)
