"""What becomes of a batch between the source and lv0."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.arrow import Batch, arrow_type, prepare
from extract.plan import Reject
from extract.shape import Column
from tests.unit.extract_samples import column

TEXT = column("V", "text")
PRICE = column("N", "numeric(9,2)", nullable=True)


def prepared(columns: list[Column], *values: pa.Array, keys: list[str] | None = None) -> Batch:
    order = pa.array(keys or [str(place) for place in range(len(values[0]))])
    names = [f"_out_{place}" for place in range(len(values))] + ["_order_0"]
    return prepare(pa.RecordBatch.from_arrays([*values, order], names=names), columns)


def column_of(batch: Batch, name: str) -> list[Any]:
    values: list[Any] = batch.rows.column(name).to_pylist()
    return values


@given(
    st.lists(
        st.none() | st.decimals(allow_nan=False, places=2, min_value=-9999999, max_value=9999999),
        min_size=1,
    )
)
def test_numbers_that_come_as_text_become_the_same_decimals(numbers: list[Decimal | None]) -> None:
    texts = pa.array([None if n is None else f"{n:f}" for n in numbers], pa.string())
    found = prepared([PRICE], texts)
    assert found.rows.schema.field("n").type == pa.decimal128(9, 2)
    assert column_of(found, "n") == numbers
    assert found.rejects == ()


def test_a_row_with_nan_or_an_infinity_is_set_aside_and_its_neighbours_stay() -> None:
    found = prepared(
        [TEXT, PRICE],
        pa.array(["a", "b", "c", "d", "e"]),
        pa.array(["1.50", "NaN", None, "Infinity", "-Infinity"]),
    )
    assert column_of(found, "v") == ["a", "c"]
    assert column_of(found, "n") == [Decimal("1.50"), None]
    reason = "not a numeric(9,2) value"
    assert found.rejects == tuple(Reject((key,), "n", reason) for key in ("1", "3", "4"))
    assert found.last_order == ("4",)


def test_a_batch_of_which_nothing_can_be_stored_still_moves_on() -> None:
    found = prepared([PRICE], pa.array(["NaN"]), keys=["가"])
    assert (found.rows.num_rows, found.last_order) == (0, ("가",))


@given(st.lists(st.none() | st.text(st.sampled_from("a\0한😀")), min_size=1))
def test_nul_characters_are_removed_and_counted(texts: list[str | None]) -> None:
    found = prepared([TEXT], pa.array(texts, pa.string()))
    assert column_of(found, "v") == [t and t.replace("\0", "") for t in texts]
    assert found.nul_removed == sum((t or "").count("\0") for t in texts)


def test_bytes_keep_their_nul_characters_and_empty_strings_are_not_null() -> None:
    raw = column("B", "bytea")
    found = prepared([TEXT, raw], pa.array(["", None]), pa.array([b"\0", b""]))
    assert column_of(found, "v") == ["", None]
    assert column_of(found, "b") == [b"\0", b""]
    assert found.nul_removed == 0


def test_a_slice_of_a_batch_counts_its_own_rows_only() -> None:
    whole = pa.RecordBatch.from_arrays(
        [pa.array(["\0\0", "x\0", "y"]), pa.array(["1", "2", "3"])], names=["_out_0", "_order_0"]
    )
    found = prepare(whole.slice(1, 1), [TEXT])
    assert (column_of(found, "v"), found.nul_removed, found.last_order) == (["x"], 1, ("2",))


def test_a_large_string_and_a_column_of_nulls_are_texts_too() -> None:
    found = prepared([TEXT], pa.array(["a\0"], pa.large_string()))
    assert (column_of(found, "v"), found.nul_removed) == (["a"], 1)
    assert column_of(prepared([TEXT], pa.array([None], pa.string())), "v") == [None]


def test_an_extension_type_travels_as_what_it_is_stored_as() -> None:
    found = prepared([column("J", "json")], pa.array(["{}"], pa.json_(pa.string())))
    assert found.rows.schema.field("j").type == pa.string()
    assert column_of(found, "j") == ["{}"]


def test_columns_land_under_their_names_in_lower_case() -> None:
    found = prepared([column("Nº Pedido", "text")], pa.array(["x"]))
    assert found.rows.schema.names == ["nº pedido"]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("boolean", pa.bool_()),
        ("smallint", pa.int16()),
        ("integer", pa.int32()),
        ("bigint", pa.int64()),
        ("real", pa.float32()),
        ("double precision", pa.float64()),
        ("date", pa.date32()),
        ("bytea", pa.binary()),
        ("uuid", pa.binary(16)),
        ("numeric(19,4)", pa.decimal128(19, 4)),
        ("numeric(38,0)", pa.decimal128(38, 0)),
        ("numeric(39,0)", pa.string()),
        ("numeric(77,0)", pa.string()),
        ("numeric(3,-2)", pa.string()),
        ("numeric", pa.string()),
        ("time(3) without time zone", pa.time64("us")),
        ("timestamp(3) without time zone", pa.timestamp("us")),
        ("timestamp without time zone", pa.timestamp("us")),
        ("timestamp(6) with time zone", pa.timestamp("us", "UTC")),
        ("text", pa.string()),
        ("character varying(9)", pa.string()),
        ("json", pa.string()),
    ],
)
def test_each_staging_type_has_the_arrow_type_that_is_copied_into_it(
    stage: str, expected: pa.DataType
) -> None:
    assert arrow_type(stage) == expected


@given(st.lists(st.none() | st.uuids(), min_size=1))
def test_uuids_that_come_as_text_become_their_bytes(values: list[UUID | None]) -> None:
    texts = pa.array(
        [value and (str(value).upper() if value.int % 2 else value.hex) for value in values],
        pa.string(),
    )
    found = prepared([column("I", "uuid", nullable=True)], texts)
    assert column_of(found, "i") == [value and value.bytes for value in values]
    assert found.rejects == ()


@pytest.mark.parametrize("text", ["", "123", "g" * 32, "0" * 31, "0" * 33, "한" * 32])
def test_a_text_that_is_no_uuid_sets_its_row_aside(text: str) -> None:
    good = "00000000-0000-0000-0000-0000000000ff"
    found = prepared([column("I", "uuid")], pa.array([good, text, good]))
    assert column_of(found, "i") == [UUID(good).bytes] * 2
    assert found.rejects == (Reject(("1",), "i", "not a uuid value"),)


def _microseconds(text: str) -> int:
    """As Postgres counts them: since 2000."""
    since = datetime.fromisoformat(text) - datetime(2000, 1, 1)
    return round(since.total_seconds() * 1_000_000)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_any_unit_arrive_and_what_is_finer_than_a_microsecond_is_cut_off(
    unit: str,
) -> None:
    values = pa.array([0, 1, -1, None], pa.timestamp(unit))
    found = prepared([column("U", "timestamp without time zone", nullable=True)], values)
    steps = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}
    epoch = _microseconds("1970-01-01")
    # Towards the earlier or the later one: a nanosecond before 1970 is within a microsecond of it.
    first, second, third, missing = column_of(found, "u")
    assert (first, second, missing) == (epoch, epoch + steps[unit], None)
    assert epoch - max(steps[unit], 1) <= third <= epoch - steps[unit]


@pytest.mark.parametrize(
    ("stage", "given", "good"),
    [
        ("integer", ["1", "x", "2147483648", "-7"], [1, -7]),
        ("smallint", ["32767", "32768", "", "0"], [32767, 0]),
        ("double precision", ["1.5", "NaNa", "1e3", "-"], [1.5, 1000.0]),
        ("boolean", ["true", "2", "0", "yes?"], [True, False]),
    ],
)
def test_texts_that_are_no_value_of_the_type_set_their_rows_aside(
    stage: str, given: list[str], good: list[object]
) -> None:
    found = prepared([column("N", stage)], pa.array(given))
    assert column_of(found, "n") == good
    assert {reject.reason for reject in found.rejects} == {f"not a {stage} value"}
    assert len(found.rejects) == len(given) - len(good)


def test_numbers_of_another_width_are_converted_and_those_too_large_set_aside() -> None:
    found = prepared([column("N", "smallint")], pa.array([1, 70000, -3], pa.int64()))
    assert (column_of(found, "n"), len(found.rejects)) == ([1, -3], 1)
    wider = prepared([column("N", "numeric(9,2)")], pa.array([1, None], pa.int32()))
    assert column_of(wider, "n") == [Decimal("1.00"), None]


def test_bytes_for_a_column_of_another_type_are_postgres_own_form_and_stay() -> None:
    found = prepared([column("I", "inet")], pa.array([b"\x02\x20"]))
    assert column_of(found, "i") == [b"\x02\x20"]


def test_a_row_that_two_columns_refuse_is_left_out_once() -> None:
    columns = [column("A"), column("B")]
    found = prepared(columns, pa.array(["1", "x"]), pa.array(["y", "z"]))
    assert found.rows.num_rows == 0
    assert [(r.order, r.column) for r in found.rejects] == [
        (("1",), "a"), (("0",), "b"), (("1",), "b"),
    ]  # fmt: skip
