"""Runs of the whole engine on what only SQL Server has."""

from __future__ import annotations

from tests.conformance.landing import Landing
from tests.conformance.servers.sql import SqlServer


def test_a_rowversion_finds_every_change_without_a_time(
    server: SqlServer, landing: Landing
) -> None:
    table = server.relation("versions")
    server.execute(
        f"create table {table} (k int not null primary key, v nvarchar(20), r rowversion)",
        f"insert into {table} (k, v) values (1, N'가'), (2, N'나'), (3, null)",
    )
    landing.feed("versions", mode="incremental", cursor="r", page_rows=2)
    first = landing.run("versions")
    assert landing.columns("versions")["r"] == "bytea"

    server.execute(
        f"update {table} set v = N'다' where k = 1",
        f"insert into {table} (k, v) values (4, N'라')",
        f"delete from {table} where k = 2",
    )
    second = landing.run("versions", allow_deletes=True)
    third = landing.run("versions")

    assert first.rows_inserted == 3
    assert (second.rows_inserted, second.rows_updated, second.rows_deleted) == (1, 1, 1)
    assert not third.changed
    rows = landing.rows("select k, v from lv0.versions where _deleted_at is null order by k")
    assert rows == [(1, "다"), (3, None), (4, "라")]


def test_a_view_is_read_like_a_table_where_its_key_is_told(
    server: SqlServer, landing: Landing
) -> None:
    table, view = server.relation("orders"), server.relation("open_orders")
    server.execute(
        f"create table {table} ([no] varchar(10) collate Korean_Wansung_CI_AS not null,"
        " line tinyint not null, amount money, primary key ([no], line))",
        f"insert into {table} values (N'서울-1', 1, 1.5), (N'서울-1', 2, 2), (N'부산-7', 1, null)",
        f"create view {view} as select [no], line, amount from {table} where line < 9",
    )
    landing.feed("open_orders", key=["no", "line"], page_rows=1)
    result = landing.run("open_orders")
    assert result.rows_inserted == 3
    assert not landing.run("open_orders").changed
    rows = landing.rows('select "no", line, amount::text from lv0.open_orders order by 1, 2')
    assert rows == [("부산-7", 1, None), ("서울-1", 1, "1.5000"), ("서울-1", 2, "2.0000")]


def test_a_source_s_own_formula_that_fails_for_a_row_rejects_that_row(
    server: SqlServer, landing: Landing
) -> None:
    table = server.relation("formulas")
    server.execute(
        f"create table {table} (k int not null primary key, d int not null)",
        f"insert into {table} values (1, 2), (2, 0), (3, 5)",
    )
    landing.feed("formulas", expressions={"share": "10 / d"})
    result = landing.run("formulas")
    assert (result.rows_inserted, result.rows_rejected) == (2, 1)
    assert landing.rows("select k, share from lv0.formulas order by k") == [(1, 5), (3, 2)]
    found = landing.rows("select key ->> 'k', column_name from lv0._rejected order by 1")
    assert ("2", "share") in found
