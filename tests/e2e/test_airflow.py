"""elt_nightly under a real Airflow: in one process, under the scheduler, and with a failing test.

The project is a copy, so that a test may break it, of the part that five targets stand on; the
cluster, the ports and the home are the suite's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from extract.migrate import migrate
from extract.settings import Connection
from sandbox import airflow, erp, heroku_connect, rounds
from sandbox.api import StubApi
from sandbox.postgres import EmbeddedPostgres
from tests.e2e.copies import copied
from tests.e2e.trimmed import released, trim

pytestmark = pytest.mark.airflow

ROWS = 200
OBJECTS = ("account", "opportunity", "product2", "promotion", "service_receipt")
TARGETS = [f"hc__{name}" for name in OBJECTS]
RUN_SECONDS = 400
FOLDERS = ("dags", "dbt_project", "extract", "seeds", "tests/dbt")
FAILING_TEST = "select product_no from {{ ref('lv2_product__product') }}"


@dataclass(frozen=True)
class Stair:
    """A sample ERP, the web APIs, an empty warehouse and a copy of the project."""

    postgres: EmbeddedPostgres
    api: StubApi
    project: Path
    home: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.url("warehouse")) as connection:
            return connection.execute(query.encode()).fetchall()

    def published(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.rows(f"select * from hc.{name} order by id") for name in OBJECTS}


@pytest.fixture(scope="module")
def stair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stair]:
    folder = tmp_path_factory.mktemp("stair")
    postgres = EmbeddedPostgres(folder / "postgres", preferred_port=0)
    api = StubApi(folder / "api")
    postgres.start()
    try:
        api.start()
        postgres.create_database("warehouse")
        erp.build(postgres, rows=ROWS)
        migrate(Connection("warehouse", postgres.url("warehouse")))
        heroku_connect.install(postgres.url("warehouse"))
        project = copied(folder / "project", FOLDERS)
        trim(project, TARGETS)
        yield Stair(postgres, api, project, folder / "airflow")
    finally:
        api.stop()
        postgres.stop()


@pytest.fixture(scope="module")
def service(stair: Stair) -> Iterator[airflow.RunningAirflow]:
    running = airflow.start(
        stair.postgres, stair.home, stair.project, port=0, sources=stair.api.environment()
    )
    try:
        yield running
    finally:
        running.stop()


def until(happens: Callable[[], Any], seconds: float = RUN_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := happens():
            return found
        time.sleep(0.5)
    raise AssertionError(f"it did not happen in {seconds} s")


def run_dag(service: airflow.RunningAirflow) -> tuple[str, dict[str, str]]:
    """Runs elt_nightly to its end: the run's state, and each task's."""
    runs = "/dags/elt_nightly/dagRuns"
    run_id = service.api.call("POST", runs, {"logical_date": None})["dag_run_id"]

    def ended() -> str | None:
        state = str(service.api.call("GET", f"{runs}/{run_id}")["state"])
        return state if state in ("success", "failed") else None

    state = until(ended)
    path = f"{runs}/{run_id}/taskInstances?limit=1000"
    tasks = service.api.call("GET", path)["task_instances"]
    return state, {task["task_id"]: task["state"] for task in tasks}


def below(manifest: dict[str, Any], start: str) -> set[str]:
    found: set[str] = set()
    queue = [start]
    while queue:
        children = set(manifest["child_map"][queue.pop()]) - found
        found |= children
        queue += children
    return found


def members(groups: set[int]) -> list[int]:
    """The processes of process groups, without those that only wait to be reaped."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) in groups and process.info["status"] != "zombie":
                found.append(process.pid)
    return found


def test_airflow_dags_test_goes_green_on_an_empty_warehouse(stair: Stair) -> None:
    env = airflow.prepare(
        stair.postgres, stair.home, stair.project, sources=stair.api.environment()
    )
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "elt_nightly"],
        cwd=stair.project,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "state=success" in done.stdout + done.stderr
    for name, rows in stair.published().items():
        assert rows, name


def test_the_scheduler_runs_a_triggered_run_and_publishes_what_changed_and_isn_t_paused(
    stair: Stair, service: airflow.RunningAirflow
) -> None:
    before = heroku_connect.hc_writes(stair.postgres.url("warehouse"))
    change = rounds.change(stair.postgres, stair.api)
    service.api.call("POST", "/variables", {"key": "hc_pause", "value": "promotion"})
    try:
        state, tasks = run_dag(service)
    finally:
        service.api.call("DELETE", "/variables/hc_pause")
    assert set(tasks.values()) == {"success"}, tasks
    assert state == "success"
    after = heroku_connect.hc_writes(stair.postgres.url("warehouse"))
    written = {name: after[name] - before[name] for name in after}
    assert change.hc_writes["promotion"]
    assert written == {name: change.hc_writes[name] for name in OBJECTS} | {"promotion": 0}


def test_a_failing_lv2_test_leaves_hc_below_it_untouched_while_other_branches_go_on(
    stair: Stair, service: airflow.RunningAirflow
) -> None:
    test = stair.project / "tests" / "dbt" / "no_product_at_all.sql"
    test.write_text(FAILING_TEST)
    manifest = released(stair.project)
    digest = manifest["metadata"]["project_digest"]
    dag = service.api.call("GET", "/dags/elt_nightly")
    service.api.call("PUT", f"/parseDagFile/{dag['file_token']}")
    until(lambda: digest in service.api.call("GET", "/dags/elt_nightly/details")["doc_md"])

    before = stair.published()
    rounds.change(stair.postgres, stair.api)
    state, tasks = run_dag(service)

    failing = "model.stairway.lv2_product__product"
    stopped = {
        f"{name.split('.')[2]}_test" if name.startswith("test.") else name.split(".")[2]
        for name in below(manifest, failing)
    } & set(tasks)
    assert {"hc__product2", "hc__opportunity", "hc__service_receipt"} <= stopped
    assert state == "failed"
    assert tasks.pop("lv2_product__product") == "failed"
    assert {name for name, said in tasks.items() if said == "upstream_failed"} == stopped
    assert {tasks[name] for name in set(tasks) - stopped} == {"success"}
    after = stair.published()
    same = {f"hc__{name}" for name in OBJECTS if after[name] == before[name]}
    assert same == stopped & set(TARGETS)
    assert same < set(TARGETS)


def test_a_service_that_is_stopped_leaves_no_process_and_no_open_port(
    stair: Stair, service: airflow.RunningAirflow
) -> None:
    pids = [pid for pid, _ in json.loads((stair.home / "processes.json").read_text())]
    assert len(pids) == 3
    assert airflow.stop(stair.home)
    assert not airflow.stop(stair.home)
    # Who had been watching it takes that for the end it is, and reaps its children.
    service.watch()
    service.stop()
    with pytest.raises(Exception, match="Connection refused"):
        service.api.health()
    assert not members(set(pids))
