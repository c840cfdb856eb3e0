"""SQL Server's faults, injected into the stand-in, as each driver meets them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from extract.catalog import Extract
from extract.errors import ConfigurationError, RowError, SourceError, TransientError
from extract.paging import Statement, max_statement, page_statement
from extract.settings import Connection
from extract.shape import TableShape
from extract.sources import open_source
from extract.sources.sqlserver import SqlServerSource
from extract.sources.sqlserver.session import Login, open_session
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import until
from tests.tds import StandIn

Open = Callable[..., SqlServerSource]
ROWS = 3000


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[StandIn]:
    """A stand-in with a table T of 3,000 rows in a database with snapshots, and one without."""
    with StandIn(postgres, databases=["RENTAL"]) as running:
        running.create_database("LOCKED", snapshot=False)
        for database in ("RENTAL", "LOCKED"):
            running.execute(
                database,
                "create table dbo.T (K int not null primary key, N nvarchar(20), V rowversion)",
                *(
                    "insert into dbo.T (K, N) values "
                    + ", ".join(f"({k}, N'한글 {k}')" for k in range(start, start + 750))
                    for start in range(0, ROWS, 750)
                ),
            )
        yield running


@pytest.fixture(params=["mssql-python", "pymssql"])
def opened(request: pytest.FixtureRequest, server: StandIn) -> Iterator[Open]:
    """Opens sources by one of the drivers; no fault outlives its test."""
    with ExitStack() as stack:
        stack.callback(server.faults.clear)

        def open_one(database: str = "RENTAL", **options: str) -> SqlServerSource:
            given = {"trust_server_certificate": "yes", "driver": request.param, **options}
            source = open_source(Connection("erp", server.url(database), given), None)
            assert isinstance(source, SqlServerSource)
            stack.callback(source.close)
            return source

        yield open_one


def described(source: SqlServerSource) -> TableShape:
    extract = Extract.model_validate({"connection": "erp", "schema": "dbo", "table": "T"})
    return source.describe(extract)


def everything(source: SqlServerSource, shape: TableShape) -> Statement:
    return page_statement(source.dialect, shape.relation, shape.columns, shape.columns[:1])


def count(source: SqlServerSource, shape: TableShape) -> int:
    batches = source.read(everything(source, shape), shape.columns)
    return sum(batch.num_rows for batch in batches)


def test_a_wrong_password_a_database_that_is_not_there_and_an_old_login_fail_at_once(
    server: StandIn, opened: Open
) -> None:
    driver = opened()._connection.driver or ""
    given = {"trust_server_certificate": "yes", "driver": driver}
    wrong = server.url("RENTAL").replace("Stand-in%231", "geheim")
    for url in (wrong, server.url("NOWHERE")):
        with pytest.raises(ConfigurationError) as found:
            open_source(Connection("erp", url, given), None)
        assert "refuses the connection" in str(found.value)
        assert "geheim" not in str(found.value) and "\n" not in str(found.value)
    server.faults.refuse_logins(number=18470, text="The account is disabled.")
    with pytest.raises(ConfigurationError):
        opened()


def test_a_server_that_is_paused_is_worth_another_try(server: StandIn) -> None:
    # pymssql tells a refusal's number the first time in a process only.
    url = server.url("RENTAL", trust_server_certificate="yes")
    server.faults.refuse_logins(number=17142)
    with pytest.raises(TransientError, match="paused"):
        open_source(Connection("erp", url), None)


def test_a_server_that_is_gone_or_silent_is_worth_another_try(opened: Open) -> None:
    driver = opened()._connection.driver or ""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        options = {"driver": driver, "encrypt": "no", "login_timeout": "1s"}
        url = f"mssql://sa:geheim@127.0.0.1:{port}/X"
        began = time.monotonic()
        with pytest.raises(TransientError) as found:
            open_source(Connection("erp", url, options), None)
        assert time.monotonic() - began < 10
        assert "geheim" not in str(found.value)
    with pytest.raises(TransientError):
        open_source(Connection("erp", url, options), None)


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_connection_trusts_it(
    server: StandIn,
) -> None:
    url = server.url("RENTAL")
    with pytest.raises(ConfigurationError, match="trust_server_certificate"):
        open_source(Connection("erp", url), None)
    trusting = open_source(Connection("erp", url + "?TrustServerCertificate=yes"), None)
    trusting.close()


def test_the_server_sees_the_application_s_name(opened: Open) -> None:
    # A server that can't tell has none.
    names = [
        opened(**options)._try_to_ask(Statement("select app_name()"))
        for options in ({}, {"application_name": "nightly; {1}"})
    ]
    assert names == [[("stairway",)], [("nightly; {1}",)]]


def test_a_deadlock_s_victim_and_a_lost_connection_are_worth_another_try(
    server: StandIn, opened: Open
) -> None:
    source = opened()
    shape = described(source)
    for number in (1205, 1222, 40613):
        server.faults.error(number, matching=r"from \[dbo\]\.\[T\]")
        with pytest.raises(TransientError):
            count(source, shape)
        assert count(source, shape) == ROWS
    server.faults.cut(matching=r"from \[dbo\]\.\[T\]")
    with pytest.raises(TransientError):
        count(source, shape)
    assert count(opened(), shape) == ROWS


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1500, 2500, 2999])
def test_a_result_that_is_cut_short_is_never_taken_for_whole(
    server: StandIn, opened: Open, rows: int
) -> None:
    source = opened()
    shape = described(source)
    server.faults.cut(matching=r"from \[dbo\]\.\[T\]", after_rows=rows)
    with pytest.raises(TransientError):
        count(source, shape)
    source = opened()
    server.faults.cut(matching=r"from \[dbo\]\.\[T\]", after_rows=rows)
    with pytest.raises(TransientError):
        source.texts(Statement(f"select [K] from {shape.relation}"))


def test_an_answer_that_does_not_come_in_time_is_worth_another_try(
    server: StandIn, opened: Open
) -> None:
    source = opened(query_timeout="1s")
    shape = described(source)
    stall = server.faults.stall(matching=r"from \[dbo\]\.\[T\]")
    began = time.monotonic()
    with pytest.raises(TransientError):
        count(source, shape)
    stall.reached()
    assert time.monotonic() - began < 8
    stall.release()
    assert count(opened(), shape) == ROWS


def test_a_closed_source_leaves_no_session(server: StandIn, opened: Open) -> None:
    until(lambda: not server.sessions(), "the tests before have hung up")
    source = opened()
    shape = described(source)
    stream = source.read(everything(source, shape), shape.columns)
    next(stream)
    assert server.sessions() == 2
    source.close()
    until(lambda: not server.sessions(), "both sessions are gone")


@pytest.mark.parametrize("number", [245, 8114, 8115, 8134, 6522, 9420, 50000])
def test_a_row_s_own_error_is_told_from_the_statement_s(
    server: StandIn, opened: Open, number: int
) -> None:
    source = opened()
    shape = described(source)
    server.faults.error(number, matching=r"from \[dbo\]\.\[T\]", text="Value 'Kim' is bad.")
    with pytest.raises(RowError) as found:
        count(source, shape)
    assert "Kim" not in str(found.value)
    for other in (208, 229, 230, 102):
        server.faults.error(other, matching=r"from \[dbo\]\.\[T\]")
        with pytest.raises(SourceError) as statement:
            count(source, shape)
        assert type(statement.value) is SourceError


def test_statements_read_a_snapshot_where_the_database_allows_it(
    server: StandIn, opened: Open
) -> None:
    begin = server.mark()
    for database in ("RENTAL", "LOCKED"):
        source = opened(database)
        shape = described(source)
        assert count(source, shape) == ROWS
        asked = server.statements("isolation level snapshot", since=begin)
        assert len(asked) == 2
    # What a view reads elsewhere may have no snapshots.
    source = opened()
    server.faults.error(3952, matching=r"from \[dbo\]\.\[T\]", text="Snapshot isolation failed.")
    assert count(source, shape) == ROWS
    server.faults.error(3952, matching="select 5", text="Snapshot isolation failed.")
    assert source.texts(Statement("select 5")) == [("5",)]


def test_what_a_server_lacks_or_refuses_is_done_without(server: StandIn, opened: Open) -> None:
    for missing in (
        "deadlock_priority", "snapshot_isolation_state", "databasepropertyex", "sys.partitions",
        "computed_columns", "histogram",
    ):  # fmt: skip
        server.faults.error(229, matching=missing, times=99)
    source = opened()
    shape = described(source)
    assert shape.estimated_rows is None and shape.primary_key == ("K",)
    assert count(source, shape) == ROWS
    assert len(source.boundaries(shape, shape.columns[0], 3)) == 2


def test_a_rowversion_that_an_open_transaction_may_still_undercut_is_not_reached(
    server: StandIn, opened: Open
) -> None:
    source = opened()
    shape = described(source)
    version = shape.column("V")
    assert version is not None
    largest = max_statement(source.dialect, shape.relation, [version])
    before = source.texts(largest)[0][0]
    erp = Connection("erp", server.url("RENTAL"), {"driver": "pymssql", "encrypt": "yes"})
    writing = open_session(erp, Login.of(erp, None))
    try:
        writing.run(Statement("begin transaction"))
        writing.run(Statement("update dbo.T set N = N'x' where K = 1"))
        server.execute("RENTAL", "update dbo.T set N = N'y' where K = 2")
        during = source.texts(largest)[0][0]
        assert before is not None and during is not None and during <= before
        writing.run(Statement("commit"))
    finally:
        writing.close()
    after = source.texts(largest)[0][0]
    assert after is not None and after > before
