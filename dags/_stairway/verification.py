"""The verify task: does lv0 hold what the source holds?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from _stairway.extraction import asked

__all__ = ["verify_feed"]


def verify_feed(feed: str, extracted: Mapping[str, Any]) -> dict[str, Any]:
    """Compares `feed` with lv0; what it found, which `ops.verifications` keeps too.

    Args:
        feed: `source.table`, as in dbt.
        extracted: what the extract task returned. Only a complete pass is verified: it is due
            as often as `full_every` says, and reads as much.

    Raises:
        AirflowFailException: they differ, or another try would fail in the same way.
        TransientError: a connection was lost.
    """
    if not extracted["is_complete"]:
        return {"feed": feed, "state": "not due"}
    # Here, as the DAG processor needs none of the drivers that this imports.
    from extract import api
    from extract.verify.report import summary

    found = asked(api.verify_feed, feed)
    if found.state == "different":
        raise AirflowFailException(
            f"{summary(found)}. See ops.verifications, or `python -m extract verify {feed}`."
        )
    return found.as_mapping()
