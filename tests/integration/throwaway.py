"""A small dbt project of a test's own that publishes with the project's macros."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from sandbox.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of one node: whether it succeeded, and its message on one line."""

    ok: bool
    message: str


@dataclass(frozen=True)
class Throwaway:
    """A dbt project in `home`, whose profile leads to `database` of the tests' cluster."""

    home: Path
    cluster: EmbeddedPostgres
    database: str
    _manifest: list[Manifest] = field(default_factory=list)

    @classmethod
    def make(
        cls,
        home: Path,
        cluster: EmbeddedPostgres,
        database: str,
        models: Mapping[str, str],
        properties: list[dict[str, Any]],
        config: Mapping[str, Any],
    ) -> Throwaway:
        """Writes the project and creates the database with the stair's schemas."""
        project = {
            "name": "throwaway",
            "profile": "throwaway",
            "macro-paths": [str(ROOT / "dbt_project/macros/publish"), str(home / "macros")],
            "flags": {"send_anonymous_usage_stats": False},
            "models": {"throwaway": config},
        }
        cluster.create_database(database)
        output = {
            "type": "postgres", "host": "127.0.0.1", "port": cluster.port, "user": "stairway",
            "password": "", "dbname": database, "schema": "public", "threads": 2,
        }  # fmt: skip
        profile = {"throwaway": {"target": "test", "outputs": {"test": output}}}
        files = {
            "dbt_project.yml": json.dumps(project),
            "profiles.yml": json.dumps(profile),
            # JSON is YAML: nothing here has to be indented by hand.
            "models/models.yml": json.dumps({"models": properties}),
            "macros/generate_schema_name.sql": (
                "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}"
            ),
            **{f"models/{name}.sql": text for name, text in models.items()},
        }
        for path, text in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
        made = cls(home, cluster, database)
        for path in sorted((ROOT / "extract/migrations").glob("*.sql")):
            made.execute(path.read_text())
        return made

    @property
    def url(self) -> str:
        return self.cluster.url(self.database)

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def _parsed(self) -> Manifest:
        # Once: dbt would parse all over again whenever the variables change.
        if not self._manifest:
            parsed = dbtRunner().invoke(["parse", *self._flags]).result
            assert isinstance(parsed, Manifest)
            self._manifest.append(parsed)
        return self._manifest[0]

    @property
    def _flags(self) -> list[str]:
        # dbt never closes its log file, and an open file at exit is a warning.
        home = str(self.home)
        quiet = ["--quiet", "--log-level-file", "none"]
        return ["--project-dir", home, "--profiles-dir", home, *quiet]

    def dbt(self, command: str, *args: str, **variables: Any) -> dict[str, Outcome]:
        """The outcome of each node by name; fails where dbt itself failed."""
        result = dbtRunner(manifest=self._parsed()).invoke(
            [*command.split(), *args, *self._flags, "--vars", json.dumps(variables)]
        )
        assert result.exception is None, result.exception
        return {
            r.node.name: Outcome(
                r.status in (NodeStatus.Success, NodeStatus.Pass), " ".join(str(r.message).split())
            )
            for r in getattr(result.result, "results", ())
            if hasattr(r, "node")
        }

    def operation(self, macro: str, **arguments: Any) -> list[str]:
        """What `dbt run-operation` told, where it succeeds; else its error alone."""
        told: list[str] = []

        def listen(event: Any) -> None:
            if event.info.name in ("JinjaLogInfo", "RunningOperationCaughtError"):
                told.append(" ".join(event.info.msg.split()))

        dbtRunner(manifest=self._parsed(), callbacks=[listen]).invoke(
            ["run-operation", macro, "--args", json.dumps(arguments), *self._flags]
        )
        return told

    def loads(self) -> list[tuple[Any, ...]]:
        """All loads so far: model, relation, inserted, updated, unchanged, deleted."""
        return self.rows(
            "select model, relation, rows_inserted, rows_updated, rows_unchanged, rows_deleted"
            " from ops.model_loads order by load_id"
        )
