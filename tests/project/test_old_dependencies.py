"""The old system's list of dependencies: all of it follows from the graph."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from extract.audit import Finding, judge, read_completed, read_edges, read_names
from extract.cli import main
from extract.manifest import read_manifest
from extract.settings import Project
from tests.project.conftest import Parsed

HERE = Path(__file__).with_name("old_system")
TABLE, LOG, NAMES = (str(HERE / n) for n in ("dependency_manager.csv", "dag_log.csv", "names.yml"))


@pytest.fixture(scope="module")
def findings(parsed: Parsed, root: Path) -> list[Finding]:
    project = Project(root)
    graph = read_manifest(project, parsed.path)
    names = read_names(Path(NAMES), graph)
    return judge(read_edges(project, TABLE), names, graph, read_completed(project, LOG))


def test_every_old_dependency_follows_from_the_graph(findings: list[Finding]) -> None:
    assert [(f.state, *f.edge, f.reason) for f in findings if f.state != "implied"] == [
        (
            "retired",
            "mail_row_counts",
            "lv2_to_hc_account",
            "mail_row_counts: ops.runs and ops.model_loads have the counts;"
            " mail_row_counts never completed",
        )
    ]
    assert [finding.edge.tobe_dag for finding in findings if finding.is_dead] == ["mail_row_counts"]


def test_the_list_names_every_feed_and_every_salesforce_object(
    parsed: Parsed, models: dict[str, Any], findings: list[Finding], root: Path
) -> None:
    dags = read_completed(Project(root), LOG) | {dag for f in findings for dag in f.edge}
    mirrors = {f"lv0.{dag.split('_to_lv0_')[1]}" for dag in dags if "_to_lv0_" in dag}
    assert mirrors == {
        f"{node['schema']}.{node['identifier']}"
        for node in parsed.sources
        if node["schema"] == "lv0"
    }
    objects = {dag.removeprefix("lv2_to_hc_") for dag in dags if dag.startswith("lv2_to_hc_")}
    assert objects == {node["alias"] for node in models.values() if node["schema"] == "hc"}


def test_an_edge_that_is_taken_out_of_the_graph_is_found(
    parsed: Parsed, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copy.deepcopy(parsed.manifest)
    opportunity = manifest["nodes"]["model.stairway.hc__opportunity"]["depends_on"]
    opportunity["nodes"].remove("model.stairway.lv2_sales__order")
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    command = ["--table", TABLE, "--names", NAMES, "--manifest", str(path), "--json"]
    assert main(["--project-dir", str(root), "audit-dependencies", *command]) == 1
    missing = [
        f for f in json.loads(capsys.readouterr().out)["findings"] if f["state"] == "missing"
    ]
    assert [(f["edge"], f["remedies"]) for f in missing] == [
        (
            {"tobe_dag": "lv2_to_hc_opportunity", "asis_dag": "lv1_to_lv2_order"},
            [
                [
                    "dbt_project/models/hc/hc__opportunity.sql",
                    "-- depends_on: {{ ref('lv2_sales__order') }}",
                ]
            ],
        )
    ]
