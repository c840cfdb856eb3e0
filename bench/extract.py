"""First load of a wide table, against a bare `psql | psql` binary COPY of the same table.

Both read the sample ERP's R_ORDER_CONTRACT (83 columns), multiplied to the wanted number of
rows, in one Postgres cluster. The contestants take turns; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psycopg

from sandbox import erp
from sandbox.erp.sample import RENTAL
from sandbox.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".sandbox" / "bench"
RESULTS = ROOT / "bench" / "results" / "extract.json"
_WAREHOUSE = "warehouse"
_SOURCE = """
sources:
  - name: bench
    schema: lv0
    config: {{meta: {{extract: {{connection: bench, schema: bench}}}}}}
    tables:
      - name: r_order_contract
        config: {{meta: {{extract: {{table: {table}}}}}}}
"""


@dataclass(frozen=True)
class Measured:
    """One turn: wall and CPU seconds of the client processes, peak RSS of the largest in MB."""

    wall_s: float
    cpu_s: float
    peak_rss_mb: float


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.extract")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    few = min(100_000, options.rows)

    shutil.rmtree(HOME, ignore_errors=True)
    postgres = EmbeddedPostgres(HOME / "postgres", preferred_port=0)
    postgres.start()
    try:
        _say("sample ERP")
        erp.build(postgres)
        for table, rows in (("many", options.rows), ("few", few)):
            _say(f"R_ORDER_CONTRACT x {rows:,} rows")
            _multiply(postgres, table, rows)
        psql: list[Measured] = []
        ours: list[Measured] = []
        for turn in range(1, options.turns + 1):
            psql.append(_by_psql(postgres, "many"))
            ours.append(_by_extract(postgres, "many"))
            _say(
                f"turn {turn}: psql | psql {psql[-1].wall_s:.1f} s, extract {ours[-1].wall_s:.1f} s"
            )
        small = _by_extract(postgres, "few")
        equal = _equal(postgres, "few")
    finally:
        postgres.stop()
        shutil.rmtree(HOME, ignore_errors=True)

    limit, stairway = _medians(psql), _medians(ours)
    ratio = stairway.wall_s / limit.wall_s
    print(f"\n{'':<22}{'wall s':>10}{'client CPU s':>14}{'peak MB':>10}")
    for name, measured in (
        ("psql | psql", limit),
        (f"extract, {options.rows:,}", stairway),
        (f"extract, {few:,}", small),
    ):
        print(
            f"{name:<22}{measured.wall_s:>10.1f}{measured.cpu_s:>14.1f}"
            f"{measured.peak_rss_mb:>10.0f}"
        )
    print(f"\nratio of wall time, extract to psql | psql: {ratio:.2f}")
    print(f"ratio of peak memory, {options.rows:,} to {few:,} rows: "
          f"{stairway.peak_rss_mb / small.peak_rss_mb:.2f}")  # fmt: skip
    print(f"lv0 equals the source: {'yes' if equal else 'NO'}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "rows": options.rows,
                "columns": 83,
                "turns": options.turns,
                "psql": asdict(limit),
                "extract": asdict(stairway),
                f"extract_{few}": asdict(small),
                "wall_ratio": round(ratio, 2),
                "equal": equal,
            },
            indent=2,
        )
        + "\n"
    )
    if not equal:
        sys.exit("error: lv0 differs from the source.")


def _multiply(postgres: EmbeddedPostgres, table: str, rows: int) -> None:
    with psycopg.connect(postgres.url(RENTAL), autocommit=True) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "select attname from pg_attribute where attrelid = 'dbo.r_order_contract'::regclass"
                " and attnum > 0 order by attnum"
            )
        ]
        values = ", ".join(
            "o.order_no || '-' || g.n as order_no" if name == "order_no" else f"o.{name}"
            for name in columns
        )
        for statement in (
            "create schema if not exists bench",
            f"create table bench.{table} as select {values} from dbo.r_order_contract as o,"
            f" generate_series(1, {rows // 2000 + 1}) as g (n) limit {rows}",
            f"alter table bench.{table} alter column order_no type varchar(40),"
            f" add primary key (order_no)",
            f"vacuum analyze bench.{table}",
        ):
            connection.execute(statement.encode())


def _by_psql(postgres: EmbeddedPostgres, table: str) -> Measured:
    """`psql COPY TO | psql COPY FROM` into a table without indexes."""
    postgres.drop_database(_WAREHOUSE)
    postgres.create_database(_WAREHOUSE)
    with psycopg.connect(postgres.url(RENTAL)) as source:
        columns = source.execute(
            "select string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', '"
            " order by attnum) from pg_attribute where attrelid = %s::regclass and attnum > 0",
            (f"bench.{table}",),
        ).fetchone()
    assert columns is not None
    with psycopg.connect(postgres.url(_WAREHOUSE)) as target:
        target.execute(f"create table copied ({columns[0]})".encode())
    began = time.perf_counter()
    out = subprocess.Popen(
        postgres.psql(RENTAL, "-c", f"copy bench.{table} to stdout binary"),
        stdout=subprocess.PIPE,
    )
    into = subprocess.Popen(
        postgres.psql(_WAREHOUSE, "-c", "copy copied from stdin binary"), stdin=out.stdout
    )
    assert out.stdout is not None
    out.stdout.close()
    return _wait([out, into], began)


def _by_extract(postgres: EmbeddedPostgres, table: str) -> Measured:
    """`python -m extract run` into a warehouse that has never seen the table."""
    project = HOME / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "models").mkdir(parents=True)
    shutil.copy(ROOT / "profiles.yml", project)
    (project / "dbt_project.yml").write_text(
        "name: bench\nprofile: stairway\nmodel-paths: [models]\n"
    )
    (project / "connections.yml").write_text(f"bench:\n  url: {postgres.url(RENTAL)}\n")
    (project / "models" / "bench.yml").write_text(_SOURCE.format(table=table))
    postgres.drop_database(_WAREHOUSE)
    postgres.create_database(_WAREHOUSE)
    command = [sys.executable, "-m", "extract", "--project-dir", str(project)]
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "STAIRWAY_HOST": "127.0.0.1",
        "STAIRWAY_PORT": str(postgres.port),
        "STAIRWAY_DBNAME": _WAREHOUSE,
    }
    subprocess.run([*command, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    log = (HOME / "extract.log").open("w")
    began = time.perf_counter()
    return _wait([subprocess.Popen([*command, "run"], env=env, stdout=log, stderr=log)], began)


def _wait(processes: list[subprocess.Popen[bytes]], began: float) -> Measured:
    cpu = peak = 0.0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"error: {process.args!r} ended with {process.returncode}.")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10))
    return Measured(time.perf_counter() - began, cpu, peak)


def _medians(turns: list[Measured]) -> Measured:
    return Measured(
        median(turn.wall_s for turn in turns),
        median(turn.cpu_s for turn in turns),
        median(turn.peak_rss_mb for turn in turns),
    )


def _equal(postgres: EmbeddedPostgres, table: str) -> bool:
    with psycopg.connect(postgres.url(RENTAL)) as source:
        names = [
            name
            for (name,) in source.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                " order by attnum",
                (f"bench.{table}",),
            )
        ]
        listed = ", ".join(names)
        there = source.execute(_hash(listed, f"bench.{table}")).fetchone()
    with psycopg.connect(postgres.url(_WAREHOUSE)) as target:
        here = target.execute(_hash(listed, "lv0.r_order_contract")).fetchone()
    return there == here


def _hash(columns: str, table: str) -> bytes:
    return f"select count(*), sum(hashtextextended(row({columns})::text, 0)) from {table}".encode()


def _say(text: str) -> None:
    print(f"- {text}", flush=True)


if __name__ == "__main__":
    main()
