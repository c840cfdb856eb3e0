"""Answers of web APIs: their bytes, what is in them, and when all pages are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.catalog_http import HttpApi
from extract.errors import ExtractError, SourceError, TransientError
from extract.sources.http.answers import Answer, read_answer, value_of
from extract.sources.http.pages import MovedError, pages
from extract.sources.http.parse import ParseError, parse

KOREAN = '<?xml version="1.0" encoding="{}"?><r><이름>똠방각하 펲시콜라</이름></r>'


def api(**more: Any) -> HttpApi:
    return HttpApi.model_validate(
        {
            "format": "json",
            "page_parameter": "page",
            "items": "body.items.item",
            "columns": ["no"],
            **more,
        }
    )


@pytest.mark.parametrize(
    ("body", "tree"),
    [
        (b"<r/>", {"r": ""}),
        (b"<r><a>1</a><b/><c> x &amp; y </c></r>", {"r": {"a": "1", "b": "", "c": " x & y "}}),
        (b"<r><a>1</a><a>2</a><a>3</a></r>", {"r": {"a": ["1", "2", "3"]}}),
        (b"<r><a>1</a><b/><a><c>2</c></a></r>", {"r": {"a": ["1", {"c": "2"}], "b": ""}}),
        (b'<r kind="x"><![CDATA[<&>]]></r>', {"r": "<&>"}),
        (b'\xef\xbb\xbf <r>\xed\x95\x9c</r>\r\n', {"r": "한"}),
        (b'{"a": 1.50, "b": [true, null, -0, 1e400], "c": ""}',
         {"a": "1.50", "b": [True, None, "-0", "1e400"], "c": ""}),
        ('{"a": "한"}'.encode("utf-16"), {"a": "한"}),
    ],
)  # fmt: skip
def test_xml_and_json_give_the_same_kind_of_tree(body: bytes, tree: Any) -> None:
    assert parse(body, None)[1] == tree


@pytest.mark.parametrize("declared", ["EUC-KR", "euc-kr", "ks_c_5601-1987", "cp949", "UTF-8"])
def test_an_xml_declaration_names_the_encoding_whatever_the_header_says(declared: str) -> None:
    # 똠 and 펲 are in cp949 only, as Windows writes them under the name EUC-KR.
    body = KOREAN.format(declared).encode("utf-8" if declared == "UTF-8" else "cp949")
    assert parse(body, "iso-8859-1") == ("xml", {"r": {"이름": "똠방각하 펲시콜라"}})


def test_the_header_names_the_encoding_where_the_body_does_not() -> None:
    assert parse('{"a": "한글"}'.encode("euc-kr"), "euc-kr")[1] == {"a": "한글"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b"OK", "is neither XML nor JSON"),
        (b"<r><a>secret", r"breaks off or is no XML \(line 1\)"),
        (b'{"a": "secret', r"breaks off or is no JSON \(character 6\)"),
        (b"[" * 100_000, "is nested too deeply"),
        ('{"a": "한"}'.encode("euc-kr"), "isn't in the encoding utf-8"),
        (b'<?xml version="1.0" encoding="klingon"?><r/>', "doesn't know, klingon"),
        (b'<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>', "has a document type"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "has a document type"),
    ],
)
def test_what_is_no_answer_is_named_without_its_content(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as error:
        parse(body, None)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (b'{"body": {"items": {"item": [{"no": "1"}, {"no": "2"}]}}}', 2),
        (b'{"body": {"items": {"item": {"no": "1"}}}}', 1),
        (b'{"body": {"items": {"item": []}}}', 0),
        (b'{"body": {"items": ""}}', 0),
        (b'{"body": {"items": null}}', 0),
        (b'{"body": {"items": {}}}', 0),
    ],
)
def test_one_item_needs_no_list_and_none_no_element(body: bytes, items: int) -> None:
    assert len(read_answer(body, None, api(), "x").items) == items


def test_a_number_in_a_path_is_a_place_in_a_list() -> None:
    body = b'{"school": [{"head": [{"count": 7}]}, {"row": [{"no": 1}]}]}'
    asked = api(items="school.1.row", total="school.0.head.0.count")
    assert read_answer(body, None, asked, "x") == Answer([{"no": "1"}], 7)


@pytest.mark.parametrize(
    ("body", "more", "said"),
    [
        (b'{"body": {"rows": [1], "n": 1}}', {}, "`body` has no `items`; it has rows, n. Fix"),
        (b'{"body": {"items": {"item": ["a"]}}}', {}, "`body.items.item` has no fields"),
        (b'{"body": {"items": ""}}', {"total": "body.n"}, "it has items. Fix `http.total`"),
        (b'{"body": {"n": "many"}}', {"total": "body.n"}, "`body.n` is no number of items"),
        (b"<html><body>busy</body></html>", {}, "is xml, not json; it has html"),
    ],
)
def test_an_answer_of_another_shape_says_what_it_has(
    body: bytes, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceError) as error:
        read_answer(body, None, api(**more), "http://x/y, page 1")
    assert str(error.value).startswith("http://x/y, page 1: ")
    assert said in str(error.value)


RESULT = {
    "code": ["head.code", "error.reason"],
    "message": ["head.message", "error.text"],
    "ok": "00",
    "empty": "03",
    "transient": ["01"],
}


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b'{"head": {"code": "22", "message": "LIMITED  REQUESTS\\nEXCEEDED."}}', SourceError,
         "x: the API refuses: 22 LIMITED REQUESTS EXCEEDED."),
        (b"<error><text>NO KEY</text><reason> 30 </reason></error>", SourceError,
         "x: the API refuses: 30 NO KEY."),
        (b'{"head": {"code": "01", "message": ""}}', TransientError, "x: the API refuses: 01."),
    ],
)  # fmt: skip
def test_a_refusal_with_status_200_is_an_error(
    body: bytes, kind: type[ExtractError], said: str
) -> None:
    with pytest.raises(kind) as error:
        read_answer(body, None, api(result=RESULT), "x")
    assert str(error.value).startswith(said)


def test_a_code_for_no_data_is_an_empty_page() -> None:
    body = b'{"head": {"code": "03"}}'
    assert read_answer(body, None, api(result=RESULT), "x") == Answer([], None)
    assert read_answer(body, None, api(result=RESULT, total="n"), "x") == Answer([], 0)


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"a": {"b": "1"}}, (True, "1")),
        ({"a": {"b": ""}}, (True, "")),
        ({"a": {"b": None}}, (True, None)),
        ({"a": {"b": True}}, (True, "true")),
        ({"a": {"b": [{"c": "한"}]}}, (True, '[{"c": "한"}]')),
        ({"a": {}}, (False, None)),
        ({"a": ""}, (False, None)),
        ({}, (False, None)),
    ],
)
def test_a_missing_field_is_null(item: dict[str, Any], value: tuple[bool, str | None]) -> None:
    [column] = api(columns=["a.b"]).columns
    assert (column.name, value_of(item, column)) == ("a_b", value)


def paged(
    count: int, size: int, total: Callable[[int], int | None] = lambda page: None
) -> Callable[[int], Answer]:
    """An API with `count` items, in pages of `size`."""
    items = [{"no": str(number)} for number in range(count)]
    return lambda page: Answer(items[(page - 1) * size : page * size], total(page))


@given(count=st.integers(0, 40), size=st.integers(1, 12), tells=st.booleans())
def test_every_item_comes_once_and_no_page_is_asked_for_in_vain(
    count: int, size: int, tells: bool
) -> None:
    asked: list[int] = []

    def ask(page: int) -> Answer:
        asked.append(page)
        return paged(count, size, lambda _: count if tells else None)(page)

    read = [item["no"] for page in pages(ask, api(), "x") for item in page]
    assert read == [str(number) for number in range(count)]
    full = -(-count // size)
    assert asked == list(range(1, 1 + (max(1, full) if tells else full + 1)))


def test_a_total_that_changes_is_noticed() -> None:
    with pytest.raises(MovedError, match="total went from 30 to 31"):
        list(pages(paged(31, 10, lambda page: 30 if page == 1 else 31), api(), "x"))


@pytest.mark.parametrize(
    ("total", "said"),
    [(26, "page 4 is empty after 25 of 26 items"), (24, "25 items on the pages, and 24 in all")],
)
def test_pages_that_do_not_add_up_are_noticed(total: int, said: str) -> None:
    with pytest.raises(MovedError, match=said):
        list(pages(paged(25, 10, lambda _: total), api(), "x"))


def test_an_api_that_ignores_the_page_is_told_from_one_without_end() -> None:
    with pytest.raises(SourceError, match=r"page 2 is page 1 again.*http.page_parameter"):
        list(pages(lambda page: Answer([{"no": "1"}], None), api(), "x"))
    with pytest.raises(SourceError, match=r"page 5 still has items, and `http.max_pages` is 5"):
        list(pages(paged(100, 1), api(max_pages=5), "x"))


def test_pages_may_be_counted_from_nought() -> None:
    def ask(page: int) -> Answer:
        return paged(3, 2)(page + 1)

    assert sum(len(page) for page in pages(ask, api(first_page=0), "x")) == 3
