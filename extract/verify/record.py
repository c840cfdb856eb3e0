"""Keeps the reports of comparisons in `ops.verifications`."""

from __future__ import annotations

import json

from extract import postgres
from extract.verify.report import Verification

__all__ = ["record"]


def record(connection: postgres.Statements, found: Verification) -> None:
    """Adds a report."""
    differences = [vars(difference) for difference in found.differences]
    connection.execute(
        """
        insert into ops.verifications (
            feed, state, seconds, source_rows, lv0_rows, only_source, only_lv0, different, newer,
            rejected, columns, keys, error
        ) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)
        """,
        (
            found.feed, found.state, found.seconds, found.source_rows, found.lv0_rows,
            found.only_source, found.only_lv0, found.different, found.newer, found.rejected,
            list(found.columns), json.dumps(differences, ensure_ascii=False), found.error,
        ),
    )  # fmt: skip
