"""The old list of dependencies where it is kept: in a database."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from extract.audit import Edge, read_completed, read_edges
from extract.errors import ConfigurationError
from extract.settings import Project
from sandbox.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def hub(postgres: EmbeddedPostgres) -> str:
    postgres.create_database("old_hub")
    with psycopg.connect(postgres.url("old_hub")) as connection:
        connection.execute("create table dependency_manager (tobe_dag text, asis_dag text)")
        connection.execute(
            "create table dag_log"
            " (dag_id text, completion_date date, completion_datetime timestamp)"
        )
        connection.execute("insert into dependency_manager values ('B ', 'A'), ('b', 'a')")
        connection.execute(
            "insert into dag_log values ('A', '2026-01-01', null), ('b', null, null)"
        )
    return postgres.url("old_hub")


def test_rows_are_read_by_url_and_by_connection_name(hub: str, tmp_path: Path) -> None:
    (tmp_path / "connections.yml").write_text(json.dumps({"data_hub": {"url": hub}}))
    for place in (hub, "data_hub"):
        assert read_edges(Project(tmp_path), place) == [Edge("b", "a")]
        assert read_completed(Project(tmp_path), place) == {"a"}


def test_a_database_without_the_table_is_one_line_without_the_login(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    url = postgres.url("postgres").replace("//stairway@", "//stairway:secret@")
    with pytest.raises(ConfigurationError, match='relation "dependency_manager" does not') as got:
        read_edges(Project(tmp_path), url)
    assert "secret" not in str(got.value) and "\n" not in str(got.value)
