"""The Arrow connection to a Postgres source."""

from __future__ import annotations

from contextlib import closing

from extract.settings import Connection
from extract.sources.adbc import ArrowConnection
from sandbox.postgres import EmbeddedPostgres


def test_only_a_query_that_comes_by_an_index_is_kept_from_sorting(
    postgres: EmbeddedPostgres,
) -> None:
    def setting(**how: bool) -> str:
        with connection.query("select current_setting('enable_sort') as it", **how) as batches:
            [batch] = batches
        return str(batch.column("it")[0])

    with closing(ArrowConnection(Connection("source", postgres.url("postgres")))) as connection:
        assert [setting(), setting(sorts=False), setting(sorts=False), setting()] == [
            "on", "off", "off", "on",
        ]  # fmt: skip
