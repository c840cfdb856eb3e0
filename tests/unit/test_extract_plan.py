"""What a run decides to read, and what of an interrupted one it keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extract.errors import ConfigurationError
from extract.plan import Checkpoint, FeedState, Plan, make_plan
from extract.shape import Index, TableShape
from tests.unit.extract_samples import column, feed, shape

NOW = datetime(2026, 1, 10, tzinfo=UTC)
K, V = column("K", "character varying(9)"), column("V", "text", nullable=True)
U = column("U", "timestamp without time zone")
TABLE = shape(K, V, U, key=("K",))
LV0 = {column.lv0_name: column.lv0_type for column in TABLE.columns}
INCREMENTAL = {"mode": "incremental", "cursor": "u", "full_every": "7d"}
DONE = FeedState("2026-01-09 00:00:00", NOW - timedelta(hours=1), NOW - timedelta(days=1))


def plan(
    table: TableShape = TABLE,
    state: FeedState = DONE,
    lv0: dict[str, str] | None = LV0,
    *,
    complete: bool = False,
    sweep: bool = False,
    **extract: Any,
) -> Plan:
    return make_plan(feed(**extract), table, lv0, state, NOW, complete=complete, sweep=sweep)


def kinds(found: Plan) -> list[str]:
    return [segment.kind for segment in found.segments]


def test_a_first_load_is_complete_and_becomes_the_table_itself() -> None:
    found = plan(lv0=None, state=FeedState(), **INCREMENTAL)
    assert (found.is_complete, found.straight, found.reason) == (True, True, "first load")
    assert (kinds(found), found.lower) == (["rows"], None)


def test_a_snapshot_reads_all_rows() -> None:
    found = plan()
    assert (found.is_complete, found.straight, kinds(found)) == (True, False, ["rows"])


def test_an_incremental_pass_sweeps_the_keys_first_and_reads_from_the_last_mark() -> None:
    found = plan(**INCREMENTAL)
    assert (found.is_complete, kinds(found)) == (False, ["keys", "changed"])
    assert found.lower == DONE.last_mark
    assert [c.name for c in found.segments[0].columns] == ["K"]


def test_rows_without_a_cursor_are_a_segment_of_their_own_where_there_can_be_any() -> None:
    table = shape(K, replace(U, nullable=True), key=("K",))
    assert kinds(plan(table, lv0=None, **INCREMENTAL)) == ["rows"]
    lv0 = {"k": K.lv0_type, "u": U.lv0_type}
    assert kinds(plan(table, lv0=lv0, **INCREMENTAL)) == ["keys", "undated", "changed"]


@pytest.mark.parametrize(
    ("state", "complete", "reason"),
    [
        (DONE, True, "as asked"),
        (replace(DONE, last_mark=None), False, "no complete one so far"),
        (replace(DONE, last_complete_at=None), False, "no complete one so far"),
        (replace(DONE, last_complete_at=NOW - timedelta(days=7)), False, "the last one was"),
    ],
)
def test_a_complete_pass_is_made_when_it_is_due(
    state: FeedState, complete: bool, reason: str
) -> None:
    found = plan(state=state, complete=complete, **INCREMENTAL)
    assert found.is_complete and reason in found.reason
    assert (kinds(found), found.lower) == (["rows"], None)


@pytest.mark.parametrize(
    ("minutes", "sweep", "swept"), [(59, False, False), (60, False, True), (1, True, True)]
)
def test_the_keys_are_swept_when_it_is_due_or_asked(minutes: int, sweep: bool, swept: bool) -> None:
    state = replace(DONE, last_swept_at=NOW - timedelta(minutes=minutes))
    found = plan(state=state, sweep=sweep, sweep_every="1h", **INCREMENTAL)
    assert ("keys" in kinds(found)) == swept


def test_an_index_on_the_cursor_gives_the_order_of_changed_rows() -> None:
    by_key = plan(**INCREMENTAL).segments[1]
    indexed = shape(K, V, U, key=("K",), indexes=(Index(("U",), False),))
    by_cursor = plan(indexed, **INCREMENTAL).segments[1]
    assert [c.name for c in by_key.order] == ["K"]
    assert [c.name for c in by_cursor.order] == ["U", "K"]
    assert by_key.paged and by_cursor.paged


@pytest.mark.parametrize(
    ("indexes", "proven", "paged"),
    [
        ((), False, False),
        ((Index(("K",), False),), False, False),
        ((Index(("K",), True),), True, True),
        ((Index(("V", "K"), True),), False, False),
    ],
)
def test_a_key_that_the_source_does_not_prove_is_read_in_one_stream(
    indexes: tuple[Index, ...], proven: bool, paged: bool
) -> None:
    found = plan(shape(K, V, U, indexes=indexes), key="k")
    assert (found.proven, found.segments[0].paged) == (proven, paged)


def test_what_an_interrupted_run_committed_is_kept() -> None:
    held = plan(**INCREMENTAL).first_checkpoint(NOW)
    held = replace(held, pages=3, after=("x",), lower="2026-01-01", upper="2026-01-08")
    found = plan(state=replace(DONE, checkpoint=held), sweep_every="9d", **INCREMENTAL)
    assert found.resumes == held
    assert (kinds(found), found.lower) == (["keys", "changed"], "2026-01-01")
    assert found.reason == "goes on after 3 committed pages of an interrupted run"


@pytest.mark.parametrize(
    ("table", "complete", "extract"),
    [
        (shape(K, V, U, column("N"), key=("K",)), False, INCREMENTAL),
        (shape(K, V, U, key=("K",), indexes=(Index(("U",), False),)), False, INCREMENTAL),
        (TABLE, True, INCREMENTAL),
        (TABLE, False, {"database": "UNIERP5", **INCREMENTAL}),
        (TABLE, False, {}),
    ],
    ids=["new column", "other index", "complete", "other database", "no cursor"],
)
def test_what_was_read_otherwise_is_not_kept(
    table: TableShape, complete: bool, extract: dict[str, Any]
) -> None:
    held = plan(**INCREMENTAL).first_checkpoint(NOW)
    state = replace(DONE, checkpoint=held)
    assert plan(table, state, complete=complete, **extract).resumes is None


def test_a_checkpoint_reads_back_as_it_was_written() -> None:
    held = replace(plan().first_checkpoint(NOW), after=("가", "\\"), staged={"rows": 3}, upper="x")
    assert Checkpoint.from_mapping(json.loads(held.to_json())) == held


def test_rows_set_aside_count_since_the_last_pass_that_read_all() -> None:
    assert plan().first_checkpoint(NOW).rejected_since == NOW.isoformat()
    since = plan(**INCREMENTAL).first_checkpoint(NOW).rejected_since
    assert since == (NOW - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("extract", "told"),
    [
        ({"key": ["K", "X"]}, r"Key column `X` is not in `RENTAL\.dbo\.T`; it has K, V, U\..*key"),
        (
            {"mode": "incremental", "cursor": "UPDT"},
            r"Cursor column `UPDT` is not in .* `config\.meta\.extract\.cursor` of rental\.t in",
        ),
    ],
)
def test_a_column_that_is_not_there_is_told_with_those_that_are(
    extract: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as error:
        plan(**extract)
    assert error.value.feed == "rental.t"


def test_a_table_without_a_key_needs_one_in_the_catalogue() -> None:
    with pytest.raises(ConfigurationError, match="has no primary key"):
        plan(shape(K, V, U))


def test_a_name_that_fits_two_columns_but_for_case_must_be_exact() -> None:
    table = shape(column("k"), column("K"), key=("k",))
    assert table.column("K") == column("K")
    assert shape(column("kk"), column("Kk")).column("KK") is None
