"""Types and values of the stand-in for SQL Server on the wire."""

from __future__ import annotations

import struct
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tds.types import SqlType, make_type, read_type_info, type_info
from tests.tds.values import DAY, EPOCH_1900, NUL, decode, encode, encoder

_KOREAN = "Korean_Wansung_CI_AS"
_LAST_DAY = 3_652_058
_TYPES = [
    "tinyint", "smallint", "int", "bigint", "bit", "decimal(38,10)", "numeric(5,2)", "money",
    "smallmoney", "float", "real", "date", "time(0)", "time(7)", "smalldatetime", "datetime",
    "datetime2(0)", "datetime2(7)", "datetimeoffset(7)", "uniqueidentifier", "char(10)",
    "varchar(20)", "varchar(max)", "nchar(5)", "nvarchar(20)", "nvarchar(max)", "text", "ntext",
    "binary(4)", "varbinary(10)", "varbinary(max)", "image", "xml",
]  # fmt: skip


def _type(text: str) -> SqlType:
    name, _, rest = text.partition("(")
    return make_type(name, rest.rstrip(")").split(",") if rest else [], _KOREAN)


def _through(kind: SqlType, value: Any) -> Any:
    """What a client would read, had it our own decoder."""
    info = type_info(kind)
    data = info + encode(kind, value) + b"tail"
    found, at = read_type_info(data, 0)
    assert at == len(info)
    # Long types have a text pointer in results and none in parameters.
    if info[0] in (0x22, 0x23, 0x63):
        at += 25
    read, end = decode(found, data, at, info[0])
    assert data[end:] == b"tail"
    return read


@pytest.mark.parametrize("text", _TYPES)
def test_a_type_is_read_back_from_its_own_bytes(text: str) -> None:
    kind = _type(text)
    found, end = read_type_info(type_info(kind) + b"tail", 0)
    assert end == len(type_info(kind))
    assert (found.name, found.length, found.scale) == (kind.name, kind.length, kind.scale)


@pytest.mark.parametrize("text", _TYPES)
def test_null_has_a_form_in_every_type(text: str) -> None:
    kind = _type(text)
    if text not in ("text", "ntext", "image"):
        assert _through(kind, None) is None
    assert encode(kind, None) in (b"\0", b"\xff\xff", b"\xff" * 8)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive(value: int) -> None:
    assert _through(_type("bigint"), value) == value


@given(st.integers(-(10**38) + 1, 10**38 - 1))
def test_decimals_survive(unscaled: int) -> None:
    value = Decimal(unscaled).scaleb(-10)
    assert _through(_type("decimal(38,10)"), value) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_money_survives(unscaled: int) -> None:
    value = Decimal(unscaled).scaleb(-4)
    assert _through(_type("money"), value) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive(value: float) -> None:
    assert _through(_type("float"), value) == value


@given(st.integers(0, (_LAST_DAY + 1) * DAY - 1))
def test_moments_survive_to_100_nanoseconds(ticks: int) -> None:
    assert _through(_type("datetime2(7)"), ticks) == ticks


@given(st.integers(DAY, _LAST_DAY * DAY), st.integers(-840, 840))
def test_moments_with_an_offset_survive(ticks: int, minutes: int) -> None:
    value = Decimal(ticks * 10_000 + minutes + 5_000)
    assert _through(_type("datetimeoffset(7)"), value) == value


@given(st.integers(0, 300 * 86_400 - 1), st.integers(639_905, _LAST_DAY))
def test_every_300th_of_a_second_survives(part: int, day: int) -> None:
    ticks = day * DAY + (part * 100_000 + 1) // 3
    kind = _type("datetime")
    assert struct.unpack("<iI", encode(kind, ticks)[1:]) == (day - EPOCH_1900, part)
    assert _through(kind, ticks) == ticks


@given(st.text(st.characters(exclude_characters=NUL, exclude_categories=("Cs",)), max_size=20))
def test_national_text_survives_with_its_nul_characters(text: str) -> None:
    kept = text.replace("\0", NUL)
    assert _through(_type("nvarchar(max)"), kept) == kept
    assert encode(_type("nvarchar(40)"), kept)[2:] == text.encode("utf-16-le")


def test_korean_text_is_in_its_code_page() -> None:
    assert encode(_type("varchar(10)"), "가A") == b"\x03\0\xb0\xa1A"
    assert type_info(_type("varchar(10)")) == b"\xa7\x0a\x00\x12\x04\xd0\x00\x00"


def test_known_values_have_the_bytes_of_the_protocol() -> None:
    for text, value, wanted in (
        ("decimal(5,2)", Decimal("-1.50"), b"\x05\x00\x96\0\0\0"),
        ("money", Decimal("1.0000"), b"\x08\0\0\0\0\x10\x27\0\0"),
        ("date", 0, b"\x03\0\0\0"),
        ("time(0)", 86_399 * 10_000_000, b"\x03\x7f\x51\x01"),
        ("bit", 1, b"\x01\x01"),
        (
            "uniqueidentifier", uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            bytes.fromhex("10ff19966f868b11d0b42d00c04fc964ff"),
        ),
    ):  # fmt: skip
        assert encode(_type(text), value) == wanted, text


def test_what_cannot_be_null_has_no_length() -> None:
    kind = _type("int")
    assert type_info(kind, nullable=False) == b"\x38"
    assert encoder(kind, nullable=False)(258) == b"\x02\x01\0\0"
