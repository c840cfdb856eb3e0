"""Reads a whole table of SQL Server one way, and prints what the reading took as JSON.

    python -m bench.sqlserver_read ours|bare|pymssql SCHEMA TABLE

`ours` is this project's source, page by page; `bare` is mssql-python's `cursor.arrow_reader` over
one query; `pymssql` is a `fetchmany` loop. The URL comes from STAIRWAY_TEST_SQLSERVER_URL. Time
is taken inside, from the first query to the last row, without imports and login.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

from bench.sqlserver_connect import connection, mssql_python_connection, pymssql_connection
from extract.arrow import last_key
from extract.catalog import Extract
from extract.paging import page_statement
from extract.sources import open_source

__all__: list[str] = []

_KEY = "ORDER_NO"
_PAGE_ROWS = 20_000
_FETCH_ROWS = 10_000


def main() -> None:
    """Reads, and prints rows, wall_s and cpu_s."""
    way, schema, table = sys.argv[1:]
    counts = {"ours": _ours, "bare": _bare, "pymssql": _pymssql}[way](schema, table)
    # The first item comes when the connection stands.
    next(counts)
    wall, cpu = time.perf_counter(), time.process_time()
    rows = sum(counts)
    print(
        json.dumps(
            {
                "rows": rows,
                "wall_s": time.perf_counter() - wall,
                "cpu_s": time.process_time() - cpu,
            }
        )
    )


def _ours(schema: str, table: str) -> Iterator[int]:
    extract = Extract.model_validate({"connection": "bench", "schema": schema, "table": table})
    source = open_source(connection(), None)
    shape = source.describe(extract)
    key = shape.column(_KEY)
    assert key is not None
    yield 0
    after: tuple[str, ...] | None = None
    page = _PAGE_ROWS
    while page == _PAGE_ROWS:
        page = 0
        statement = page_statement(
            source.dialect, shape.relation, shape.columns, [key], after=after, limit=_PAGE_ROWS
        )
        for batch in source.read(statement, shape.columns):
            page += batch.num_rows
            after = last_key(batch.select(range(len(shape.columns), batch.num_columns)))
        yield page
    source.close()


def _bare(schema: str, table: str) -> Iterator[int]:
    opened = mssql_python_connection()
    cursor = opened.cursor()
    yield 0
    cursor.execute(f"select * from [{schema}].[{table}]")
    for batch in cursor.arrow_reader():
        yield batch.num_rows
    opened.close()


def _pymssql(schema: str, table: str) -> Iterator[int]:
    opened = pymssql_connection()
    cursor = opened.cursor()
    yield 0
    cursor.execute(f"select * from [{schema}].[{table}]")
    while rows := cursor.fetchmany(_FETCH_ROWS):
        yield len(rows)
    opened.close()


if __name__ == "__main__":
    main()
