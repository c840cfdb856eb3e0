"""The materialization `hc_upsert` against simulated Heroku Connect tables, in a dbt project of its
own. dbt starts slowly, so each story runs once and many tests look at what it left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.heroku_connect import DrainReport, drain, hc_writes, install
from sandbox.postgres import EmbeddedPostgres
from tests.integration.hc_upsert_models import (
    CHILD,
    COLUMNS,
    MODEL_TYPES,
    MODELS,
    PUBLISHED,
    REFUSED,
    SMALL,
    SOURCE,
    TIDY,
)
from tests.integration.throwaway import Outcome, Throwaway


@dataclass(frozen=True)
class Step:
    """What one run of dbt gave, and what the log gained: table, action, external id, state."""

    outcomes: dict[str, Outcome]
    logged: list[tuple[Any, ...]]
    loads: dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Story:
    """Three publications with Salesforce taking the writes after each of the first two."""

    first: Step
    second: Step
    third: Step
    drained: DrainReport
    sfids: list[tuple[Any, ...]]
    sequences: list[int]
    tidy: list[list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def project(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Throwaway:
    home = tmp_path_factory.mktemp("hc_upsert")
    properties = [_properties(name) for name in MODELS]
    config = {"+schema": "hc", "+materialized": "hc_upsert", "+contract": {"enforced": True}}
    made = Throwaway.make(home, postgres, "hc_upsert", MODELS, properties, config)
    made.execute(SOURCE)
    return made


@pytest.fixture(scope="module")
def before_heroku_connect(project: Throwaway) -> dict[str, Outcome]:
    outcomes = project.dbt("run", "--select", "account")
    assert project.rows("select nspname from pg_namespace where nspname = 'hc'") == []
    return outcomes


@pytest.fixture(scope="module")
def mapped(project: Throwaway, before_heroku_connect: dict[str, Outcome]) -> Path:
    """The mappings with which the simulator was installed, some rows in the tables."""
    small = {"external_id": "k__c", "fields": SMALL}
    objects = {name: small for name in (*MODELS,) if name not in ("missing_table", "plain_table")}
    objects["tidy"] = {
        "external_id": "k__c",
        "fields": TIDY,
        "scales": {"won__c": 0, "share__c": 3},
    }
    objects["contract__c"] = {
        "external_id": "no__c", "fields": CHILD, "references": {"account__r__k__c": "account"},
    }  # fmt: skip
    path = project.home / "mappings.json"
    path.write_text(json.dumps(objects))
    install(project.url, path)
    project.execute(
        "create table hc.plain_table (id integer, isdeleted boolean, k__c text unique)",
        *(
            f"insert into hc.{name} (k__c, name, amount)"
            " select 'K' || i, 'old', i from generate_series(1, 30) as i"
            for name in (*REFUSED, "paused")
            if name in objects
        ),
    )
    return path


@pytest.fixture(scope="module")
def story(project: Throwaway, mapped: Path) -> Story:
    project.execute("truncate hc._trigger_log")
    first = _publish(project)
    drained = drain(project.url, mappings=mapped)
    tidy = [project.rows("select * from hc.tidy order by id")]
    project.execute(
        # What a poll may bring: a text that nobody trimmed, and a record deleted in Salesforce.
        "set xmlbinary = 'hex'; update hc.account set name = ' ' || name || ' ' where k__c = 'K50';"
        " update hc.account set isdeleted = true where k__c = 'K60'",
        "update public.account set name = 'other' where k in ('K9', 'K80', 'K700', 'K60')",
        "update public.account set amount = amount + 0.01 where k in ('K6000', 'K10')",
        "update public.account set amount = amount + 0.00000001 where k = 'K20'",
        "update public.account set amount = null where k = 'K11'",
        "update public.account set name = '' where k = 'K12'",
        "insert into public.account select 'N' || i, 'n', 1 from generate_series(1, 5) as i",
        "update public.contract set rank = -1 where right(no, 1) = '0'",
    )
    sfids = project.rows("select id, k__c, sfid from hc.account order by id")
    sequences = _sequence(project)
    second = _publish(project)
    sequences += _sequence(project)
    drain(project.url, mappings=mapped)
    tidy.append(project.rows("select * from hc.tidy order by id"))
    third = _publish(project)
    sequences += _sequence(project)
    return Story(first, second, third, drained, sfids, sequences, tidy)


def _properties(name: str) -> dict[str, Any]:
    columns = {"tidy": TIDY, "contract__c": CHILD, **COLUMNS}.get(name, SMALL)
    properties: dict[str, Any] = {
        "name": name,
        "columns": [{"name": c, "data_type": MODEL_TYPES.get(c, t)} for c, t in columns.items()],
    }
    if name == "no_contract":
        properties["config"] = {"contract": {"enforced": False}}
    if name in PUBLISHED:
        properties["columns"][0]["data_tests"] = [{"unique": {"name": f"{name}_key_is_unique"}}]
    return properties


def _publish(project: Throwaway) -> Step:
    project.execute("truncate ops.model_loads")
    seen = project.rows("select coalesce(max(id), 0) from hc._trigger_log")[0][0]
    outcomes = project.dbt("build", "--select", *PUBLISHED)
    logged = project.rows(
        "select table_name, action, coalesce(t.k__c, c.no__c), state from hc._trigger_log as l"
        " left join hc.account as t on table_name = 'account' and t.id = record_id"
        " left join hc.contract__c as c on table_name = 'contract__c' and c.id = record_id"
        f" where l.id > {seen} order by l.id"
    )
    return Step(outcomes, logged, {load[0]: load[1:] for load in project.loads()})


def _sequence(project: Throwaway) -> list[int]:
    return [project.rows("select last_value from hc.account_id_seq")[0][0]]


def _everything(project: Throwaway) -> dict[str, object]:
    """All that a refused publication could have touched in the schema hc."""
    tables = project.rows(
        "select relname, relkind, relfilenode from pg_class"
        " where relnamespace = 'hc'::regnamespace order by relname"
    )
    seen: dict[str, object] = {"": tables}
    for name, kind, _ in tables:
        # A rolled back write has taken numbers of the log; they never come back.
        if kind in ("r", "S") and name != "_trigger_log_id_seq":
            seen[name] = project.rows(f'select * from hc."{name}" order by 1')
    return seen


def test_dbt_does_not_make_the_schema_before_heroku_connect_does(
    before_heroku_connect: dict[str, Outcome],
) -> None:
    assert "hc.account does not exist" in before_heroku_connect["account"].message


def test_every_refusal_says_why_and_leaves_hc_untouched(project: Throwaway, mapped: Path) -> None:
    before = _everything(project)
    outcomes = project.dbt("run", "--select", *REFUSED)
    assert _everything(project) == before
    assert project.rows("select * from ops.model_loads") == []
    assert {name: outcome.ok for name, outcome in outcomes.items()} == dict.fromkeys(REFUSED, False)
    for name, (_, reason) in REFUSED.items():
        assert reason in outcomes[name].message


def test_a_full_refresh_is_refused(project: Throwaway, mapped: Path) -> None:
    before = _everything(project)
    outcomes = project.dbt("run", "--select", "paused", "--full-refresh")
    assert _everything(project) == before
    assert "hc.paused: --full-refresh is refused" in outcomes["paused"].message


def test_a_large_change_goes_through_when_allowed_and_a_paused_object_waits(
    project: Throwaway, mapped: Path
) -> None:
    paused = _everything(project)["paused"]
    outcomes = project.dbt(
        "run", "--select", "large_change", "paused",
        hc_allow_large_change=True, hc_pause=["paused"],
    )  # fmt: skip
    assert outcomes["large_change"] == Outcome(True, "UPDATE 10 INSERT 1")
    assert outcomes["paused"] == Outcome(True, "PAUSED")
    assert _everything(project)["paused"] == paused


def test_the_environment_names_objects_where_no_var_does(
    project: Throwaway, mapped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAIRWAY_HC_PAUSE", "account, paused")
    monkeypatch.setenv("STAIRWAY_HC_ALLOW_LARGE_CHANGE", "late_change")
    models = ("run", "--select", "late_change", "paused")
    refused = project.dbt(*models, hc_allow_large_change=["account"])
    assert "30 of 30 rows would be updated" in refused["late_change"].message
    assert refused["paused"] == Outcome(True, "PAUSED")
    outcomes = project.dbt(*models)
    assert outcomes["late_change"] == Outcome(True, "UPDATE 30 INSERT 0")
    assert outcomes["paused"] == Outcome(True, "PAUSED")


def test_a_field_that_comes_later_is_filled_in_as_many_rows_as_it_likes(
    project: Throwaway, mapped: Path
) -> None:
    project.execute(
        "insert into hc.late (k__c, name) select 'K' || i, 'new' from generate_series(1, 30) as i"
    )
    assert project.dbt("run", "--select", "late")["late"] == Outcome(True, "UPDATE 30 INSERT 0")


def test_pausing_an_object_that_nobody_publishes_is_an_error(
    project: Throwaway, mapped: Path
) -> None:
    outcomes = project.dbt("run", "--select", "paused", hc_pause=["pausd"])
    assert "`hc_pause` names pausd, which no hc model publishes" in outcomes["paused"].message


def test_the_catalogue_of_dbt_docs_shows_the_tables_of_heroku_connect(
    project: Throwaway, mapped: Path
) -> None:
    project.dbt("docs generate")
    catalogue = json.loads((project.home / "target/catalog.json").read_text())
    columns = catalogue["nodes"]["model.throwaway.account"]["columns"]
    assert {"sfid", "_hc_lastop", "k__c"} <= set(columns)


def test_a_first_load_inserts_every_row_and_passes_its_data_tests(story: Story) -> None:
    outcomes = story.first.outcomes
    assert outcomes["account"] == Outcome(True, "UPDATE 0 INSERT 10000")
    assert outcomes["account_key_is_unique"].ok
    assert story.first.loads == {
        "account": ("hc.account", 10000, 0, 0, 0),
        "contract__c": ("hc.contract__c", 100, 0, 0, 0),
        "tidy": ("hc.tidy", 3, 0, 0, 0),
    }
    assert story.drained == DrainReport({"account": 10000, "contract__c": 100, "tidy": 3}, {})


def test_seven_changed_and_five_new_of_ten_thousand_write_twelve_and_then_none(
    project: Throwaway, story: Story
) -> None:
    assert story.second.outcomes["account"].message == "UPDATE 7 INSERT 5"
    assert story.second.loads["account"] == ("hc.account", 5, 7, 9993, 0)
    account = [row[1:] for row in story.second.logged if row[0] == "account"]
    assert account == [
        *(("UPDATE", k, "NEW") for k in ("K10", "K11", "K12", "K6000", "K700", "K80", "K9")),
        *(("INSERT", k, "NEW") for k in ("N1", "N2", "N3", "N4", "N5")),
    ]
    assert story.third.logged == []
    assert {load[1:3] for load in story.third.loads.values()} == {(0, 0)}
    assert hc_writes(project.url)["account"] == 10012


def test_an_insert_takes_one_id_and_an_update_or_an_unchanged_row_takes_none(story: Story) -> None:
    assert story.sequences == [10000, 10005, 10005]


def test_sfids_survive_and_a_record_deleted_in_salesforce_is_left_alone(
    project: Throwaway, story: Story
) -> None:
    kept = project.rows("select id, k__c, sfid from hc.account where id <= 10000 order by id")
    assert kept == story.sfids
    assert project.rows("select name, isdeleted from hc.account where k__c = 'K60'") == [
        ("n60", True)
    ]


def test_children_are_written_in_the_order_of_their_parents(story: Story) -> None:
    def parent(number: str) -> tuple[str, str]:
        return f"K{1 + int(number[1:]) % 7}", number

    for step, action, count in ((story.first, "INSERT", 100), (story.second, "UPDATE", 10)):
        children = [row[2] for row in step.logged if row[:2] == ("contract__c", action)]
        assert len(children) == count
        assert children == sorted(children, key=parent)


def test_values_are_written_as_salesforce_keeps_them_so_that_its_poll_changes_nothing(
    story: Story,
) -> None:
    first, second = story.tidy
    assert [tuple(map(str, row[6:])) for row in first] == [
        ("T1", "a b", "line", "11.0", "1.001", "True", "1700-01-01", "4000-12-31 23:59:59",
         "2025-12-31 15:00:00"),
        ("T2", "None", "None", "0.0", "0.3", "False", "None", "None", "None"),
        ("T3", "None", "visit v", "None", "666666666.667", "False", "None", "None", "None"),
    ]  # fmt: skip
    assert second == first


def _log(project: Throwaway, table: str) -> list[tuple[Any, ...]]:
    """What a table has queued so far, with the external ids."""
    return project.rows(
        f"select action, k__c, l.values from hc._trigger_log as l left join hc.{table} as t"
        f" on t.id = record_id where table_name = '{table}' and state <> 'IGNORE' order by l.id"
    )


def test_a_refused_row_is_sent_again_when_it_changes_or_is_requeued_and_never_else(
    project: Throwaway, mapped: Path
) -> None:
    def publish() -> list[tuple[Any, ...]]:
        before = len(_log(project, "refused"))
        assert project.dbt("run", "--select", "refused")["refused"].ok
        return _log(project, "refused")[before:]

    def requeue(**arguments: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
        before = len(_log(project, "refused"))
        told = project.operation("requeue_failed", object="refused", **arguments)
        return told, _log(project, "refused")[before:]

    assert [row[:2] for row in publish()] == [("INSERT", f"K{i}") for i in (1, 2, 3)]
    drain(project.url, {"refused": {"K1", "K2"}}, mapped)
    assert publish() == []

    # By default it only says what it would do.
    would = "hc.refused: 2 refused record(s) would be queued again (dry_run): UNABLE_TO_LOCK_ROW 2."
    assert requeue() == ([f"{would} K1, K2"], [])
    k1 = {"id": 1, "k__c": "K1", "name": "n", "amount": 1}
    again = "hc.refused: 1 refused record(s) queued again: UNABLE_TO_LOCK_ROW 1. K1"
    assert requeue(keys=["K1", "K3"], dry_run=False) == ([again], [("INSERT", "K1", k1)])
    # It is queued already: nothing is queued twice.
    none = "hc.refused: 0 refused record(s) queued again"
    assert requeue(keys=["K1"], dry_run=False) == ([none], [])
    drain(project.url, {"refused": {"K2"}}, mapped)
    states = "select k__c, sfid is not null, _hc_lastop from hc.refused order by k__c"
    assert project.rows(states)[:2] == [("K1", True, "INSERTED"), ("K2", False, "FAILED")]

    project.execute("update public.refused set name = 'm' where k in ('K1', 'K2')")
    assert publish() == [("UPDATE", "K1", {"name": "m"}), ("UPDATE", "K2", {"name": "m"})]
    drain(project.url, {"refused": {"K1"}}, mapped)
    assert publish() == []
    # A record that Salesforce has is sent as an update of our fields, and of no others.
    assert requeue(message="it's not this", dry_run=False) == ([none], [])
    fields = {"k__c": "K1", "name": "m", "amount": 1}
    assert requeue(message="exclusive ACCESS", dry_run=False) == (
        [again],
        [("UPDATE", "K1", fields)],
    )
    drain(project.url, mappings=mapped)
    assert {row[1:] for row in project.rows(states)} <= {(True, "INSERTED"), (True, "UPDATED")}


def test_a_requeue_of_what_nobody_publishes_or_with_odd_arguments_is_refused(
    project: Throwaway, mapped: Path
) -> None:
    [unknown] = project.operation("requeue_failed", object="refusd", dry_run=False)
    assert "No hc model publishes `refusd`; there are account, broken_contract" in unknown
    [odd] = project.operation("requeue_failed", object="refused", keys="K1", dry_run=False)
    assert "`keys` (a list)" in odd


def test_a_field_that_salesforce_keeps_changing_is_counted_once_a_round(
    project: Throwaway, mapped: Path
) -> None:
    def round_of(*statements: str) -> list[tuple[Any, ...]]:
        """What Salesforce or the ERP did, then a publication; the contests known after it."""
        project.execute(*statements)
        assert project.dbt("run", "--select", "contested")["contested"].ok
        drain(project.url, mappings=mapped)
        return project.rows(
            "select relation, external_id, field, rounds from ops.hc_contests order by 2, 3"
        )

    polled = "set xmlbinary = 'hex'; update hc.contested set name = '{}' where k__c = 'K1'"
    assert round_of() == []
    assert round_of("update public.contested set name = 'erp' where k = 'K1'") == []
    assert round_of(polled.format("them")) == [("hc.contested", "K1", "name", 1)]
    assert round_of() == [("hc.contested", "K1", "name", 1)]
    # What the ERP changes itself is no contest.
    changed = "update public.contested set amount = 7 where k = 'K2'"
    assert round_of(changed, polled.format("new")) == [("hc.contested", "K1", "name", 2)]
    assert project.rows("select name from hc.contested where k__c = 'K1'") == [("erp",)]
    # A week without another round ends it.
    past = "update ops.hc_contests set last_at = last_at - interval '8 days'"
    assert round_of(past) == []
