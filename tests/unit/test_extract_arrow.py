"""What becomes of a batch between the source and lv0."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from extract.arrow import Batch, Reject, prepare
from extract.shape import Column
from tests.unit.extract_samples import column

TEXT = column("V", "text")
PRICE = column("N", "numeric(9,2)", nullable=True, decimal=(9, 2))


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


def test_a_number_wider_than_38_digits_keeps_them_all() -> None:
    wide = column("N", "numeric(60,2)", decimal=(60, 2))
    number = "1" * 58 + ".25"
    assert column_of(prepared([wide], pa.array([number])), "n") == [Decimal(number)]


def test_a_row_with_nan_or_an_infinity_is_set_aside_and_its_neighbours_stay() -> None:
    found = prepared(
        [TEXT, PRICE],
        pa.array(["a", "b", "c", "d", "e"]),
        pa.array(["1.50", "NaN", None, "Infinity", "-Infinity"]),
    )
    assert column_of(found, "v") == ["a", "c"]
    assert column_of(found, "n") == [Decimal("1.50"), None]
    reason = "not a finite decimal number"
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
