"""Who takes part: how each is started, and where its rows land.

A contestant is a function that readies what its turn needs and returns what is then measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import stairway
from bench.bed import KEY, ROOT, SCHEMA, SOURCE, TARGET, Bed
from bench.measure import Command
from bench.tools import Tools

__all__ = ["CONTESTANTS", "Contestant", "Task", "original"]

_PEERS = ROOT / "bench" / "peers"
_PGLOADER = """\
load database from {source} into {target}
with include drop, create tables, create no indexes, no foreign keys, reset no sequences,
     prefetch rows = 2000, batch rows = 2000, workers = 2, concurrency = 1
cast type "timestamp without time zone" to timestamp drop typemod,
     type "time without time zone" to time drop typemod
including only table names matching '{table}' in schema '{schema}'
;
"""


@dataclass(frozen=True)
class Task:
    """One turn: carry `bench.<table>` from the bed's source to its empty target."""

    bed: Bed
    tools: Tools
    table: str
    scratch: Path

    def command(self, *args: str | Path, env: dict[str, str] | None = None) -> Command:
        """A process of this turn."""
        environment = {**self.bed.environment(self.scratch), **(env or {})}
        return Command([str(arg) for arg in args], environment, self.scratch)


@dataclass(frozen=True)
class Contestant:
    """A way to load the table.

    Attributes:
        name: as it is in the results.
        what: what it is, for the table's legend.
        ready: makes what a turn needs, unmeasured, and returns the pipeline to measure.
        landed: where its rows end, as `schema.table`, `{table}` standing for the table's name.
        ours: whether it is this project.
    """

    name: str
    what: str
    ready: Callable[[Task], list[Command]]
    landed: str
    ours: bool = False


def _limit(task: Task) -> list[Command]:
    postgres = task.bed.postgres
    with psycopg.connect(task.bed.source_url) as source:
        row = source.execute(
            "select string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', '"
            " order by attnum) from pg_attribute where attrelid = %s::regclass and attnum > 0",
            (f"{SCHEMA}.{task.table}",),
        ).fetchone()
    assert row is not None
    with psycopg.connect(task.bed.target_url) as target:
        target.execute(f"create table {task.table} ({row[0]})".encode())
    read = f"copy {SCHEMA}.{task.table} to stdout binary"
    write = f"copy {task.table} from stdin binary"
    return [
        task.command(*postgres.psql(SOURCE, "-c", read)),
        task.command(*postgres.psql(TARGET, "-c", write)),
    ]


def _stairway(driver: str) -> Callable[[Task], list[Command]]:
    def ready(task: Task) -> list[Command]:
        connection = {"url": task.bed.source_url, "driver": driver}
        stairway.write_project(task.bed, task.table, connection, schema=SCHEMA)
        stairway.migrate(task.bed, task.bed.environment(task.scratch))
        return [stairway.run_command(task.bed, task.bed.environment(task.scratch))]

    return ready


def original(task: Task, *flags: str) -> list[Command]:
    """The original method; with `--read-only` only its reading."""
    return _peer(task, "original.py", KEY, *flags)


def _dlt(backend: str, loader: str) -> Callable[[Task], list[Command]]:
    return lambda task: _peer(task, "dlt_load.py", backend, loader)


def _connectorx_adbc(task: Task) -> list[Command]:
    return _peer(task, "connectorx_adbc.py")


def _peer(task: Task, script: str, *args: str) -> list[Command]:
    place = (task.bed.source_url, task.bed.target_url, SCHEMA, task.table)
    return [task.command(task.tools.python(), _PEERS / script, *place, *args)]


def _sling(task: Task) -> list[Command]:
    table = f"{SCHEMA}.{task.table}"
    return [
        task.command(
            task.tools.sling(), "run", "--mode", "full-refresh",
            "--src-conn", "BENCH_SOURCE", "--src-stream", table,
            "--tgt-conn", "BENCH_TARGET", "--tgt-object", table,
            env={
                "BENCH_SOURCE": task.bed.source_url + "?sslmode=disable",
                "BENCH_TARGET": task.bed.target_url + "?sslmode=disable",
            },
        )
    ]  # fmt: skip


def _pgloader(task: Task) -> list[Command]:
    script = task.scratch / "load"
    script.write_text(
        _PGLOADER.format(
            source=task.bed.source_url, target=task.bed.target_url, table=task.table, schema=SCHEMA
        )
    )
    return [task.command(*task.tools.pgloader(), "--root-dir", task.scratch, script)]


CONTESTANTS = (
    Contestant("limit", "psql binary COPY | psql, no checks, no state", _limit, "public.{table}"),
    Contestant(
        "stairway-copy", "this project, `driver: copy`", _stairway("copy"), "lv0.{table}", True
    ),
    Contestant(
        "stairway-arrow", "this project, `driver: adbc`", _stairway("adbc"), "lv0.{table}", True
    ),
    Contestant(
        "connectorx-adbc", "the bare pair of libraries", _connectorx_adbc, "public.{table}"
    ),
    Contestant(
        "dlt-adbc", "dlt, connectorx backend, ADBC loader", _dlt("connectorx", "adbc"),
        "bench.{table}",
    ),
    Contestant("sling", "sling run, full-refresh", _sling, "bench.{table}"),
    Contestant("pgloader", "Debian's package, tables made by it", _pgloader, "bench.{table}"),
    Contestant(
        "dlt-connectorx", "dlt, connectorx backend, insert_values loader",
        _dlt("connectorx", "insert_values"), "bench.{table}",
    ),
    Contestant(
        "dlt-pyarrow", "dlt, pyarrow backend, insert_values loader",
        _dlt("pyarrow", "insert_values"), "bench.{table}",
    ),
    Contestant(
        "original", "pandas.read_sql by ROW_NUMBER() pages, to_sql", original, "public.{table}"
    ),
)  # fmt: skip
