"""The T-SQL of each statement, as text, and as SQL Server's grammar takes it."""

from __future__ import annotations

import pytest
import sqlglot
import sqlglot.expressions
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import ErrorLevel

from extract.dialects.postgres import PostgresDialect
from extract.dialects.sqlserver import SqlServerDialect
from extract.dialects.sqlserver_types import Native, lv0_type, selected_as
from extract.errors import SourceError
from extract.paging import (
    Buckets,
    CursorIsNull,
    CursorRange,
    KeyIs,
    Statement,
    Window,
    boundary_statement,
    bucket_statement,
    count_statement,
    key_set_statement,
    max_statement,
    page_statement,
)
from extract.shape import Column
from extract.sources.common import with_marks
from extract.sources.sqlserver.by_pymssql import bound, literal

TSQL, UTF8 = SqlServerDialect(), SqlServerDialect(utf8=True)
TABLE = "[dbo].[T 100%%] as [_t]"
KOREAN = "varchar(20) collate Korean_Wansung_CI_AS"
NATIVES = (
    "bigint", "int", "smallint", "tinyint", "bit", "decimal(38,10)", "money", "smallmoney",
    "float", "real", "date", "time(7)", "smalldatetime", "datetime", "datetime2(7)",
    "datetimeoffset(7)", "uniqueidentifier", "char(5)", KOREAN, "varchar(max)", "nchar(5)",
    "nvarchar(20)", "nvarchar(max)", "binary(4)", "varbinary(8)", "varbinary(max)", "rowversion",
    "text", "ntext", "image", "xml", "sql_variant", "hierarchyid", "geography", "geometry",
)  # fmt: skip
KEYS = tuple(
    native
    for native in NATIVES
    if "max" not in native and native not in ("text", "ntext", "image", "xml", *NATIVES[-4:])
)


def column(name: str, native: str = "int", *, nullable: bool = False) -> Column:
    kind = Native.parse(native)
    reference = f"[_t].{TSQL.quote(name)}"
    lv0 = lv0_type(kind)
    expression = selected_as(reference, kind)
    return Column(name, native, lv0, lv0, reference, expression, nullable)


A, B = column("a"), column("b]%", KOREAN)
D, V = column("d", "datetime", nullable=True), column("v", "rowversion")


def parsed(statement: Statement) -> sqlglot.Expression:
    """The statement as sqlglot's T-SQL grammar reads it; an error where it doesn't."""
    assert statement.text.count("%s") == len(statement.params)
    text = with_marks(statement.text, "?")
    (found,) = sqlglot.parse(text, read="tsql", error_level=ErrorLevel.RAISE)
    assert isinstance(found, sqlglot.expressions.Select)
    upper = text.upper()
    for refused in ("ROW_NUMBER", "OFFSET ", "NOLOCK"):
        assert refused not in upper
    return found


def test_the_first_page_takes_the_top_in_the_key_s_order() -> None:
    found = page_statement(TSQL, TABLE, [A, D], [A], limit=7)
    assert found.text == (
        "select top (7) [_t].[a] as [_out_0], [_t].[d] as [_out_1],"
        " cast([_t].[a] as varchar(20)) as [_order_0]"
        " from [dbo].[T 100%%] as [_t] order by [_t].[a]"
    )
    parsed(found)


def test_a_later_page_is_entered_by_the_first_column_and_cut_by_the_rest() -> None:
    found = page_statement(
        TSQL, TABLE, [A], [A, B], after=("5", "가"), upto=("9",), limit=7, with_order=False
    )
    b = "[_t].[b]]%%]"
    korean = "cast(%s collate Korean_Wansung_CI_AS as varchar(20))"
    assert found.text == (
        "select top (7) [_t].[a] as [_out_0] from [dbo].[T 100%%] as [_t]"
        " where ([_t].[a] >= cast(%s as int) and (([_t].[a] > cast(%s as int))"
        f" or ([_t].[a] = cast(%s as int) and {b} > {korean})))"
        f" and ([_t].[a] <= cast(%s as int)) order by [_t].[a], {b}"
    )
    assert found.params == ("5", "5", "5", "가", "9")
    parsed(found)


def test_the_last_page_s_rows_come_in_one_stream_without_a_limit() -> None:
    found = page_statement(TSQL, TABLE, [A], [A, B], after=("5", "x"))
    assert "top" not in found.text
    parsed(found)


@pytest.mark.parametrize("native", KEYS)
def test_every_type_of_key_makes_a_page_a_boundary_a_count_and_a_bucket(native: str) -> None:
    key = [column("k", native), A]
    parsed(page_statement(TSQL, TABLE, key, key, after=("x", "5"), limit=7))
    parsed(boundary_statement(TSQL, TABLE, key, 7, after=("x", "5"), upto=("y", "6")))
    parsed(count_statement(TSQL, TABLE, key, equal_to=("x", "5")))
    parsed(count_statement(TSQL, TABLE, key))
    parsed(max_statement(TSQL, TABLE, key))
    parsed(max_statement(TSQL, TABLE, key, ("x",)))
    for dialect in (TSQL, UTF8):
        parsed(bucket_statement(dialect, TABLE, key, 64))
        parsed(key_set_statement(dialect, TABLE, key))
    where = KeyIs(tuple(key), (("x", "5"), ("y", "6")))
    parsed(page_statement(TSQL, TABLE, key, key, where=where))


@pytest.mark.parametrize("native", NATIVES)
def test_every_type_has_a_canonical_text_and_goes_into_a_row_s(native: str) -> None:
    kind = column("k", native)
    canonical = TSQL.canonical(kind.reference, native)
    joined = TSQL.joined([canonical] * 3)
    number = UTF8.md5_number(joined)
    assert TSQL.md5_number(joined) is None and number is not None
    selected = f"{canonical} as [a], {joined} as [b], {number} as [c], {kind.expression} as [d]"
    parsed(Statement(f"select {selected} from {TABLE}"))


def test_a_row_s_text_is_never_null_and_no_function_has_more_arguments_than_it_takes() -> None:
    assert TSQL.joined(["x"]) == "coalesce(cast(nchar(31) as nvarchar(max)) + x, nchar(30))"
    found = parsed(Statement(f"select {TSQL.joined(['x'] * 450)} as [a] from {TABLE}"))
    counts = [len(call.expressions) for call in found.find_all(sqlglot.expressions.Concat)]
    assert counts and max(counts) <= 254


@pytest.mark.parametrize(
    ("native", "earlier"),
    [
        ("datetime", "dateadd(second, -90, cast(%s as datetime))"),
        ("datetime2(7)", "dateadd(second, -90, cast(%s as datetime2(7)))"),
        (
            "date",
            "cast(dateadd(second, 86309, cast(cast(%s as date) as datetime2(0))) as date)",
        ),
    ],
)
def test_a_cursor_s_range_includes_both_ends_and_an_overlap(native: str, earlier: str) -> None:
    cursor = column("u", native, nullable=True)
    where = CursorRange((cursor,), ("low",), ("high",), 90)
    found = page_statement(TSQL, TABLE, [A], [cursor, A], where=where, after=("m", "1"), limit=7)
    assert f"where [_t].[u] >= {earlier} and ([_t].[u] <= cast(%s as {native}))" in found.text
    assert found.params[:2] == ("low", "high")
    parsed(found)


def test_a_cursor_of_two_columns_a_null_cursor_a_window_and_buckets_are_filters() -> None:
    for where in (
        CursorRange((D, A), ("d", "1"), ("e", "2")),
        CursorRange((D, A), None, ("e", "2")),
        CursorIsNull((D, A)),
        Window(D, ("d", "e"), 3600),
        Buckets((A, B), 64, (1, 5)),
    ):
        parsed(page_statement(TSQL, TABLE, [A], [A], where=where, limit=7))
    assert CursorIsNull((D, A)).render(TSQL).text == "([_t].[d] is null)"


def test_an_overlap_is_a_time_and_so_must_be_the_cursor() -> None:
    for native in ("int", "time(7)", "rowversion"):
        with pytest.raises(SourceError, match="the cursor is of type"):
            TSQL.minus_seconds("x", native, 5)


def test_a_rowversion_is_read_up_to_what_no_open_transaction_can_still_write() -> None:
    found = max_statement(TSQL, TABLE, [V])
    assert found.text == (
        "select convert(varchar(16), convert(binary(8), max([_t].[v])), 2)"
        " from [dbo].[T 100%%] as [_t] where [_t].[v] < min_active_rowversion()"
    )
    parsed(found)
    assert "min_active_rowversion" not in max_statement(TSQL, TABLE, [D]).text
    page = page_statement(TSQL, TABLE, [V], [V, A], after=("00000000000007D1", "1"), limit=7)
    assert "[_t].[v] > convert(binary(8), %s, 2)" in page.text


def test_times_of_the_old_types_are_written_so_that_no_language_reads_them_otherwise() -> None:
    for native in ("datetime", "smalldatetime"):
        assert TSQL.as_text("x", native) == "convert(varchar(30), x, 126)"
    for native in ("datetime2(7)", "time(7)", "datetimeoffset(7)"):
        assert TSQL.as_text("x", native) == "convert(varchar(34), x, 121)"


def test_only_a_utf8_server_s_hash_is_asked_of_utf8() -> None:
    assert UTF8.hashed(["x", "y"]) == (
        "cast(substring(hashbytes('MD5', cast((x + nchar(31) + y)"
        " collate Latin1_General_100_BIN2_UTF8 as varchar(max))), 1, 6) as bigint)"
    )
    assert "collate" not in TSQL.hashed(["x"])
    assert TSQL.hashing == PostgresDialect("md5").hashing


@pytest.mark.parametrize(
    ("native", "lv0"),
    [
        ("tinyint", "smallint"), ("int", "integer"), ("bit", "boolean"), ("bigint", "bigint"),
        ("numeric(38,10)", "numeric(38,10)"), ("decimal(18,0)", "numeric(18,0)"),
        ("money", "numeric(19,4)"), ("smallmoney", "numeric(10,4)"),
        ("float", "double precision"), ("real", "real"), ("date", "date"),
        ("time(7)", "time without time zone"), ("time(3)", "time(3) without time zone"),
        ("smalldatetime", "timestamp(0) without time zone"),
        ("datetime", "timestamp(3) without time zone"),
        ("datetime2(7)", "timestamp without time zone"),
        ("datetime2(6)", "timestamp(6) without time zone"),
        ("datetimeoffset(7)", "timestamp with time zone"), ("uniqueidentifier", "uuid"),
        (KOREAN, "character varying(20)"), ("nvarchar(20)", "character varying(20)"),
        ("sysname(128)", "character varying(128)"), ("nchar(5)", "character(5)"),
        ("varchar(max)", "text"), ("ntext", "text"), ("xml", "text"), ("timestamp", "bytea"),
        ("varbinary(max)", "bytea"), ("image", "bytea"), ("geography", "text"),
    ],
)  # fmt: skip
def test_lv0_has_the_type_that_holds_every_value(native: str, lv0: str) -> None:
    assert lv0_type(Native.parse(native)) == lv0


def test_a_type_that_nothing_is_known_of_is_refused_with_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"Type point2d has no form in lv0.*exclude"):
        lv0_type(Native.parse("point2d"))


@pytest.mark.parametrize("native", NATIVES)
def test_a_type_reads_back_from_its_text(native: str) -> None:
    assert str(Native.parse(native)) == native


@given(name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_one_identifier(name: str) -> None:
    quoted = bound(Statement(TSQL.quote(name)))
    assert quoted == "[" + name.replace("]", "]]") + "]"
    assert with_marks(TSQL.quote(name), "?") == quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'Brien", "N'O''Brien'"),
        ("%s %d %%", "N'%s %d %%'"),
        ("a\\\nb", "(N'a\\' + N'\nb')"),
        ("a\\\r\nb", "(N'a\\' + N'\r\nb')"),
        ("a\\b\nc", "N'a\\b\nc'"),
        ("a\0b", "(N'a' + nchar(0) + N'b')"),
        ("", "N''"),
    ],
)
def test_pymssql_s_literals_hold_any_value(value: str, text: str) -> None:
    assert literal(value) == text
    assert bound(Statement("select %s, '100%%'", (value,))) == f"select {text}, '100%'"
