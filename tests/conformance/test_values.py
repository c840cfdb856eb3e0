"""Every type and every value arrives as it is, and what arrived compares equal to its source."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from extract.dialects.postgres import PostgresDialect
from extract.paging import Statement
from extract.postgres import bind
from tests.conformance.landing import Landing, texts_of
from tests.conformance.servers import Kind, Server, Table, having

pytestmark = pytest.mark.usefixtures("server")


def make_types_table(server: Server, name: str) -> list[tuple[str | None, ...]]:
    """Makes a table with a column for each type; returns its rows as lv0 must have them."""
    columns: dict[str, Kind | str] = {"k": Kind.INTEGER}
    columns |= {f"c{at}": case.sql for at, case in enumerate(server.types)}
    server.create(Table(name, columns, ("k",)))
    longest = max(len(case.values) for case in server.types)
    expected: list[tuple[str | None, ...]] = []
    for row in range(longest + 1):
        chosen = [list(case.values.items())[row : row + 1] for case in server.types]
        literals = [found[0][0] if found else "null" for found in chosen]
        server.execute(f"insert into {server.relation(name)} values ({row}, {', '.join(literals)})")
        expected.append((str(row), *(found[0][1] if found else None for found in chosen)))
    return expected


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_every_type_arrives_exactly_and_a_second_run_changes_nothing(
    server: Server, landing: Landing
) -> None:
    expected = make_types_table(server, "types")
    landing.feed("types", page_rows=2)

    first = landing.run("types")
    second = landing.run("types")

    assert list(landing.columns("types").values())[1:] == [case.lv0 for case in server.types]
    assert landing.lv0("types") == sorted(expected, key=repr)
    assert (first.rows_inserted, first.rows_rejected) == (len(expected), 0)
    assert (second.changed, second.rows_unchanged) == (False, len(expected))


@pytest.mark.parametrize("server", having("typed"), indirect=True)
def test_a_value_has_the_same_canonical_text_and_hash_on_both_sides(
    server: Server, landing: Landing
) -> None:
    make_types_table(server, "texts")
    landing.feed("texts")
    landing.run("texts")

    with closing(landing.source()) as source:
        shape = source.describe(landing.extract("texts"))
        theirs, ours = source.dialect, PostgresDialect(source.dialect.hashing)
        ends = f" from {shape.relation} order by {shape.columns[0].reference}"
        texts = [theirs.canonical(column.reference, column.native) for column in shape.columns]
        there = source.texts(Statement(f"select {', '.join(texts)}{ends}"))
        hashes = [f"{theirs.hashed([texts[0], text])}" for text in texts]
        hashed_there = source.texts(Statement(f"select {', '.join(hashes)}{ends}"))
    texts = [
        ours.canonical(ours.quote(column.lv0_name), column.lv0_type) for column in shape.columns
    ]
    here = landing.rows(bind(f"select {', '.join(texts)} from lv0.texts order by k", ()))
    hashes = [f"cast({ours.hashed([texts[0], text])} as text)" for text in texts]
    hashed = landing.rows(bind(f"select {', '.join(hashes)} from lv0.texts order by k", ()))

    assert there == here
    # Some servers can hash what is ASCII only.
    assert [_of_ascii(row, texts) for row, texts in zip(hashed_there, there, strict=True)] == [
        _of_ascii(row, texts) for row, texts in zip(hashed, here, strict=True)
    ]


def test_empty_is_not_null_and_what_a_text_format_would_escape_stays(
    server: Server, landing: Landing
) -> None:
    texts = (
        None, "", " ", "  x  ", "\\N", "\\\\N", "NULL", "null", "\\", "a\tb", "a\nb", "a\r\nb",
        "\r", '"', '""', "'", "''", ",", ";", "a,b", '"a","b"', "%s", "%%", "{}",
        "\u00a0", "\ufeff", "e\u0301", "한글", "👩\u200d👩\u200d👧", "\U0010ffff", "\x01", "\x1f",
        "\x7f", "$1", "?", ":a", "--", "/*",
    )  # fmt: skip
    rows = [(place, text) for place, text in enumerate(texts)]
    server.create(Table("escapes", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows))
    landing.feed("escapes", key="k")

    landing.run("escapes")

    assert landing.lv0("escapes") == texts_of(rows)


@pytest.mark.parametrize("server", having("nul"), indirect=True)
def test_nul_characters_are_removed_and_counted(server: Server, landing: Landing) -> None:
    rows = [(1, "a\0b"), (2, "\0"), (3, "c")]
    server.create(Table("nul", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=rows))
    landing.feed("nul", key="k")

    first = landing.run("nul")
    second = landing.run("nul")

    assert landing.lv0("nul") == texts_of([(1, "ab"), (2, ""), (3, "c")])
    assert (first.nul_removed, second.changed) == (2, False)


def test_values_of_some_megabytes_arrive_whole(server: Server, landing: Landing) -> None:
    rows = [(1, "한글😀" * 300_000), (2, "x"), (3, "y" * 2_000_000), (4, None)]
    server.create(Table("huge", {"k": Kind.INTEGER, "v": Kind.LONG}, ("k",), rows=rows))
    landing.feed("huge", key="k", page_rows=2)

    landing.run("huge")

    # Not in the assertion itself, which would print them.
    same = landing.lv0("huge") == texts_of(rows)
    assert same


def _of_ascii(row: tuple[Any, ...], texts: tuple[Any, ...]) -> list[Any]:
    return [value for value, text in zip(row, texts, strict=True) if text is None or text.isascii()]
