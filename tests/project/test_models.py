"""Rules that every model keeps, read from the manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.project.conftest import Parsed

Node = Mapping[str, Any]

LAYERS = ("lv1", "lv2", "hc", "cold", "hot")
MODEL_NAME = re.compile(r"(lv1|lv2|hc|cold|hot)(_[a-z][a-z0-9]*)?__[a-z][a-z0-9_]*")
PERSONAL = re.compile(
    r"((install|from|to)_)?(phone|mobile_phone|email|address[12]|birth_date|memo|remark"
    r"|(raw|refined)_address|building_(dong|ho)|longitude|latitude)(__c)?"
    r"|(customer|recipient)_name(__c)?"
)


def test_dbt_parses_without_a_warning_or_a_deprecation(parsed: Parsed) -> None:
    assert parsed.complaints == ()


def test_a_models_prefix_is_its_folder_and_its_schema(models: dict[str, Node]) -> None:
    wrong = {
        name: (node["original_file_path"], node["schema"])
        for name, node in models.items()
        if not MODEL_NAME.fullmatch(name)
        or Path(node["original_file_path"]).parent.name != re.split(r"_+", name)[0]
        or node["schema"] != re.split(r"_+", name)[0]
    }
    assert wrong == {}


def test_a_relation_is_named_by_the_part_after_the_layer_and_is_short(
    models: dict[str, Node],
) -> None:
    wrong = {
        name: node["alias"]
        for name, node in models.items()
        if node["alias"] != name.split("__", 1)[1] or len(name) > 50
    }
    assert wrong == {}


def test_no_two_models_write_the_same_relation(models: dict[str, Node]) -> None:
    relations = sorted(node["relation_name"] for node in models.values())
    assert len(relations) == len(set(relations))


def test_a_yml_of_the_same_name_stands_beside_every_model(
    models: dict[str, Node], root: Path
) -> None:
    missing = [
        name
        for name, node in models.items()
        if not (root / node["original_file_path"]).with_suffix(".yml").is_file()
        or not (node["patch_path"] or "").endswith(f"/{name}.yml")
    ]
    assert missing == []


def test_a_yml_stays_below_500_lines(root: Path) -> None:
    ymls = sorted([*root.glob("dbt_project/**/*.yml"), *root.glob("seeds/**/*.yml")])
    assert ymls
    long = [path.name for path in ymls if len(path.read_text("utf-8").splitlines()) >= 500]
    assert long == []


def test_every_description_states_grain_and_key(parsed: Parsed, models: dict[str, Node]) -> None:
    described = [*models.values(), *parsed.nodes("seed"), *parsed.sources, *parsed.answers]
    silent = [
        node["unique_id"]
        for node in described
        if "**Grain**:" not in node["description"] or "**Key**:" not in node["description"]
    ]
    assert silent == []


def test_every_column_of_every_model_is_described(models: dict[str, Node]) -> None:
    bare = [
        f"{name}.{column['name']}"
        for name, node in models.items()
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert bare == []


def test_every_model_has_an_owner(models: dict[str, Node]) -> None:
    assert [name for name, node in models.items() if not node["config"]["meta"].get("owner")] == []


def test_the_key_that_a_model_states_is_tested(parsed: Parsed, models: dict[str, Node]) -> None:
    wrong: dict[str, object] = {}
    for name, node in models.items():
        stated = re.search(r"\*\*Key\*\*: ([a-z0-9_]+(?:, [a-z0-9_]+)*)\.", node["description"])
        assert stated, f"{name}: the key has to be a list of columns that ends in a full stop"
        key = stated[1].split(", ")
        tests = parsed.tests_of(node)
        unique = [
            test["test_metadata"]["kwargs"].get("columns")
            or [test["test_metadata"]["kwargs"].get("column_name")]
            for test in tests
            if test["test_metadata"]["name"] in ("unique", "unique_together")
        ]
        given = [
            test["test_metadata"]["kwargs"].get("column_name")
            for test in tests
            if test["test_metadata"]["name"] == "not_null"
        ]
        config = node["config"].get("unique_key") or node["config"].get("external_id")
        configured = [config] if isinstance(config, str) else config
        if key not in unique or not set(key) <= set(given) or configured != key:
            wrong[name] = {"key": key, "unique": unique, "not null": given, "config": configured}
    assert wrong == {}


def test_a_test_is_named_after_what_it_tests(parsed: Parsed) -> None:
    wrong: list[str] = []
    for test in parsed.nodes("test"):
        node_id = test["attached_node"] or test["depends_on"]["nodes"][0]
        if node_id.startswith("source."):
            wanted = f"{parsed.manifest['sources'][node_id]['schema']}_{node_id.rsplit('.', 1)[1]}"
        else:
            wanted = node_id.rsplit(".", 1)[1]
        if not test["name"].startswith(f"{wanted}_"):
            wrong.append(test["name"])
    assert wrong == []


def test_a_share_that_is_allowed_says_why_and_since_when(parsed: Parsed) -> None:
    silent = [
        test["name"]
        for test in parsed.nodes("test")
        if (
            test["test_metadata"]["name"] in ("rare", "codes_decode")
            or test["config"]["severity"] != "ERROR"
        )
        and not {"reason", "since"} <= set(test["config"]["meta"])
    ]
    assert silent == []


def test_every_code_that_is_decoded_is_tested_and_listed_where_it_has_no_name(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    prefix = "code_list_of_"
    decoded = {
        name: [key.removeprefix(prefix) for key in node["config"]["meta"] if key.startswith(prefix)]
        for name, node in models.items()
    }
    decoding = {name for name, columns in decoded.items() if columns}
    assert "lv2_sales__order" in decoding
    for name in decoding:
        names = {column.removesuffix("_code") + "_name" for column in decoded[name]}
        assert {*decoded[name], *names} <= set(models[name]["columns"]), name
        tests = [test["test_metadata"]["name"] for test in parsed.tests_of(models[name])]
        assert "codes_decode" in tests, f"{name} decodes codes: it needs the test `codes_decode`"
    listed = models["lv2_quality__unknown_code"]["depends_on"]["nodes"]
    assert {node.rsplit(".", 1)[1] for node in listed} == decoding, "see lv2_quality__unknown_code"


def test_only_lv1_reads_the_mirrors(parsed: Parsed, models: dict[str, Node]) -> None:
    allowed = {"lv1": ("source", "lv1"), "lv2": ("lv1", "lv2"), "hc": ("lv2", "hc", "seed")}
    # Who sees to an error isn't known to the ERP nor to Salesforce.
    kept_by_hand = ("lv2_quality__salesforce_error", "seed.stairway.salesforce_error_owners")
    wrong: list[str] = []
    for name, node in models.items():
        for parent in node["depends_on"]["nodes"]:
            kind = parent.split(".")[0]
            layer = re.split(r"_+", parent.split(".")[-1])[0] if kind == "model" else kind
            if kind == "source" and parsed.manifest["sources"][parent]["schema"] == "lv1":
                # The answers of a lookup are of the layer that they land in.
                layer = "lv1"
            if layer not in allowed[node["schema"]] and (name, parent) != kept_by_hand:
                wrong.append(f"{name} <- {parent}")
    assert wrong == []


def test_lv1_and_lv2_are_written_by_difference(models: dict[str, Node]) -> None:
    wrong = [
        name
        for name, node in models.items()
        if node["schema"] in ("lv1", "lv2")
        and (node["config"]["materialized"], node["config"]["incremental_strategy"])
        != ("incremental", "difference")
    ]
    assert wrong == []


def test_deletes_in_the_erp_are_carried_as_a_flag(models: dict[str, Node]) -> None:
    flags = {
        "lv1": {"is_deleted", "_extracted_at"},
        "lv2": {"is_deleted"},
        "hc": {"erp_deleted__c"},
    }
    wrong = [
        name
        for name, node in models.items()
        if not flags[node["schema"]] <= set(node["columns"])
        # These hold no rows of the ERP.
        and not name.startswith(("lv2_quality__", "lv1_salesforce__", "lv1_address__"))
    ]
    assert wrong == []


def test_personal_data_is_marked_in_every_layer(models: dict[str, Node]) -> None:
    unmarked = [
        f"{name}.{column['name']}"
        for name, node in models.items()
        for column in node["columns"].values()
        if PERSONAL.fullmatch(column["name"])
        and column["config"]["meta"].get("pii") is not True
        # Where a hospital or a sales lounge is, is no secret.
        and not (
            name.endswith(("public_institution", "sales_lounge", "bbs_map"))
            and "itude" in column["name"]
        )
    ]
    assert unmarked == []


def test_every_macro_and_each_of_its_arguments_is_described(parsed: Parsed) -> None:
    bare = [
        f"{macro['name']} in {macro['original_file_path']}"
        for macro in parsed.manifest["macros"].values()
        if macro["package_name"] == "stairway"
        and not macro["name"].startswith("test_")
        and not macro["description"].strip()
    ]
    assert sorted(bare) == []


def test_a_macro_file_holds_the_macro_that_it_is_named_after(root: Path) -> None:
    files = sorted(root.glob("dbt_project/macros/**/*.sql"))
    assert files
    opening = re.compile(r"{%-?\s*(?:macro|materialization)\s+([a-z_0-9]+)")
    wrong = [path.name for path in files if opening.findall(path.read_text("utf-8")) != [path.stem]]
    assert wrong == []
