"""Pages follow each other by key without loss or repeat, whatever orders the keys."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise

import pytest

from extract.errors import DataError
from extract.paging import page_statement
from tests.conformance.landing import Landing, texts_of
from tests.conformance.servers import Kind, Server, Table, having


def test_keys_of_every_type_page_and_are_found_again(server: Server, landing: Landing) -> None:
    for place, case in enumerate(server.keys):
        name = f"key_{place}"
        rows = [(value, str(number)) for number, value in enumerate(case.values)]
        table = Table(name, {"k": case.sql, "v": Kind.TEXT}, ("k",), rows=rows)
        server.create(table)
        landing.feed(name, key="k", page_rows=2)

        first = landing.run(name)
        there = landing.lv0(name)
        server.delete(table, {"k": rows[1][0]})
        server.update(table, {"k": rows[2][0]}, {"v": "changed"})
        landing.feed(name, key="k")
        second = landing.run(name, allow_deletes=True)

        assert there == texts_of(rows), case.sql
        assert (first.rows_inserted, first.rows_rejected) == (len(rows), 0), case.sql
        assert (second.rows_deleted, second.rows_updated) == (1, 1), case.sql
        assert second.rows_unchanged == len(rows) - 2, case.sql
        expected = [rows[0], (rows[2][0], "changed"), *rows[3:]]
        assert landing.lv0(name) == texts_of(expected), case.sql


def test_first_parts_that_are_equal_over_a_page_s_edge_lose_nothing(
    server: Server, landing: Landing
) -> None:
    rows = [
        (text, number, number * 7) for text in ("가", "a", "b'", "%s") for number in (-1, 0, 5, 10)
    ]
    columns = {"a": Kind.TEXT, "b": Kind.INTEGER, "v": Kind.INTEGER}
    table = Table("composite", columns, ("a", "b"), rows=rows)
    server.create(table)
    landing.feed("composite", key=["a", "b"], page_rows=3)

    landing.run("composite")
    first = landing.lv0("composite")
    server.delete(table, {"a": "a", "b": 0})
    server.insert(table, [("a", 7, 1), ("z", 0, 2)])
    landing.run("composite")

    kept = [row for row in rows if row[:2] != ("a", 0)]
    assert first == texts_of(rows)
    assert landing.lv0("composite") == texts_of([*kept, ("a", 7, 1), ("z", 0, 2)])


def test_a_declared_key_that_is_not_unique_stops_the_run(server: Server, landing: Landing) -> None:
    rows = [(1, "a", "x"), (2, "b", "x"), (3, "c", "x")]
    table = Table("doubled", {"id": Kind.INTEGER, "k": Kind.TEXT, "v": Kind.TEXT}, ("id",))
    server.create(table)
    server.insert(table, rows)
    landing.feed("doubled", key="k", page_rows=2)
    landing.run("doubled")
    server.insert(table, [(4, "b", "y")])

    with pytest.raises(DataError, match="doubled") as caught:
        landing.run("doubled")

    assert "\n" not in str(caught.value)
    assert landing.lv0("doubled") == texts_of(rows)


def test_a_row_without_a_key_is_set_aside(server: Server, landing: Landing) -> None:
    rows = [(1, "a"), (2, None), (3, "c")]
    server.create(Table("keynull", {"id": Kind.INTEGER, "k": Kind.TEXT}, ("id",), rows=rows))
    landing.feed("keynull", key="k")

    result = landing.run("keynull")

    assert (result.rows_inserted, result.rows_rejected) == (2, 1)
    assert landing.lv0("keynull") == texts_of([rows[0], rows[2]])


@pytest.mark.parametrize("server", having("keys"), indirect=True)
def test_boundaries_lie_within_the_table_and_cut_it_into_all_of_its_rows(
    server: Server, landing: Landing
) -> None:
    rows = [(number * 3, "x") for number in range(-100, 900)]
    table = Table("ranges", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows)
    server.create(table)
    server.analyze(table)

    with closing(landing.source()) as source:
        shape = source.describe(landing.extract("ranges"))
        key = shape.columns[:1]
        cuts = source.boundaries(shape, key[0], 4)
        edges = [None, *((cut,) for cut in cuts), None]
        found = [
            source.texts(
                page_statement(
                    source.dialect, shape.relation, key, key, after=after, upto=upto, limit=10_000
                )
            )
            for after, upto in pairwise(edges)
        ]

    assert 2 <= len(cuts) <= 3
    assert all(-300 < int(cut) < 2697 for cut in cuts)
    assert [int(row[0] or 0) for part in found for row in part] == [row[0] for row in rows]
    assert all(100 <= len(part) <= 600 for part in found)
