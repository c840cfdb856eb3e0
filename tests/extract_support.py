"""A source, a warehouse and a project of a test's own, and children that a test may kill."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from extract.api import read_feed_segment, run_feed
from extract.errors import ExtractError
from extract.migrate import migrate
from extract.runs import RunResult
from extract.settings import Connection
from sandbox.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
_NUMBERS = count(1)


@dataclass(frozen=True)
class Stand:
    """A project in `home` that leads from database `source` to database `warehouse`.

    The source is read by `driver`, `copy` or `adbc`.
    """

    home: Path
    cluster: EmbeddedPostgres
    source_name: str
    warehouse_name: str
    driver: str = "copy"

    @classmethod
    def make(cls, home: Path, cluster: EmbeddedPostgres, driver: str = "copy") -> Stand:
        """A new project with two new databases; the warehouse is migrated."""
        number = next(_NUMBERS)
        stand = cls(home, cluster, f"Source {number}%", f"warehouse_{number}", driver)
        for name in (stand.source_name, stand.warehouse_name):
            cluster.create_database(name)
        stand.write_project()
        migrate(Connection("warehouse", stand.warehouse_url), ["lv0"])
        return stand

    def twin(self, home: Path, driver: str | None = None) -> Stand:
        """The same source, extracted into a warehouse of its own."""
        name = f"warehouse_{next(_NUMBERS)}"
        self.cluster.create_database(name)
        home.mkdir(parents=True, exist_ok=True)
        stand = replace(self, home=home, warehouse_name=name, driver=driver or self.driver)
        stand.write_project()
        migrate(Connection("warehouse", stand.warehouse_url), ["lv0"])
        return stand

    @property
    def warehouse_url(self) -> str:
        return self.cluster.url(self.warehouse_name)

    def write_project(
        self, *, source_url: str | None = None, warehouse: dict[str, Any] | None = None
    ) -> None:
        """Writes the three files; by default everything is where it should be."""
        output = {
            "type": "postgres", "host": "127.0.0.1", "port": self.cluster.port,
            "user": "stairway", "dbname": self.warehouse_name, **(warehouse or {}),
        }  # fmt: skip
        erp = {"url": source_url or self.cluster.url("postgres"), "driver": self.driver}
        self._write("dbt_project.yml", {"profile": "p", "model-paths": ["models"]})
        self._write("profiles.yml", {"p": {"target": "t", "outputs": {"t": output}}})
        self._write("connections.yml", {"erp": erp})

    def feeds(self, **extracts: dict[str, Any]) -> None:
        """Writes the catalogue: source `s` with a table for each of `extracts`."""
        defaults = {"connection": "erp", "database": self.source_name, "schema": "dbo"}
        tables = [
            {"name": name, "config": {"meta": {"extract": {"table": name, **extract}}}}
            for name, extract in extracts.items()
        ]
        source = {"name": "s", "schema": "lv0", "config": {"meta": {"extract": defaults}}}
        self._write("models/sources.yml", {"sources": [{**source, "tables": tables}]})

    def run(self, table: str = "t", **options: Any) -> RunResult:
        """Runs `s.<table>` in this process."""
        return run_feed(f"s.{table}", self.home, **options)

    def source(self, *statements: str) -> None:
        self._execute(self.source_name, statements)

    def warehouse(self, *statements: str) -> None:
        self._execute(self.warehouse_name, statements)

    def forget(self) -> None:
        """Removes all state, as if nothing had ever run; lv0 stays."""
        self.warehouse("truncate ops.feeds, ops.segments, ops.runs, ops.pages")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        return self._rows(self.warehouse_name, query)

    def source_rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._rows(self.source_name, query)

    def both(self, key: str, table: str = "t", columns: str = "*") -> tuple[Any, Any]:
        """The rows of the source and of lv0 that exist, as text, in order of `key`.

        Args:
            key: names its columns in lower case, as they are in lv0.
            table: on both sides.
            columns: to compare; by default those of the source.
        """
        names = [
            row[0]
            for row in self.source_rows(
                "select attname from pg_attribute where attnum > 0 and not attisdropped"
                f""" and attrelid = 'dbo."{table}"'::regclass order by attnum"""
            )
        ]
        if columns != "*":
            names = columns.split(", ")
        quoted = ['"' + name.replace('"', '""') + '"' for name in names]
        order = ", ".join(f'{part}::text collate "C"' for part in key.split(", "))
        left = ", ".join(f"{name}::text" for name in quoted)
        right = ", ".join(f"{name.lower()}::text" for name in quoted)
        return (
            self.source_rows(f'select {left} from dbo."{table}" order by {order}'),
            self.rows(
                f'select {right} from lv0."{table.lower()}" where _deleted_at is null'
                f" order by {order}"
            ),
        )

    def _write(self, path: str, content: dict[str, Any]) -> None:
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML: nothing here has to be indented by hand.
        (self.home / path).write_text(json.dumps(content), encoding="utf-8")

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """An autocommit connection whose text is the same on both sides."""
        return psycopg.connect(
            host="127.0.0.1", port=self.cluster.port, user="stairway", dbname=database,
            autocommit=True, options="-c timezone=UTC -c extra_float_digits=3",
        )  # fmt: skip

    def _execute(self, database: str, statements: tuple[str, ...]) -> None:
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            return connection.execute(query.encode()).fetchall()


class Between:
    """An observer that calls `act` with the number of each committed page."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self._act = act
        self.pages = 0

    def started(self, plan: object, rows: int) -> None:
        """Nothing is done before the first page."""

    def page(self, segment: object, rows: int) -> None:
        self.pages += 1
        self._act(self.pages)


def until(probe: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """The first true value of `probe`; fails when there is none in time."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if found := probe():
            return found
        time.sleep(0.03)
    raise AssertionError(f"waited in vain until {what}")


class Children:
    """Runs `python -m extract` in forks of one process that has everything imported.

    A fork starts in a hundredth of the time of a new interpreter, so a test can kill many.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._numbers = count(1)
        self._server = subprocess.Popen(
            [sys.executable, "-c", "from tests.extract_support import serve; serve()"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, *arguments: str, **options: float) -> Child:
        """A run of the command line; see `_be_child` for the options."""
        return self._start({"arguments": arguments, **options})

    def work(self, feed: str, number: int, **options: float) -> Child:
        """A worker that reads one segment of the feed's open pass; options likewise."""
        return self._start({"segment": [feed, number], **options})

    def _start(self, request: dict[str, Any]) -> Child:
        out = self._home / f"child_{next(self._numbers)}.txt"
        pid = int(self._ask({"home": str(self._home), "out": str(out), **request}))
        return Child(self, pid, out)

    def wait(self, pid: int) -> int:
        """The exit status of a child; minus the signal that ended it."""
        return os.waitstatus_to_exitcode(int(self._ask({"wait": pid})))

    def close(self) -> None:
        """Ends the process that forks."""
        self._server.communicate(timeout=30)

    def _ask(self, request: dict[str, Any]) -> str:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()


@dataclass(frozen=True)
class Child:
    """A run in a process of its own."""

    children: Children
    pid: int
    out: Path

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> tuple[int, str]:
        """Its exit status and what it wrote."""
        return self.children.wait(self.pid), self.out.read_text(encoding="utf-8")


@contextmanager
def children(home: Path) -> Iterator[Children]:
    """A source of children, gone with the block."""
    made = Children(home)
    try:
        yield made
    finally:
        made.close()


def serve() -> None:
    """Forks a child for each line of stdin that asks for one."""
    # What a run may need, so that no child has to load it.
    for module in (
        "extract.cli",
        "extract.sources.adbc",
        "extract.arrow_pages",
        "extract.encoding",
    ):
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitpid(request["wait"], 0)[1]
        elif (answer := os.fork()) == 0:
            _be_child(request)
        print(answer, flush=True)


def _be_child(request: dict[str, Any]) -> None:
    """Does what is asked, and ends with its status.

    `die_after_page` kills it after that page; `lease_seconds` is how long its lease holds without
    a heartbeat; `prepare` names a function, as `module:function`, and what it is called with
    before.
    """
    from extract import cli, heart, reading, retry

    descriptor = os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    retry.FIRST_WAIT_SECONDS = 0.01
    heart.LEASE_SECONDS = request.get("lease_seconds", heart.LEASE_SECONDS)
    committed = reading.SegmentReader._committed
    pages = count(1)

    def committed_or_dead(reader: Any, before: Any, after: Any) -> Any:
        if next(pages) == request.get("die_after_page"):
            os.kill(os.getpid(), signal.SIGKILL)
        return committed(reader, before, after)

    reading.SegmentReader._committed = committed_or_dead  # type: ignore[method-assign]
    if "prepare" in request:
        name, options = request["prepare"]
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(**options)
    if "arguments" in request:
        status = cli.main(["--project-dir", request["home"], *request["arguments"]])
    else:
        status = _work(*request["segment"], Path(request["home"]))
    sys.stdout.flush()
    os._exit(status)


def _work(feed: str, number: int, home: Path) -> int:
    try:
        read_feed_segment(feed, number, home)
    except ExtractError as error:
        print(f"error: {error}")
        return 1
    return 0
