"""A project that leads from one server into a warehouse of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from extract.api import run_feed
from extract.catalog import Extract
from extract.migrate import migrate
from extract.runs import RunResult
from extract.settings import Connection, Project
from extract.sources import Source, open_source
from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers import Server

__all__ = ["Landing", "text_of", "texts_of"]

_NUMBERS = count(1)


def text_of(value: Any) -> str | None:
    """What Postgres prints for a Python value."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        # `Kind.NUMBER` has three decimals.
        return f"{value:.3f}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        plain = value.replace(tzinfo=None)
        text = str(plain).rstrip("0") if plain.microsecond else str(plain)
        return text if value.tzinfo is None else f"{text}+00"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def texts_of(rows: Iterable[Sequence[Any]]) -> list[tuple[str | None, ...]]:
    """Rows of Python values as Postgres prints them, in an order of their own."""
    return sorted((tuple(text_of(value) for value in row) for row in rows), key=repr)


@dataclass(frozen=True)
class Landing:
    """Runs the real engine from `server` into `warehouse`; a test uses tables of its own."""

    home: Path
    server: Server
    warehouse: psycopg.Connection[tuple[Any, ...]]

    @classmethod
    def make(cls, home: Path, server: Server, cluster: EmbeddedPostgres) -> Landing:
        """A new project with a new warehouse, migrated."""
        database = f"landing_{next(_NUMBERS)}"
        cluster.create_database(database)
        migrate(Connection("warehouse", cluster.url(database)), ["lv0"])
        warehouse = psycopg.connect(
            cluster.url(database),
            autocommit=True,
            options="-c timezone=UTC -c extra_float_digits=3 -c bytea_output=hex",
        )
        landing = cls(home, server, warehouse)
        output = {
            "type": "postgres", "host": "127.0.0.1", "port": cluster.port, "user": "stairway",
            "dbname": database,
        }  # fmt: skip
        landing._write("dbt_project.yml", {"profile": "p", "model-paths": ["models"]})
        landing._write("profiles.yml", {"p": {"target": "t", "outputs": {"t": output}}})
        landing.connect()
        return landing

    def connect(self, **changes: str) -> None:
        """Writes connections.yml, with some of the server's fields changed."""
        self._write("connections.yml", {"erp": {**self.server.connection, **changes}})

    def feed(self, name: str, *, table: str | None = None, **extract: Any) -> None:
        """Makes the catalogue: this feed and no other; `table` is the server's where it differs."""
        block = {**self.server.defaults, "connection": "erp", "table": table or name, **extract}
        found = {"name": name, "config": {"meta": {"extract": block}}}
        self._write(
            "models/sources.yml", {"sources": [{"name": "s", "schema": "lv0", "tables": [found]}]}
        )

    def run(self, name: str, **options: Any) -> RunResult:
        """Runs the feed in this process."""
        return run_feed(f"s.{name}", self.home, **options)

    def source(self) -> Source:
        """The server, as the engine opens it."""
        return open_source(
            Project.find(self.home).connection("erp"), self.server.defaults.get("database")
        )

    def extract(self, table: str, **fields: Any) -> Extract:
        """A catalogue entry, for the source's own calls."""
        block = {**self.server.defaults, "connection": "erp", "table": table, **fields}
        return Extract.model_validate(block)

    def columns(self, name: str) -> dict[str, str]:
        """Type by column of a table in lv0, without those that the engine adds."""
        rows = self.rows(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            f" where attrelid = 'lv0.{name}'::regclass and attnum > 0 and not attisdropped"
            " and attname not in ('_extracted_at', '_deleted_at') order by attnum"
        )
        return dict(rows)

    def lv0(self, name: str, *, deleted: bool = False) -> list[tuple[str | None, ...]]:
        """The rows of a table in lv0 that exist (or don't any more), as text, in a fixed order."""
        listed = ", ".join(
            '"' + column.replace('"', '""') + '"::text' for column in self.columns(name)
        )
        state = "is not null" if deleted else "is null"
        found = self.rows(f"select {listed} from lv0.{name} where _deleted_at {state}")
        return sorted(found, key=repr)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        return self.warehouse.execute(query.encode()).fetchall()

    def _write(self, path: str, content: Mapping[str, Any]) -> None:
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML: nothing here has to be indented by hand.
        (self.home / path).write_text(json.dumps(content), encoding="utf-8")
