"""This project as a contestant: a project folder that leads from the bed's source to its target."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench.bed import ROOT, TARGET, Bed
from bench.measure import Command, FailedError

__all__ = ["migrate", "run_command", "write_project"]


def write_project(bed: Bed, table: str, connection: dict[str, str], **extract: object) -> None:
    """Writes the project of one feed.

    Args:
        bed: names the target database.
        table: lands under the same name in lv0.
        connection: the fields of the source's connection.
        **extract: further fields of `config.meta.extract`.
    """
    shutil.rmtree(bed.project, ignore_errors=True)
    feed = {"connection": "bench", "table": table, **extract}
    output = {
        "type": "postgres", "host": "127.0.0.1", "port": bed.postgres.port,
        "user": "stairway", "dbname": TARGET,
    }  # fmt: skip
    source = {
        "name": "bench",
        "schema": "lv0",
        "tables": [{"name": table, "config": {"meta": {"extract": feed}}}],
    }
    # JSON is YAML.
    for path, content in {
        "dbt_project.yml": {"name": "bench", "profile": "bench", "model-paths": ["models"]},
        "profiles.yml": {"bench": {"target": "bench", "outputs": {"bench": output}}},
        "connections.yml": {"bench": connection},
        "models/bench.yml": {"sources": [source]},
    }.items():
        (bed.project / path).parent.mkdir(parents=True, exist_ok=True)
        (bed.project / path).write_text(json.dumps(content), encoding="utf-8")


def migrate(bed: Bed, environment: dict[str, str]) -> None:
    """Makes schemas and state tables in the target.

    Raises:
        FailedError: it ended with an error.
    """
    command = _command(bed, environment, "migrate")
    done = subprocess.run(
        command.args, env=command.env, cwd=command.cwd, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["without a word"]
        raise FailedError(f"migrate failed: {lines[-1][:160]}")


def run_command(bed: Bed, environment: dict[str, str]) -> Command:
    """`python -m extract run` of the project's feed."""
    return _command(bed, environment, "run")


def _command(bed: Bed, environment: dict[str, str], verb: str) -> Command:
    args = [sys.executable, "-m", "extract", "--project-dir", str(bed.project), verb]
    return Command(args, {**environment, "PYTHONPATH": str(ROOT)}, Path(bed.project))
