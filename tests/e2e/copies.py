"""A copy of the project that the tests run, and change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from sandbox.postgres import EmbeddedPostgres

__all__ = ["copied", "dbt", "run", "sandbox", "warehouse"]

ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("extract", "sandbox", "dbt_project", "seeds", "dags", "tests/dbt")
_FILES = ("dbt_project.yml", "profiles.yml", "connections.yml")


def copied(folder: Path, parts: tuple[str, ...] = _PARTS) -> Path:
    """Copies what a run needs into `folder`."""
    for part in parts:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for name in _FILES:
        shutil.copy(ROOT / name, folder)
    return folder


def sandbox(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m sandbox` in a project, on a port of its own."""
    kept = {name: value for name, value in os.environ.items() if "STAIRWAY" not in name}
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=project,
        env={**kept, "STAIRWAY_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def run(project: Path, *arguments: str) -> dict[str, Any]:
    """The summary of a run that succeeded."""
    done = sandbox(project, "run", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads((project / ".sandbox" / "last_run.json").read_text())
    return summary


def warehouse(project: Path) -> psycopg.Connection[Any]:
    """A connection to the project's warehouse."""
    return psycopg.connect(EmbeddedPostgres(project / ".sandbox" / "postgres").url("warehouse"))


def dbt(project: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A dbt command on the files of `project` and the warehouse at `port`."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), *arguments],
        cwd=project,
        env={**os.environ, "STAIRWAY_PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )
