"""What is read from the catalogue: columns, keys, indexes, views."""

from __future__ import annotations

from typing import Any

import pytest

from extract.catalog import Extract
from extract.errors import SourceError
from extract.shape import Index, TableShape
from tests.conformance.servers.sql import SqlServer
from tests.sqlserver.conftest import Open


def described(server: SqlServer, opened: Open, table: str, **fields: Any) -> TableShape:
    block = {**server.defaults, "connection": "erp", "table": table, **fields}
    return opened().describe(Extract.model_validate(block))


def test_names_are_found_whatever_their_case_and_kept_as_the_server_has_them(
    server: SqlServer, opened: Open
) -> None:
    server.execute(
        f"create table {server.relation('Odd ]Name%')}"
        f" ({server.quote('A ]b%')} int not null primary key, [select] int)"
    )
    schema = server.defaults["schema"].upper()
    shape = described(server, opened, "ODD ]NAME%", schema=schema, include=["a ]B%", "SELECT"])
    assert [column.name for column in shape.columns] == ["A ]b%", "select"]
    assert [column.nullable for column in shape.columns] == [False, True]
    assert shape.primary_key == ("A ]b%",)


def test_a_column_of_another_code_page_carries_its_collation(
    server: SqlServer, opened: Open
) -> None:
    server.execute(
        f"create table {server.relation('pages')} (k int not null primary key,"
        " a varchar(20) collate Korean_Wansung_CI_AS, b varchar(20) collate Latin1_General_CI_AS,"
        " c nvarchar(20) collate Korean_Wansung_CI_AS)"
    )
    shape = described(server, opened, "pages")
    natives = [column.native for column in shape.columns]
    # One of them may be the database's own.
    assert any(native.startswith("varchar(20) collate ") for native in natives[1:3])
    assert natives[3] == "nvarchar(20)"


def test_only_indexes_that_hold_every_row_in_ascending_order_count(
    server: SqlServer, opened: Open
) -> None:
    table = server.relation("indexed")
    server.execute(
        f"create table {table} (a int not null, b int not null, c int not null, d int, e int)",
        f"alter table {table} add constraint pk_indexed primary key clustered (b, a)",
        f"create unique nonclustered index u1 on {table} (c) include (d)",
        f"create index down on {table} (d desc, e desc)",
        f"create index mixed on {table} (e, d desc)",
        f"create index filtered on {table} (a) where a > 5",
    )
    shape = described(server, opened, "indexed")
    assert shape.primary_key == ("b", "a")
    assert sorted(shape.indexes, key=repr) == sorted(
        [Index(("b", "a"), True), Index(("c",), True), Index(("d", "e"), False)], key=repr
    )
    assert shape.estimated_rows == 0 and not shape.is_view


def test_a_plain_view_has_its_table_s_indexes_as_far_as_it_shows_their_columns(
    server: SqlServer, opened: Open
) -> None:
    table = server.relation("base")
    server.execute(
        f"create table {table} (a int not null, b varchar(9) not null, c int not null, d int,"
        " primary key (a, b))",
        f"create index i on {table} (d, c)",
        f"create view {server.relation('plain')} as select a as x, b, d from {table} where c > 1",
        f"create view {server.relation('half')} as select a, upper(b) as b, d from {table} as t",
        f"create view {server.relation('twice')} as"
        f" select t.a, t.b from {table} as t inner join {table} as o on t.a = o.a",
        f"create view {server.relation('counted')} as"
        f" select a, b, count(*) as n from {table} group by a, b",
    )
    plain = described(server, opened, "plain")
    assert (plain.is_view, plain.primary_key, plain.estimated_rows) == (True, (), None)
    # A server that can't describe a view's columns proves nothing of it.
    assert plain.indexes in ((), (Index(("x", "b"), True), Index(("d",), False)))
    assert described(server, opened, "half").indexes in (
        (),
        (Index(("a",), False), Index(("d",), False)),
    )
    assert described(server, opened, "twice").indexes == ()
    assert described(server, opened, "counted").indexes == ()


def test_an_expression_has_the_type_that_the_server_says(server: SqlServer, opened: Open) -> None:
    server.execute(f"create table {server.relation('exp')} (k int not null primary key, n money)")
    expressions = {
        "twice": "n * 2",
        "text": "'%s' + cast(k as varchar(5))",
        "day": "cast('2024-01-01' as date)",
    }
    shape = described(server, opened, "exp", expressions=expressions)
    found = [(column.lv0_type, column.computed) for column in shape.columns[2:]]
    assert found == [
        ("numeric(19,4)", True), ("character varying(7)", True), ("date", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"table": "nowhere"}, ("`{schema}.nowhere` is not there", "told")),
        ({"schema": "nowhere"}, ("schema nowhere is empty or isn't there",)),
        ({"exclude": ["z"]}, ("Column z is not in", "it has k, n")),
        ({"expressions": {"x": "z + 1"}}, ("error 207", "expressions")),
        ({"expressions": {"x": "dbo.fn_nowhere(k)"}}, ("expressions",)),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    server: SqlServer, opened: Open, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    relation = server.relation("told")
    server.execute(f"if object_id(N'{relation}') is null create table {relation} (k int, n int)")
    with pytest.raises(SourceError) as found:
        described(server, opened, **{"table": "told", **fields})
    for word in words:
        assert word.format(**server.defaults).replace("error 207", "z") in str(found.value)
