"""A MariaDB (or MySQL) server for tests: the system's own, or on Debian one that is unpacked."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

from sandbox.postgres import SandboxError

__all__ = ["Mariadb", "mariadb"]

ROOT = Path(__file__).resolve().parent.parent
_CACHE = ROOT / ".sandbox" / "mariadb"
_PACKAGE = "mariadb-server-core"
_MISSING = (
    "No MariaDB or MySQL server was found (mariadbd or mysqld on PATH or in /usr/sbin), and this "
    "system's apt-get has no mariadb-server-core. Install one: `apt-get install "
    "mariadb-server-core` on Debian and Ubuntu, `brew install mariadb` on macOS."
)
_SYSTEM_TABLES = (
    "mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql",
)  # fmt: skip
# It holds generated data only, so it trades durability for speed.
_SETTINGS = (
    "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--skip-log-bin",
    "--performance-schema=OFF", "--skip-name-resolve", "--character-set-server=utf8mb4",
    "--bind-address=127.0.0.1", "--max-allowed-packet=64M", "--loose-innodb-use-native-aio=0",
    # Nothing may depend on the server's own time zone.
    "--default-time-zone=+09:00",
)  # fmt: skip
_USER = "stairway"


@dataclass(frozen=True)
class Mariadb:
    """A running server on loopback, with TLS; its user `stairway` has no password."""

    port: int
    ca_file: Path

    def url(self, database: str) -> str:
        """The connection URL of `database`."""
        return f"mysql://{_USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Runs statements, in the server's default mode and in UTC."""
        with (
            pymysql.connect(
                host="127.0.0.1", port=self.port, user=_USER, database=database,
                charset="utf8mb4", autocommit=True, ssl_disabled=True,
                max_allowed_packet=64 << 20, init_command="set time_zone = '+00:00'",
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def mariadb(home: Path) -> Iterator[Mariadb]:
    """A new server with its data in `home`, running while the block lasts.

    Raises:
        SandboxError: there is no server to be found, or it doesn't start.
    """
    binary, libraries = _binary()
    share = _share(binary)
    data = home / "data"
    data.mkdir(parents=True)
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(str(path) for path in libraries)}
    common = [str(binary), "--no-defaults", f"--datadir={data}", *_SETTINGS]
    if share is not None:
        common += [f"--lc-messages-dir={share}", f"--character-sets-dir={share / 'charsets'}"]
    if os.geteuid() == 0:
        common.append("--user=root")
    log = home / "server.log"
    with log.open("wb") as out:
        _make_data(common, share, environment, out.fileno())
        ca_file, key_file = _certificate(home)
        port = _free_port()
        arguments = [
            f"--port={port}", f"--socket={home / 's'}", f"--pid-file={home / 'pid'}",
            f"--ssl-cert={ca_file}", f"--ssl-key={key_file}",
            f"--init-file={_first_statements(home)}",
        ]  # fmt: skip
        process = subprocess.Popen(
            [*common, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
        )
    try:
        _wait(process, port, log)
        yield Mariadb(port, ca_file)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _binary() -> tuple[Path, list[Path]]:
    """The server's program, and folders of libraries that it needs besides the system's."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in ("mariadbd", "mysqld"):
        if found := shutil.which(name, path=path):
            return Path(found).resolve(), []
    unpacked = _CACHE / "usr" / "sbin" / "mariadbd"
    if not unpacked.exists():
        _unpack()
    return unpacked, [path for path in (_CACHE / "usr" / "lib").glob("*-linux-*") if path.is_dir()]


def _unpack() -> None:
    """Fetches the server's package, and what it needs that isn't installed, into the cache."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SandboxError(_MISSING)
    part = _CACHE.with_name("mariadb.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _download(part, _PACKAGE)
    (package,) = part.glob("*.deb")
    needs = _run(["dpkg-deb", "-f", str(package), "Depends"], part).split(",")
    for need in needs:
        name = need.split("(")[0].split("|")[0].strip()
        status = subprocess.run(["dpkg-query", "-W", name], capture_output=True, check=False)
        if status.returncode != 0 and name != "mariadb-common":
            _download(part, name)
    for package in part.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(part)], part)
        package.unlink()
    shutil.rmtree(_CACHE, ignore_errors=True)
    part.rename(_CACHE)


def _download(folder: Path, package: str) -> None:
    # As root, apt fetches as a user of its own, for whom the folder must be open.
    folder.chmod(0o777)
    _run(["apt-get", "-qq", "download", package], folder)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxError(_MISSING)
    return done.stdout


def _share(binary: Path) -> Path | None:
    """Where MariaDB's system tables are described; None for MySQL, which makes its own."""
    for name in ("mariadb", "mysql"):
        folder = binary.parent.parent / "share" / name
        if (folder / _SYSTEM_TABLES[0]).exists():
            return folder
    return None


def _make_data(
    common: list[str], share: Path | None, environment: dict[str, str], out: int
) -> None:
    if share is None:
        command, script = [*common, "--initialize-insecure"], ""
    else:
        command = [*common, "--bootstrap"]
        tables = [(share / name).read_text(encoding="utf-8") for name in _SYSTEM_TABLES]
        script = "\n".join(["create database mysql;", "use mysql;", *tables])
    done = subprocess.run(
        command, input=script.encode(), stdout=out, stderr=out, env=environment, check=False
    )
    if done.returncode != 0:
        raise SandboxError(f"{command[0]} could not make its data folder.")


def _first_statements(home: Path) -> Path:
    path = home / "first.sql"
    path.write_text(
        f"create user '{_USER}'@'127.0.0.1';\ngrant all on *.* to '{_USER}'@'127.0.0.1';\n"
    )
    return path


def _certificate(home: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = home / "certificate.pem", home / "key.pem"
    _run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(key), "-out", str(certificate),
        ],
        home,
    )  # fmt: skip
    return certificate, key


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        try:
            Mariadb(port, log).execute("select 1")
            return
        except pymysql.OperationalError:
            time.sleep(0.05)
    lines = log.read_text(errors="replace").strip().splitlines() or ["it left no log"]
    raise SandboxError(f"The MariaDB server did not start: {lines[-1]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
