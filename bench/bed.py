"""What every contestant finds: one cluster, a wide table in it, and an empty target database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox import erp
from sandbox.erp.sample import RENTAL
from sandbox.postgres import EmbeddedPostgres

__all__ = ["KEY", "ROOT", "SCHEMA", "SOURCE", "TABLE", "TARGET", "Bed", "cut_sql", "multiply_sql"]

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TARGET = RENTAL, "bench_target"
SCHEMA, TABLE, KEY = "bench", "r_order_contract", "order_no"
_ORIGIN = "dbo.r_order_contract"


@dataclass(frozen=True)
class Bed:
    """A running cluster under `home`/work with schema `bench` in its source database."""

    home: Path
    postgres: EmbeddedPostgres

    @classmethod
    @contextmanager
    def made(cls, home: Path) -> Iterator[Bed]:
        """A new bed with the sample ERP in it; gone, but for what is installed, at the end."""
        work = home / "work"
        shutil.rmtree(work, ignore_errors=True)
        postgres = EmbeddedPostgres(work / "postgres", preferred_port=0)
        postgres.start()
        try:
            erp.build(postgres)
            yield cls(home, postgres)
        finally:
            postgres.stop()
            shutil.rmtree(work, ignore_errors=True)

    @property
    def source_url(self) -> str:
        """The URL of the database that holds the table."""
        return self.postgres.url(SOURCE)

    @property
    def target_url(self) -> str:
        """The URL of the database that a contestant fills."""
        return self.postgres.url(TARGET)

    @property
    def project(self) -> Path:
        """The folder of a project of ours that leads from the source to the target."""
        return self.home / "work" / "project"

    def scratch(self, name: str) -> Path:
        """An empty folder that a contestant may write to."""
        folder = self.home / "work" / "scratch" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def multiply(self, rows: int) -> int:
        """Makes `bench.r_order_contract` of `rows` rows; returns its number of columns."""
        with psycopg.connect(self.source_url, autocommit=True) as connection:
            names = [
                name
                for (name,) in connection.execute(
                    "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                    " order by attnum",
                    (_ORIGIN,),
                )
            ]
            self._execute(connection, ["create schema bench", *multiply_sql(names, rows)])
        return len(names)

    def cut(self, table: str, rows: int) -> None:
        """Makes `bench.<table>` of the first `rows` rows of `bench.r_order_contract`."""
        with psycopg.connect(self.source_url, autocommit=True) as connection:
            self._execute(connection, cut_sql(table, rows))

    def drop(self, table: str) -> None:
        """Drops `bench.<table>`."""
        with psycopg.connect(self.source_url, autocommit=True) as connection:
            self._execute(connection, [f"drop table {SCHEMA}.{table}"])

    def empty_target(self) -> None:
        """Makes the target database anew and writes out what is dirty, so that turns are alike."""
        self.postgres.drop_database(TARGET)
        self.postgres.create_database(TARGET)
        with psycopg.connect(self.target_url, autocommit=True) as connection:
            connection.execute("checkpoint")

    def environment(self, scratch: Path) -> dict[str, str]:
        """The environment of a contestant: a home of its own, and no reports to its makers."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **kept,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "TZ": "UTC",
            "DLT_DATA_DIR": str(scratch),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "SLING_HOME_DIR": str(scratch),
            "SLING_DISABLE_TELEMETRY": "true",
        }

    @staticmethod
    def _execute(connection: psycopg.Connection, statements: list[str]) -> None:
        for statement in statements:
            connection.execute(statement.encode())


def multiply_sql(columns: list[str], rows: int) -> list[str]:
    """Statements that repeat the sample's contracts, each time with another key, to `rows`."""
    values = ", ".join(
        f"o.{name} || '-' || g.n as {name}" if name == KEY else f"o.{name}" for name in columns
    )
    copies = -(-rows // erp.DEFAULT_ROWS)
    return [
        f"create table {SCHEMA}.{TABLE} as select {values} from {_ORIGIN} as o,"
        f" generate_series(1, {copies}) as g (n) limit {rows}",
        f"alter table {SCHEMA}.{TABLE} alter column {KEY} type varchar(40)",
        *_indexed(TABLE),
    ]


def cut_sql(table: str, rows: int) -> list[str]:
    """Statements that make `table` of so many rows of the large one, with the same indexes."""
    return [
        f"create table {SCHEMA}.{table} as select * from {SCHEMA}.{TABLE} limit {rows}",
        *_indexed(table),
    ]


def _indexed(table: str) -> list[str]:
    return [
        f"alter table {SCHEMA}.{table} add primary key ({KEY})",
        f"create index on {SCHEMA}.{table} (updt_dt)",
        f"vacuum analyze {SCHEMA}.{table}",
    ]
