"""dlt: its sql_database source, its Postgres destination.

    dlt_load.py SOURCE_URL TARGET_URL SCHEMA TABLE BACKEND LOADER

BACKEND is one of the source's, pyarrow or connectorx. LOADER is `insert_values`, the one that
dlt has for binary columns where no ADBC driver is installed (csv refuses them), or `adbc`, which
takes parquet files in by the driver. All else is as dlt comes. Lands in `bench.<table>`.
"""

from __future__ import annotations

import os
import sys

import dlt
import sqlalchemy as sa
from dlt.sources.sql_database import sql_table


def main() -> None:
    """Runs the pipeline once."""
    source, target = (_url(argument) for argument in sys.argv[1:3])
    schema, table, backend, loader = sys.argv[3:]
    adbc = loader == "adbc"
    # The driver is in this environment for every contestant; dlt would find it.
    os.environ["DISABLE_ADBC_DETECTION"] = str(not adbc).lower()
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        destination=dlt.destinations.postgres(target.render_as_string(False)),
        dataset_name="bench",
    )
    resource = sql_table(
        credentials=source.set(drivername="postgresql+psycopg2").render_as_string(False),
        schema=schema,
        table=table,
        backend=backend,
    )
    pipeline.run(
        resource,
        write_disposition="replace",
        loader_file_format="parquet" if adbc else loader,
    ).raise_on_failed_jobs()


def _url(text: str) -> sa.URL:
    # dlt insists on a password, which the cluster doesn't ask for.
    return sa.make_url(text).set(password="none")


if __name__ == "__main__":
    main()
