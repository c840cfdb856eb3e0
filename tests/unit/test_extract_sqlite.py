"""SQLite files, whose columns take values of any class."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.arrow import prepare
from extract.catalog import Extract
from extract.dialects.sqlite import FUNCTIONS, kind_of
from extract.errors import ConfigurationError, RowError, SourceError, TransientError
from extract.paging import Statement, page_statement
from extract.settings import Connection
from extract.shape import Index, TableShape
from extract.sources.sqlite import SqliteSource, connect

KINDS = (
    "bigint", "boolean", "double precision", "numeric", "numeric(9,2)", "text", "bytea", "date",
    "timestamp without time zone", "any",
)  # fmt: skip
VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary()
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erp.db"


def made(path: Path, *statements: str) -> SqliteSource:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    return connect(Connection("erp", f"sqlite:///{path}"), None)


def described(source: SqliteSource, table: str = "t", **extract: Any) -> TableShape:
    return source.describe(Extract.model_validate({"connection": "erp", "table": table, **extract}))


def read(source: SqliteSource, shape: TableShape) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The rows that can be stored, and the reasons why others can't."""
    statement = page_statement(
        source.dialect, shape.relation, shape.columns, shape.columns[:1], limit=100
    )
    rows: list[tuple[Any, ...]] = []
    reasons: list[str] = []
    for batch in source.read(statement, shape.columns):
        fit = prepare(batch, shape.columns)
        rows += zip(*(column.to_pylist() for column in fit.rows.columns), strict=True)
        reasons += [reject.reason for reject in fit.rejects]
    return rows, reasons


@given(value=VALUES, kind=st.sampled_from(KINDS))
def test_a_value_s_text_turns_back_into_the_same_value(value: Any, kind: str) -> None:
    text = FUNCTIONS["stairway_text"][1](value, kind)
    back = FUNCTIONS["stairway_value"][1](text, kind)

    assert back == value
    assert type(back) is type(value)


@given(value=VALUES, kind=st.sampled_from(KINDS))
def test_any_value_has_a_canonical_text(value: Any, kind: str) -> None:
    text = FUNCTIONS["stairway_canonical"][1](value, kind)

    assert (text is None) == (value is None)


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("INTEGER", "bigint"),
        ("unsigned big int", "bigint"),
        ("VARCHAR(9)", "text"),
        ("native character(70)", "text"),
        ("BLOB", "bytea"),
        ("DOUBLE PRECISION", "double precision"),
        ("DECIMAL(10, 5)", "numeric(10,5)"),
        ("numeric", "numeric"),
        ("boolean", "boolean"),
        ("date", "date"),
        ("DATETIME", "timestamp without time zone"),
        ("timestamp", "timestamp without time zone"),
        ("STRING", "any"),
        ("JSON", "any"),
        ("", "any"),
    ],
)
def test_the_declared_type_decides_the_type_in_lv0(declared: str, kind: str) -> None:
    assert kind_of(declared) == kind


@pytest.mark.parametrize(
    ("declared", "good", "bad"),
    [
        ("integer", "5", "'x'"),
        ("integer", "5", "1.5"),
        ("integer", "5", "'0x10'"),
        ("integer", "5", "x'3132'"),
        ("real", "1.5", "'x'"),
        ("decimal(5,2)", "1.25", "1.125"),
        ("decimal(5,2)", "1.25", "99999"),
        ("boolean", "1", "2"),
        ("date", "'2024-02-29'", "'2023-02-29'"),
        ("date", "'2024-02-29'", "1709164800"),
        ("datetime", "'2024-01-01 10:00:00'", "'yesterday'"),
    ],
)
def test_a_value_of_another_class_sets_its_row_aside(
    path: Path, declared: str, good: str, bad: str
) -> None:
    source = made(
        path,
        f"create table t (id integer primary key, v {declared})",
        f"insert into t values (1, {good}), (2, {bad}), (3, null)",
    )
    with closing(source):
        shape = described(source)
        rows, reasons = read(source, shape)

    assert [row[0] for row in rows] == [1, 3]
    assert reasons == [f"not a {shape.columns[1].lv0_type} value"]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("text", "x'ff'"),
        ("blob", "'text'"),
        ("blob", "5"),
        ("numeric", "'abc'"),
        ("", "x'00'"),
        ("text", "cast(x'ff' as text)"),
    ],
)
def test_a_value_that_nothing_would_refuse_fails_the_statement_without_being_quoted(
    path: Path, declared: str, value: str
) -> None:
    source = made(
        path,
        f"create table t (id integer primary key, v {declared})",
        f"insert into t values (1, {value})",
    )
    with closing(source), pytest.raises(RowError) as caught:
        read(source, described(source))

    assert "value" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_keys_of_any_class_page_to_the_end(path: Path) -> None:
    source = made(
        path,
        "create table t (k, v integer, primary key (k))",
        "insert into t values (5, 1), ('5', 2), (5.5, 3), (x'35', 4), ('', 5), (x'', 6), (-1, 7)",
    )
    with closing(source):
        shape = described(source)
        key = shape.columns[:1]
        after: tuple[str, ...] | None = None
        found = []
        for _ in range(7):
            ((value, text),) = source.texts(
                page_statement(
                    source.dialect, shape.relation, shape.columns[1:], key, after=after, limit=1
                )
            )
            after = (str(text),)
            found.append(value)
        end = page_statement(
            source.dialect, shape.relation, shape.columns[1:], key, after=after, limit=1
        )

        assert source.texts(end) == []
    # Numbers come before texts, and texts before bytes.
    assert found == ["7", "1", "3", "5", "2", "6", "4"]


def test_only_indexes_that_deliver_the_column_s_own_order_count(path: Path) -> None:
    source = made(
        path,
        "create table t (a integer primary key, b text, c text collate nocase, d integer, e text)",
        "create unique index of_b on t (b)",
        "create index of_c on t (c, d)",
        "create index of_d on t (d desc, e)",
        "create index of_part on t (e) where e > 'x'",
        "create index of_expression on t (lower(e))",
        "create index of_other_order on t (e collate nocase)",
    )
    with closing(source):
        shape = described(source)

    assert shape.primary_key == ("a",)
    assert shape.indexes == (Index(("a",), True), Index(("b",), True), Index(("c", "d"), False))
    assert [column.nullable for column in shape.columns] == [False, True, True, True, True]


def test_a_table_without_rowid_has_its_key_as_index(path: Path) -> None:
    source = made(
        path, "create table t (b text, a integer, v real, primary key (a, b)) without rowid"
    )
    with closing(source):
        shape = described(source)

    assert (shape.primary_key, shape.indexes) == (("a", "b"), (Index(("a", "b"), True),))
    assert not any(column.nullable for column in shape.columns[:2])


def test_a_primary_key_that_is_no_rowid_may_be_null(path: Path) -> None:
    source = made(path, "create table t (a text primary key)")
    with closing(source):
        assert described(source).columns[0].nullable


def test_expressions_have_the_type_that_they_are_cast_to(path: Path) -> None:
    source = made(
        path,
        "create table t (id integer primary key, v text)",
        "insert into t values (1, '5')",
    )
    expressions = {
        "whole": "cast(v as integer)",
        "real": "cast(v as real)",
        "text": "cast(v as text)",
        "any": "upper(v) || '100%'",
    }
    with closing(source):
        shape = described(source, expressions=expressions)
        rows, _ = read(source, shape)

    assert [column.lv0_type for column in shape.columns[2:]] == [
        "bigint", "double precision", "text", "text",
    ]  # fmt: skip
    assert rows == [(1, "5", 5, 5.0, "5", "5100%")]


def test_the_file_is_opened_for_reading_only(path: Path) -> None:
    source = made(path, "create table t (id integer primary key)")
    with closing(source), pytest.raises(SourceError):
        source.texts(Statement("insert into t values (1)"))


def test_statistics_of_analyze_estimate_the_rows(path: Path) -> None:
    fill = "insert into t select value from json_each('[1,2,3]')"
    source = made(path, "create table t (id integer primary key)", fill, "analyze")
    with closing(source):
        assert described(source).estimated_rows == 3


def test_a_batch_is_a_few_megabytes_whatever_the_width_of_a_row(path: Path) -> None:
    source = made(
        path,
        "create table t (id integer primary key, v text)",
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)"
        " insert into t select i, printf('%.*c', 20000, 'x') from n",
    )
    with closing(source):
        shape = described(source)
        statement = page_statement(source.dialect, shape.relation, shape.columns, ())
        sizes = [batch.nbytes for batch in source.read(statement, shape.columns)]

    assert len(sizes) > 10
    assert max(sizes[1:]) < 6 << 20


def test_a_lock_is_worth_another_try(path: Path) -> None:
    made(path, "create table t (id integer primary key)").close()
    connection = Connection("erp", f"sqlite:///{path}", {"login_timeout": "0s"})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(TransientError, match="locked"):
            connect(connection, None)


@pytest.mark.parametrize("content", [None, b"no database at all, but long enough to be one" * 20])
def test_what_is_no_database_is_said_so(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="`erp`") as caught:
        connect(Connection("erp", f"sqlite:///{path}"), None)

    assert "\n" not in str(caught.value)


def test_a_database_is_another_file_in_the_same_folder(path: Path) -> None:
    made(path.with_name("other.db"), "create table t (id integer primary key)").close()

    with closing(connect(Connection("erp", f"sqlite:///{path}"), "other.db")) as source:
        assert described(source).primary_key == ("id",)


def test_a_schema_is_refused(path: Path) -> None:
    source = made(path, "create table t (id integer primary key)")
    with closing(source), pytest.raises(SourceError, match="`dbo`"):
        described(source, schema="dbo")


def test_a_total_of_hashes_may_exceed_64_bits(path: Path) -> None:
    numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 40000)"
    source = made(path)
    total = source.dialect.total(str(2**48 - 1))
    assert source.texts(Statement(f"{numbers} select {total} from n")) == [
        (str(40_000 * (2**48 - 1)),)
    ]
