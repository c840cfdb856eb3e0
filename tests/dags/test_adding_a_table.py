"""docs/adding_a_table.md does what it says, in a copy of the project."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner

from extract.api import run_feed
from extract.catalog import read_catalog
from extract.migrate import migrate
from extract.settings import Connection, Project
from sandbox.postgres import EmbeddedPostgres
from tests.dags.conftest import ROOT

FEED, MODEL = "rental.r_service_center", "lv1_rental__r_service_center"
# A file's name in backquotes at the head of a paragraph, then its content.
BLOCK = re.compile(r"^`([\w/.]+)`[^`]*?\n\n```(?:yaml|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ERP = """
create schema dbo;
create table dbo.r_service_center (
    center_cd char(10) primary key, center_nm varchar(50), tel_no varchar(20), open_dt timestamp,
    use_yn char(1), insrt_dt timestamp not null, updt_dt timestamp not null
);
insert into dbo.r_service_center values
    ('S01', ' 강남센터 ', '02-0000-0001', '2015-03-02', 'Y', '2015-01-01', '2026-01-01'),
    ('S02', '부산센터', '', '1900-01-01', 'N', '2015-01-01', '2026-01-01');
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the page's files, and with nothing else that is new."""
    copy = tmp_path_factory.mktemp("project")
    for part in ("dbt_project", "seeds", "tests/dbt", "dags"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.yml", "connections.yml"):
        shutil.copy(ROOT / name, copy)
    page = (ROOT / "docs/adding_a_table.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert [Path(path).suffix for path, _ in blocks] == [".yml", ".sql"]
    for path, content in blocks:
        assert not (copy / path).exists()
        (copy / path).write_text(content, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A cluster with the new table in RENTAL, and an empty warehouse."""
    cluster = EmbeddedPostgres(tmp_path_factory.mktemp("erp"), preferred_port=0)
    cluster.start()
    try:
        for name in ("RENTAL", "warehouse"):
            cluster.create_database(name)
        with psycopg.connect(cluster.url("RENTAL")) as connection:
            connection.execute(ERP)
        migrate(Connection("warehouse", cluster.url("warehouse")), ["lv0"])
        yield cluster
    finally:
        cluster.stop()


def test_the_two_blocks_are_a_feed_that_is_extracted_built_and_rendered(
    project: Path,
    erp: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
    read_dags: Callable[[Path, Path], Any],
) -> None:
    feed = read_catalog(Project(project))[FEED]
    assert (feed.extract.table, feed.extract.key) == ("R_SERVICE_CENTER", ("CENTER_CD",))

    monkeypatch.setenv("STAIRWAY_PORT", str(erp.port))
    monkeypatch.setenv("STAIRWAY_DBNAME", "warehouse")
    monkeypatch.setenv("STAIRWAY_UNI_ERP_URL", erp.url("").rstrip("/"))
    assert run_feed(FEED, project).rows_inserted == 2

    done = build(project, f"source:{FEED}", MODEL)
    assert {name: status for name, status in done.items() if status != "pass"} == {MODEL: "success"}
    assert len(done) == 5
    with psycopg.connect(erp.url("warehouse")) as connection:
        rows = connection.execute(
            "select center_code, center_name, phone, is_in_use, opening_date::text"
            " from lv1.r_service_center order by center_code"
        ).fetchall()
    assert rows == [
        ("S01", "강남센터", "02-0000-0001", True, "2015-03-02"),
        ("S02", "부산센터", None, False, None),
    ]

    dag = read_dags(project / "dags", manifest_of(project)).dags["elt_nightly"]
    group = "lv0_rental__r_service_center"
    tasks = {task.task_id: task.downstream_task_ids for task in dag.tasks}
    assert tasks[f"{group}.extract"] == {f"{group}.test", f"{group}_verify"}
    assert tasks[f"{group}.test"] == {MODEL}
    assert tasks[MODEL] == set()


def build(project: Path, *selected: str) -> dict[str, str]:
    """Builds with dbt; the status of each node by its name. Fails where dbt has a complaint."""
    complaints: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level in ("warn", "error"):
            complaints.append(event.info.msg)

    outcome = dbtRunner(callbacks=[listen]).invoke(
        [
            "build", "--select", *selected, "--project-dir", str(project),
            "--profiles-dir", str(project), "--log-level-file", "none", "--quiet",
        ]
    )  # fmt: skip
    assert (outcome.exception, complaints) == (None, [])
    return {result.node.name: str(result.status) for result in outcome.result.results}


def manifest_of(project: Path) -> Path:
    """The manifest that dbt has just written, as a deployment would leave it."""
    from _stairway.manifest import digest_of_project

    path = project / "target" / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["project_digest"] = digest_of_project(project)
    content["exposures"] = {}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
