"""The audit of the old list of dependencies, on a project of a few models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from extract.cli import main

FEEDS = ("r_goods", "r_order", "r_add")
# A source that runs after a model.
LOOKUP = {
    "connection": "search", "lookup": "address", "reads": "lv1.r_add",
    "after": "lv1_rental__r_add",
}  # fmt: skip
MODELS = {
    "lv1_rental__r_goods": ["rental.r_goods"],
    "lv1_rental__r_order": ["rental.r_order"],
    "lv1_rental__r_add": ["rental.r_add"],
    "lv2_sales__order": ["lv1_rental__r_order", "geo.address_master"],
    "hc__product2": ["lv1_rental__r_goods"],
    "hc__opportunity": ["lv2_sales__order", "hc__product2"],
}
OPPORTUNITY, PRODUCT, ORDER = "lv2_to_hc_opportunity", "lv2_to_hc_product2", "lv1_to_lv2_order"
GOODS, LV0_GOODS = "lv0_to_lv1_r_goods", "legacy_to_lv0_r_goods"


class Home:
    """A project with a manifest; what it audits is written anew each time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("dbt_project.yml", {"profile": "p", "model-paths": ["models"]})
        extract = {"config": {"meta": {"extract": {"connection": "erp", "table": "T"}}}}
        tables = [{"name": name, **extract} for name in FEEDS]
        rental = {"name": "rental", "schema": "lv0", "tables": tables}
        looked_up = {"name": "address_master", "config": {"meta": {"extract": LOOKUP}}}
        geo = {"name": "geo", "schema": "lv1", "tables": [looked_up]}
        self.write("models/sources.yml", {"sources": [rental, geo]})
        for name in MODELS:
            self.write(f"models/{name}.sql", f"\nselect '{name}'\n")
        self.write("manifest.json", manifest())

    def write(self, path: str, content: object) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        file.write_text(text, encoding="utf-8")
        return file

    def audit(self, *edges: str, names: object = None, log: str | None = None) -> int:
        """Audits edges like `tobe < asis`."""
        rows = [",".join(edge.split(" < ")) for edge in edges]
        table = self.write("edges.csv", "\n".join(["TOBE_DAG,asis_dag", *rows]))
        arguments = ["--table", str(table), "--manifest", str(self.root / "manifest.json")]
        if names is not None:
            arguments += ["--names", str(self.write("names.yml", names))]
        if log is not None:
            arguments += ["--log", str(self.write("log.csv", log))]
        return main(["--project-dir", str(self.root), "audit-dependencies", "--json", *arguments])


def manifest() -> dict[str, Any]:
    """As dbt would write it of `MODELS`, with a test in it."""
    nodes: dict[str, Any] = {
        f"model.p.{name}": {
            "resource_type": "model", "name": name, "config": {},
            "schema": name.split("_")[0], "alias": name.split("__")[1],
            "original_file_path": f"models/{name}.sql",
            "checksum": {"checksum": hashlib.sha256(f"select '{name}'".encode()).hexdigest()},
            "depends_on": {
                "nodes": [f"{'source' if '.' in p else 'model'}.p.{p}" for p in parents]
            },
        }
        for name, parents in MODELS.items()
    }  # fmt: skip
    feeds = {("rental", "lv0", name): {"table": "T"} for name in FEEDS}
    feeds[("geo", "lv1", "address_master")] = LOOKUP
    sources = {
        f"source.p.{source}.{name}": {
            "resource_type": "source", "source_name": source, "name": name, "schema": schema,
            "identifier": name, "original_file_path": "models/sources.yml",
            "source_meta": {"extract": {"connection": "erp"}},
            "config": {"meta": {"extract": extract}},
        }
        for (source, schema, name), extract in feeds.items()
    }  # fmt: skip
    test = {"resource_type": "test", "depends_on": {"nodes": ["model.p.hc__product2"]}}
    return {"nodes": nodes | {"test.p.some": test}, "sources": sources}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The report, with its findings by edge."""
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    report["findings"] = {
        f"{f['edge']['tobe_dag']} < {f['edge']['asis_dag']}": f for f in report["findings"]
    }
    return report


def test_an_edge_is_implied_by_a_shortest_path_of_any_length(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.audit(f"{GOODS} < {LV0_GOODS}", f" {OPPORTUNITY.upper()} < {LV0_GOODS}") == 0
    report = found(capsys)
    assert report["counts"] == {
        "implied": 2, "missing": 0, "reversed": 0, "unknown": 0, "retired": 0,
    }  # fmt: skip
    paths = {edge: finding["paths"] for edge, finding in report["findings"].items()}
    assert paths == {
        f"{GOODS} < {LV0_GOODS}": [["rental.r_goods", "lv1_rental__r_goods"]],
        f"{OPPORTUNITY} < {LV0_GOODS}": [
            ["rental.r_goods", "lv1_rental__r_goods", "hc__product2", "hc__opportunity"]
        ],
    }


def test_a_source_is_below_the_models_that_it_runs_after(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = f"{ORDER} < lv0_to_lv1_r_add"
    assert home.audit(edge) == 0
    assert found(capsys)["findings"][edge]["paths"] == [
        ["lv1_rental__r_add", "geo.address_master", "lv2_sales__order"]
    ]


def test_a_missing_edge_comes_with_the_comment_that_adds_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = (f"{ORDER} < {GOODS}", f"{ORDER} < {LV0_GOODS}", f"{LV0_GOODS} < lv0_to_lv1_r_add")
    assert home.audit(*edges) == 1
    report = found(capsys)
    remedies = {edge: finding["remedies"] for edge, finding in report["findings"].items()}
    order, sources = "models/lv2_sales__order.sql", "models/sources.yml"
    assert remedies == {
        edges[0]: [[order, "-- depends_on: {{ ref('lv1_rental__r_goods') }}"]],
        edges[1]: [[order, "-- depends_on: {{ source('rental', 'r_goods') }}"]],
        edges[2]: [[sources, "# rental.r_goods: config.meta.extract.after: [lv1_rental__r_add]"]],
    }
    assert report["counts"]["missing"] == 3


def test_a_reversed_edge_shows_the_path_that_contradicts_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = f"{PRODUCT} < {OPPORTUNITY}"
    assert home.audit(edge) == 1
    finding = found(capsys)["findings"][edge]
    assert (finding["state"], finding["remedies"]) == ("reversed", [])
    assert finding["paths"] == [["hc__product2", "hc__opportunity"]]


def test_an_unknown_name_is_a_fault_and_names_what_is_near(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    typing_error, no_rule = f"{GOODS} < legacy_to_lv0_r_good", f"{GOODS} < mail_of_counts"
    assert home.audit(typing_error, no_rule) == 1
    findings = found(capsys)["findings"]
    assert {finding["state"] for finding in findings.values()} == {"unknown"}
    assert "nothing makes lv0.r_good; near are lv0.r_goods" in findings[typing_error]["reason"]
    assert "mail_of_counts is not called" in findings[no_rule]["reason"]


def test_a_dag_may_stand_for_several_nodes_and_all_that_was_waited_for_must_be_above(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    joined = ["lv1_rental__r_order", "lv1_rental__r_add"]
    names = {"names": {"LV1_ORDER_JOINED": joined, "goods_too": [*joined, "lv1_rental__r_goods"]}}
    edges = (
        "lv1_order_joined < legacy_to_lv0_r_add",
        f"{ORDER} < lv1_order_joined",
        f"{ORDER} < goods_too",
    )
    assert home.audit(*edges, names=names) == 1
    findings = found(capsys)["findings"]
    assert [findings[edge]["state"] for edge in edges] == ["implied", "implied", "missing"]
    assert len(findings[edges[1]]["paths"]) == 2
    assert [line for _, line in findings[edges[2]]["remedies"]] == [
        "-- depends_on: {{ ref('lv1_rental__r_goods') }}"
    ]


def test_a_retired_dag_is_no_fault_and_says_why(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = f"mail_of_counts < {PRODUCT}"
    assert home.audit(edge, names={"retired": {"mail_of_counts": "ops.runs has them"}}) == 0
    finding = found(capsys)["findings"][edge]
    assert (finding["state"], finding["reason"]) == ("retired", "mail_of_counts: ops.runs has them")


def test_an_edge_whose_dag_never_completed_is_dead_whatever_else_it_is(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (
        "dag_id,completion_date,completion_datetime\n"
        f"{LV0_GOODS},2026-01-01,2026-01-01 00:30\n{GOODS},2026-01-01,\n{PRODUCT},,\n"
    )
    alive, dead = f"{GOODS} < {LV0_GOODS}", f"{PRODUCT} < {GOODS}"
    assert home.audit(alive, dead, log=log) == 0
    report = found(capsys)
    assert report["dead"] == 1
    assert [report["findings"][edge]["is_dead"] for edge in (alive, dead)] == [False, True]
    assert report["findings"][dead]["reason"] == f"{PRODUCT} never completed"


def test_a_manifest_of_another_project_state_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(fact: str) -> None:
        assert home.audit(f"{GOODS} < {LV0_GOODS}") == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert fact in printed.err and "dags/_stairway/manifest.py" in printed.err
        assert len(printed.err.splitlines()) == 1

    home.write("models/lv1_rental__r_add.sql", "select 'other'")
    home.write("models/lv1_rental__new.sql", "select 1")
    (home.root / "models/hc__product2.sql").unlink()
    refused(
        "is stale: the project has changed in models/hc__product2.sql, "
        "models/lv1_rental__new.sql, models/lv1_rental__r_add.sql."
    )
    home.write("manifest.json", "{")
    refused("is not valid JSON")
    home.write("manifest.json", "{}")
    refused("is not a manifest of dbt")
    (home.root / "manifest.json").unlink()
    refused("is missing")


@pytest.mark.parametrize(
    ("names", "fact"),
    [
        ("a: [", "is not valid YAML"),
        ({"name": {}}, "must be a mapping with the keys names, retired"),
        ({"names": ["a"]}, "`names` must be a mapping"),
        ({"names": {"a": []}}, "`names.a` must be a node or a list of nodes"),
        ({"names": {"a": "hc__product"}}, "leads to hc__product, which is not in the graph; near"),
        ({"retired": {"a": None}}, "`retired.a` must say why"),
        ({"names": {"a": "hc__product2"}, "retired": {"A": "gone"}}, "is in both"),
    ],
)
def test_a_faulty_file_of_names_is_one_clear_line(
    home: Home, capsys: pytest.CaptureFixture[str], names: object, fact: str
) -> None:
    assert home.audit(f"{GOODS} < {LV0_GOODS}", names=names) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert fact in line


def test_a_list_that_can_t_be_read_is_one_clear_line(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(place: str) -> str:
        arguments = ["--manifest", str(home.root / "manifest.json"), "--table", place]
        assert main(["--project-dir", str(home.root), "audit-dependencies", *arguments]) == 2
        [line] = capsys.readouterr().err.splitlines()
        return line

    assert "neither a file, nor a URL, nor a connection" in refused("nowhere.csv")
    other = home.write("other.csv", "a,tobe_dag\n1,2\n")
    assert "has the columns a, tobe_dag; it lacks asis_dag" in refused(str(other))
    empty = home.write("empty.csv", "tobe_dag,asis_dag\n")
    assert "has no rows" in refused(str(empty))
    half = home.write("half.csv", f"tobe_dag,asis_dag\n{GOODS},{LV0_GOODS}\n,{GOODS}\n")
    assert "row 2 lacks tobe_dag" in refused(str(half))


def test_the_table_for_people_ends_with_what_to_paste(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    table = home.write("edges.csv", f"tobe_dag,asis_dag\n{ORDER},{GOODS}\n{GOODS},{LV0_GOODS}\n")
    arguments = ["--manifest", str(home.root / "manifest.json"), "--table", str(table)]
    assert main(["--project-dir", str(home.root), "audit-dependencies", *arguments]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("rental.r_goods > lv1_rental__r_goods" in line for line in lines)
    assert lines[-4:] == [
        "-- models/lv2_sales__order.sql", "-- depends_on: {{ ref('lv1_rental__r_goods') }}",
        "", "2 edges: 1 implied, 1 missing.",
    ]  # fmt: skip
