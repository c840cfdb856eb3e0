"""The method that this project replaces: pages by ROW_NUMBER() through pandas, row by row.

    original.py SOURCE_URL TARGET_URL SCHEMA TABLE KEY [--read-only]

Lands in `public.<table>`.
"""

from __future__ import annotations

import argparse

import pandas as pd
import sqlalchemy as sa

_PAGE_ROWS = 10_000
_PAGE = """
select * from (
    select *, row_number() over (order by {key}) as page_row from {schema}.{table}
) as numbered
where page_row between {first} and {last}
"""


def main() -> None:
    """Copies the table, or only reads it."""
    parser = argparse.ArgumentParser()
    for name in ("source", "target", "schema", "table", "key"):
        parser.add_argument(name)
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    source, target = _engine(options.source), _engine(options.target)
    first, rows = 1, _PAGE_ROWS
    while rows == _PAGE_ROWS:
        page = pd.read_sql(
            _PAGE.format(
                key=options.key,
                schema=options.schema,
                table=options.table,
                first=first,
                last=first + _PAGE_ROWS - 1,
            ),
            source,
        ).drop(columns="page_row")
        rows = len(page)
        if rows and not options.read_only:
            page.to_sql(
                options.table, target, if_exists="replace" if first == 1 else "append", index=False
            )
        first += _PAGE_ROWS


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg2"))


if __name__ == "__main__":
    main()
