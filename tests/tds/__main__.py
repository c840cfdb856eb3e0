"""The stand-in's process: orders come as JSON lines on stdin, answers go to stdout."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg

from tests.tds.catalog import Catalog, Generation, install
from tests.tds.faults import Fault
from tests.tds.server import Server

__all__: list[str] = []


class _Control:
    """Carries out what the tests' side asks for."""

    def __init__(self, settings: dict[str, Any]) -> None:
        url = settings["url"]
        install(url)
        tls = None
        if settings["certificate"]:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # TDS 7 shakes hands inside its own packets, which TLS 1.3 does not suit.
            tls.maximum_version = ssl.TLSVersion.TLSv1_2
            tls.load_cert_chain(Path(settings["certificate"]))
        self._generation = Generation()
        self._connection = psycopg.connect(url, autocommit=True)
        self._catalog = Catalog(self._connection, self._generation)
        self.server = Server(
            url, "master", self._generation,
            user=settings["user"], password=settings["password"], tls=tls,
        )  # fmt: skip

    def create_database(self, name: str, collation: str, snapshot: bool) -> None:
        self._catalog.create_database(name, collation, snapshot=snapshot)

    def drop_database(self, name: str) -> None:
        self._catalog.drop_database(name)

    def fault(self, **order: Any) -> int:
        return self.server.faults.add(Fault(**order))

    def hits(self, number: int) -> int:
        return self.server.faults.get(number).hits

    def release(self, number: int) -> None:
        fault = self.server.faults.get(number)
        fault.times = 0
        fault.released.set()

    def refuse_logins(self, **order: Any) -> None:
        self.server.faults.login_error = order

    def clear(self) -> None:
        self.server.faults.clear()

    def statements(self, pattern: str, since: int) -> list[str]:
        return self.server.statements(pattern, since)

    def mark(self) -> int:
        return self.server.mark()

    def sessions(self) -> int:
        return self.server.sessions()


def _main() -> None:
    control = _Control(json.loads(sys.stdin.readline()))
    threading.Thread(target=control.server.serve, daemon=True).start()
    print(json.dumps({"result": control.server.port}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"result": getattr(control, order.pop("do"))(**order)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


_main()
