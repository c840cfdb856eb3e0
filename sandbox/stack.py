"""The embedded services, brought up together: Postgres, sample ERP, APIs, warehouse with hc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from extract.catalog import read_catalog
from extract.migrate import migrate
from extract.settings import Connection, Project
from sandbox import erp, heroku_connect
from sandbox.api import StubApi
from sandbox.postgres import DEFAULT_PORT, EmbeddedPostgres

__all__ = ["WAREHOUSE", "Stack"]

WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class Stack:
    """The sandbox of one project folder; all that it keeps is under `home`."""

    root: Path

    @property
    def home(self) -> Path:
        """Where data, logs and reports are."""
        return self.root / ".sandbox"

    @property
    def postgres(self) -> EmbeddedPostgres:
        """The cluster."""
        port = int(os.environ.get("STAIRWAY_PORT") or DEFAULT_PORT)
        return EmbeddedPostgres(self.home / "postgres", port)

    @property
    def api(self) -> StubApi:
        """The stub of the web APIs, on the port after the running cluster's where that is free."""
        return StubApi(self.home / "api", self.postgres.port + 1)

    @property
    def warehouse_url(self) -> str:
        """The warehouse database of the running cluster."""
        return self.postgres.url(WAREHOUSE)

    def up(self, rows: int | None = None) -> None:
        """Starts and fills whatever is missing; idempotent.

        Args:
            rows: size of the sample ERP, in orders; None keeps the one that is there. Another
                size is another ERP, so the warehouse starts over with it.

        Raises:
            SandboxError: a part doesn't come up.
        """
        postgres = self.postgres
        postgres.start()
        there = erp.read_marker(postgres)
        if there is None or rows is not None:
            seed = there.seed if there else erp.DEFAULT_SEED
            if erp.build(postgres, rows or erp.DEFAULT_ROWS, seed):
                postgres.drop_database(WAREHOUSE)
        postgres.create_database(WAREHOUSE)
        self.api.start()
        # They tell of as many rounds of changes as the ERP, whatever became of either meanwhile.
        sample = erp.read_marker(postgres)
        self.api.set_round(sample.round if sample else 0)
        self.migrate()

    def migrate(self) -> None:
        """Brings the warehouse's schemas and hc's tables up to date."""
        schemas = {feed.target_schema for feed in read_catalog(Project(self.root)).values()}
        migrate(Connection("warehouse", self.warehouse_url), sorted(schemas))
        heroku_connect.install(self.warehouse_url)

    def environment(self) -> dict[str, str]:
        """The variables that point dbt and the extraction to the sandbox, whatever is set."""
        return {
            "STAIRWAY_TARGET": "warehouse",
            "STAIRWAY_HOST": "127.0.0.1",
            "STAIRWAY_PORT": str(self.postgres.port),
            "STAIRWAY_USER": "stairway",
            "STAIRWAY_PASSWORD": "",
            "STAIRWAY_DBNAME": WAREHOUSE,
            "STAIRWAY_SSLMODE": "disable",
            "STAIRWAY_UNI_ERP_URL": self.postgres.url("").rstrip("/"),
            **self.api.environment(),
            "STAIRWAY_PROJECT_DIR": str(self.root),
            "DBT_PROFILES_DIR": str(self.root),
            "DBT_PROJECT_DIR": str(self.root),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
