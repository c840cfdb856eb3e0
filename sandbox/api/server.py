"""The stub's server: a process on 127.0.0.1 that outlives the command which starts it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psutil

from sandbox.api import address, institutions
from sandbox.api.answers import KEY, Handler, json_answer
from sandbox.postgres import SandboxError

__all__ = ["KEY", "StubApi", "StubServer", "routes", "serve"]

_HERE = Path(__file__).resolve().parent
_GRACE_SECONDS = 5
# The connections of connections.yml that lead to the stub, as the variables name them.
_CONNECTIONS = ("ADDRESS_SEARCH", "DATA_GO_KR", "NEIS", "ODCLOUD")


def routes(home: Path) -> dict[str, Handler]:
    """The handler of each path, or of all paths below it; `home` holds what they remember."""
    return {**institutions.routes(home), **address.routes(home)}


class StubServer(ThreadingHTTPServer):
    """Answers GET requests by the handler with the longest prefix of the path."""

    daemon_threads = True

    def __init__(self, port: int, handlers: Mapping[str, Handler]) -> None:
        self.handlers = handlers
        super().__init__(("127.0.0.1", port), _Request)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def handler_of(self, path: str) -> Handler | None:
        """The handler for `path`."""
        found = [
            prefix
            for prefix in self.handlers
            if path == prefix or path.startswith(prefix.rstrip("/") + "/")
        ]
        return self.handlers[max(found, key=len)] if found else None


class _Request(BaseHTTPRequestHandler):
    server: StubServer
    protocol_version = "HTTP/1.1"
    # Head and body leave together: else the body waits 40 ms for the client to confirm the head.
    wbufsize = -1

    def do_GET(self) -> None:
        """Answers one request."""
        url = urlsplit(self.path)
        handler = self.server.handler_of(url.path)
        if handler is None:
            answer = json_answer({"message": f"no such path: {url.path}"}, 404)
        else:
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            answer = handler(query, {name.lower(): value for name, value in self.headers.items()})
        status, content_type, body = answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class
        """Keeps quiet: a request's line holds the key."""


@dataclass(frozen=True)
class StubApi:
    """The stub of one sandbox; all that it keeps is under `home`."""

    home: Path
    preferred_port: int = 0

    @property
    def url(self) -> str:
        """The base URL of the running server.

        Raises:
            SandboxError: it is not running.
        """
        record = self._record()
        if record is None:
            raise SandboxError("The stub of the web APIs is not running. Start it with `make run`.")
        return f"http://127.0.0.1:{record['port']}"

    def environment(self) -> dict[str, str]:
        """The variables that point the connections to the stub."""
        return {
            f"STAIRWAY_{name}_{part}": value
            for name in _CONNECTIONS
            for part, value in (("URL", self.url), ("KEY", KEY))
        } | {
            # Nobody has to be spared here.
            "STAIRWAY_ADDRESS_SEARCH_PER_SECOND": "100000",
        }

    def start(self) -> None:
        """Starts the server, anew where its code is another by now; idempotent.

        Raises:
            SandboxError: it doesn't come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._locked():
            record = self._record()
            if record is not None and record["recipe"] == _recipe():
                return
            self._end(record)
            done = subprocess.run(
                [sys.executable, "-m", "sandbox.api", str(self.home),
                 str(self.preferred_port)],
                cwd=_HERE.parents[1], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["it left no message"]
            raise SandboxError(f"The stub of the web APIs did not start: {lines[-1]}")

    def stop(self) -> None:
        """Stops the server; does nothing where it isn't running."""
        if self.home.is_dir():
            with self._locked():
                self._end(self._record())

    def set_round(self, number: int) -> None:
        """Lets the APIs answer as after so many rounds of changes."""
        institutions.write_round(self.home, number)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # Two starts at once would leave a server that no record names.
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _record(self) -> dict[str, Any] | None:
        try:
            record: dict[str, Any] = json.loads(_record_path(self.home).read_text())
            # A pid alone may be somebody else's by now.
            if psutil.Process(record["pid"]).create_time() == record["created"]:
                return record
        except (FileNotFoundError, psutil.NoSuchProcess):
            pass
        return None

    def _end(self, record: dict[str, Any] | None) -> None:
        if record is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(record["pid"])
                process.terminate()
                try:
                    process.wait(_GRACE_SECONDS)
                except psutil.TimeoutExpired:
                    process.kill()
        _record_path(self.home).unlink(missing_ok=True)


def serve(home: Path, preferred_port: int) -> None:
    """Serves `home` in the background; the caller's process ends once the server listens."""
    server = _bound(preferred_port, routes(home))
    pid = os.fork()
    if pid:
        _write_record(home, pid, server.server_port)
        os._exit(0)
    os.setsid()
    # Whoever waits for the end of the caller's output must not wait for the server's.
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(home / "stub.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    server.serve_forever()


def _bound(preferred_port: int, handlers: Mapping[str, Handler]) -> StubServer:
    with contextlib.suppress(OSError, OverflowError):
        return StubServer(preferred_port, handlers)
    return StubServer(0, handlers)


def _write_record(home: Path, pid: int, port: int) -> None:
    created = psutil.Process(pid).create_time()
    record = {"pid": pid, "created": created, "port": port, "recipe": _recipe()}
    _record_path(home).write_text(json.dumps(record))


def _record_path(home: Path) -> Path:
    return home / "process.json"


def _recipe() -> str:
    """A fingerprint of the stub's code: a server of another version isn't this server."""
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(_HERE.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
