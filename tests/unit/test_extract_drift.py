"""Which changes of a source's shape lv0 follows, and which stop the run."""

from __future__ import annotations

import pytest

from extract.drift import drift_of
from extract.errors import DriftError
from tests.unit.extract_samples import column, feed

WIDER = [
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
    ("real", "double precision"),
    ("character varying(5)", "character varying(9)"),
    ("character varying(5)", "character varying"),
    ("character varying(5)", "text"),
    ("numeric(5,2)", "numeric(9,2)"),
]
OTHER = [
    *((new, old) for old, new in WIDER),
    ("integer", "text"),
    ("integer", "numeric(9,0)"),
    ("character(5)", "character(9)"),
    ("character(5)", "text"),
    ("numeric(5,2)", "numeric(9,3)"),
    ("numeric(5,2)", "numeric(6,1)"),
    ("date", "timestamp without time zone"),
    ("timestamp without time zone", "timestamp with time zone"),
    ("text", "json"),
]


@pytest.mark.parametrize(("old", "new"), WIDER)
def test_a_wider_type_widens_lv0(old: str, new: str) -> None:
    found = drift_of(feed(), [column("A", new)], {"a": old})
    assert found.lines() == [f"widened a to {new}"]


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_a_narrower_or_other_type_stops_the_run(old: str, new: str) -> None:
    with pytest.raises(DriftError) as error:
        drift_of(feed(), [column("A", new), column("b")], {"a": old, "b": "integer"})
    assert f"changed the type of a from {old} to {new};" in str(error.value)
    assert "Alter lv0.t by hand" in str(error.value)


def test_a_new_column_is_added_and_our_own_are_no_drift() -> None:
    own = {"_extracted_at": "timestamp with time zone", "_deleted_at": "timestamp with time zone"}
    found = drift_of(feed(), [column("A"), column("New", "text")], {"a": "integer", **own})
    assert found.lines() == ["added new text"]
    assert drift_of(feed(), [column("A")], None).lines() == []


def test_a_column_that_is_gone_is_told_with_what_is_new_and_what_is_there() -> None:
    with pytest.raises(DriftError, match="no longer has a, b; new are c; available are c, d"):
        drift_of(feed(), [column("C"), column("D")], {"a": "text", "b": "text", "d": "integer"})


def test_a_source_may_not_have_a_column_of_our_name() -> None:
    with pytest.raises(DriftError, match="_Extracted_At, a name that lv0 keeps for itself"):
        drift_of(feed(), [column("_Extracted_At")], None)
