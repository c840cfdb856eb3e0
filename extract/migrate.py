"""Applies the migrations: once per warehouse and release, by `make db`, never by a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from extract import postgres
from extract.runs import schema_version
from extract.settings import Connection

__all__ = ["migrate"]

_FOLDER = Path(__file__).parent / "migrations"


def migrate(warehouse: Connection, schemas: Sequence[str] = ()) -> list[str]:
    """Applies what is missing, in one transaction; returns the names of the files applied.

    Args:
        warehouse: to set up.
        schemas: where the feeds land; made where missing.
    """
    applied: list[str] = []
    with (
        postgres.translated(warehouse),
        postgres.connect(warehouse) as connection,
        connection.transaction(),
    ):
        # Two callers at once: the second waits here and then finds nothing to do.
        connection.execute("select pg_advisory_xact_lock(hashtext('stairway.migrations'))")
        version = schema_version(connection) or 0
        for path in sorted(_FOLDER.glob("*.sql")):
            number = int(path.name.split("_")[0])
            if number > version:
                connection.execute(path.read_bytes())
                connection.execute("insert into ops.migrations (version) values (%s)", (number,))
                applied.append(path.name)
        for schema in schemas:
            connection.execute(
                f"create schema if not exists {postgres.identifier(schema)}".encode()
            )
    return applied
