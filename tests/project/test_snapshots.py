"""Rules that every snapshot keeps: what a history compares, and what is tested in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.project.conftest import Parsed

Node = Mapping[str, Any]

META = {"dbt_scd_id", "dbt_valid_from", "dbt_valid_to", "dbt_updated_at"}
# The ERP moves UPDT_DT without changing anything that we carry, and INSRT_DT never moves.
NOT_COMPARED = {"created_at", "updated_at"}


@pytest.fixture(scope="module")
def histories(parsed: Parsed, models: dict[str, Node]) -> list[tuple[Node, Node]]:
    """Each snapshot with the model that it follows."""
    found = []
    for snapshot in parsed.nodes("snapshot"):
        [parent] = snapshot["depends_on"]["nodes"]
        found.append((snapshot, models[parent.split(".")[-1]]))
    assert {model["alias"] for _, model in found} == {"customer", "order"}
    return found


def test_a_history_is_named_after_its_model_and_stands_beside_it(
    histories: list[tuple[Node, Node]],
) -> None:
    for snapshot, model in histories:
        assert snapshot["name"] == f"{model['name']}_history"
        assert snapshot["alias"] == f"{model['alias']}_history"
        assert snapshot["schema"] == model["schema"] == "lv2"
        assert snapshot["original_file_path"] == f"dbt_project/snapshots/{snapshot['name']}.yml"


def test_a_history_has_an_owner_and_describes_every_column(
    histories: list[tuple[Node, Node]],
) -> None:
    for snapshot, model in histories:
        assert snapshot["config"]["meta"]["owner"]
        assert "**Grain**:" in snapshot["description"]
        assert "**Key**: dbt_scd_id." in snapshot["description"]
        described = {n for n, c in snapshot["columns"].items() if c["description"].strip()}
        assert described == set(snapshot["columns"]) == set(model["columns"]) | META
        for name, column in model["columns"].items():
            marked = snapshot["columns"][name]["config"]["meta"].get("pii")
            assert marked == column["config"]["meta"].get("pii"), name


def test_a_history_compares_every_column_but_its_key_and_the_erps_times(
    histories: list[tuple[Node, Node]],
) -> None:
    for snapshot, model in histories:
        config = snapshot["config"]
        assert (config["strategy"], config["hard_deletes"]) == ("check", "invalidate")
        assert config["unique_key"] == model["config"]["unique_key"]
        assert set(config["check_cols"]) == (
            set(model["columns"]) - {config["unique_key"]} - NOT_COMPARED
        )


def test_the_key_is_tested_on_the_model_so_that_a_double_one_stops_the_history(
    parsed: Parsed, histories: list[tuple[Node, Node]]
) -> None:
    for snapshot, model in histories:
        tests = {
            test["test_metadata"]["name"]
            for test in parsed.tests_of(model)
            if test["test_metadata"]["kwargs"].get("column_name")
            == snapshot["config"]["unique_key"]
            and test["config"]["severity"] == "ERROR"
            and test["config"]["enabled"]
        }
        assert {"unique", "not_null"} <= tests, snapshot["name"]
