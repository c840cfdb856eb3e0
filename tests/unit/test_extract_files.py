"""Folders of CSV and Parquet files."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extract.catalog import Extract
from extract.errors import ConfigurationError, ExtractError, RowError, SourceError
from extract.paging import page_statement
from extract.settings import Connection
from extract.sources.files import FilesSource, connect


def opened(folder: Path, **options: str) -> FilesSource:
    return connect(Connection("exports", f"files:///{folder}", options), None)


def read(source: FilesSource, table: str, **extract: Any) -> dict[str, list[Any]]:
    """The table's columns, in order of the first."""
    shape = source.describe(
        Extract.model_validate({"connection": "exports", "table": table, **extract})
    )
    statement = page_statement(
        source.dialect, shape.relation, shape.columns, shape.columns[:1], with_order=False
    )
    found: dict[str, list[Any]] = {column.name: [] for column in shape.columns}
    for batch in source.read(statement, shape.columns):
        for column, values in zip(shape.columns, batch.columns, strict=True):
            found[column.name] += values.to_pylist()
    return found


def test_a_csv_file_is_text_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'NO,NAME\n002,"한글, ""x"""\n1,\n10,""\n3, b \n4,"two\nlines"\n5,\\N\n6,NULL\n'
    )
    with closing(opened(tmp_path)) as source:
        found = read(source, "a.csv")

    assert found == {
        "NO": ["002", "1", "10", "3", "4", "5", "6"],
        "NAME": ['한글, "x"', None, "", " b ", "two\nlines", "\\N", "NULL"],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_a_csv_file_may_be_in_any_encoding(
    tmp_path: Path, encoding: str, ending: str, packed: bool
) -> None:
    text = "번호,이름\n1,홍길동\n2,\n3,김철수\n".replace("\n", ending).encode(encoding)
    path = tmp_path / ("고객 [1].csv.gz" if packed else "고객 [1].csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    # The whole file must come, however much longer it is in UTF-8.
    with closing(opened(tmp_path, encoding=encoding)) as source:
        found = read(source, path.name)

    assert found == {"번호": ["1", "2", "3"], "이름": ["홍길동", None, "김철수"]}


def test_a_large_file_of_another_encoding_is_read_to_its_end(tmp_path: Path) -> None:
    lines = [f"{number:06},고객 {number}" for number in range(100_000)]
    (tmp_path / "a.csv").write_text("\n".join(["NO,NAME", *lines, ""]), encoding="cp949")
    with closing(opened(tmp_path, encoding="cp949")) as source:
        found = read(source, "a.csv")

    assert len(found["NO"]) == 100_000
    assert found["NAME"][-1] == "고객 99999"


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("a.csv", "K;V\n1;x,y\n", {"delimiter": ";"}),
        ("a.tsv", "K\tV\n1\tx,y\n", {}),
        ("a.csv", "K\tV\n1\tx,y\n", {"delimiter": "tab"}),
        ("a.export", "K,V\n1,'x,y'\n".replace("'", '"'), {"format": "csv"}),
    ],
)
def test_the_delimiter_is_the_connection_s_or_the_name_s(
    tmp_path: Path, name: str, text: str, options: dict[str, str]
) -> None:
    (tmp_path / name).write_text(text)
    with closing(opened(tmp_path, **options)) as source:
        assert read(source, name) == {"K": ["1"], "V": ["x,y"]}


def test_columns_of_a_file_without_header_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,x\n2,y\n")
    with closing(opened(tmp_path, header="no")) as source:
        assert read(source, "a.csv") == {"column0": ["1", "2"], "column1": ["x", "y"]}


def test_files_of_a_folder_or_a_pattern_are_one_table_joined_by_column_name(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "2024-01.csv").write_text("NO,V\n1,a\n")
    (folder / "2024-02.csv").write_text("NO,V\n2,b\n")
    (folder / "2024-03.csv").write_text("W,NO,V\nw,3,c\n")
    (folder / ".hidden").write_text("x")
    with closing(opened(tmp_path)) as source:
        whole = read(source, "orders")
        some = read(source, "orders/2024-0[12].csv")

    assert whole == {"NO": ["1", "2", "3"], "V": ["a", "b", "c"], "W": [None, None, "w"]}
    assert some == {"NO": ["1", "2"], "V": ["a", "b"]}


def test_parquet_files_keep_their_types_and_may_differ_in_columns(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    pq.write_table(pa.table({"k": pa.array([1], pa.int32())}), folder / "1.parquet")
    pq.write_table(
        pa.table({"k": pa.array([2], pa.int32()), "v": pa.array([0.5])}), folder / "2.parquet"
    )
    with closing(opened(tmp_path)) as source:
        shape = source.describe(
            Extract.model_validate({"connection": "exports", "table": "events"})
        )
        found = read(source, "events")

    assert [column.lv0_type for column in shape.columns] == ["integer", "double precision"]
    assert shape.estimated_rows == 2
    assert found == {"k": [1, 2], "v": [None, 0.5]}


def test_expressions_are_duckdb_s(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("NO,SOLD\n1,2024-01-02 03:04:05\n")
    with closing(opened(tmp_path)) as source:
        found = read(source, "a.csv", exclude="SOLD", expressions={"day": "cast(SOLD as date)"})

    assert str(found["day"][0]) == "2024-01-02"


def test_a_value_that_an_expression_can_not_compute_fails_without_being_quoted(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("NO,V\n1,secret\n")
    with closing(opened(tmp_path)) as source, pytest.raises(RowError) as caught:
        read(source, "a.csv", expressions={"n": "cast(V as integer)"})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b"NO,V\n1,a\n2\n", {}, "line 3 .* Expected Number of Columns: 2 Found: 1"),
        (b"NO,V\n1,a,secret\n", {}, "line 2 .* Expected Number of Columns: 2 Found: 3"),
        (b'NO,V\n1,"secret\n2,b\n', {}, "nterminated quote"),
        ("NO,V\n1,가\n".encode("cp949"), {}, "is not in utf-8"),
        (b"NO,V\n1,\xff\xff\n", {"encoding": "cp949"}, "is not in cp949"),
        (b"", {}, "is empty"),
        (b"NO,NO\n1,2\n", {}, "`NO` is empty or comes twice"),
        (b"NO,\n1,2\n", {}, "`` is empty or comes twice"),
    ],
)
def test_a_file_that_can_not_be_read_is_told_by_place_and_not_by_value(
    tmp_path: Path, content: bytes, options: dict[str, str], told: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with (
        closing(opened(tmp_path, **options)) as source,
        pytest.raises(SourceError, match=told) as caught,
    ):
        read(source, "a.csv")

    assert type(caught.value) is SourceError
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", ["nope.csv", "*.parquet", "/absolute", "**x", "no/such/a.csv"])
def test_a_file_that_is_missing_is_told_with_those_that_are_there(
    tmp_path: Path, table: str
) -> None:
    (tmp_path / "a.csv").write_text("NO\n1\n")
    with closing(opened(tmp_path)) as source, pytest.raises(SourceError, match=r"a\.csv"):
        read(source, table)


def test_files_of_both_kinds_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.csv").write_text("NO\n1\n")
    pq.write_table(pa.table({"NO": ["1"]}), tmp_path / "t" / "b.parquet")
    with closing(opened(tmp_path)) as source, pytest.raises(SourceError, match="both kinds"):
        read(source, "t")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"encoding": "klingon"}, "klingon"),
        ({"delimiter": "||"}, "one character"),
        ({"header": "maybe"}, "yes or no"),
        ({"memory_limit": "much"}, "256MB"),
    ],
)
def test_an_option_of_no_use_is_refused(tmp_path: Path, options: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        opened(tmp_path, **options)


def test_a_folder_that_is_missing_is_told_with_its_whole_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=str(tmp_path / "nope")):
        opened(tmp_path / "nope")


def test_a_sort_larger_than_the_memory_spills_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setenv("TMPDIR", str(spill))
    monkeypatch.setattr("tempfile.tempdir", None)
    table = pa.table({"k": [f"{row * 7919 % 1_000_003:040}" * 5 for row in range(200_000)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=10_000)
    with closing(opened(tmp_path, memory_limit="48MB")) as source:
        found = read(source, "t.parquet")["k"]

    assert found == sorted(found)
    assert len(found) == 200_000
    assert list(spill.iterdir()) == []


def test_every_error_is_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no parquet at all")
    with closing(opened(tmp_path)) as source, pytest.raises(ExtractError) as caught:
        read(source, "a.parquet")

    assert "\n" not in str(caught.value)
