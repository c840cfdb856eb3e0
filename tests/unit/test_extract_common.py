"""What every source does alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.settings import Connection
from extract.sources.common import as_batches, cuts_between, local_path, with_marks
from tests.unit.extract_samples import column

WHOLE = st.integers(-(2**70), 2**70)


@given(first=WHOLE, second=WHOLE, parts=st.integers(1, 64))
def test_cuts_lie_between_the_ends_in_order(first: int, second: int, parts: int) -> None:
    smallest, largest = sorted((first, second))
    cuts = [int(cut) for cut in cuts_between(smallest, largest, parts)]

    assert cuts == sorted(set(cuts))
    assert len(cuts) < parts or not cuts
    assert all(smallest < cut < largest for cut in cuts)


def test_placeholders_become_the_driver_s_and_percents_bare() -> None:
    assert with_marks("a = %s and b like '100%%s' and c %% 2 = %s", "?") == (
        "a = ? and b like '100%s' and c % 2 = ?"
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/a%20b.db", Path("/srv/a b.db")),
        ("sqlite:///data/a.db", Path.cwd() / "data/a.db"),
    ],
)
def test_three_slashes_begin_a_relative_path_and_four_an_absolute_one(url: str, path: Path) -> None:
    assert local_path(Connection("erp", url)) == path


@pytest.mark.parametrize(
    ("kind", "values", "in_text", "arrow"),
    [
        ("integer", [1, None], False, pa.int32()),
        ("integer", [1, "x"], False, pa.string()),
        ("integer", [2**40], False, pa.string()),
        ("integer", [b"00005", None], True, pa.int32()),
        ("integer", [b"x"], True, pa.string()),
        ("numeric(38,30)", [b"-0.5"], True, pa.decimal128(38, 30)),
        ("date", [date(2024, 1, 1)], False, pa.date32()),
        ("date", [b"0000-00-00"], True, pa.string()),
        ("text", ["한", None], False, pa.string()),
        ("text", ["한".encode(), None], True, pa.string()),
        ("bytea", [b"\xff", None], True, pa.binary()),
    ],
)
def test_values_become_arrow_of_their_column_or_text_that_is_judged_later(
    kind: str, values: list[Any], in_text: bool, arrow: pa.DataType
) -> None:
    rows = [(value,) for value in values]

    (batch,) = as_batches(rows, [column("v", kind)], ["v"], in_text=in_text)

    assert batch.schema.types == [arrow]
    assert batch.num_rows == len(values)
