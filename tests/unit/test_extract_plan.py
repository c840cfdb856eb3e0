"""What a run decides to read, and what of an interrupted one it keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extract.errors import ConfigurationError
from extract.plan import Checkpoint, FeedState, Lv0, Plan, Sweep, make_plan
from extract.shape import Index, TableShape
from tests.unit.extract_samples import column, feed, shape

NOW = datetime(2026, 1, 10, tzinfo=UTC)
K, V = column("K", "character varying(9)"), column("V", "text", nullable=True)
U = column("U", "timestamp without time zone")
TABLE = shape(K, V, U, key=("K",))
LV0 = Lv0({column.lv0_name: column.lv0_type for column in TABLE.columns}, ("k",), 500)
INCREMENTAL = {"mode": "incremental", "cursor": "u", "full_every": "7d"}
WINDOW = {"mode": "window", "cursor": "u", "window": "3h"}
APPEND = {"mode": "append", "cursor": "u"}
DONE = FeedState(("2026-01-09 00:00:00",), NOW - timedelta(hours=21), NOW - timedelta(days=1))


def plan(
    table: TableShape = TABLE,
    state: FeedState = DONE,
    lv0: Lv0 | None = LV0,
    *,
    complete: bool = False,
    sweep: bool = False,
    can_copy: bool = False,
    place: str = "",
    **extract: Any,
) -> Plan:
    return make_plan(
        feed(**extract), table, lv0, state, NOW,
        complete=complete, sweep=sweep, can_copy=can_copy, place=place,
    )  # fmt: skip


def kinds(found: Plan) -> list[str]:
    return [segment.kind for segment in found.segments()]


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
    assert [c.name for c in found.segments()[0].columns] == ["K"]


def test_rows_without_a_cursor_are_a_segment_of_their_own_where_there_can_be_any() -> None:
    table = shape(K, replace(U, nullable=True), key=("K",))
    assert kinds(plan(table, lv0=None, **INCREMENTAL)) == ["rows"]
    lv0 = Lv0({"k": K.lv0_type, "u": U.lv0_type}, ("k",))
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
    by_key = plan(**INCREMENTAL).segments()[1]
    indexed = shape(K, V, U, key=("K",), indexes=(Index(("U",), False),))
    by_cursor = plan(indexed, **INCREMENTAL).segments()[1]
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
    assert (found.proven, found.segments()[0].paged) == (proven, paged)


def test_what_an_interrupted_run_committed_is_kept() -> None:
    held = plan(**INCREMENTAL).first_checkpoint(NOW)
    held = replace(held, lower=("2026-01-01",), upper=("2026-01-08",), upper_fixed=True)
    found = plan(state=replace(DONE, checkpoint=held), sweep_every="9d", **INCREMENTAL)
    assert found.resumes == held
    assert (kinds(found), found.lower) == (["keys", "changed"], ("2026-01-01",))
    assert found.reason == "goes on where an interrupted run stopped"


@pytest.mark.parametrize(
    ("table", "complete", "extract"),
    [
        (shape(K, V, U, column("N"), key=("K",)), False, INCREMENTAL),
        (shape(K, V, U, key=("K",), indexes=(Index(("U",), False),)), False, INCREMENTAL),
        (TABLE, True, INCREMENTAL),
        (TABLE, False, {"database": "UNIERP5", **INCREMENTAL}),
        (TABLE, False, {}),
        (TABLE, False, {**INCREMENTAL, "key": ["K", "V"]}),
        (TABLE, False, {**INCREMENTAL, "cursor": ["u", "v"]}),
        (TABLE, False, {**INCREMENTAL, "mode": "append"}),
    ],
    ids=[
        "new column",
        "other index",
        "complete",
        "other database",
        "no cursor",
        "other key",
        "other cursor",
        "other mode",
    ],
)
def test_what_was_read_otherwise_is_not_kept(
    table: TableShape, complete: bool, extract: dict[str, Any]
) -> None:
    held = plan(**INCREMENTAL).first_checkpoint(NOW)
    state = replace(DONE, checkpoint=held)
    assert plan(table, state, complete=complete, **extract).resumes is None


def test_pages_of_another_server_are_not_kept() -> None:
    held = plan(place="postgresql://a/x", **INCREMENTAL).first_checkpoint(NOW)
    state = replace(DONE, checkpoint=held)
    assert plan(state=state, place="postgresql://a/x", **INCREMENTAL).resumes == held
    assert plan(state=state, place="postgresql://b/x", **INCREMENTAL).resumes is None


def test_pages_read_by_another_driver_are_not_kept_where_they_are_of_another_form() -> None:
    table = shape(replace(K, copied="k"), replace(V, stage_type="bytea", copied="v"), key=("K",))
    lv0 = Lv0({"k": K.lv0_type, "v": "text"}, ("k",))
    held = plan(table, lv0=lv0, can_copy=True).first_checkpoint(NOW)
    state = replace(DONE, checkpoint=held)
    assert plan(table, state, lv0, can_copy=True).resumes == held
    assert plan(table, state, lv0).resumes is None


@pytest.mark.parametrize(
    "sweep", [None, Sweep("md5", 64, None, 9), Sweep("md5", 64, (1, 5), 9), Sweep("md5", 64, (), 9)]
)
def test_a_checkpoint_reads_back_as_it_was_written(sweep: Sweep | None) -> None:
    held = replace(
        plan().first_checkpoint(NOW, ["가", "\\"]), upper=("x", ""), lower=("1",), sweep=sweep
    )
    assert Checkpoint.from_mapping(json.loads(held.to_json())) == held


@pytest.mark.parametrize("damage", [{"odd": 1}, {"kinds": 1}])
def test_a_checkpoint_of_another_release_is_told_by_its_fields(damage: dict[str, Any]) -> None:
    content = json.loads(plan().first_checkpoint(NOW).to_json())
    with pytest.raises((KeyError, TypeError)):
        Checkpoint.from_mapping({**content, **damage})
    with pytest.raises(KeyError):
        Checkpoint.from_mapping({name: content[name] for name in content if name != "bounds"})


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


def test_a_table_without_a_key_is_read_whole_and_as_a_multiset() -> None:
    found = plan(shape(K, V, U), lv0=replace(LV0, key=()))
    (segment,) = found.segments()
    assert (found.key, segment.order, segment.paged, found.can_split) == ((), (), False, False)
    assert (found.is_complete, found.proven, found.rekeyed) == (True, False, False)


def test_a_table_without_a_key_has_no_order_to_go_on_in() -> None:
    table, lv0 = shape(K, V, U), replace(LV0, key=())
    held = plan(table, lv0=lv0).first_checkpoint(NOW)
    assert plan(table, replace(DONE, checkpoint=held), lv0).resumes is None


@pytest.mark.parametrize(
    ("table", "extract", "told"),
    [
        (replace(shape(K, V, U), is_view=True), {}, "has no primary key and is a view"),
        (shape(K, V, U), INCREMENTAL, "has no primary key and is read in mode incremental"),
        (shape(K, V, U), WINDOW, "has no primary key and is read in mode window"),
        (shape(K, V, U), APPEND, "has no primary key and is read in mode append"),
    ],
)
def test_a_view_and_a_mode_with_a_cursor_need_a_key(
    table: TableShape, extract: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        plan(table, **extract)


@pytest.mark.parametrize(
    ("extract", "expected"),
    [
        ({}, ["rows"]),
        (INCREMENTAL, ["keys", "undated", "changed"]),
        (WINDOW, ["window", "strays"]),
        (APPEND, ["undated", "changed"]),
    ],
    ids=["snapshot", "incremental", "window", "append"],
)
def test_each_mode_reads_segments_of_its_own(extract: dict[str, Any], expected: list[str]) -> None:
    table = shape(K, V, replace(U, nullable=True), key=("K",))
    found = plan(table, **extract)
    assert kinds(found) == expected
    assert found.is_complete == (expected == ["rows"])
    stages = {segment.stage for segment in found.segments()}
    assert found.stages == tuple(sorted(stages))
    assert kinds(plan(table, lv0=None, **extract)) == ["rows"]


def test_an_append_only_table_is_never_read_in_full_again() -> None:
    old = replace(DONE, last_complete_at=NOW - timedelta(days=999))
    assert not plan(state=old, **APPEND).is_complete
    assert plan(state=old, **WINDOW).is_complete and plan(state=old, **INCREMENTAL).is_complete


def test_a_cursor_of_several_columns_orders_by_all_of_them_and_then_by_the_key() -> None:
    index = Index(("U", "V"), False)
    table = shape(K, V, U, key=("K",), indexes=(index,))
    found = plan(table, **{**INCREMENTAL, "cursor": ["u", "v"]}).segments()[-1]
    assert [c.name for c in found.order] == ["U", "V", "K"]
    by_key = plan(table, **{**INCREMENTAL, "cursor": ["v", "u"]}).segments()[-1]
    assert [c.name for c in by_key.order] == ["K"]


@pytest.mark.parametrize(
    ("before", "extract", "told"),
    [
        ({"mode": "snapshot"}, INCREMENTAL, "the mode was snapshot"),
        ({"mode": "incremental"}, APPEND, "the mode was incremental"),
        ({"mode": "incremental", "cursor": ["V"]}, INCREMENTAL, "the cursor was V"),
        ({"mode": "incremental", "cursor": []}, INCREMENTAL, "the cursor was none"),
        ({"mode": "incremental", "cursor": ["U", "V"]}, INCREMENTAL, "the cursor was U, V"),
    ],
)
def test_a_mode_or_a_cursor_that_changed_since_the_last_run_needs_a_complete_pass(
    before: dict[str, Any], extract: dict[str, Any], told: str
) -> None:
    found = plan(state=replace(DONE, definition=before), **extract)
    assert found.is_complete and told in found.reason
    assert (kinds(found), found.rekeyed) == (["rows"], False)


def test_a_cursor_named_in_another_case_is_the_same_one() -> None:
    same = {"mode": "incremental", "cursor": ["U"], "key": ["K"]}
    assert not plan(state=replace(DONE, definition=same), **INCREMENTAL).is_complete
    assert plan(**INCREMENTAL).definition == same


@pytest.mark.parametrize(
    ("held", "told"), [(("v",), "lv0's key was v"), ((), "lv0's key was none")]
)
def test_another_key_than_lv0_s_needs_a_complete_pass_and_a_new_key(
    held: tuple[str, ...], told: str
) -> None:
    found = plan(lv0=replace(LV0, key=held), **INCREMENTAL)
    assert found.is_complete and found.rekeyed and told in found.reason


def test_rows_are_copied_through_where_every_column_can_and_every_segment_is_paged() -> None:
    k, v = replace(K, copied="kk"), replace(V, expression="send(v)", stage_type="x", copied="vv")
    lv0 = Lv0({"k": K.lv0_type, "v": V.lv0_type}, ("k",))
    found = plan(shape(k, v, key=("K",)), lv0=lv0, can_copy=True)
    assert found.copies
    assert [(c.expression, c.stage_type) for c in found.shape.columns] == [
        ("kk", K.lv0_type), ("vv", V.lv0_type),
    ]  # fmt: skip
    keyless = plan(shape(k, v), lv0=replace(lv0, key=()), can_copy=True)
    assert keyless.copies
    for other in (
        plan(shape(k, v, key=("K",)), lv0=lv0),
        plan(shape(k, V, key=("K",)), lv0=lv0, can_copy=True),
        plan(shape(k, v), lv0=lv0, can_copy=True, key="K"),
    ):
        assert not other.copies


def test_bounds_cut_a_complete_pass_into_ranges_that_meet() -> None:
    found = plan()
    first, second, third = found.segments(["m", "t"])
    assert [(s.number, s.after, s.upto) for s in (first, second, third)] == [
        (0, None, ("m",)), (1, ("m",), ("t",)), (2, ("t",), None),
    ]  # fmt: skip
    assert found.can_split and not plan(**INCREMENTAL).can_split
    assert kinds(plan(**INCREMENTAL)) == ["keys", "changed"]


def test_a_name_that_fits_two_columns_but_for_case_must_be_exact() -> None:
    table = shape(column("k"), column("K"), key=("k",))
    assert table.column("K") == column("K")
    assert shape(column("kk"), column("Kk")).column("KK") is None
