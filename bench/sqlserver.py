"""`make bench-sqlserver`: SQL Server to lv0, beside the drivers alone.

Needs a server in STAIRWAY_TEST_SQLSERVER_URL. Makes a schema of its own there, and drops it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pymssql

from bench import stairway
from bench.bed import ROOT, TABLE, Bed
from bench.measure import Command, FailedError, Measured, measure, medians
from bench.sqlserver_connect import URL_VARIABLE, pymssql_connection
from bench.sqlserver_table import made
from extract.errors import ExtractError

__all__: list[str] = []

_WAYS = ("ours", "bare", "pymssql")


def main() -> None:
    """Measures, prints and writes bench/results/sqlserver.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.sqlserver", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=600, metavar="S")
    parser.add_argument("--home", type=Path, default=ROOT / ".sandbox" / "bench")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    options = parser.parse_args()
    url = os.environ.get(URL_VARIABLE)
    if not url:
        print(
            f"error: {URL_VARIABLE} is not set; it names the server to measure, as in "
            "mssql://user:password@host:1433/database.",
            file=sys.stderr,
        )
        sys.exit(2)

    try:
        with Bed.made(options.home.resolve()) as bed:
            loads, reads = _measure(bed, url, options)
    except FailedError as failed:
        sys.exit(f"error: {failed}")
    except (pymssql.Error, ExtractError) as error:
        sys.exit(f"error: the server of {URL_VARIABLE}: {' '.join(str(error).split())[:200]}")
    entries = summary(options.rows, medians(loads), reads)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "sqlserver.json").write_text(json.dumps(entries, indent=2) + "\n")
    _print(entries)


def _measure(
    bed: Bed, url: str, options: argparse.Namespace
) -> tuple[list[Measured], dict[str, list[dict[str, float]]]]:
    loads: list[Measured] = []
    reads: dict[str, list[dict[str, float]]] = {way: [] for way in _WAYS}
    with closing(pymssql_connection()) as server, made(server, bed, options.rows) as schema:
        for turn in range(1, options.turns + 1):
            loads.append(_load(bed, url, schema, options.timeout))
            _check_rows(bed, options.rows)
            for way in _WAYS:
                reads[way].append(_read(bed, url, way, schema, options.timeout))
            print(f"- turn {turn}: into lv0 {loads[-1].wall_s:.1f} s", flush=True)
    return loads, reads


def summary(rows: int, load: Measured, reads: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """The content of sqlserver.json: the medians, and the two ratios that matter."""
    middle = {
        way: {
            name: sorted(taken[name] for taken in runs)[len(runs) // 2]
            for name in ("wall_s", "cpu_s")
        }
        for way, runs in reads.items()
    }
    return {
        "rows": rows,
        "columns": 83,
        "into_lv0": {name: round(value, 3) for name, value in asdict(load).items()},
        "reading": {
            way: {name: round(value, 3) for name, value in taken.items()}
            for way, taken in middle.items()
        },
        "into_lv0_wall_to_pymssql_reading": round(load.wall_s / middle["pymssql"]["wall_s"], 3),
        "reading_cpu_to_bare": round(middle["ours"]["cpu_s"] / middle["bare"]["cpu_s"], 3),
    }


def _load(bed: Bed, url: str, schema: str, timeout_s: float) -> Measured:
    """`python -m extract run` into a warehouse that has never seen the table."""
    bed.empty_target()
    environment = {**bed.environment(bed.scratch("sqlserver")), URL_VARIABLE: url}
    # The URL stays in the environment: it has a password.
    connection = {"url": f"{{{{ env_var('{URL_VARIABLE}') }}}}"}
    stairway.write_project(bed, TABLE, connection, schema=schema)
    stairway.migrate(bed, environment)
    command = stairway.run_command(bed, environment)
    return measure([command], bed.home / "logs" / "sqlserver.log", timeout_s)


def _read(bed: Bed, url: str, way: str, schema: str, timeout_s: float) -> dict[str, float]:
    scratch = bed.scratch(f"read-{way}")
    environment = {**bed.environment(scratch), URL_VARIABLE: url, "PYTHONPATH": str(ROOT)}
    args = [sys.executable, "-m", "bench.sqlserver_read", way, schema, TABLE]
    log = bed.home / "logs" / f"read-{way}.log"
    measure([Command(args, environment, scratch)], log, timeout_s)
    taken: dict[str, float] = json.loads(log.read_text().splitlines()[-1])
    return taken


def _check_rows(bed: Bed, rows: int) -> None:
    with psycopg.connect(bed.target_url) as target:
        row = target.execute(f"select count(*) from lv0.{TABLE}".encode()).fetchone()
    if row != (rows,):
        raise FailedError(f"lv0 holds {row[0] if row else 0:,} rows instead of {rows:,}")


def _print(entries: dict[str, Any]) -> None:
    print(f"\n{entries['rows']:,} rows x {entries['columns']} columns\n")
    print(f"{'':<28}{'wall s':>9}{'CPU s':>9}")
    listed = {
        "into lv0 (whole process)": entries["into_lv0"],
        "reading, this project": entries["reading"]["ours"],
        "reading, bare arrow_reader": entries["reading"]["bare"],
        "reading, pymssql fetchmany": entries["reading"]["pymssql"],
    }
    for name, taken in listed.items():
        print(f"{name:<28}{taken['wall_s']:>9.1f}{taken['cpu_s']:>9.1f}")
    ratio = entries["into_lv0_wall_to_pymssql_reading"]
    print(f"\ninto lv0, to pymssql's reading alone: {ratio:.2f} of its wall time")
    print(f"reading, to the bare driver: {entries['reading_cpu_to_bare']:.2f} times its CPU")


if __name__ == "__main__":
    main()
