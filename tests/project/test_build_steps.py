"""The sandbox's builds around a feed that runs after a model: each node once, in dbt's order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from extract.catalog import AnyFeed, read_catalog
from extract.settings import Project
from sandbox.builds import Builds
from sandbox.job import ANSWERS

ADDRESS = "source.stairway.address.address_master"
RAW = "lv1_address__customer_address"


@pytest.fixture(scope="module")
def waiting(root: Path) -> list[AnyFeed]:
    return [feed for feed in read_catalog(Project(root)).values() if feed.extract.after]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, as dbt parses the whole project for each new one."""
    return tmp_path_factory.mktemp("target")


@pytest.fixture
def steps(root: Path, target: Path) -> tuple[Callable[..., Builds], list[list[str]]]:
    """Makes builds that only list what dbt would build, and those lists."""
    listed: list[list[str]] = []

    def make(**faults: str) -> Builds:
        def dbt(arguments: Sequence[str]) -> int:
            [_, quiet, *chosen] = arguments
            kinds = ("model", "seed", "snapshot", "test", "unit_test")
            done = dbtRunner().invoke(
                [
                    "ls", quiet, *chosen, "--output", "json", "--output-keys", "unique_id",
                    *(part for kind in kinds for part in ("--resource-type", kind)),
                    "--project-dir", str(root), "--profiles-dir", str(root),
                    "--target-path", str(target), "--log-level-file", "none",
                ]
            )  # fmt: skip
            assert done.success, done.exception
            names = [json.loads(line)["unique_id"] for line in done.result or []]  # type: ignore[union-attr]
            listed.append(names)
            results = [
                {"unique_id": name, "status": faults.get(name.split(".")[2], "success")}
                for name in names
            ]
            (target / "run_results.json").write_text(json.dumps({"results": results}))
            return int(any(result["status"] != "success" for result in results))

        return Builds(target, dbt, lambda results: None, ANSWERS)

    return make, listed


def test_every_node_is_built_in_one_step_and_after_what_it_needs(
    steps: tuple[Callable[..., Builds], list[list[str]]], waiting: list[AnyFeed], target: Path
) -> None:
    make, listed = steps
    builds = make()
    assert builds.before(waiting) == waiting
    builds.rest()
    builds.later()

    manifest = json.loads((target / "manifest.json").read_text())
    above = manifest["parent_map"]
    wanted = [
        name
        for name in above
        if name.split(".")[0] in ("model", "seed", "snapshot", "test", "unit_test")
    ]
    assert Counter(name for names in listed for name in names) == Counter(wanted)
    first = set(listed[0])
    for name in first:
        for parent in above[name]:
            assert parent in first or parent.startswith("source."), f"{name} <- {parent}"
            assert parent != ADDRESS, name
    assert f"model.stairway.{RAW}" in first


def test_what_is_below_a_feed_that_failed_or_could_not_run_is_left_out(
    steps: tuple[Callable[..., Builds], list[list[str]]], waiting: list[AnyFeed], root: Path
) -> None:
    make, listed = steps
    builds = make()
    builds.leave_out(read_catalog(Project(root))["rental.v_customer"])
    assert builds.before(waiting) == []
    for feed in waiting:
        builds.leave_out(feed)
    builds.rest()
    built = {name.split(".")[2] for names in listed for name in names}
    assert {"lv1_rental__r_order_contract_add", "lv2_product__product"} <= built
    assert not built & {"lv1_rental__v_customer", RAW, "lv2_customer__customer", "hc__account"}


@pytest.mark.parametrize(
    "fault",
    [
        {RAW: "error"},
        {f"{RAW}_raw_address_is_unique": "fail"},
        {"an_address_stands_once_however_spaced_and_whoever_has_it": "fail", RAW: "skipped"},
    ],
)
def test_a_feed_does_not_run_where_its_model_or_a_test_of_it_failed(
    steps: tuple[Callable[..., Builds], list[list[str]]],
    waiting: list[AnyFeed],
    fault: dict[str, str],
) -> None:
    make, _ = steps
    builds = make(**fault)
    assert builds.before(waiting) == []
    assert builds.failed
