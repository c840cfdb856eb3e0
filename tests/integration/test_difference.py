"""The incremental strategy `difference` on a real Postgres, in a dbt project of its own. dbt starts
slowly, so one story runs and the tests look at what each step left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.integration.throwaway import Outcome, Throwaway

THING = "select k, part, name, doc, seen from public.thing where not is_hidden"
CONFIG = {
    "+materialized": "incremental",
    "+incremental_strategy": "difference",
    "+schema": "lv1",
    "+post-hook": "{{ report_model_load() }}",
}
MODELS = {
    "mirror": (
        "{{ config(unique_key=['k', 'part'], difference_deletes=true,"
        " indexes=[{'columns': ['k', 'part'], 'unique': true}]) }} " + THING
    ),
    "delta": "{{ config(unique_key='k', difference_ignore=['seen']) }} "
    "select k, name, seen from public.thing where part = 1 and not is_hidden",
    # Its schema is not there yet: dbt makes it, as it does for all but Heroku Connect's.
    "keys_only": "{{ config(unique_key='k', schema='made_by_dbt') }} "
    "select distinct k from public.thing",
}
FAULTY = {
    "no_key": "select 1 as k",
    "odd_key": "{{ config(unique_key=['k', 'q'], difference_ignore='z') }} select 1 as k",
    "predicates": "{{ config(unique_key='k', incremental_predicates=['true']) }} select 1 as k",
    "null_key": "{{ config(unique_key='k') }} select k from public.faulty where k is null or k < 8",
    "double_key": "{{ config(unique_key='k') }} select k from public.faulty",
}
SOURCE = """
create table public.thing (
    k text, part integer, name text, doc json, seen timestamptz, is_hidden boolean default false
);
insert into public.thing (k, part, name, doc, seen)
select 'K' || i % 500, 1 + i / 500, nullif(i % 7, 0)::text, json_build_object('i', i), '2026-01-01'
from generate_series(0, 999) as i;
create table public.faulty (k integer);
"""
CHANGE = """
update public.thing set name = 'new' where k in ('K1', 'K2') and part = 1;
update public.thing set name = null where k = 'K3' and part = 2;
update public.thing set doc = '{"i": -1}' where k = 'K4' and part = 2;
update public.thing set seen = '2026-02-02' where k = 'K5' and part = 1;
delete from public.thing where k = 'K6';
insert into public.thing (k, part, name) values ('N1', 1, 'n'), ('N2', 1, null), ('N2', 2, null);
insert into public.faulty values (null), (1), (2), (2), (8), (8);
"""


@dataclass(frozen=True)
class Step:
    """What one run of dbt gave: outcomes by node, counts by model, the rows of `lv1.mirror`."""

    outcomes: dict[str, Outcome]
    loads: dict[str, tuple[Any, ...]]
    mirror: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Story:
    """A first build, a change together with faulty models, no change, a full refresh."""

    project: Throwaway
    first: Step
    changed: Step
    unchanged: Step
    refreshed: Step
    indexes: list[list[tuple[Any, ...]]]
    faulty: list[list[list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def story(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Story:
    home = tmp_path_factory.mktemp("difference")
    project = Throwaway.make(home, postgres, "difference", MODELS | FAULTY, [], CONFIG)
    project.execute(SOURCE)
    first = _step(project)
    indexes = [_indexes(project)]
    faulty = [_faulty(project)]
    project.execute(CHANGE)
    changed = _step(project)
    faulty.append(_faulty(project))
    unchanged = _step(project, "--select", *MODELS)
    refreshed = _step(project, "--select", "mirror", "--full-refresh")
    indexes.append(_indexes(project))
    return Story(project, first, changed, unchanged, refreshed, indexes, faulty)


def _step(project: Throwaway, *args: str) -> Step:
    project.execute("truncate ops.model_loads")
    outcomes = project.dbt("run", *args)
    mirror = project.rows(
        "select k, part, name, doc::text, seen::text, xmin::text from lv1.mirror order by k, part"
    )
    return Step(outcomes, {load[0]: load[2:] for load in project.loads()}, mirror)


def _indexes(project: Throwaway) -> list[tuple[Any, ...]]:
    return project.rows(
        "select indisunique, pg_get_indexdef(indexrelid) like '%(k, part)' from pg_index"
        " where indrelid = 'lv1.mirror'::regclass"
    )


def _faulty(project: Throwaway) -> list[list[tuple[Any, ...]]]:
    return [project.rows(f"select *, xmin::text from lv1.{name} order by 1") for name in FAULTY]


def test_a_first_build_and_a_full_refresh_count_every_row_as_inserted(story: Story) -> None:
    assert all(outcome.ok for outcome in story.first.outcomes.values())
    assert {name: story.first.loads[name] for name in MODELS} == {
        "mirror": (1000, 0, 0, 0),
        "delta": (500, 0, 0, 0),
        "keys_only": (500, 0, 0, 0),
    }
    assert story.first.outcomes["mirror"].message == "UPDATE 0 INSERT 1000"
    assert story.refreshed.loads == {"mirror": (1001, 0, 0, 0)}


def test_the_configured_index_is_there_after_a_build_and_a_full_refresh(story: Story) -> None:
    assert story.indexes == [[(True, True)]] * 2


def test_a_change_is_counted_exactly(story: Story) -> None:
    # Three names and a json changed, and a time of seeing, which `delta` does not compare.
    assert {name: story.changed.loads.get(name) for name in MODELS} == {
        "mirror": (3, 5, 993, 2),
        "delta": (2, 2, 497, 0),
        "keys_only": (2, 0, 499, 0),
    }
    assert story.changed.outcomes["mirror"].message == "UPDATE 5 INSERT 3 DELETE 2"
    assert story.changed.outcomes["delta"].message == "UPDATE 2 INSERT 2"


def test_only_the_rows_that_differ_are_rewritten(story: Story) -> None:
    before = set(story.first.mirror)
    rewritten = [f"{row[0]}-{row[1]}" for row in story.changed.mirror if row not in before]
    assert rewritten == ["K1-1", "K2-1", "K3-2", "K4-2", "K5-1", "N1-1", "N2-1", "N2-2"]


def test_a_recomputed_model_equals_its_query_and_a_delta_keeps_what_is_gone(story: Story) -> None:
    expected = story.project.rows(
        f"select k, part, name, doc::text, seen::text from ({THING}) as t order by k, part"
    )
    assert [row[:5] for row in story.changed.mirror] == expected
    assert story.project.rows("select k from lv1.delta where k = 'K6'") == [("K6",)]


def test_no_change_writes_nothing(story: Story) -> None:
    assert {outcome.message for outcome in story.unchanged.outcomes.values()} == {
        "UPDATE 0 INSERT 0"
    }
    assert story.unchanged.loads == {
        "mirror": (0, 0, 1001, 0),
        "delta": (0, 0, 501, 0),
        "keys_only": (0, 0, 501, 0),
    }
    assert story.unchanged.mirror == story.changed.mirror


def test_missing_configs_and_null_or_double_keys_are_refused_and_nothing_is_written(
    story: Story,
) -> None:
    outcomes = {name: story.changed.outcomes[name] for name in FAULTY}
    assert not any(outcome.ok for outcome in outcomes.values())
    reasons = {
        "no_key": "lv1.no_key: the strategy `difference` needs the config `unique_key`",
        "odd_key": "the configs `unique_key` and `difference_ignore` name q, z, which the table",
        "predicates": "takes no `incremental_predicates`",
        "null_key": "lv1.null_key: 1 row(s) have no k.",
        "double_key": "2 value(s) of k come more than once, such as 2; 8.",
    }
    for name, reason in reasons.items():
        assert reason in outcomes[name].message
    assert "1 row(s) have no k." in outcomes["double_key"].message
    assert story.faulty[0] == story.faulty[1]
    assert not set(FAULTY) & set(story.changed.loads)
