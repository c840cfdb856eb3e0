"""The tests' side: starts the stand-in's process and gives it orders."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import subprocess
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    import pymssql

    from sandbox.postgres import EmbeddedPostgres

# The server's process imports this package too: what only the tests' side needs is imported late.
__all__ = ["Faults", "Stall", "StandIn"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_NUMBERS = count(1)


class StandIn:
    """A loopback server that speaks TDS and keeps its data in a database of `postgres`.

    It runs in a process of its own: the drivers hold the interpreter's lock while they wait.

    Args:
        databases: created with `collation`, and with snapshot isolation allowed.
        tls: whether the server has a (self-signed) certificate; otherwise it can't encrypt.
    """

    def __init__(
        self, postgres: EmbeddedPostgres, databases: tuple[str, ...] | list[str] = ("RENTAL",),
        collation: str = "Korean_Wansung_CI_AS", *, tls: bool = True,
    ) -> None:  # fmt: skip
        self.user = "sa"
        self.password = "Stand-in#1"
        self.collation = collation
        self._postgres = postgres
        self._databases = databases
        self._tls = tls
        self._name = f"tds_standin_{next(_NUMBERS)}"
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self.certificate: Path | None = None
        self.port = 0
        self.faults = Faults(self)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        if self._tls:
            self.certificate = Path(self._folder.name) / "server.pem"
            self.certificate.write_bytes(_self_signed())
        self._postgres.drop_database(self._name)
        self._postgres.create_database(self._name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tds"],
            cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port = self._exchange(
            {
                "url": self._postgres.url(self._name), "user": self.user,
                "password": self.password,
                "certificate": str(self.certificate) if self.certificate else "",
            }
        )  # fmt: skip
        for name in ("master", *self._databases):
            self.create_database(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._process is not None and self._folder is not None
        self._process.kill()
        self._process.communicate(timeout=30)
        self._folder.cleanup()
        self._postgres.drop_database(self._name)

    def url(self, database: str, **options: str) -> str:
        """The connection URL of a database; `options` become its query."""
        query = f"?{urlencode(options)}" if options else ""
        password = quote(self.password, safe="")
        return f"mssql://{self.user}:{password}@127.0.0.1:{self.port}/{quote(database)}{query}"

    def create_database(
        self, name: str, collation: str | None = None, *, snapshot: bool = True
    ) -> None:
        self.order(
            "create_database", name=name, collation=collation or self.collation, snapshot=snapshot
        )

    def drop_database(self, name: str) -> None:
        self.order("drop_database", name=name)

    def connect(self, database: str) -> pymssql.Connection:
        """An autocommit connection of pymssql."""
        import pymssql

        return pymssql.connect(
            server="127.0.0.1", port=str(self.port), user=self.user, password=self.password,
            database=database, autocommit=True, login_timeout=10, timeout=60,
        )  # fmt: skip

    def execute(self, database: str, *statements: str) -> None:
        """Executes T-SQL batches."""
        with contextlib.closing(self.connect(database)) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
                while cursor.nextset():
                    pass

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a T-SQL query."""
        with contextlib.closing(self.connect(database)) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())

    def mark(self) -> int:
        """A place in the log of statements, for `statements`."""
        return int(self.order("mark"))

    def statements(self, pattern: str = "", since: int = 0) -> list[str]:
        """What clients have sent: the texts that a regular expression finds."""
        return list(self.order("statements", pattern=pattern, since=since))

    def sessions(self) -> int:
        """How many clients are connected."""
        return int(self.order("sessions"))

    def order(self, do: str, **arguments: Any) -> Any:
        """Has the server's process do something."""
        return self._exchange({"do": do, **arguments})

    def _exchange(self, order: dict[str, Any]) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]


class Faults:
    """Orders faults. `matching` is a regular expression that a statement's text must contain;
    the first `skip` such statements are spared and the next `times` are not."""

    def __init__(self, server: StandIn) -> None:
        self._server = server

    def error(
        self, number: int, matching: str = "", *, skip: int = 0, times: int = 1,
        severity: int | None = None, text: str = "Ordered by a test.",
    ) -> int:  # fmt: skip
        """Answers with an error; 1205 rolls the transaction back too."""
        severity = severity or (13 if number == 1205 else 16)
        return self._fault(
            kind="error", pattern=matching, skip=skip, times=times, number=number,
            severity=severity, text=text,
        )  # fmt: skip

    def cut(
        self, matching: str = "", *, after_rows: int = -1, skip: int = 0, times: int = 1
    ) -> int:
        """Resets the connection: after so many rows of the result, or before it is executed."""
        return self._fault(kind="cut", pattern=matching, rows=after_rows, skip=skip, times=times)

    def stall(self, matching: str = "", *, skip: int = 0, times: int = 1) -> Stall:
        """Sends nothing until it is released, the client cancels or goes."""
        return Stall(
            self._server, self._fault(kind="stall", pattern=matching, skip=skip, times=times)
        )

    def refuse_logins(
        self, times: int = 1, *, number: int = 17142, severity: int = 14,
        text: str = "SQL Server service has been paused.",
    ) -> None:  # fmt: skip
        self._server.order(
            "refuse_logins", times=times, number=number, severity=severity, text=text
        )

    def hits(self, fault: int) -> int:
        """How many statements met a fault."""
        return int(self._server.order("hits", number=fault))

    def clear(self) -> None:
        """Takes all orders back."""
        self._server.order("clear")

    def _fault(self, **order: Any) -> int:
        return int(self._server.order("fault", **order))


class Stall:
    """A stalled statement."""

    def __init__(self, server: StandIn, number: int) -> None:
        self._server = server
        self._number = number

    def reached(self, seconds: float = 10.0) -> None:
        """Waits until a statement stalls; fails where none does in time."""
        give_up = time.monotonic() + seconds
        while not self._server.faults.hits(self._number):
            assert time.monotonic() < give_up, "no statement came to the stall"
            time.sleep(0.01)

    def release(self) -> None:
        self._server.order("release", number=self._number)


def _self_signed() -> bytes:
    """A key and a certificate for 127.0.0.1 and localhost, good for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
