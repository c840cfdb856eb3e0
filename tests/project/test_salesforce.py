"""What the hc models promise and what Heroku Connect maps are the same."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.heroku_connect.mappings import read_mappings
from tests.project.conftest import Parsed

Node = Mapping[str, Any]


def _hc(models: dict[str, Node]) -> dict[str, Node]:
    return {node["alias"]: node for node in models.values() if node["schema"] == "hc"}


def test_hc_models_are_published_by_hc_upsert_under_a_contract(models: dict[str, Node]) -> None:
    assert set(_hc(models)) == {
        "account",
        "bbs_map",
        "contract_cancel_receipt",
        "contract_move_receipt",
        "exhibition_visit_customer",
        "exhibition_visit_history",
        "experience_reservation_customer",
        "lead",
        "opportunity",
        "product2",
        "promotion",
        "public_institution",
        "service_evaluation",
        "service_receipt",
        "shipping_evaluation",
        "shipping_info",
    }
    for name, node in _hc(models).items():
        assert node["config"]["materialized"] == "hc_upsert", name
        assert node["config"]["contract"]["enforced"] is True, name
        assert all(column["data_type"] for column in node["columns"].values()), name


def test_hc_models_and_mappings_have_the_same_fields_types_and_scales(
    models: dict[str, Node],
) -> None:
    mappings = read_mappings()
    assert set(mappings) == set(_hc(models))
    for name, node in _hc(models).items():
        promised = {column["name"]: column["data_type"] for column in node["columns"].values()}
        assert promised == dict(mappings[name].fields), name
        assert node["config"]["external_id"] == mappings[name].external_id, name
        assert node["config"].get("scales", {}) == dict(mappings[name].scales), name


def test_a_reference_is_tested_and_its_parent_is_published_first(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    tested = {
        (test["attached_node"], test["test_metadata"]["kwargs"]["column_name"])
        for test in parsed.nodes("test")
        if test["test_metadata"]["name"] == "relationships"
    }
    for name, mapping in read_mappings().items():
        node = _hc(models)[name]
        for field, parent in mapping.references.items():
            assert (node["unique_id"], field) in tested, f"{name}.{field}"
            assert f"model.stairway.hc__{parent}" in node["depends_on"]["nodes"], f"{name}.{field}"


def test_a_restricted_picklist_is_tested_against_its_values(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    tested = {
        (test["attached_node"], kwargs["column_name"]): set(kwargs["values"])
        for test in parsed.nodes("test")
        if (kwargs := test["test_metadata"]["kwargs"])
        and test["test_metadata"]["name"] == "accepted_values"
    }
    wanted = {
        (_hc(models)[name]["unique_id"], field): set(values)
        for name, mapping in read_mappings().items()
        for field, values in mapping.picklists.items()
    }
    assert wanted
    assert {column: tested.get(column) for column in wanted} == wanted


@pytest.mark.parametrize(
    ("seed", "column", "major_code", "target"),
    [
        ("order_stages", "stage_name", None, "opportunity.stagename"),
        ("contract_picklists", "picklist_value", "R0201", "contract_cancel_receipt.status__c"),
        (
            "contract_picklists",
            "picklist_value",
            "R0010",
            "contract_cancel_receipt.cancel_reason__c",
        ),
        ("contract_picklists", "picklist_value", "R0202", "contract_move_receipt.status__c"),
        ("service_picklists", "picklist_value", "R0009", "shipping_info.status__c"),
        ("service_picklists", "picklist_value", "R0103", "shipping_evaluation.grade__c"),
        ("service_picklists", "picklist_value", "R0103", "service_evaluation.grade__c"),
        ("visit_picklists", "picklist_value", "R0301", "promotion.promotion_type__c"),
        ("visit_picklists", "picklist_value", "R0302", "lead.status"),
        (
            "visit_picklists",
            "picklist_value",
            "R0302",
            "experience_reservation_customer.visit_status__c",
        ),
        ("visit_picklists", "picklist_value", "R0302", "exhibition_visit_history.visit_status__c"),
        ("visit_picklists", "picklist_value", "R0303", "lead.leadsource"),
        ("visit_picklists", "picklist_value", "R0303", "exhibition_visit_history.visit_route__c"),
    ],
)
def test_every_value_of_a_seed_is_one_of_the_picklist_that_it_fills(
    root: Path, seed: str, column: str, major_code: str | None, target: str
) -> None:
    with (root / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        values = {
            row[column] for row in csv.DictReader(file) if row.get("major_code") == major_code
        }
    assert values
    name, field = target.split(".")
    assert values | {"Unknown"} <= set(read_mappings()[name].picklists[field])


def test_every_salesforce_object_has_an_exposure_with_an_owner(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    exposures = parsed.manifest["exposures"].values()
    shown = {node for exposure in exposures for node in exposure["depends_on"]["nodes"]}
    assert shown == {node["unique_id"] for node in _hc(models).values()}
    assert all(exposure["owner"]["name"] for exposure in exposures)


def test_one_column_can_be_followed_from_the_erp_to_salesforce(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    steps = [
        ("lv1_rental__r_order_contract", "month_amount_krw", "MONTH_AMT"),
        ("lv2_sales__order", "month_amount_krw", "lv1 month_amount_krw"),
        ("hc__opportunity", "month_amount__c", "lv2 month_amount_krw"),
    ]
    for model, column, origin in steps:
        assert origin in models[model]["columns"][column]["description"]
    overview = parsed.manifest["docs"]["doc.stairway.__overview__"]["block_contents"]
    for word in ("MONTH_AMT", *(column for _, column, _ in steps)):
        assert word in overview


def test_the_answers_to_every_object_are_read_and_by_lv1_salesforce_alone(
    parsed: Parsed, models: dict[str, Node]
) -> None:
    wanted = {f"heroku_connect.{name}" for name in _hc(models)}
    answers = {
        node["unique_id"]: f"{node['source_name']}.{node['name']}" for node in parsed.answers
    }
    assert set(answers.values()) == {*wanted, "heroku_connect._trigger_log", "ops.hc_contests"}, (
        "list the object in hc__heroku_connect.yml"
    )
    readers: dict[str, set[str]] = {}
    for name, node in models.items():
        for parent in answers.keys() & set(node["depends_on"]["nodes"]):
            readers.setdefault(name, set()).add(answers[parent])
    assert all(name.startswith("lv1_salesforce__") for name in readers), readers
    failures = readers["lv1_salesforce__failed_write"] - {"heroku_connect._trigger_log"}
    assert failures == wanted, "list the object in lv1_salesforce__failed_write.sql"


def test_the_errors_name_each_object_by_its_external_id(models: dict[str, Node]) -> None:
    text = models["lv1_salesforce__failed_write"]["raw_code"]
    listed = dict(re.findall(r"'(\w+)': '(\w+__c)'", text))
    assert listed == {name: node["config"]["external_id"] for name, node in _hc(models).items()}


def test_an_owner_of_errors_is_named_for_an_object_that_is_there(
    models: dict[str, Node], root: Path
) -> None:
    with (root / "seeds/salesforce_error_owners.csv").open(encoding="utf-8", newline="") as file:
        objects = {row["object_name"] for row in csv.DictReader(file)}
    assert objects <= {"any", *_hc(models)}
