"""The SQL of a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.errors import SourceError
from extract.paging import (
    CursorIsNull,
    CursorRange,
    count_statement,
    max_statement,
    page_statement,
)
from extract.postgres import bind
from extract.sources.postgres import PostgresDialect
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
        (None, 0, '"u" <= cast(%s as {})', ("2",)),
        ("1", 0, '"u" >= cast(%s as {0}) and "u" <= cast(%s as {0})', ("1", "2")),
        (
            "1",
            90,
            '"u" >= cast(%s as {0}) - interval \'90 seconds\' and "u" <= cast(%s as {0})',
            ("1", "2"),
        ),
    ],
)
def test_a_cursor_s_range_includes_both_ends(
    lower: str | None, overlap: int, text: str, params: tuple[str, ...]
) -> None:
    found = CursorRange(U, lower, "2", overlap).render(POSTGRES)
    assert (found.text, found.params) == (text.format(U.native), params)


def test_the_filter_s_parameters_come_before_those_of_the_page() -> None:
    where = CursorRange(U, "low", "high")
    found = page_statement(POSTGRES, '"t"', [A], [U, A], where=where, after=("c", "k"))
    assert found.params == ("low", "high", "c", "k")
    assert bind(found.text, found.params).index("'low'") < bind(found.text, found.params).index(
        "'k'"
    )


def test_an_overlap_is_a_time_and_so_must_be_the_cursor() -> None:
    with pytest.raises(SourceError, match="the cursor is of type integer"):
        CursorRange(A, "1", "2", 5).render(POSTGRES)
    assert CursorRange(A, "1", "2").render(POSTGRES).params == ("1", "2")


def test_counts_and_the_largest_value_are_asked_of_the_server() -> None:
    assert CursorIsNull(U).render(POSTGRES).text == '"u" is null'
    assert max_statement(POSTGRES, '"t"', U).text == 'select cast(max("u") as text) from "t"'
    assert count_statement(POSTGRES, '"t"', [A, B]).text.endswith('"a" is null or "b" is null')
    found = count_statement(POSTGRES, '"t"', [A, B], equal_to=("1", "x"))
    assert found.text.endswith('"a" = cast(%s as integer) and "b" = cast(%s as text)')


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
