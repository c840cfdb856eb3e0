"""Names, columns, views, expressions and the drift of a table's shape."""

from __future__ import annotations

import pytest

from extract.errors import DriftError
from tests.conformance.landing import Landing, texts_of
from tests.conformance.servers import Kind, Server, Table, having

_NAMES = (
    "select", "Order", "a'b", 'a"b', "a`b", "a]b", "[x]", "100%", "%s", "%%", "b c", "주문 번호",
    "?", ":a", "$1", "a\\b", "a.b", "_out_0", "{x}", "a,b",
)  # fmt: skip


def test_any_name_can_be_a_table_s_or_a_column_s(server: Server, landing: Landing) -> None:
    rows = [(f"k{row}", *(f"{row}{place}" for place in range(len(_NAMES)))) for row in range(5)]
    columns = {"Key %s": Kind.TEXT, **dict.fromkeys(_NAMES, Kind.TEXT)}
    name = """주문 100% [x] 'y' "z" `w`"""
    table = Table(name, columns, ("Key %s",), rows=rows)
    server.create(table)
    landing.feed("names", table=name, key="Key %s", page_rows=2)

    landing.run("names")
    server.update(table, {"Key %s": "k3"}, {"주문 번호": "changed", "a]b": "%s"})
    second = landing.run("names")

    assert list(landing.columns("names")) == [column.lower() for column in columns]
    changed = dict(zip(columns, rows[3], strict=True)) | {"주문 번호": "changed", "a]b": "%s"}
    assert landing.lv0("names") == texts_of([*rows[:3], tuple(changed.values()), rows[4]])
    assert (second.rows_updated, second.rows_unchanged) == (1, 4)


def test_an_empty_table_lands_and_is_filled_later(server: Server, landing: Landing) -> None:
    table = Table("empty", {"k": Kind.INTEGER, "v": Kind.NUMBER}, ("k",))
    server.create(table)
    landing.feed("empty", key="k")

    first = landing.run("empty")
    server.insert(table, [(1, 0.5)])
    second = landing.run("empty")

    assert (first.rows_inserted, second.rows_inserted) == (0, 1)
    assert landing.lv0("empty") == [("1", "0.500")]


def test_columns_are_included_and_excluded_whatever_their_case(
    server: Server, landing: Landing
) -> None:
    columns = {"K": Kind.INTEGER, "A": Kind.TEXT, "B": Kind.TEXT, "C": Kind.DATE}
    rows = [(1, "a", "b", None), (2, "", None, None)]
    server.create(Table("chosen", columns, ("K",), rows=rows))

    landing.feed("chosen", key="k", include=["k", "b"])
    landing.run("chosen")
    landing.feed("left_out", table="chosen", key="K", exclude=["a", "C"])
    landing.run("left_out")

    expected = texts_of([(1, "b"), (2, None)])
    assert (list(landing.columns("chosen")), landing.lv0("chosen")) == (["k", "b"], expected)
    assert (list(landing.columns("left_out")), landing.lv0("left_out")) == (["k", "b"], expected)


def test_an_expression_is_computed_by_the_source(server: Server, landing: Landing) -> None:
    rows = [(1, "abc"), (2, "50%"), (3, None)]
    server.create(Table("computed", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows))
    v = server.quote("v")
    expressions = {"Loud": f"upper({v})", "rate": f"case when {v} like '%!%' escape '!' then 1 end"}
    landing.feed("computed", key="k", exclude="v", expressions=expressions)

    landing.run("computed")

    assert list(landing.columns("computed")) == ["k", "loud", "rate"]
    found = [row[:2] for row in landing.lv0("computed")]
    assert found == texts_of([(1, "ABC"), (2, "50%"), (3, None)])


def test_an_expression_that_fails_for_a_row_sets_that_row_aside(
    server: Server, landing: Landing
) -> None:
    rows = [(row, "bad" if row in (3, 9) else "5") for row in range(12)]
    server.create(Table("failing", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows))
    expression = server.fragile.format(server.quote("v"))
    landing.feed("failing", key="k", page_rows=5, expressions={"n": expression})

    result = landing.run("failing")

    assert (result.rows_inserted, result.rows_rejected) == (10, 2)
    assert landing.lv0("failing") == texts_of([(k, v, 5) for k, v in rows if v != "bad"])
    rejected = landing.rows(
        "select key, column_name from lv0._rejected where feed = 's.failing' order by key::text"
    )
    assert [column for _, column in rejected] == ["n", "n"]
    assert sorted(list(key.values()) for key, _ in rejected) == [["3"], ["9"]]


@pytest.mark.parametrize("server", having("views"), indirect=True)
def test_a_view_is_read_by_the_key_that_the_catalogue_names(
    server: Server, landing: Landing
) -> None:
    rows = [(row, f"v{row % 3}") for row in range(9)]
    table = Table("base", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows)
    server.create(table)
    server.execute(
        f"create view {server.relation('seen')} as select {server.quote('k')} as kk,"
        f" {server.quote('v')} as v from {server.relation('base')}"
        f" where {server.quote('v')} <> 'v1'"
    )
    landing.feed("seen", key="kk", page_rows=2)

    landing.run("seen")
    server.update(table, {"k": 0}, {"v": "v1"})
    second = landing.run("seen")

    assert second.rows_deleted == 1
    assert landing.lv0("seen") == texts_of([row for row in rows[1:] if row[1] != "v1"])


def test_a_column_that_is_added_comes_along(server: Server, landing: Landing) -> None:
    table = Table("grown", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=[(1, "a"), (2, "b")])
    server.create(table)
    landing.feed("grown", key="k")
    landing.run("grown")
    server.drop(table)
    server.create(
        Table(
            "grown",
            {"k": Kind.INTEGER, "New": Kind.TEXT, "v": Kind.TEXT},
            ("k",),
            rows=[(1, "n", "a"), (2, None, "b")],
        )
    )

    result = landing.run("grown")

    assert list(landing.columns("grown")) == ["k", "v", "new"]
    assert landing.lv0("grown") == texts_of([(1, "a", "n"), (2, "b", None)])
    assert (result.rows_updated, len(result.drift)) == (1, 1)


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_a_column_that_is_widened_is_widened_in_lv0(server: Server, landing: Landing) -> None:
    table = Table("wide", {"k": Kind.INTEGER, "n": Kind.INTEGER}, ("k",), rows=[(1, 5)])
    server.create(table)
    landing.feed("wide", key="k")
    landing.run("wide")
    server.drop(table)
    server.create(Table("wide", {"k": Kind.INTEGER, "n": "bigint"}, ("k",), rows=[(1, 2**40)]))

    landing.run("wide")

    assert landing.columns("wide")["n"] == "bigint"
    assert landing.lv0("wide") == [("1", str(2**40))]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"k": Kind.INTEGER, "v": Kind.TEXT}, "no longer has w"),
        ({"k": Kind.INTEGER, "v": Kind.TEXT, "w2": Kind.TEXT}, "new are w2"),
    ],
    ids=["dropped", "renamed"],
)
def test_a_column_that_is_gone_stops_the_run_before_it_writes(
    server: Server, landing: Landing, now: dict[str, Kind | str], told: str
) -> None:
    name = f"gone_{len(now)}"
    columns: dict[str, Kind | str] = {"k": Kind.INTEGER, "v": Kind.TEXT, "w": Kind.TEXT}
    table = Table(name, columns, ("k",), rows=[(1, "a", "b")])
    server.create(table)
    landing.feed(name, key="k")
    landing.run(name)
    server.drop(table)
    server.create(Table(name, now, ("k",), rows=[(2, *(["x"] * (len(now) - 1)))]))

    with pytest.raises(DriftError, match=told) as caught:
        landing.run(name)

    assert "\n" not in str(caught.value)
    assert landing.lv0(name) == [("1", "a", "b")]


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_a_column_that_changed_its_type_stops_the_run(server: Server, landing: Landing) -> None:
    table = Table("narrow", {"k": Kind.INTEGER, "v": Kind.LONG}, ("k",), rows=[(1, "a")])
    server.create(table)
    landing.feed("narrow", key="k")
    landing.run("narrow")
    server.drop(table)
    server.create(Table("narrow", {"k": Kind.INTEGER, "v": Kind.NUMBER}, ("k",), rows=[(1, 5)]))

    with pytest.raises(DriftError, match="v from text to numeric"):
        landing.run("narrow")

    assert landing.lv0("narrow") == [("1", "a")]
