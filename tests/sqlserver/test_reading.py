"""Rows, keys and errors as they come over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from extract.catalog import Extract
from extract.errors import RowError, SourceError
from extract.paging import Statement, page_statement
from extract.shape import TableShape
from extract.sources.sqlserver import SqlServerSource
from tests.conformance.servers.sql import SqlServer
from tests.sqlserver.conftest import Open

VALUES = (
    "O'Brien", "%s %d %% {x} [y] ?", "a\\\nb", "a\\\r\nb", "a\\b\nc", "한글😀", "", " ", "\t",
    "x" * 4000, "한" * 2000, "x" * 3999 + "😀", "a" * 300_000, "--", "/*", "N'x'", ";", '"',
)  # fmt: skip


def shape_of(source: SqlServerSource, server: SqlServer, table: str, **fields: Any) -> TableShape:
    block = {**server.defaults, "connection": "erp", "table": table, **fields}
    return source.describe(Extract.model_validate(block))


def numbers(server: SqlServer, name: str, rows: int, column: str = "int") -> None:
    """A table with the column `k` = 1 .. `rows` and the column `v`."""
    server.execute(
        f"create table {server.relation(name)} (k int not null primary key, v {column})",
        *(
            f"insert into {server.relation(name)} (k) values "
            + ", ".join(f"({k})" for k in range(start, min(start + 900, rows + 1)))
            for start in range(1, rows + 1, 900)
        ),
    )


@pytest.mark.parametrize("value", VALUES)
def test_any_value_is_a_parameter(opened: Open, value: str) -> None:
    source = opened()
    answer = source.texts(
        Statement(
            "select cast(%s as nvarchar(max)), N'100%%', cast(%s as nvarchar(9))", (value, "z")
        )
    )
    assert answer == [(value, "100%", "z")]


def test_a_stream_may_be_left_early_and_beside_it_small_results_are_read(
    server: SqlServer, opened: Open
) -> None:
    numbers(server, "many", 2500)
    source = opened()
    shape = shape_of(source, server, "many")
    everything = page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])
    for _ in range(2):
        stream = source.read(everything, shape.columns)
        assert next(iter(stream)).num_rows > 0
        assert source.texts(Statement(f"select count(*) from {shape.relation}")) == [("2500",)]
        stream.close()  # type: ignore[attr-defined]
    assert sum(batch.num_rows for batch in source.read(everything, shape.columns)) == 2500


def test_an_empty_result_has_no_batches(server: SqlServer, opened: Open) -> None:
    numbers(server, "none", 0)
    source = opened()
    shape = shape_of(source, server, "none")
    statement = page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])
    assert list(source.read(statement, shape.columns)) == []


def test_batches_stay_a_few_megabytes_whatever_the_values_size(
    server: SqlServer, opened: Open
) -> None:
    numbers(server, "large", 1200, "varchar(max)")
    table = server.relation("large")
    server.execute(f"update {table} set v = replicate(cast('x' as varchar(max)), 60000)")
    source = opened()
    shape = shape_of(source, server, "large")
    statement = page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])
    sizes = [batch.nbytes for batch in source.read(statement, shape.columns)]
    assert sum(sizes) > 1200 * 60_000
    # The first one is made before a value has been seen.
    assert max(sizes[1:]) < 8 << 20 and sizes[0] < 40 << 20


def test_a_value_that_can_t_be_computed_is_that_row_s_fault_and_the_source_goes_on(
    server: SqlServer, opened: Open
) -> None:
    numbers(server, "faulty", 2000)
    source = opened()
    for expression in ("1 / (k - 1500)", "cast(nullif('kim', cast(k as varchar(9))) as int)"):
        shape = shape_of(source, server, "faulty", expressions={"x": expression})
        statement = page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])
        with pytest.raises(RowError) as found:
            list(source.read(statement, shape.columns))
        assert "kim" not in str(found.value)
        with pytest.raises(RowError):
            source.texts(Statement(f"select max({expression}) from {shape.relation}"))
    assert source.texts(Statement(f"select count(*) from {shape.relation}")) == [("2000",)]


def test_a_statement_that_is_wrong_is_nobody_s_row(server: SqlServer, opened: Open) -> None:
    numbers(server, "sound", 5)
    source = opened()
    shape = shape_of(source, server, "sound")
    for text, number in (
        (f"select nothing from {shape.relation}", "nothing"),
        ("select * from dbo.nowhere", "nowhere"),
        ("select 1 + * 2", "error 102"),
    ):
        for ask in (source.texts, lambda statement: list(source.read(statement, shape.columns))):
            with pytest.raises(SourceError) as found:
                ask(Statement(text))
            assert type(found.value) is SourceError
            assert number in str(found.value)


def test_a_table_is_cut_into_about_equal_ranges_without_reading_it(
    server: SqlServer, opened: Open
) -> None:
    numbers(server, "ranges", 1000)
    source = opened()
    shape = shape_of(source, server, "ranges")
    cuts = [int(cut) for cut in source.boundaries(shape, shape.columns[0], 4)]
    assert len(cuts) == 3 and cuts == sorted(cuts)
    assert all(abs(cut - at) < 100 for cut, at in zip(cuts, (250, 500, 750), strict=True))
    assert source.boundaries(shape, shape.columns[1], 4) == []


def test_types_that_clients_do_not_know_come_as_text(server: SqlServer, opened: Open) -> None:
    source = opened()
    # Compatible servers lack some of them.
    there = {name for (name,) in source.texts(Statement("select t.name from sys.types as t"))}
    samples = {
        "sql_variant": ("5", "5"),
        "hierarchyid": ("'/1/2/'", "/1/2/"),
        "geography": ("geography::STPointFromText('POINT(127 37)', 4326)", "POINT (127 37)"),
        "geometry": ("geometry::STPointFromText('POINT(1 2)', 0)", "POINT (1 2)"),
    }
    known = {name: sample for name, sample in samples.items() if name in there}
    columns = "".join(f", c_{name} {name}" for name in known)
    literals = "".join(f", {literal}" for literal, _ in known.values())
    table = server.relation("exotic")
    server.execute(
        f"create table {table} (k int not null primary key{columns})",
        f"insert into {table} values (1{literals})",
        f"insert into {table} (k) values (2)",
    )
    shape = shape_of(source, server, "exotic")
    assert [column.lv0_type for column in shape.columns[1:]] == ["text"] * len(known)
    statement = page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])
    rows = [
        list(row.values())[1:-1]
        for batch in source.read(statement, shape.columns)
        for row in batch.to_pylist()
    ]
    assert rows == [[text for _, text in known.values()], [None] * len(known)]
