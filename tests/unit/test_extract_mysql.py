"""MySQL's SQL and types, without a server."""

from __future__ import annotations

import pytest

from extract.dialects.mysql import MysqlDialect
from extract.errors import SourceError
from extract.paging import CursorRange, bucket_statement, page_statement
from extract.shape import Column
from extract.sources.mysql_types import column_of

DIALECT = MysqlDialect()


def column(name: str, native: str = "int") -> Column:
    return column_of(name, native, DIALECT.quote(name), nullable=False)


def test_a_page_behind_a_key_of_two_parts_begins_where_an_index_is_entered() -> None:
    key = (column("a", "varchar(9)"), column("b%"))

    found = page_statement(DIALECT, "`s`.`t`", key[:1], key, after=("x", "5"), limit=10)

    assert found.text == (
        "select `a` as `_out_0`, `a` as `_order_0`, cast(`b%%` + 0 as char) as `_order_1`"
        " from `s`.`t` where (`a` >= %s and"
        " ((`a` > %s) or (`a` = %s and `b%%` > cast(%s as signed))))"
        " order by `a`, `b%%` limit 10"
    )
    assert found.params == ("x", "x", "x", "5")


def test_a_cursor_s_lower_bound_is_compared_as_a_moment() -> None:
    at = column("at", "datetime(3)")

    found = CursorRange((at,), ("2024-01-01",), ("2024-01-02",), 3600).render(DIALECT)

    assert found.text == (
        "`at` >= cast(%s as datetime(6)) - interval 3600 second"
        " and (`at` <= cast(%s as datetime(6)))"
    )


def test_a_number_can_not_be_moved_back_in_time() -> None:
    with pytest.raises(SourceError, match="of type bigint"):
        DIALECT.minus_seconds("x", "bigint", 60)


def test_a_key_is_hashed_by_the_md5_of_its_canonical_texts() -> None:
    found = bucket_statement(DIALECT, "`t`", (column("a"), column("b", "date")), 1024)

    texts = "cast(`a` + 0 as char), char(31 using utf8mb4), cast(`b` as char)"
    hashed = (
        f"cast(conv(left(md5(convert(concat({texts}) using utf8mb4)), 12), 16, 10) as unsigned)"
    )
    assert f"select {hashed} as h from `t`" in found.text


def test_names_are_quoted_whatever_is_in_them() -> None:
    assert DIALECT.quote("a`b%s") == "`a``b%%s`"


@pytest.mark.parametrize(
    ("native", "lv0"),
    [
        ("tinyint(1)", "smallint"),
        ("tinyint(3) unsigned", "smallint"),
        ("smallint unsigned", "integer"),
        ("int(10) unsigned zerofill", "bigint"),
        ("bigint(20) unsigned", "numeric(20,0)"),
        ("bit(1)", "boolean"),
        ("bit(12)", "bit(12)"),
        ("year(4)", "smallint"),
        ("float(7,3)", "real"),
        ("double unsigned", "double precision"),
        ("decimal(65,30)", "numeric(65,30)"),
        ("decimal(10,0) unsigned", "numeric(10,0)"),
        ("char(5)", "character varying(5)"),
        ("varchar(9)", "character varying(9)"),
        ("mediumtext", "text"),
        ("json", "json"),
        ("enum('a','b')", "text"),
        ("set('a','b')", "text"),
        ("varbinary(16)", "bytea"),
        ("tinyblob", "bytea"),
        ("multipolygon", "bytea"),
        ("date", "date"),
        ("datetime", "timestamp(0) without time zone"),
        ("timestamp(6)", "timestamp(6) with time zone"),
        ("time(3)", "interval"),
        ("uuid", "uuid"),
        ("inet6", "text"),
        ("a_type_of_the_future(3)", "text"),
    ],
)
def test_a_type_becomes_the_one_that_holds_all_of_its_values(native: str, lv0: str) -> None:
    assert column(native, native).lv0_type == lv0
