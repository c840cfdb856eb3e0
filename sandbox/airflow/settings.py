"""The environment of the sandbox's Airflow, and its secrets."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.postgres import EmbeddedPostgres

__all__ = ["USER", "Secrets", "environment", "without_foreign", "write_env_file"]

USER = "admin"
# What a shell may carry that would send dbt or Airflow elsewhere.
_FOREIGN = ("AIRFLOW", "COSMOS", "DBT_")


@dataclass(frozen=True)
class Secrets:
    """Generated once per home, so that sessions and stored connections survive a restart."""

    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    jwt_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    api_secret_key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    fernet_key: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        repr=False,
    )

    @classmethod
    def of(cls, home: Path) -> Secrets:
        """The secrets kept in `home`, made where there are none."""
        path = home / "secrets.json"
        if not path.exists():
            _write_private(path, json.dumps(asdict(cls())))
        found = cls(**json.loads(path.read_text()))
        # Airflow's simple auth manager writes to this file too, so it isn't the one that is kept.
        _write_private(home / "passwords.json", json.dumps({USER: found.password}))
        return found


def environment(
    home: Path, project_dir: Path, postgres: EmbeddedPostgres, database: str, port: int
) -> dict[str, str]:
    """The variables that make any `airflow` command work on the sandbox, and only they."""
    kept = Secrets.of(home)
    url = f"http://127.0.0.1:{port}"
    return {
        **_committed(project_dir / "dags" / "config" / "airflow.env"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project_dir / "dags"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # A task is a dbt process: more of them at a time than this only wait for a processor.
        "AIRFLOW__CORE__PARALLELISM": str(2 * (os.cpu_count() or 1)),
        # Nothing runs by itself before midnight, so the DAGs may as well be on.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": kept.fernet_key,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(database, "postgresql+psycopg2"),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": kept.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": kept.jwt_secret,
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__COSMOS__CACHE_DIR": str(home / "cosmos"),
        "STAIRWAY_HOST": "127.0.0.1",
        "STAIRWAY_PORT": str(postgres.port),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def without_foreign(variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` without those of other Airflow and dbt environments."""
    return {name: value for name, value in variables.items() if not name.startswith(_FOREIGN)}


def write_env_file(home: Path, variables: Mapping[str, str]) -> Path:
    """Writes `variables` as a file for a shell to source; its path."""
    path = home / "env"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    _write_private(path, "\n".join(lines) + "\n")
    return path


def _committed(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
