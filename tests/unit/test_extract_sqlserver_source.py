"""What is told of SQL Server's errors, options and views."""

from __future__ import annotations

from typing import Any

import pytest
import sqlglot
from sqlglot import ErrorLevel

from extract.errors import (
    ConfigurationError,
    ExtractError,
    RowError,
    SourceError,
    TransientError,
)
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, TableShape
from extract.sources.common import with_marks
from extract.sources.sqlserver.errors import translated
from extract.sources.sqlserver.session import DriverError, Login, open_session
from extract.sources.sqlserver.source import _cuts, connect
from extract.sources.sqlserver.views import single_table

URL = "mssql://stair%40way:ge%3Aheim@erp.example:14330/RENTAL%20KR"
ERP = Connection("erp", URL)


def told(text: str, number: int = 0, kind: str = "") -> ExtractError:
    with pytest.raises(ExtractError) as found, translated(ERP):
        raise DriverError(text, number=number, kind=kind)
    assert "\n" not in str(found.value) and "ge:heim" not in str(found.value)
    return found.value


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (18456, ConfigurationError), (4060, ConfigurationError), (18452, ConfigurationError),
        (911, ConfigurationError), (1205, TransientError), (1222, TransientError),
        (40613, TransientError), (233, TransientError), (3960, TransientError),
        (20003, TransientError), (20047, TransientError), (245, RowError), (8114, RowError),
        (8115, RowError), (8134, RowError), (6522, RowError), (9420, RowError), (50000, RowError),
        (51234, RowError), (208, SourceError), (207, SourceError), (229, SourceError),
        (102, SourceError), (2812, SourceError),
    ],
)  # fmt: skip
def test_the_server_s_number_says_what_to_do(number: int, kind: type[ExtractError]) -> None:
    assert type(told("text", number)) is kind


@pytest.mark.parametrize(
    ("driver_s", "kind"),
    [("login", ConfigurationError), ("lost", TransientError), ("row", RowError), ("", SourceError)],
)
def test_without_a_number_the_driver_s_own_word_counts(
    driver_s: str, kind: type[ExtractError]
) -> None:
    assert type(told("text", 0, driver_s)) is kind


def test_no_error_quotes_a_value() -> None:
    value = "Conversion failed when converting the varchar value 'Kim Min Su' to data type int."
    assert "Kim" not in str(told(value, 245))
    assert "Kim" not in str(told("Kim Min Su is not allowed", 50000))
    assert "Kim" not in str(told("Something about 'Kim' and \"Kim\"", 2812))
    assert str(told("Invalid object name 'dbo.R_GOODS'.", 208)).endswith(
        "Invalid object name 'dbo.R_GOODS'. To do: fix `table`, `schema` or `database` in"
        " `config.meta.extract`."
    )


def test_freetds_s_own_sentences_are_left_out() -> None:
    text = (
        "Invalid object name 'x'.DB-Lib error message 20018, severity 16:\n"
        "General SQL Server error: Check messages from the SQL Server\n"
    )
    assert "DB-Lib" not in str(told(text, 208))
    assert "ge:heim" not in str(told("bad password ge:heim", 18456))


def test_a_login_has_every_part_of_the_url_and_what_is_not_said_is_the_safe_way() -> None:
    login = Login.of(ERP, None)
    assert (login.host, login.port, login.database) == ("erp.example", 14330, "RENTAL KR")
    assert (login.user, login.password) == ("stair@way", "ge:heim")
    assert (login.encrypt, login.trust_server_certificate) == (True, False)
    assert (login.login_seconds, login.query_seconds) == (15, 600)
    assert login.application_name == "stairway"
    assert Login.of(ERP, "OTHER").database == "OTHER"
    assert "ge:heim" not in repr(login) + str(login)


def test_every_option_is_taken_from_the_url_or_the_file() -> None:
    options = {"login_timeout": "3s", "query-timeout": "2m", "application_name": "x"}
    connection = Connection("erp", "mssql://u@h/D?encrypt=no&TrustServerCertificate=yes", options)
    login = Login.of(connection, None)
    assert (login.encrypt, login.trust_server_certificate, login.port) == (False, True, 1433)
    assert (login.login_seconds, login.query_seconds) == (3, 120)
    assert login.application_name == "x"
    assert Login.of(Connection("erp", "mssql://u@h%5Cinst/D"), None).port is None
    with pytest.raises(ConfigurationError, match="`encrypt` must be yes or no"):
        Login.of(Connection("erp", "mssql://u@h/D?encrypt=maybe"), None)
    with pytest.raises(ConfigurationError, match="needs a host"):
        Login.of(Connection("erp", "mssql:///D"), None)


def test_a_driver_that_is_not_there_is_told_with_those_that_are() -> None:
    connection = Connection("erp", "mssql+pyodbc://u@h/D")
    with pytest.raises(ConfigurationError, match=r"`pyodbc`.*mssql-python and pymssql"):
        open_session(connection, Login.of(connection, None))


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("create view v as select a, b from dbo.T where a > 1", ("dbo", "T")),
        ("create view dbo.v (x) with schemabinding as select a from T;", (None, "T")),
        (
            "CREATE VIEW v AS\nSELECT a -- from x join y\n, 'from' AS b FROM [d]]o].[T x] AS t",
            ("d]o", "T x"),
        ),
        ('create view [select from] as select "union" from "dbo"."T" t where 1 = 1', ("dbo", "T")),
        ("create or alter view v as select /* a /* b */ join */ a from dbo . T", ("dbo", "T")),
        ("create view v as select a from dbo.T as t join dbo.U as u on t.a = u.a", None),
        ("create view v as select a from dbo.T as x, dbo.T as y", None),
        ("create view v as select a from dbo.T, dbo.U", None),
        ("create view v as select a from dbo.T cross apply dbo.F(a) as f", None),
        ("create view v as select a from dbo.F(1)", None),
        ("create view v as select a from dbo.T union all select a from dbo.T", None),
        ("create view v as select distinct a from dbo.T", None),
        ("create view v as select top (5) a from dbo.T order by b", None),
        ("create view v as select a, count(*) as n from dbo.T group by a", None),
        ("create view v as select a, sum(b) over () as n from dbo.T", None),
        ("create view v as select a from (select a from dbo.T) as t", None),
        ("create view v as with c as (select a from dbo.T) select a from c", None),
        ("create view v as select a from dbo.T with (nolock)", None),
        ("create view v as select a from other.dbo.T", None),
        ("create view v as select (select 1 from dbo.U) as x from dbo.T", None),
        ("create view v as select 1 as a", None),
        ("create view v as select a from", None),
        ("", None),
    ],
)
def test_a_view_is_looked_through_only_where_each_of_its_rows_is_a_row_of_one_table(
    text: str, table: tuple[str | None, str] | None
) -> None:
    assert single_table(text) == table


class Answers:
    """A session that answers what a statement's text calls for, and keeps the statements."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def run(self, statement: Statement) -> None:
        self.rows(statement)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        self.asked.append(statement.text)
        for words, rows in self.answers.items():
            if words in statement.text:
                return rows
        raise DriverError("nothing of that kind", number=208)

    def close(self) -> None:
        """There is nothing to close."""


def test_ranges_come_from_the_histogram_of_the_index_that_the_column_leads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [(f"0{place}", 10.0) for place in range(10)]
    session = Answers({"sys.indexes": [(77, 2)], "dm_db_stats_histogram(77, 2)": steps})
    monkeypatch.setattr("extract.sources.sqlserver.source.open_session", lambda *_: session)
    native = "varchar(9) collate Korean_Wansung_CI_AS"
    column = Column("K", native, "text", "text", "[_t].[K]", "[_t].[K]", False)
    shape = TableShape("[dbo].[T] as [_t]", (column,), (), (), None)
    source = connect(ERP, None)
    assert source.boundaries(shape, column, 5) == ["01", "03", "05", "07"]
    histogram = session.asked[-1]
    assert "cast(cast(h.range_high_key as varchar(9)) as nvarchar(9))" in histogram
    for text in session.asked:
        sqlglot.parse_one(with_marks(text, "?"), read="tsql", error_level=ErrorLevel.RAISE)
    session.answers.clear()
    assert source.boundaries(shape, column, 5) == []


def test_a_server_with_utf8_hashes_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for code_page, utf8 in ((65001, True), (None, False)):
        session = Answers({"databasepropertyex": [("Korean_Wansung_CI_AS", code_page)]})
        monkeypatch.setattr(
            "extract.sources.sqlserver.source.open_session", lambda *_, one=session: one
        )
        assert connect(ERP, None).dialect.utf8 == utf8


def test_a_histogram_is_cut_where_the_rows_are() -> None:
    steps = [("a", 1.0), ("b", 97.0), ("c", 1.0), ("d", 1.0), ("e", 100.0)]
    assert _cuts(steps, 2) == ["d"]
    assert _cuts(steps, 4) == ["b", "d"]
    assert _cuts([("a", 0.0), ("b", 0.0), ("c", 0.0)], 2) == ["a"]
