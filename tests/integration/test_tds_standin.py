"""The stand-in for SQL Server, asked by real drivers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import mssql_python
import pymssql
import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.tds import StandIn
from tests.tds.clients import DRIVERS, connect

_UTC = dt.UTC
_LONG = 20_000
# type: (literal of T-SQL, what both drivers make of it).
_VALUES: dict[str, list[tuple[str, Any]]] = {
    "tinyint": [("0", 0), ("255", 255)],
    "smallint": [("-32768", -32768), ("32767", 32767)],
    "int": [("-2147483648", -(2**31)), ("2147483647", 2**31 - 1)],
    "bigint": [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)],
    "bit": [("0", False), ("1", True)],
    "decimal(38,10)": [
        ("-9999999999999999999999999999.9999999999", Decimal("-" + "9" * 28 + "." + "9" * 10)),
        ("9999999999999999999999999999.9999999999", Decimal("9" * 28 + "." + "9" * 10)),
        ("0", Decimal("0E-10")),
    ],
    "numeric(38,0)": [("9" * 38, Decimal("9" * 38)), ("-" + "9" * 38, Decimal("-" + "9" * 38))],
    "decimal(9,2)": [("-1.5", Decimal("-1.50")), ("1234567.89", Decimal("1234567.89"))],
    "money": [
        ("-922337203685477.5808", Decimal("-922337203685477.5808")),
        ("922337203685477.5807", Decimal("922337203685477.5807")),
    ],
    "smallmoney": [
        ("-214748.3648", Decimal("-214748.3648")), ("214748.3647", Decimal("214748.3647")),
    ],
    "float": [
        ("1.7976931348623157e308", 1.7976931348623157e308), ("0.1", 0.1),
        ("-2.2250738585072014e-308", -2.2250738585072014e-308),
    ],
    "real": [("3.4028235e38", 3.4028234663852886e38), ("0.1", 0.10000000149011612)],
    "date": [("'0001-01-01'", dt.date(1, 1, 1)), ("'9999-12-31'", dt.date(9999, 12, 31))],
    "time(0)": [("'23:59:59'", dt.time(23, 59, 59))],
    "time(3)": [("'01:02:03.123'", dt.time(1, 2, 3, 123_000))],
    "time(6)": [("'23:59:59.999999'", dt.time(23, 59, 59, 999_999))],
    "smalldatetime": [
        ("'1900-01-01'", dt.datetime(1900, 1, 1)),
        ("'2079-06-06 23:59:00'", dt.datetime(2079, 6, 6, 23, 59)),
    ],
    "datetime": [
        ("'1753-01-01'", dt.datetime(1753, 1, 1)),
        ("'2020-02-03 04:05:06.003'", dt.datetime(2020, 2, 3, 4, 5, 6, 3_000)),
        ("'9999-12-31 23:59:59.997'", dt.datetime(9999, 12, 31, 23, 59, 59, 997_000)),
    ],
    "datetime2(0)": [("'2020-01-01 00:00:01'", dt.datetime(2020, 1, 1, 0, 0, 1))],
    "datetime2(3)": [("'2020-01-01 00:00:01.123'", dt.datetime(2020, 1, 1, 0, 0, 1, 123_000))],
    "datetime2(6)": [
        ("'0001-01-01'", dt.datetime(1, 1, 1)),
        ("'9999-12-31 23:59:59.999999'", dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)),
    ],
    "datetimeoffset(6)": [
        (
            "'2020-01-02 03:04:05.123456 +09:00'",
            dt.datetime(2020, 1, 1, 18, 4, 5, 123_456, tzinfo=_UTC),
        ),
        ("'2020-01-02 03:04:05 -03:30'", dt.datetime(2020, 1, 2, 6, 34, 5, tzinfo=_UTC)),
    ],
    "uniqueidentifier": [
        (
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
            uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ),
    ],
    "char(10)": [("N'한글ab'", "한글ab    "), ("''", " " * 10)],
    "varchar(20)": [("N'한글 뷁 abc'", "한글 뷁 abc"), ("''", ""), ("' x '", " x ")],
    "varchar(max)": [
        (f"replicate(cast(N'한' as varchar(max)), {_LONG})", "한" * _LONG), ("''", ""),
    ],
    "nchar(5)": [("N'한😀'", "한😀  ")],
    "nvarchar(20)": [
        ("N'한글😀'", "한글😀"), ("''", ""), ("N'a' + nchar(0) + N'b'", "a\0b"),
        ("N'\\N\t\"''\\'", "\\N\t\"'\\"),
    ],
    "nvarchar(max)": [
        (f"replicate(cast(N'😀' as nvarchar(max)), {_LONG})", "😀" * _LONG), ("''", ""),
    ],
    "text": [("N'한글'", "한글"), ("''", "")],
    "ntext": [("N'한글😀'", "한글😀"), ("''", "")],
    "xml": [("N'<a>한</a>'", "<a>한</a>")],
    "binary(4)": [("0x01", b"\x01\0\0\0")],
    "varbinary(10)": [("0x00ff", b"\x00\xff"), ("0x", b"")],
    "varbinary(max)": [
        (f"cast(replicate(cast('ab' as varchar(max)), {_LONG}) as varbinary(max))", b"ab" * _LONG),
        ("0x", b""),
    ],
    "image": [("0x00ff", b"\x00\xff")],
}  # fmt: skip


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[StandIn]:
    with StandIn(postgres, ["RENTAL"]) as started:
        _fill(started)
        yield started


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _fill(server: StandIn) -> None:
    columns = ", ".join(f"c{n} {kind} null" for n, kind in enumerate(_VALUES))
    server.execute("RENTAL", f"create table dbo.kinds (id int identity primary key, {columns})")
    rows = ["insert into dbo.kinds default values"]
    for n, literals in enumerate(_VALUES.values()):
        rows += [f"insert into dbo.kinds (c{n}) values ({text})" for text, _ in literals]
    server.execute("RENTAL", *rows)


def _rows(connection: Any, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.execute(query, *((parameters,) if parameters else ()))
    return [tuple(row) for row in cursor.fetchall()]


def _exactly(value: Any) -> Any:
    """What tells a value from all others: 1 from True, 1.5 from 1.50, an instant as UTC."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(_UTC)
    return type(value).__name__, repr(value)


@pytest.mark.parametrize("kind", _VALUES)
def test_every_type_arrives_exactly(server: StandIn, driver: str, kind: str) -> None:
    column = f"c{list(_VALUES).index(kind)}"
    with closing(connect(driver, server)) as connection:
        query = f"select {column} from dbo.kinds where {column} is not null order by id"
        found = [_exactly(row[0]) for row in _rows(connection, query)]
        nulls = _rows(connection, f"select {column} from dbo.kinds where id = 1")
    assert found == [_exactly(value) for _, value in _VALUES[kind]]
    assert nulls == [(None,)]


def test_arrow_has_exact_types_and_values(server: StandIn) -> None:
    wanted = {
        "tinyint": "uint8", "bigint": "int64", "bit": "bool", "money": "decimal128(19, 4)",
        "decimal(38,10)": "decimal128(38, 10)", "real": "float", "date": "date32[day]",
        "datetime": "timestamp[us]", "varchar(max)": "large_string",
        "varbinary(10)": "large_binary",
    }  # fmt: skip
    with closing(connect("mssql-python", server)) as connection:
        for kind, arrow in wanted.items():
            column = f"c{list(_VALUES).index(kind)}"
            cursor = connection.cursor()
            cursor.execute(f"select {column} from dbo.kinds where {column} is not null order by id")
            table = cursor.arrow()
            assert str(table.schema.field(0).type) == arrow
            assert table.column(0).to_pylist() == [value for _, value in _VALUES[kind]]


def test_seven_digits_of_a_second_are_kept_as_text(server: StandIn, driver: str) -> None:
    query = """select cast(cast('23:59:59.9999999' as time(7)) as varchar(16)),
        convert(varchar(27), cast('9999-12-31 23:59:59.9999999' as datetime2(7)), 121),
        convert(varchar(34), cast('2020-01-02 03:04:05.1234567 +09:00' as datetimeoffset(7)), 121)
        """
    with closing(connect(driver, server)) as connection:
        assert _rows(connection, query) == [
            (
                "23:59:59.9999999", "9999-12-31 23:59:59.9999999",
                "2020-01-02 03:04:05.1234567 +09:00",
            )
        ]  # fmt: skip


def test_arrow_has_all_seven_digits_of_a_time(server: StandIn) -> None:
    with closing(connect("mssql-python", server)) as connection:
        cursor = connection.cursor()
        cursor.execute("select cast('23:59:59.9999999' as time(7)) as t")
        column = cursor.arrow().column(0)
    assert column.cast("int64").to_pylist() == [86_399_999_999_900]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("nvarchar(40)", "한글😀'\\"), ("varchar(40)", "plain"), ("int", -(2**31)),
        ("bigint", 2**62), ("float", 0.1), ("varbinary(8)", b"\0\xff"), ("bit", True),
        ("decimal(38,10)", Decimal("-1234567890123456789012345678.0123456789")),
        ("datetime2(6)", dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)),
        ("date", dt.date(1753, 1, 1)), ("nvarchar(max)", "😀" * 5000), ("int", None),
        ("nvarchar(10)", ""),
    ],
)  # fmt: skip
def test_a_parameter_of_each_kind_comes_back(server: StandIn, kind: str, value: Any) -> None:
    with closing(connect("mssql-python", server)) as connection:
        found = _rows(connection, f"select cast(? as {kind})", value)
        again = _rows(connection, f"select cast(? as {kind})", value)
    assert found == again == [(value,)]


def test_parameters_of_pymssql_come_back(server: StandIn) -> None:
    given = ("한글😀'\\", -(2**31), 2**62, None, Decimal("1.50"), b"\0\xff")
    with closing(connect("pymssql", server)) as connection:
        assert _rows(connection, "select %s, %s, %s, %s, %s, %s", *given) == [given]


def test_many_rows_of_parameters_are_inserted(server: StandIn) -> None:
    server.execute("RENTAL", "create table dbo.many (a int primary key, b nvarchar(20))")
    rows = [(number, "한" * (number % 5) if number % 3 else None) for number in range(200)]
    try:
        with closing(connect("mssql-python", server)) as connection:
            connection.cursor().executemany("insert into dbo.many values (?, ?)", rows)
            assert _rows(connection, "select a, b from dbo.many order by a") == rows
    finally:
        server.execute("RENTAL", "drop table dbo.many")


def test_an_error_keeps_its_number_and_severity(server: StandIn) -> None:
    with closing(connect("pymssql", server)) as connection:
        for query, number, severity in (
            ("select * from dbo.nothing", 208, 16), ("select nope from dbo.kinds", 207, 16),
            ("select cast('x' as int)", 245, 16), ("select 1 / 0", 8134, 16),
            ("select cast(300 as tinyint)", 8115, 16), ("select cast('x' as date)", 241, 16),
            ("insert into dbo.kinds (c0) values (null) select 1 +", 102, 15),
        ):  # fmt: skip
            with pytest.raises(pymssql.Error) as caught:
                _rows(connection, query)
            number_found, text = caught.value.args[:2]
            assert (number_found, f"severity {severity}" in text.decode()) == (number, True)
        assert _rows(connection, "select 1") == [(1,)]


def test_an_error_says_its_text_in_mssql_python(server: StandIn) -> None:
    with closing(connect("mssql-python", server)) as connection:
        with pytest.raises(mssql_python.Error, match=r"Invalid object name 'dbo.nothing'"):
            _rows(connection, "select * from dbo.nothing")
        assert _rows(connection, "select 1") == [(1,)]


def test_a_wrong_login_and_an_unknown_database_are_refused(server: StandIn, driver: str) -> None:
    # pymssql keeps the message of the worst login of its process, so only the kind is asserted.
    login, database = ".", "."
    if driver == "mssql-python":
        login, database = "Login failed for user", "Cannot open database"
    with pytest.raises((pymssql.OperationalError, mssql_python.Error), match=login):
        connect(driver, server, password="wrong")
    with pytest.raises((pymssql.OperationalError, mssql_python.Error), match=database):
        connect(driver, server, database="NOWHERE")
    connect(driver, server).close()


def test_a_query_that_takes_too_long_is_cancelled(server: StandIn) -> None:
    with closing(connect("mssql-python", server, timeout=1)) as connection:
        with pytest.raises(mssql_python.Error, match=r"[Tt]imeout"):
            connection.cursor().execute("waitfor delay '00:00:30'")
        assert _rows(connection, "select 1") == [(1,)]


def test_pymssql_gives_up_after_its_timeout(server: StandIn) -> None:
    with (
        closing(connect("pymssql", server, timeout=1)) as connection,
        pytest.raises(pymssql.Error),
    ):
        connection.cursor().execute("waitfor delay '00:00:30'")


def test_a_result_that_nobody_wants_is_cancelled(server: StandIn) -> None:
    with closing(connect("pymssql", server)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "select top (1000000) a.id from dbo.kinds a cross join dbo.kinds b"
            " cross join dbo.kinds c cross join dbo.kinds d order by a.id"
        )
        assert cursor.fetchone() == (1,)
        cursor.execute("select 2")
        assert cursor.fetchall() == [(2,)]


def test_tls_is_refused_unless_the_certificate_is_trusted(server: StandIn) -> None:
    with pytest.raises(mssql_python.Error, match=r"(?i)certificate"):
        connect("mssql-python", server, Encrypt="yes")
    trusting = connect("mssql-python", server, Encrypt="yes", TrustServerCertificate="yes")
    with closing(trusting) as connection:
        assert _rows(connection, "select 1") == [(1,)]
    with closing(connect("pymssql", server, encryption="require")) as connection:
        assert _rows(connection, "select replicate(N'한', 4000)") == [("한" * 4000,)]


def test_a_server_without_a_certificate_refuses_encryption(postgres: EmbeddedPostgres) -> None:
    with StandIn(postgres, tls=False) as plain:
        for driver in DRIVERS:
            with closing(connect(driver, plain)) as connection:
                assert _rows(connection, "select 1") == [(1,)]
        with pytest.raises(mssql_python.Error):
            connect("mssql-python", plain, Encrypt="yes", TrustServerCertificate="yes")
        with pytest.raises(pymssql.Error):
            connect("pymssql", plain, encryption="require")


def test_transactions_of_both_drivers(server: StandIn, driver: str) -> None:
    server.execute("RENTAL", "create table dbo.tx (a int primary key)")
    try:
        with closing(connect(driver, server, autocommit=False)) as connection:
            cursor = connection.cursor()
            cursor.execute("insert into dbo.tx values (1)")
            connection.rollback()
            cursor.execute("insert into dbo.tx values (2)")
            assert server.rows("RENTAL", "select a from dbo.tx order by a") == []
            connection.commit()
            cursor.execute("insert into dbo.tx values (3)")
        assert server.rows("RENTAL", "select a from dbo.tx order by a") == [(2,)]
    finally:
        server.execute("RENTAL", "drop table dbo.tx")
