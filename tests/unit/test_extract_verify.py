"""The pure part of `verify`: sums over ranges, the statements, what a report shows."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.dialects.postgres import PostgresDialect
from extract.paging import Statement
from extract.verify import statements, sums
from extract.verify.report import Difference, Verification, masked, summary
from extract.verify.statements import Side
from tests.unit.extract_samples import column

ROWS = st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=30)


class Deaf(PostgresDialect):
    """A server that can't hash."""

    def md5_number(self, text: str) -> str | None:
        return None


def side(dialect: PostgresDialect | None = None, **more: object) -> Side:
    key, when = column("k"), column("t", "date", nullable=True)
    columns = (key, column("v", "text"), when)
    return Side(dialect or PostgresDialect(), '"t"', columns, (key,), (when,), **more)  # type: ignore[arg-type]


@given(rows=ROWS, data=st.data())
def test_sums_are_equal_in_whatever_order_the_rows_come(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert sums.differing(sums.of_texts(rows), sums.of_texts(shuffled)) == frozenset()
    assert sums.total(sums.of_texts(rows)) == len(rows)


@given(rows=ROWS, row=st.tuples(st.text(max_size=3), st.text(max_size=3)))
def test_one_row_more_makes_its_range_differ(
    rows: list[tuple[str, str]], row: tuple[str, str]
) -> None:
    differing = sums.differing(sums.of_texts(rows), sums.of_texts([*rows, row]))
    assert differing == {statements.bucket_of(sums.md5_number(row[0]))}


def test_a_number_is_the_first_48_bits_of_the_md5_of_the_text_without_nul() -> None:
    digest = hashlib.md5("한a".encode(), usedforsecurity=False).hexdigest()
    assert sums.md5_number("한a") == sums.md5_number("한\0a") == int(digest[:12], 16)


def test_a_server_s_sums_are_read_whatever_text_it_has_for_numbers() -> None:
    assert sums.of_numbers([("7", "2", "281474976710655")]) == {7: (2, 281474976710655)}
    assert sums.of_texts([("", "x"), ("", "y")]) == {
        statements.bucket_of(sums.md5_number("")): (2, sums.md5_number("x") + sums.md5_number("y"))
    }


def test_without_a_key_the_row_is_the_key() -> None:
    one = sums.of_texts([("row",), ("row",)])
    number = sums.md5_number("row")
    assert one == {statements.bucket_of(number): (2, 2 * number)}


def test_many_columns_are_joined_within_what_a_function_takes() -> None:
    joined = PostgresDialect().joined([f"c{place}" for place in range(250)])
    assert joined.count("concat(") == 4
    assert joined.count("coalesce(chr(31) || c") == 250


def test_a_server_that_can_t_hash_is_asked_for_texts() -> None:
    deaf, hearing = side(Deaf()), side()
    assert [c.native for c in statements.row_columns(deaf)] == ["text"] * 5
    assert [c.native for c in statements.row_columns(hearing)] == ["bigint"] * 2 + ["text"] * 3
    assert "md5" not in statements.rows_statement(deaf, None).text
    assert "md5" not in statements.texts_statement(deaf).text
    with pytest.raises(ValueError, match="doesn't hash"):
        statements.sums_statement(deaf)


def test_rows_of_some_ranges_come_with_a_flag_that_compares_the_cursor_with_the_mark() -> None:
    limited = side(where=Statement("x = %s", ("1",)))
    found = statements.rows_statement(limited, {5, 3}, ("2024-05-01",))
    assert found.params == ("2024-05-01", "1")
    assert " or (\"t\" is null) then '0' else '1' end as " in found.text
    assert "where x = %s and " in found.text
    assert found.text.endswith("& 8191 in (3, 5)")


def test_the_overlap_moves_the_flag_back() -> None:
    found = statements.rows_statement(side(), None, ("2024-05-01",), 86400)
    assert "interval '86400 seconds'" in found.text
    assert found.params == ("2024-05-01",)
    assert " where " not in found.text


def test_a_personal_key_shows_as_the_first_digits_of_its_md5() -> None:
    digits = hashlib.md5(b"010-0000-1234", usedforsecurity=False).hexdigest()[:8]
    assert masked({"tel_no": "010-0000-1234", "seq": "1"}, ("tel_no",)) == {
        "tel_no": f"md5:{digits}",
        "seq": "1",
    }


def test_the_summary_names_counts_and_columns() -> None:
    found = Verification(
        "s.t", "different", 1.0, 5, 6, only_lv0=1, different=1200, columns=("a", "b")
    )
    assert summary(found) == "s.t: different (1 only in lv0; 1,200 different; in a, b)"
    assert summary(Verification("s.t", "equal", 1.0, 5, 5, newer=3)) == "s.t: equal"


def test_a_report_is_json_as_it_is() -> None:
    found = Verification(
        "s.t", "different", 1.0, differences=(Difference("different", {"k": "1"}),)
    )
    assert found.as_mapping()["differences"] == (
        {"kind": "different", "key": {"k": "1"}, "columns": ()},
    )
