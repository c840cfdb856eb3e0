"""T-SQL as the stand-in for SQL Server understands it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pymssql
import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.tds import StandIn
from tests.tds.clients import connect

_TABLE = """
create table dbo.goods (
    goods_cd varchar(10) not null,
    seq int not null,
    goods_nm nvarchar(50) collate Korean_Wansung_CI_AS null,
    price money null,
    twice as seq * 2,
    updt_dt datetime not null default getdate(),
    stamp rowversion,
    constraint pk_goods primary key clustered (goods_cd, seq desc)
)"""


@pytest.fixture(scope="module")
def started(postgres: EmbeddedPostgres) -> Iterator[StandIn]:
    with StandIn(postgres, ["RENTAL", "UNIERP5"]) as server:
        yield server


@pytest.fixture
def server(started: StandIn) -> Iterator[StandIn]:
    """The server with a table of three rows."""
    started.execute(
        "RENTAL", _TABLE,
        """insert into dbo.goods (goods_cd, seq, goods_nm, price)
        values ('A', 1, N'정수기', 100.5), ('b', 2, null, null), ('가', 3, N'', 0)""",
    )  # fmt: skip
    try:
        yield started
    finally:
        started.execute("RENTAL", "drop view if exists dbo.v", "drop table if exists dbo.goods")


def _one(server: StandIn, expression: str) -> Any:
    return server.rows("RENTAL", f"select {expression}")[0][0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 / 2", 3), ("-7 % 3", -1), ("7 / 2.0", Decimal("3.500000")),
        ("1.0 / 3", Decimal("0.333333")), ("1 + '2'", 3),
        ("cast(1 as decimal(10,2)) / 3", Decimal("0.333333")), ("N'a' + 'b'", "ab"),
        ("len('ab  ')", 2), ("datalength(N'ab  ')", 8), ("datalength('한a')", 3),
        ("len(N'😀')", 2), ("substring('abc', 0, 2)", "a"), ("isnull(null, 5)", 5),
        ("coalesce(null, 1.5, 2)", Decimal("1.5")), ("concat('a', null, 1)", "a1"),
        ("case when 'ABC' = 'abc  ' then 1 else 0 end", 1),
        ("case when 'ABC' collate Korean_Wansung_BIN2 = 'abc' then 1 else 0 end", 0),
        ("case when N'가' < N'나' and 'x' like '[w-z]' then 1 else 0 end", 1),
        ("cast(N'한글😀' as varchar(10))", "한글??"), ("cast(N'한글' as varchar(3))", "한"),
        ("cast('12' as char(4))", "12  "), ("cast(1.55 as decimal(3,1))", Decimal("1.6")),
        ("cast(2.9 as int)", 2), ("convert(varbinary(4), '0x00ff', 1)", b"\x00\xff"),
        ("convert(varchar(10), 0x00ff, 1)", "0x00FF"), ("convert(varchar(10), 0x00ff, 2)", "00FF"),
        ("convert(bigint, 0x0000000000000101)", 257), ("cast(257 as binary(4))", b"\0\0\1\1"),
        ("convert(varchar(30), cast(1234.5 as money), 1)", "1,234.50"),
        ("convert(varchar(30), cast(1234.56789 as money), 2)", "1234.5679"),
        ("convert(varchar(30), 0.1e0, 3)", "1.0000000000000000e-001"),
        ("convert(varchar(30), cast('2020-01-02 03:04:05.6' as datetime), 126)",
         "2020-01-02T03:04:05.600"),
        ("convert(varchar(30), cast('2020-01-02T03:04:05' as datetime), 126)",
         "2020-01-02T03:04:05"),
        ("convert(varchar(10), cast('20200102' as date), 23)", "2020-01-02"),
        ("cast(cast('2020-01-02 03:04:05.6' as datetime) as varchar(30))", "Jan  2 2020  3:04AM"),
        ("dateadd(month, 1, cast('2020-01-31' as date))", dt.date(2020, 2, 29)),
        ("datediff(day, '2019-12-31 23:59', '2020-01-01')", 1),
        ("datepart(year, cast('2020-05-06' as datetime))", 2020),
        ("switchoffset(cast('2020-01-01 00:00 +09:00' as datetimeoffset(0)), '+00:00')",
         dt.datetime(2019, 12, 31, 15, tzinfo=dt.UTC)),
        ("hashbytes('MD5', 'abc')", hashlib.md5(b"abc").digest()),
        ("hashbytes('MD5', N'ab')", hashlib.md5(b"a\0b\0").digest()),
        ("count_big(*) from (values (1), (2)) as v(a)", 2),
        ("db_name() + '/' + suser_sname()", "RENTAL/sa"), ("@@trancount", 0),
        ("serverproperty('EngineEdition')", 3), ("object_id(N'dbo.none')", None),
        ("try_cast('x' as int)", None),
        ("collationproperty('Korean_Wansung_CI_AS', 'CodePage')", 949),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_of_the_server(
    started: StandIn, expression: str, value: Any
) -> None:
    found = _one(started, expression)
    assert (type(found), found, repr(found)) == (type(value), value, repr(value))


def test_keys_compare_by_the_collation(server: StandIn) -> None:
    rows = server.rows("RENTAL", "select goods_cd from goods where goods_cd > 'a ' order by 1")
    assert rows == [("b",), ("가",)]
    for values, number in (("'a ', 1, null", 2627), ("null, 1, null", 515)):
        with pytest.raises(pymssql.Error) as caught:
            server.execute(
                "RENTAL", f"insert into goods (goods_cd, seq, goods_nm) values ({values})"
            )
        assert caught.value.args[0] == number


def test_text_that_is_too_long_is_refused_and_cut_only_by_a_cast(server: StandIn) -> None:
    with pytest.raises(pymssql.Error) as caught:
        server.execute("RENTAL", "update goods set goods_cd = '한글한글한글'")
    assert caught.value.args[0] == 2628
    server.execute("RENTAL", "update goods set goods_nm = cast('한글한글한글' as varchar(5))")
    assert set(server.rows("RENTAL", "select goods_nm from goods")) == {("한글",)}


def test_batches_need_no_semicolons(server: StandIn) -> None:
    batch = """declare @i int = 0, @n nvarchar(10)
        while @i < 3 begin
            insert into goods (goods_cd, seq) select 'n', @i set @i += 1
        end
        if @i = 3 set @n = N'three' else set @n = N'other'
        select @n, count(*) from goods where goods_cd = 'N' select @@rowcount"""
    with closing(server.connect("RENTAL")) as connection:
        cursor = connection.cursor()
        cursor.execute(batch)
        found = []
        while True:
            if cursor.description:
                found.append(cursor.fetchall())
            if not cursor.nextset():
                break
    assert found == [[("three", 3)], [(1,)]]


def test_the_rows_of_a_result_are_counted_by_the_next_statement(server: StandIn) -> None:
    with closing(connect("mssql-python", server)) as connection:
        cursor = connection.cursor()
        cursor.execute("select seq from goods where seq > ?; select rowcount_big()", (1,))
        assert sorted(tuple(row) for row in cursor.fetchall()) == [(2,), (3,)]
        assert cursor.nextset()
        assert tuple(cursor.fetchone()) == (2,)


def test_queries_join_group_and_window(server: StandIn) -> None:
    query = """
        with priced as (select goods_cd, price from dbo.goods where price is not null)
        select top (2) g.goods_cd, p.price, row_number() over (order by g.seq desc) as n,
            (select max(seq) from goods) as last
        from [RENTAL].[dbo].[goods] as g left join priced p on p.goods_cd = g.goods_cd
        where exists (select 1 from goods x where x.seq = g.seq) and g.seq in (1, 2, 3)
        order by n"""
    assert server.rows("RENTAL", query) == [("가", Decimal("0.0000"), 1, 3), ("b", None, 2, 3)]
    grouped = """select upper(goods_cd) as cd, sum(price), count(*), max(stamp) from goods
        group by upper(goods_cd) having count(*) > 0
        union all select 'z', null, 0, null order by cd"""
    found = server.rows("RENTAL", grouped)
    assert [row[:3] for row in found] == [
        ("A", Decimal("100.5000"), 1), ("B", None, 1), ("z", None, 0), ("가", Decimal("0.0000"), 1),
    ]  # fmt: skip


def test_rowversions_rise_with_every_change(server: StandIn) -> None:
    before = {row[0]: row[1] for row in server.rows("RENTAL", "select seq, stamp from goods")}
    server.execute("RENTAL", "update goods set price = 1 where seq = 2")
    after = {row[0]: row[1] for row in server.rows("RENTAL", "select seq, stamp from goods")}
    assert after[2] > max(before.values())
    assert {seq: after[seq] for seq in (1, 3)} == {seq: before[seq] for seq in (1, 3)}
    assert _one(server, "min_active_rowversion()") > after[2]


def test_an_open_transaction_holds_the_active_rowversion(server: StandIn) -> None:
    with closing(connect("pymssql", server, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("update goods set price = 1 where seq = 2")
        cursor.execute("select stamp from goods where seq = 2")
        ((mine,),) = cursor.fetchall()
        server.execute(
            "RENTAL", "create table dbo.other (a int, b rowversion)",
            "insert into dbo.other (a) values (1)",
        )  # fmt: skip
        try:
            assert _one(server, "b from dbo.other") > mine
            assert _one(server, "min_active_rowversion()") <= mine
            connection.commit()
            assert _one(server, "min_active_rowversion()") > _one(server, "b from dbo.other")
        finally:
            connection.rollback()
            server.execute("RENTAL", "drop table dbo.other")


def test_snapshot_isolation_reads_one_state(server: StandIn) -> None:
    with closing(connect("pymssql", server)) as connection:
        cursor = connection.cursor()
        cursor.execute("set transaction isolation level snapshot begin tran")
        cursor.execute("select count(*) from goods")
        assert cursor.fetchall() == [(3,)]
        server.execute("RENTAL", "delete from goods where seq = 1")
        cursor.execute("select count(*) from goods")
        assert cursor.fetchall() == [(3,)]
        cursor.execute("commit select count(*) from goods")
        assert cursor.fetchall() == [(2,)]


def test_snapshot_isolation_needs_the_database_to_allow_it(server: StandIn) -> None:
    server.execute("RENTAL", "alter database RENTAL set allow_snapshot_isolation off")
    try:
        with closing(server.connect("RENTAL")) as connection:
            cursor = connection.cursor()
            cursor.execute("set transaction isolation level snapshot")
            with pytest.raises(pymssql.Error) as caught:
                cursor.execute("select 1 from goods")
        assert caught.value.args[0] == 3952
    finally:
        server.execute("RENTAL", "alter database RENTAL set allow_snapshot_isolation on")


def test_a_failed_statement_leaves_its_transaction_open(server: StandIn) -> None:
    with closing(connect("pymssql", server, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("update goods set price = 5 where seq = 1")
        for wrong in ("insert into goods (goods_cd, seq) values ('A', 1)", "select 1 / 0"):
            with pytest.raises(pymssql.Error):
                cursor.execute(wrong)
                cursor.fetchall()
        cursor.execute("select price, @@trancount from goods where seq = 1")
        assert cursor.fetchall() == [(Decimal("5.0000"), 1)]


def test_sys_views_tell_the_shape_of_a_table(server: StandIn) -> None:
    columns = """select c.name, t.name, c.max_length, c.precision, c.scale, c.is_nullable,
        c.collation_name, c.is_computed from sys.columns c
        join sys.types t on t.user_type_id = c.user_type_id
        where c.object_id = object_id(N'[dbo].[goods]') order by c.column_id"""
    korean = "Korean_Wansung_CI_AS"
    assert server.rows("RENTAL", columns) == [
        ("goods_cd", "varchar", 10, 0, 0, False, korean, False),
        ("seq", "int", 4, 10, 0, False, None, False),
        ("goods_nm", "nvarchar", 100, 0, 0, True, korean, False),
        ("price", "money", 8, 19, 4, True, None, False),
        ("twice", "int", 4, 10, 0, False, None, True),
        ("updt_dt", "datetime", 8, 23, 3, False, None, False),
        ("stamp", "timestamp", 8, 0, 0, False, None, False),
    ]
    server.execute(
        "RENTAL", "create unique nonclustered index ux on goods (goods_nm) include (price)"
        " where goods_nm is not null",
    )  # fmt: skip
    indexes = """select i.name, i.type_desc, i.is_unique, i.is_primary_key, i.has_filter,
        col_name(x.object_id, x.column_id), x.key_ordinal, x.is_descending_key
        from sys.indexes i join sys.index_columns x
            on x.object_id = i.object_id and x.index_id = i.index_id
        where i.object_id = object_id('goods') order by i.index_id, x.index_column_id"""
    assert server.rows("RENTAL", indexes) == [
        ("pk_goods", "CLUSTERED", True, True, False, "goods_cd", 1, False),
        ("pk_goods", "CLUSTERED", True, True, False, "seq", 2, True),
        ("ux", "NONCLUSTERED", True, False, True, "goods_nm", 1, False),
        ("ux", "NONCLUSTERED", True, False, True, "price", 0, False),
    ]
    assert server.rows(
        "RENTAL", "select sum(rows) from sys.partitions where object_id = object_id('goods')"
        " and index_id in (0, 1)",
    ) == [(3,)]  # fmt: skip


def test_a_view_and_an_expression_are_described(server: StandIn) -> None:
    server.execute("RENTAL", "create view dbo.v as select goods_cd, price * 2 as p from goods")
    query = """select name, system_type_name, is_nullable, source_table, source_column
        from sys.dm_exec_describe_first_result_set(N'select *, len(goods_cd) as n from dbo.v',
            null, 1) order by column_ordinal"""
    assert server.rows("RENTAL", query) == [
        ("goods_cd", "varchar(10)", False, "goods", "goods_cd"),
        ("p", "money", True, None, None),
        ("n", "int", False, None, None),
    ]


def test_tables_change_their_shape(server: StandIn) -> None:
    server.execute(
        "RENTAL", "alter table goods add note nvarchar(10) not null default N'x', extra int",
        "alter table goods alter column note nvarchar(20) null",
        "exec sp_rename 'dbo.goods.note', 'memo', 'COLUMN'", "alter table goods drop column extra",
        "update goods set memo = memo + N'y' where seq = 1",
    )  # fmt: skip
    assert server.rows("RENTAL", "select memo from goods order by seq") == [("xy",), ("x",), ("x",)]
    with pytest.raises(pymssql.Error) as caught:
        server.rows("RENTAL", "select note from goods")
    assert caught.value.args[0] == 207
    with pytest.raises(pymssql.Error) as caught:
        server.execute("RENTAL", "alter table goods drop column seq")
    assert caught.value.args[0] == 5074


def test_a_definition_that_fails_leaves_nothing(server: StandIn) -> None:
    for wrong in ("create table dbo.half (a int, b nothing)", "create view dbo.v as select nope"):
        with pytest.raises(pymssql.Error):
            server.execute("RENTAL", wrong)
    assert _one(server, "object_id('dbo.half')") is None
    server.execute("RENTAL", "create table dbo.half (a int)", "drop table dbo.half")


def test_a_function_fails_for_the_row_that_it_cannot_decrypt(server: StandIn) -> None:
    server.execute(
        "RENTAL",
        """create function dbo.FN_DEC(@x nvarchar(100)) returns nvarchar(100) as begin
            return case when @x like N'ENC:%' then reverse(substring(@x, 5, 100))
                else cast(cast(@x as int) as nvarchar(100)) end
        end""",
    )
    try:
        assert _one(server, "dbo.FN_DEC(N'ENC:cba')") == "abc"
        with pytest.raises(pymssql.Error) as caught:
            server.rows("RENTAL", "select dbo.FN_DEC(goods_nm) from goods")
        assert caught.value.args[0] == 245
    finally:
        server.execute("RENTAL", "drop function dbo.FN_DEC")


def test_other_databases_are_reached_by_three_parts(server: StandIn) -> None:
    server.execute("UNIERP5", "create table dbo.codes (a int)", "insert into codes values (1), (2)")
    query = "select count(*) from UNIERP5.dbo.codes c cross join goods g"
    assert server.rows("RENTAL", query) == [(6,)]
    assert server.rows("RENTAL", "use UNIERP5 select count(*) from codes") == [(2,)]


def test_rows_change_through_joins_and_top(server: StandIn) -> None:
    server.execute(
        "RENTAL", "update g set price = x.seq from goods g join goods x on x.seq = g.seq + 1",
        "delete top (1) from goods where seq = 3", "truncate table goods",
    )  # fmt: skip
    assert server.rows("RENTAL", "select * from goods") == []
