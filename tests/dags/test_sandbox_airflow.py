"""The sandbox's Airflow as processes and settings; that it works is for tests/e2e to say."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest

from sandbox import airflow
from sandbox.airflow.processes import Processes, recorded, stop_recorded
from sandbox.airflow.settings import Secrets, environment, without_foreign, write_env_file
from sandbox.postgres import EmbeddedPostgres, SandboxError
from tests.dags.conftest import ROOT

# A child that leaves a grandchild behind in its group, as the scheduler does with its tasks.
FORKS = "import os, time; os.fork(); print('up', os.getpid(), flush=True); time.sleep(60)"


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "processes.json", tmp_path)


def run(processes: Processes, name: str, code: str) -> None:
    processes.start(name, [sys.executable, "-c", code], os.environ, processes.logs)


def pids_in(log: Path) -> list[int]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        words = [line.split() for line in log.read_text().splitlines()]
        if len(words) == 2:
            return [int(pid) for _, pid in words]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def is_alive(pid: int) -> bool:
    # An orphan may stay a zombie for as long as its new parent takes to notice.
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_process_that_ends_by_itself_is_one_line_with_its_last_words(
    processes: Processes,
) -> None:
    run(processes, "scheduler", "print('first'); print('no such database'); raise SystemExit(3)")
    deadline = time.monotonic() + 30
    with pytest.raises(SandboxError) as error:
        while time.monotonic() < deadline:
            processes.require_running()
            time.sleep(0.05)
    processes.stop()
    assert str(error.value).startswith(
        "Airflow's scheduler ended with code 3: no such database (", 0
    )
    assert "\n" not in str(error.value)


def test_stopping_ends_what_a_process_has_forked_too(processes: Processes) -> None:
    run(processes, "scheduler", FORKS)
    pids = pids_in(processes.log("scheduler"))
    assert len(recorded(processes.record)) == 1
    processes.stop()
    assert not processes.record.exists()
    assert not any(is_alive(pid) for pid in pids)


def test_another_command_can_stop_the_processes_and_nobody_elses(processes: Processes) -> None:
    run(processes, "scheduler", FORKS)
    pids_in(processes.log("scheduler"))
    right = processes.record.read_text()
    [[pid, created]] = json.loads(right)

    processes.record.write_text(json.dumps([[pid, created - 60]]))
    assert not stop_recorded(processes.record)
    processes.require_running()

    processes.record.write_text(right)
    assert stop_recorded(processes.record)
    assert processes.stopped_from_outside
    with pytest.raises(SandboxError, match="ended with code -15"):
        processes.require_running()
    processes.stop()
    assert not stop_recorded(processes.record)


def test_a_second_start_from_one_home_is_refused(
    processes: Processes, postgres: EmbeddedPostgres
) -> None:
    run(processes, "scheduler", FORKS)
    try:
        with pytest.raises(SandboxError, match=r"already runs from .*Stop it with `make stop`"):
            airflow.start(postgres, processes.record.parent, ROOT)
    finally:
        processes.stop()


def test_a_project_that_does_not_parse_is_one_line(
    tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "dags", project / "dags")
    shutil.copy(ROOT / "profiles.yml", project)
    (project / "dbt_project.yml").write_text("{name: small, version: '1.0.0', profile: stairway}\n")
    (project / "models").mkdir()
    (project / "models" / "one.sql").write_text("select * from {{ ref('nowhere') }}\n")
    with pytest.raises(SandboxError, match=r"^Airflow's manifest failed: .*nowhere.*\.log\)$"):
        airflow.prepare(postgres, tmp_path / "home", project)


def test_airflow_is_told_of_loopback_only_and_of_nothing_that_a_shell_carries(
    tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    settings = environment(tmp_path, ROOT, postgres, "airflow", 8080)
    addresses = [value for value in settings.values() if "://" in value]
    assert addresses
    for address in addresses:
        assert "@127.0.0.1:" in address or "//127.0.0.1:" in address
    assert settings["AIRFLOW__COSMOS__ENABLE_TELEMETRY"] == "False"
    assert settings["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    carried = {"DBT_TARGET_PATH": "/x", "AIRFLOW_HOME": "/x", "STAIRWAY_PASSWORD": "y"}
    assert without_foreign(carried) == {"STAIRWAY_PASSWORD": "y"}


def test_the_password_is_kept_and_only_its_owner_reads_it(
    tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    first, second = Secrets.of(tmp_path), Secrets.of(tmp_path)
    assert first == second
    assert first.password not in repr(first)
    write_env_file(tmp_path, environment(tmp_path, ROOT, postgres, "airflow", 8080))
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert files == {"secrets.json": 0o600, "passwords.json": 0o600, "env": 0o600}
