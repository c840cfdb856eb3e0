"""Every mode brings lv0 to what it promises, and reads no more than it must."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.conformance.landing import Landing, texts_of
from tests.conformance.servers import Kind, Server, Table, having
from tests.extract_support import Between

_START = datetime(2024, 5, 1)


def _at(hours: float) -> datetime:
    return _START + timedelta(hours=hours)


def _table(name: str, rows: list[tuple[int, datetime | None, str]]) -> Table:
    columns = {"id": Kind.INTEGER, "at": Kind.MOMENT, "v": Kind.TEXT}
    return Table(name, columns, ("id",), (("at",),), rows)


def test_an_incremental_run_reads_what_moved_and_sees_what_is_gone(
    server: Server, landing: Landing
) -> None:
    rows = {number: (number, _at(number // 3), "old") for number in range(20)}
    table = _table("moved", list(rows.values()))
    server.create(table)
    landing.feed("moved", key="id", mode="incremental", cursor="at", page_rows=2)
    first = landing.run("moved")

    # More of one moment than a page holds.
    for number in (1, 4, 9, 12, 19):
        rows[number] = (number, _at(50), "new")
        server.update(table, {"id": number}, {"at": _at(50), "v": "new"})
    rows[20] = (20, _at(51), "new")
    server.insert(table, [rows[20]])
    server.delete(table, {"id": 0})
    del rows[0]
    second = landing.run("moved")
    third = landing.run("moved")

    assert (first.is_complete, second.is_complete) == (True, False)
    assert (second.rows_inserted, second.rows_updated, second.rows_deleted) == (1, 5, 1)
    # With those at the last mark itself, which are read again.
    assert second.rows_read <= 8
    assert not third.changed
    assert landing.lv0("moved") == texts_of(rows.values())
    assert landing.lv0("moved", deleted=True) == texts_of([(0, _at(0), "old")])


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_an_overlap_finds_what_was_written_late(server: Server, landing: Landing) -> None:
    table = _table("late", [(number, _at(number), "old") for number in range(6)])
    server.create(table)
    landing.feed("late", key="id", mode="incremental", cursor="at", overlap="90m")
    landing.run("late")

    server.update(table, {"id": 4}, {"v": "in time"})
    server.update(table, {"id": 2}, {"v": "too late"})
    result = landing.run("late")

    found = {row[0]: row[2] for row in landing.lv0("late")}
    assert (found["4"], found["2"]) == ("in time", "old")
    assert (result.rows_read, result.rows_updated) == (2, 1)


def test_rows_without_a_cursor_are_read_each_time(server: Server, landing: Landing) -> None:
    rows = [(1, _at(1), "a"), (2, None, "b"), (3, None, "c"), (4, None, "d")]
    table = _table("undated", rows)
    server.create(table)
    landing.feed("undated", key="id", mode="incremental", cursor="at", page_rows=2)
    landing.run("undated")

    server.update(table, {"id": 2}, {"v": "changed"})
    server.insert(table, [(5, None, "e")])
    server.delete(table, {"id": 3})
    result = landing.run("undated", allow_deletes=True)

    assert not result.is_complete
    expected = [rows[0], (2, None, "changed"), rows[3], (5, None, "e")]
    assert landing.lv0("undated") == texts_of(expected)


def test_a_cursor_of_several_columns_is_compared_as_a_row(server: Server, landing: Landing) -> None:
    columns = {"id": Kind.INTEGER, "day": Kind.DATE, "seq": Kind.TEXT, "v": Kind.TEXT}
    rows = {
        number: (number, date(2024, 5, 1 + number // 4), f"{number % 4}", "old")
        for number in range(12)
    }
    table = Table("composite_cursor", columns, ("id",), (("day", "seq"),), list(rows.values()))
    server.create(table)
    landing.feed(table.name, key="id", mode="incremental", cursor=["day", "seq"], page_rows=2)
    landing.run(table.name)

    for number, day, seq in ((0, 3, "4"), (1, 3, "5"), (2, 4, "0"), (3, 4, "0"), (5, 4, "0")):
        rows[number] = (number, date(2024, 5, day), seq, "new")
        server.update(table, {"id": number}, {"day": date(2024, 5, day), "seq": seq, "v": "new"})
    # Behind the mark in its second column only.
    server.update(table, {"id": 10}, {"v": "unseen"})
    result = landing.run(table.name)

    assert (result.rows_updated, result.rows_read) == (5, 6)
    assert landing.lv0(table.name) == texts_of(rows.values())


@pytest.mark.parametrize("server", having("keys"), indirect=True)
def test_what_is_written_while_a_run_reads_is_left_for_the_next(
    server: Server, landing: Landing
) -> None:
    rows = [(number, _at(number), "old") for number in range(8)]
    table = _table("meanwhile", rows)
    server.create(table)
    landing.feed(
        "meanwhile", key="id", mode="incremental", cursor="at", page_rows=2, sweep_every="7d"
    )
    landing.run("meanwhile")
    changed = [(number, _at(20 + number), "new") for number in range(5)]
    for number, moment, text in changed:
        server.update(table, {"id": number}, {"at": moment, "v": text})

    def write(page: int) -> None:
        if page == 1:
            server.update(table, {"id": 7}, {"at": _at(100), "v": "late"})

    second = landing.run("meanwhile", observer=Between(write))
    between = landing.lv0("meanwhile")
    third = landing.run("meanwhile")

    assert (second.rows_updated, third.rows_updated) == (5, 1)
    assert between == texts_of([*changed, *rows[5:]])
    assert landing.lv0("meanwhile") == texts_of([*changed, *rows[5:7], (7, _at(100), "late")])


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_a_window_is_replaced_and_what_moved_out_of_it_is_kept(
    server: Server, landing: Landing
) -> None:
    rows = {number: (number, _at(number), "old") for number in range(12)}
    table = _table("replaced", list(rows.values()))
    server.create(table)
    landing.feed("replaced", key="id", mode="window", cursor="at", window="3h", page_rows=2)
    landing.run("replaced")

    # The window reaches from 8 to 11 o'clock.
    server.update(table, {"id": 9}, {"v": "new"})
    server.update(table, {"id": 10}, {"at": _at(1), "v": "moved"})
    server.update(table, {"id": 2}, {"v": "outside"})
    server.delete(table, {"id": 8})
    server.insert(table, [(12, _at(10.5), "new")])
    second = landing.run("replaced")
    third = landing.run("replaced")

    rows[9], rows[10], rows[12] = (9, _at(9), "new"), (10, _at(1), "moved"), (12, _at(10.5), "new")
    del rows[8]
    assert not second.is_complete
    assert (second.rows_inserted, second.rows_updated, second.rows_deleted) == (1, 2, 1)
    assert not third.changed
    assert landing.lv0("replaced") == texts_of(rows.values())
    complete = landing.run("replaced", complete=True)
    assert complete.rows_updated == 1


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_an_empty_window_at_the_source_empties_it_in_lv0(server: Server, landing: Landing) -> None:
    rows = [(number, _at(number), "old") for number in range(20)]
    table = _table("emptied", rows)
    server.create(table)
    landing.feed("emptied", key="id", mode="window", cursor="at", window="3h")
    landing.run("emptied")

    for number in range(16, 20):
        server.delete(table, {"id": number})
    result = landing.run("emptied")

    assert (result.rows_deleted, result.is_complete) == (4, False)
    assert landing.lv0("emptied") == texts_of(rows[:16])


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_append_reads_new_rows_and_no_other(server: Server, landing: Landing) -> None:
    rows = [(number, _at(number), "old") for number in range(10)]
    table = _table("appended", rows)
    server.create(table)
    landing.feed("appended", key="id", mode="append", cursor="id", page_rows=2)
    landing.run("appended")

    server.update(table, {"id": 3}, {"v": "unseen"})
    new = [(number, _at(0), "new") for number in range(10, 15)]
    server.insert(table, new)
    second = landing.run("appended")
    third = landing.run("appended")

    assert (second.rows_inserted, second.rows_updated, second.is_complete) == (5, 0, False)
    assert second.rows_read <= 6
    assert not third.changed
    assert landing.lv0("appended") == texts_of([*rows, *new])


def test_a_table_without_a_key_is_kept_as_a_multiset(server: Server, landing: Landing) -> None:
    one, two, empty = (1, "a", None), (2, "b", date(2024, 1, 1)), (None, None, None)
    rows = [one, one, one, two, two, empty, empty, (3, "", None)]
    columns = {"a": Kind.INTEGER, "b": Kind.TEXT, "c": Kind.DATE}
    table = Table("multiset", columns, rows=rows)
    server.create(table)
    landing.feed("multiset", page_rows=3)

    landing.run("multiset")
    first = landing.lv0("multiset")
    server.delete(table, {"a": 1})
    server.insert(table, [one, one, two, empty])
    second = landing.run("multiset")
    third = landing.run("multiset")

    assert first == texts_of(rows)
    # One of the three is gone; a further one of two others has come.
    assert (second.rows_inserted, second.rows_deleted, third.changed) == (2, 1, False)
    assert landing.lv0("multiset") == texts_of([one, one, *[two] * 3, *[empty] * 3, (3, "", None)])
