"""The bare pair of libraries: connectorx reads to Arrow, ADBC's Postgres driver takes it in.

    connectorx_adbc.py SOURCE_URL TARGET_URL SCHEMA TABLE

Lands in `public.<table>`.
"""

from __future__ import annotations

import sys

import connectorx
from adbc_driver_postgresql import dbapi


def main() -> None:
    """Copies the table."""
    source, target, schema, table = sys.argv[1:]
    rows = connectorx.read_sql(source, f"select * from {schema}.{table}", return_type="arrow")
    with dbapi.connect(target) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest(table, rows, mode="create")
        connection.commit()


if __name__ == "__main__":
    main()
