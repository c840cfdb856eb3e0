"""The SQL of a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.dialects.postgres import PostgresDialect
from extract.errors import SourceError
from extract.paging import (
    Buckets,
    CursorIsNull,
    CursorRange,
    KeyIs,
    Window,
    boundary_statement,
    bucket_statement,
    count_statement,
    key_set_statement,
    max_statement,
    page_statement,
    spelled_out,
)
from extract.postgres import bind
from tests.unit.extract_samples import column

A, B = column("a"), column("b", "text", nullable=True)
U = column("u", "timestamp(3) without time zone", nullable=True)
POSTGRES = PostgresDialect()


class SqliteDialect(PostgresDialect):
    """SQLite's spelling, so that the statements can be run here."""

    def typed(self, native: str) -> str:
        return f"cast(? as {native})"


def test_the_first_page_has_no_lower_end() -> None:
    found = page_statement(POSTGRES, '"t"', [A, B], [A], limit=7)
    assert found.text == (
        'select "a" as "_out_0", "b" as "_out_1", cast("a" as text) as "_order_0"'
        ' from "t" order by "a" limit 7'
    )
    assert found.params == ()


def test_a_page_of_the_key_alone_comes_by_its_index() -> None:
    assert page_statement(POSTGRES, '"t"', [A], [A], after=("5",), limit=7).is_by_index
    assert not page_statement(
        POSTGRES, '"t"', [A], [A], where=CursorIsNull((U,)), limit=7
    ).is_by_index
    assert not page_statement(POSTGRES, '"t"', [A], [A]).is_by_index


def test_a_later_page_begins_behind_the_last_key_and_never_meets_a_null() -> None:
    found = page_statement(POSTGRES, '"t"', [A], [A, B], after=("5", "x"), limit=7)
    assert found.text.endswith(
        ' from "t" where "b" is not null'
        ' and (("a", "b") > (cast(%s as integer), cast(%s as text))) order by "a", "b" limit 7'
    )
    assert found.params == ("5", "x")


def test_without_a_limit_it_is_one_stream() -> None:
    assert " limit " not in page_statement(POSTGRES, '"t"', [A], [A]).text


@pytest.mark.parametrize(
    ("lower", "overlap", "text", "params"),
    [
        (None, 0, '(("u") <= (cast(%s as {})))', ("2",)),
        (
            "1",
            0,
            '(("u") >= (cast(%s as {0}))) and (("u") <= (cast(%s as {0})))',
            ("1", "2"),
        ),
        (
            "1",
            90,
            '"u" >= cast(%s as {0}) - interval \'90 seconds\' and (("u") <= (cast(%s as {0})))',
            ("1", "2"),
        ),
    ],
)
def test_a_cursor_s_range_includes_both_ends(
    lower: str | None, overlap: int, text: str, params: tuple[str, ...]
) -> None:
    found = CursorRange((U,), lower and (lower,), ("2",), overlap).render(POSTGRES)
    assert (found.text, found.params) == (text.format(U.native), params)


def test_a_cursor_of_several_columns_is_compared_as_a_row_and_overlaps_by_its_first() -> None:
    both = CursorRange((U, A), ("l", "1"), ("u", "2")).render(POSTGRES)
    native = U.native
    row = f"(cast(%s as {native}), cast(%s as integer))"
    assert both.text == f'(("u", "a") >= {row}) and (("u", "a") <= {row})'
    assert both.params == ("l", "1", "u", "2")
    overlapping = CursorRange((U, A), ("l", "1"), ("u", "2"), 60).render(POSTGRES)
    assert overlapping.text.startswith(
        f"\"u\" >= cast(%s as {native}) - interval '60 seconds' and "
    )
    assert overlapping.params == ("l", "u", "2")


def test_a_range_without_ends_takes_every_row_that_has_a_cursor() -> None:
    assert CursorRange((U, A), None, None).render(POSTGRES).text == '"u" is not null'


def test_the_filter_s_parameters_come_before_those_of_the_page() -> None:
    where = CursorRange((U,), ("low",), ("high",))
    found = page_statement(
        POSTGRES, '"t"', [A], [U, A], where=where, after=("c", "k"), upto=("d", "l")
    )
    assert found.params == ("low", "high", "c", "k", "d", "l")
    bound = bind(found.text, found.params)
    places = [bound.index(f"'{value}'") for value in found.params]
    assert places == sorted(places)


def test_a_bound_may_name_the_first_columns_only() -> None:
    found = page_statement(POSTGRES, '"t"', [A], [A, B], after=("1",), upto=("5",))
    assert '(("a") > (cast(%s as integer))) and (("a") <= (cast(%s as integer)))' in found.text
    assert found.params == ("1", "5")


def test_rows_that_pass_through_come_without_the_order_s_texts() -> None:
    found = page_statement(POSTGRES, '"t"', [A], [A], with_order=False)
    assert found.text == 'select "a" as "_out_0" from "t" order by "a"'
    assert "order by" not in page_statement(POSTGRES, '"t"', [A], []).text


def test_an_overlap_is_a_time_and_so_must_be_the_cursor() -> None:
    with pytest.raises(SourceError, match="the cursor is of type integer"):
        CursorRange((A,), ("1",), ("2",), 5).render(POSTGRES)
    with pytest.raises(SourceError, match="the cursor is of type integer"):
        Window(A, ("1",), 5).render(POSTGRES)
    assert CursorRange((A,), ("1",), ("2",)).render(POSTGRES).params == ("1", "2")


def test_a_window_reaches_back_from_the_earlier_mark() -> None:
    found = Window(U, ("1", "2"), 3600).render(POSTGRES)
    term = f"\"u\" >= cast(%s as {U.native}) - interval '3600 seconds'"
    assert (found.text, found.params) == (f"({term} or {term})", ("1", "2"))
    # Neither side has a row with a time: then none is in the window.
    assert Window(U, (), 3600).render(POSTGRES).text == "1 = 0"


def test_a_key_is_looked_up_among_others() -> None:
    found = KeyIs((A, B), (("1", "x"), ("2", "y"))).render(POSTGRES)
    one = '("a" = cast(%s as integer) and "b" = cast(%s as text))'
    assert (found.text, found.params) == (f"({one} or {one})", ("1", "x", "2", "y"))


def test_counts_and_the_largest_value_are_asked_of_the_server() -> None:
    assert CursorIsNull((A, U)).render(POSTGRES).text == '("u" is null)'
    assert CursorIsNull((A,)).render(POSTGRES).text == "1 = 0"
    assert count_statement(POSTGRES, '"t"', [A, B]).text.endswith('"a" is null or "b" is null')
    found = count_statement(POSTGRES, '"t"', [A, B], equal_to=("1", "x"))
    assert found.text.endswith('("a" = cast(%s as integer) and "b" = cast(%s as text)))')


def test_the_largest_cursor_is_asked_for_column_by_column() -> None:
    first = max_statement(POSTGRES, '"t"', [U, A])
    assert (first.text, first.params) == ('select cast(max("u") as text) from "t"', ())
    second = max_statement(POSTGRES, '"t"', [U, A], ("x",))
    assert second.text == (
        f'select cast(max("a") as text) from "t" where "u" = cast(%s as {U.native})'
    )
    assert second.params == ("x",)


def test_a_page_s_end_is_the_last_of_its_first_rows() -> None:
    found = boundary_statement(POSTGRES, '"t"', [A, B], 7, after=("1", "x"))
    assert found.text == (
        'select cast("_out_0" as text) as "_order_0", cast("_out_1" as text) as "_order_1" from'
        ' (select "a" as "_out_0", "b" as "_out_1" from "t" where "b" is not null'
        ' and (("a", "b") > (cast(%s as integer), cast(%s as text))) order by "a", "b" limit 7)'
        ' as page order by "_out_0" desc, "_out_1" desc limit 1'
    )
    assert found.params == ("1", "x")


def test_buckets_are_counted_and_chosen_by_the_same_number() -> None:
    hashed = POSTGRES.hashed(['cast("a" as text)', 'cast("b" as text)'])
    counted = bucket_statement(POSTGRES, '"t"', [A, B], 64, "_deleted_at is null").text
    assert counted == (
        f'select h & 63, count(*), sum(h) from (select {hashed} as h from "t"'
        ' where "b" is not null and _deleted_at is null) as hashes group by h & 63'
    )
    assert Buckets((A, B), 64, (1, 5)).render(POSTGRES).text == f"{hashed} & 63 in (1, 5)"
    assert "where" not in bucket_statement(POSTGRES, '"t"', [A], 64).text


def test_a_set_of_keys_is_their_number_and_the_sum_of_their_hashes() -> None:
    hashed = POSTGRES.hashed(['cast("a" as text)', 'cast("b" as text)'])
    assert key_set_statement(POSTGRES, '"t"', [A, B]).text == (
        f'select count(*), sum(h) from (select {hashed} as h from "t" where "b" is not null)'
        " as hashes"
    )


ROWS = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))


@given(
    width=st.integers(1, 3),
    operator=st.sampled_from([">", ">=", "<="]),
    row=ROWS,
    bound=ROWS,
)
def test_rows_spelled_out_compare_as_rows_do(
    width: int, operator: str, row: tuple[int, ...], bound: tuple[int, ...]
) -> None:
    columns = ["a", "b", "c"][:width]
    text, places = spelled_out(columns, operator, ["?"] * width)
    query = f"select {text} from (select {row[0]} as a, {row[1]} as b, {row[2]} as c)"
    expected = {
        ">": row[:width] > bound[:width],
        ">=": row[:width] >= bound[:width],
        "<=": row[:width] <= bound[:width],
    }[operator]
    with closing(sqlite3.connect(":memory:")) as database:
        found = database.execute(query, [bound[place] for place in places]).fetchone()
    assert bool(found[0]) == expected
    assert width == 1 or text.startswith(f"a {operator[0]}= ?")


@given(name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_quoted_so_that_binding_leaves_it_as_it_is(name: str) -> None:
    quoted = bind(POSTGRES.quote(name), ())
    assert quoted == '"' + name.replace('"', '""') + '"'


@given(values=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_any_values_are_bound_once_and_in_order(values: list[str]) -> None:
    bound = bind(", ".join(["%s"] * len(values)), tuple(values))
    # SQLite knows no E'' strings, and backslashes are no matter of its own.
    plain = bound.replace(" E'", "'").replace("\\\\", "\\")
    with closing(sqlite3.connect(":memory:")) as database:
        found = database.execute(f"select {plain or 'null'}").fetchone()
    assert list(found) == (values or [None])


KEYS = st.tuples(st.integers(-3, 3), st.sampled_from(["02", "82", "HI", "K2", "ON"]))


@given(
    before=st.sets(KEYS, max_size=20),
    between=st.lists(st.sets(KEYS, max_size=3), max_size=12),
    limit=st.integers(1, 4),
)
def test_pages_see_every_row_that_was_there_throughout_once_whatever_is_written_between(
    before: set[tuple[int, str]], between: list[set[tuple[int, str]]], limit: int
) -> None:
    order = [column("a"), column("b", "text")]
    seen: list[tuple[object, ...]] = []
    deleted: set[tuple[int, str]] = set()
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (a integer, b text, primary key (a, b))")
        database.executemany("insert into t values (?, ?)", sorted(before))
        after: Sequence[str] | None = None
        for step in range(100):
            statement = page_statement(
                SqliteDialect(), '"t"', order, order, after=after, limit=limit
            )
            page = database.execute(statement.text, statement.params).fetchall()
            seen += [row[:2] for row in page]
            if len(page) < limit:
                break
            after = page[-1][2:]
            for key in between[step] if step < len(between) else ():
                if key in before:
                    deleted.add(key)
                    database.execute("delete from t where a = ? and b = ?", key)
                else:
                    database.execute("insert or ignore into t values (?, ?)", key)
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert before - deleted <= set(seen)
