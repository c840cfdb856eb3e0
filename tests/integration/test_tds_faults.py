"""Faults that the stand-in for SQL Server has on order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import mssql_python
import pymssql
import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.tds import StandIn
from tests.tds.clients import DRIVERS, connect

_ERRORS = (pymssql.Error, mssql_python.Error)
_ROWS = 3_000
_QUERY = "select a, b from dbo.many order by a"


@pytest.fixture(scope="module")
def started(postgres: EmbeddedPostgres) -> Iterator[StandIn]:
    with StandIn(postgres) as server:
        values = [f"({number}, N'row {number}')" for number in range(_ROWS)]
        server.execute(
            "RENTAL", "create table dbo.many (a int primary key, b nvarchar(20))",
            *(f"insert into dbo.many values {', '.join(values[n : n + 1000])}"
              for n in range(0, _ROWS, 1000)),
        )  # fmt: skip
        yield server


@pytest.fixture
def server(started: StandIn) -> Iterator[StandIn]:
    yield started
    started.faults.clear()


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _read(connection: Any) -> int:
    """The rows of the table, and the server's word for it: the ODBC driver takes a connection that
    is lost between two rows for the end of the result."""
    cursor = connection.cursor()
    cursor.execute(_QUERY)
    rows = len(cursor.fetchall())
    cursor.execute("select @@rowcount")
    assert cursor.fetchone()[0] == rows
    return rows


def test_the_nth_statement_is_the_deadlock_victim(server: StandIn, driver: str) -> None:
    fault = server.faults.error(1205, matching="from dbo.many", skip=1)
    with closing(connect(driver, server)) as connection:
        assert _read(connection) == _ROWS
        with pytest.raises(_ERRORS, match=r"1205|[Ss]erialization failure"):
            _read(connection)
        assert _read(connection) == _ROWS
    assert server.faults.hits(fault) == 1


def test_a_deadlock_victim_has_no_transaction_left(server: StandIn) -> None:
    with closing(connect("pymssql", server, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("insert into dbo.many values (-1, null)")
        server.faults.error(1205, matching="from dbo.many")
        with pytest.raises(pymssql.Error):
            _read(connection)
        cursor.execute("select @@trancount, count(*) from dbo.many")
        assert cursor.fetchall() == [(0, _ROWS)]


@pytest.mark.parametrize("after_rows", [-1, 0, 100, _ROWS])
def test_a_cut_connection_is_seen_at_once(server: StandIn, driver: str, after_rows: int) -> None:
    server.faults.cut(matching="from dbo.many", after_rows=after_rows)
    connection = connect(driver, server)
    with pytest.raises(_ERRORS):
        _read(connection)
    with closing(connect(driver, server)) as another:
        assert _read(another) == _ROWS


def test_a_stalled_statement_goes_on_when_released(server: StandIn, driver: str) -> None:
    stall = server.faults.stall(matching="from dbo.many")
    released: list[int] = []

    def release() -> None:
        stall.reached()
        released.append(1)
        stall.release()

    other = threading.Thread(target=release)
    other.start()
    with closing(connect(driver, server)) as connection:
        assert _read(connection) == _ROWS
    other.join()
    assert released == [1]


def test_a_stalled_statement_can_time_out(server: StandIn) -> None:
    server.faults.stall(matching="from dbo.many")
    with closing(connect("mssql-python", server, timeout=1)) as connection:
        with pytest.raises(mssql_python.Error, match=r"[Tt]imeout"):
            _read(connection)
        assert _read(connection) == _ROWS


def test_logins_are_refused_as_often_as_ordered(server: StandIn, driver: str) -> None:
    server.faults.refuse_logins(times=2)
    for _ in range(2):
        with pytest.raises(_ERRORS):
            connect(driver, server)
    with closing(connect(driver, server)) as connection:
        assert _read(connection) == _ROWS


def test_the_log_has_the_texts_of_all_statements(server: StandIn) -> None:
    mark = server.mark()
    with closing(connect("mssql-python", server)) as connection:
        connection.cursor().execute("select a from dbo.many where a = ?", (5,))
        connection.cursor().execute("select 5")
    texts = server.statements("from dbo.many", since=mark)
    assert [text.lower() for text in texts] == ["select a from dbo.many where a = @p1"]
