"""Every target of hc is guarded, not only those that somebody thought of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.postgres import EmbeddedPostgres
from tests.e2e.copies import copied, dbt, run, warehouse

MODELS = "dbt_project/models/hc"
Change = Callable[[str, list[str]], str]


def nothing(rows: str, columns: list[str]) -> str:
    return f"select * from {rows}"


def without_keys(rows: str, columns: list[str]) -> str:
    key, *others = columns
    return f"select null::varchar(20) as {key}, {', '.join(others)} from {rows}"


def doubled(rows: str, columns: list[str]) -> str:
    return f"select * from {rows} union all select * from {rows}"


def changed(rows: str, columns: list[str]) -> str:
    """Every third row is another one."""
    third = f"row_number() over (order by {columns[0]}) % 3 = 0"
    values = [
        f"erp_deleted__c <> ({third}) as erp_deleted__c" if name == "erp_deleted__c" else name
        for name in columns
    ]
    return f"select {', '.join(values)} from {rows}"


@pytest.fixture(scope="module")
def port(project: Path) -> int:
    """Where the warehouse is, once the whole stair has been run."""
    if not (project / ".sandbox" / "last_run.json").exists():
        run(project)
    return EmbeddedPostgres(project / ".sandbox" / "postgres").port


@pytest.fixture
def changeable(tmp_path: Path) -> Path:
    """A copy of the models; a target whose parent fails is tried all the same."""
    copy = copied(tmp_path, ("dbt_project", "seeds", "tests/dbt"))
    for model in (copy / MODELS).glob("*.sql"):
        text = model.read_text()
        model.write_text(re.sub(r"-- depends_on: .*\n", "", text))
    return copy


@pytest.fixture
def targets(project: Path, port: int) -> Iterator[list[str]]:
    """The tables of hc; afterwards none of their rows is another one."""
    before = contents(project)
    yield [name for name in before if name != "_trigger_log"]
    assert contents(project) == before


def contents(project: Path) -> dict[str, tuple[int, str]]:
    """The number of rows of each table of hc, and a digest of them."""
    with warehouse(project) as connection:
        names = connection.execute(
            "select relname from pg_class where relnamespace = 'hc'::regnamespace"
            " and relkind = 'r' order by relname"
        ).fetchall()
        found = {}
        for (name,) in names:
            row = connection.execute(
                f"select count(*), coalesce(md5(string_agg(t::text, '|' order by id)), '')"
                f" from hc.{name} as t".encode()
            ).fetchone()
            assert row is not None
            found[name] = row
    return found


@pytest.mark.parametrize(
    ("change", "flags", "said"),
    [
        (nothing, ["--full-refresh"], "--full-refresh is refused"),
        (without_keys, [], "row(s) have no "),
        (doubled, [], "come more than once"),
        (changed, [], "rows would be updated, more than the share of 0.3"),
    ],
    ids=["full refresh", "null keys", "double keys", "a third of the rows changed"],
)
def test_a_target_is_left_as_it_is(
    targets: dict[str, int],
    port: int,
    changeable: Path,
    change: Change,
    flags: list[str],
    said: str,
) -> None:
    for name in targets:
        model = changeable / MODELS / f"hc__{name}.sql"
        text, found, rows = model.read_text().rpartition("select * from ")
        assert found
        described = yaml.safe_load(model.with_suffix(".yml").read_text())["models"][0]["columns"]
        model.write_text(text + change(rows.strip(), [column["name"] for column in described]))

    done = dbt(changeable, port, "run", "-s", "path:" + MODELS, *flags)

    refused = set(re.findall(rf"hc\.(\w+): [^\n]*{re.escape(said)}", done.stdout))
    assert refused == set(targets), done.stdout


@pytest.mark.parametrize("away", ["table", "column"])
def test_what_is_not_mapped_is_not_written(
    targets: list[str], project: Path, port: int, changeable: Path, away: str
) -> None:
    moves = {
        "table": ("alter table hc.{0} rename to {0}_away", "alter table hc.{0}_away rename to {0}"),
        "column": (
            "alter table hc.{0} rename erp_deleted__c to away__c",
            "alter table hc.{0} rename away__c to erp_deleted__c",
        ),
    }
    said = {
        "table": "does not exist, and only Heroku Connect may create it",
        "column": "the columns do not fit. Not mapped: erp_deleted__c.",
    }
    there, back = moves[away]
    with warehouse(project) as connection:
        for name in targets:
            connection.execute(there.format(name).encode())
    try:
        done = dbt(changeable, port, "run", "-s", "path:" + MODELS)
    finally:
        with warehouse(project) as connection:
            for name in targets:
                connection.execute(back.format(name).encode())

    refused = set(re.findall(rf"hc\.(\w+):? {re.escape(said[away])}", done.stdout))
    assert refused == set(targets), done.stdout
