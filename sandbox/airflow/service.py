"""Starting, watching and stopping the sandbox's Airflow."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sandbox.airflow.api import AirflowApi, ApiError
from sandbox.airflow.processes import (
    Processes,
    free_port,
    last_line,
    recorded,
    stop_recorded,
)
from sandbox.airflow.settings import USER, Secrets, environment, without_foreign, write_env_file
from sandbox.postgres import EmbeddedPostgres, SandboxError

__all__ = ["RunningAirflow", "prepare", "run", "start", "stop"]

DATABASE = "airflow"
DEFAULT_PORT = 8080
# As many tables are read from the ERP at a time.
EXTRACT_POOL, EXTRACT_SLOTS = "extract", 2
_START_SECONDS = 180
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor")


@dataclass(frozen=True)
class RunningAirflow:
    """An Airflow that answers, and whose DAGs are read."""

    api: AirflowApi
    env_file: Path
    logs: Path
    _processes: Processes

    @property
    def welcome(self) -> str:
        """Where it is, how to log in, and what to do next."""
        return (
            f"Airflow is at {self.api.url}   user {self.api.user}, password {self.api.password}\n"
            "The DAGs are on; they run by themselves at their hour. To run one now, use its "
            "Trigger button, or:\n"
            f"    . {self.env_file} && airflow dags trigger elt_nightly\n"
            f"Logs: {self.logs}. Ctrl-C (or `make stop`) stops it."
        )

    def watch(self) -> None:
        """Waits until the processes are stopped by another command.

        Raises:
            SandboxError: a process has ended by itself.
        """
        while not self._processes.stopped_from_outside:
            try:
                self._processes.require_running()
            except SandboxError:
                if not self._processes.stopped_from_outside:
                    raise
            time.sleep(1)

    def stop(self) -> None:
        """Stops the processes; the metadata stay."""
        self._processes.stop()


def prepare(
    postgres: EmbeddedPostgres,
    home: Path,
    project_dir: Path,
    port: int = DEFAULT_PORT,
    sources: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Makes all that an `airflow` command needs: manifest, metadata database, configuration.

    Args:
        postgres: the running cluster that takes the metadata.
        home: AIRFLOW_HOME; made where it is missing.
        project_dir: the project's root.
        port: where the api-server will be, or is.
        sources: further variables, which say where the sources are.

    Returns:
        The environment to run `airflow` commands in.

    Raises:
        SandboxError: the dbt project doesn't parse, or the database can't be migrated.
    """
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    postgres.create_database(DATABASE)
    variables = {**environment(home, project_dir, postgres, DATABASE, port), **(sources or {})}
    write_env_file(home, variables)
    env = {**without_foreign(os.environ), **variables}
    settings = "airflow_local_settings.py"
    (home / "config").mkdir(exist_ok=True)
    shutil.copy(project_dir / "dags" / "config" / settings, home / "config" / settings)
    manifest = [str(project_dir / "dags" / "_stairway" / "manifest.py")]
    _run("manifest", manifest, env, project_dir, logs)
    _run("db-migrate", ["-m", "airflow", "db", "migrate"], env, project_dir, logs)
    return env


def start(
    postgres: EmbeddedPostgres,
    home: Path,
    project_dir: Path,
    port: int = DEFAULT_PORT,
    sources: Mapping[str, str] | None = None,
) -> RunningAirflow:
    """Starts an Airflow and waits until it is healthy and has read every DAG.

    Args:
        postgres: the running cluster that takes the metadata.
        home: AIRFLOW_HOME; made where it is missing.
        project_dir: the project's root; its DAGs are run.
        port: the port to take where it is free.
        sources: further variables, which say where the sources are.

    Raises:
        SandboxError: it runs already, a process ended, a DAG doesn't import, or it took too long.
    """
    record = home / "processes.json"
    if recorded(record):
        raise SandboxError(f"Airflow already runs from {home}. Stop it with `make stop`.")
    port = free_port(port)
    env = prepare(postgres, home, project_dir, port, sources)
    processes = Processes(record, home / "logs")
    api = AirflowApi(f"http://127.0.0.1:{port}", USER, Secrets.of(home).password)
    airflow = [sys.executable, "-m", "airflow"]
    address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    try:
        for name, command in {
            "api-server": ["api-server", *address],
            # The log server would listen on all interfaces; the api-server reads the files itself.
            "scheduler": ["scheduler", "--skip-serve-logs"],
            "dag-processor": ["dag-processor"],
        }.items():
            processes.start(name, [*airflow, *command], env, project_dir)
        deadline = time.monotonic() + _START_SECONDS
        _wait_until_healthy(api, processes, deadline)
        _make_pool(api)
        dags = {path.stem for path in (project_dir / "dags").glob("*.py")}
        _wait_for_dags(api, processes, dags, deadline)
    except BaseException:
        processes.stop()
        raise
    return RunningAirflow(api, home / "env", processes.logs, processes)


def run(
    postgres: EmbeddedPostgres, home: Path, project_dir: Path, sources: Mapping[str, str]
) -> None:
    """Runs an Airflow in the foreground until Ctrl-C, SIGTERM or the end of a process.

    Raises:
        SandboxError: as `start`, or a process ended by itself.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        airflow = start(postgres, home, project_dir, sources=sources)
        try:
            print(airflow.welcome, flush=True)
            airflow.watch()
        finally:
            airflow.stop()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
    print("Airflow is stopped.")


def stop(home: Path) -> bool:
    """Stops the Airflow of `home`, whoever started it; says whether there was one."""
    return stop_recorded(home / "processes.json")


def _run(name: str, args: list[str], env: Mapping[str, str], cwd: Path, logs: Path) -> None:
    log = logs / f"{name}.log"
    with log.open("wb") as out:
        done = subprocess.run(
            [sys.executable, *args],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise SandboxError(f"Airflow's {name} failed: {last_line(log)} ({log})")


def _wait_until_healthy(api: AirflowApi, processes: Processes, deadline: float) -> None:
    missing: Iterable[str] = ["api-server"]
    while time.monotonic() < deadline:
        processes.require_running()
        try:
            health = api.health()
        except ApiError:
            pass
        else:
            missing = [
                name for name in _COMPONENTS if (health.get(name) or {}).get("status") != "healthy"
            ]
            if not missing:
                return
        time.sleep(0.5)
    raise SandboxError(
        f"Airflow did not come up in {_START_SECONDS} s: {', '.join(missing)} is not healthy. "
        f"Read the logs in {processes.logs}."
    )


def _make_pool(api: AirflowApi) -> None:
    pool = {
        "name": EXTRACT_POOL,
        "slots": EXTRACT_SLOTS,
        "description": "How many tables are read from the ERP at a time.",
    }
    try:
        api.call("POST", "/pools", pool)
    except ApiError as error:
        if error.status != 409:
            raise SandboxError(f"Airflow refused the pool `{EXTRACT_POOL}`: {error}") from None


def _wait_for_dags(
    api: AirflowApi, processes: Processes, wanted: set[str], deadline: float
) -> None:
    found: set[str] = set()
    while time.monotonic() < deadline:
        processes.require_running()
        errors = api.call("GET", "/importErrors")["import_errors"]
        if errors:
            text = str(errors[0]["stack_trace"]).strip().splitlines()[-1]
            raise SandboxError(f"{errors[0]['filename']} does not import: {text}")
        found = {dag["dag_id"] for dag in api.call("GET", "/dags?limit=1000")["dags"]}
        if wanted <= found:
            return
        time.sleep(0.5)
    raise SandboxError(
        f"Airflow has not read {', '.join(sorted(wanted - found))} in {_START_SECONDS} s. "
        f"Read {processes.log('dag-processor')}."
    )
