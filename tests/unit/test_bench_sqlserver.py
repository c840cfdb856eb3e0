from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from bench import sqlserver
from bench.measure import Measured
from bench.sqlserver_connect import URL_VARIABLE
from bench.sqlserver_table import create_sql, native, parameter


def test_without_a_server_one_line_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["bench.sqlserver"])
    with pytest.raises(SystemExit) as ended:
        sqlserver.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("character(4)", "nchar(4)"),
        ("character varying(50)", "nvarchar(50)"),
        ("numeric(19,4)", "money"),
        ("numeric(5,2)", "decimal(5, 2)"),
        ("timestamp(3) without time zone", "datetime"),
        ("bytea", "varbinary(max)"),
    ],
)
def test_each_type_is_what_it_stands_for(kind: str, expected: str) -> None:
    assert native(kind) == expected


def test_the_table_has_the_contracts_number_as_its_key() -> None:
    text = create_sql("[s].[t]", [("order_no", "character varying(18)"), ("qty", "smallint")])
    assert text == (
        "create table [s].[t] (ORDER_NO nvarchar(40) not null primary key, QTY smallint null)"
    )


def test_moments_and_uuids_go_as_text() -> None:
    assert parameter(dt.datetime(2026, 1, 2, 3, 4, 5, 6000)) == "2026-01-02T03:04:05.006"
    assert parameter(dt.time(1, 2)) == "01:02:00"
    assert parameter(UUID(int=1)) == "00000000-0000-0000-0000-000000000001"
    assert parameter(None) is None
    assert parameter(5) == 5


def test_the_summary_gives_the_two_ratios() -> None:
    def read(wall: float, cpu: float) -> list[dict[str, float]]:
        return [{"rows": 10, "wall_s": wall, "cpu_s": cpu}] * 3

    reads = {"ours": read(3, 2.4), "bare": read(2, 2.0), "pymssql": read(20, 16)}
    entries = sqlserver.summary(10, Measured(5, 3, 100), reads)
    assert entries["into_lv0_wall_to_pymssql_reading"] == 0.25
    assert entries["reading_cpu_to_bare"] == 1.2
