"""T-SQL into the statements that the stand-in for SQL Server knows."""

from __future__ import annotations

import pytest

from tests.tds.errors import SqlError
from tests.tds.parse import parse_batch, parse_declarations
from tests.tds.tree import (
    Binary,
    Call,
    Cast,
    If,
    Literal,
    Logical,
    Name,
    Select,
    SetOption,
    Subquery,
    Table,
    Transaction,
    TypeName,
    Variable,
)  # fmt: skip


def _where(text: str) -> object:
    (statement,) = parse_batch(f"select 1 from t where {text}")
    assert isinstance(statement, Select)
    return statement.where


def test_statements_follow_each_other_without_semicolons() -> None:
    found = parse_batch("SET NOCOUNT ON SELECT 1; IF @@TRANCOUNT > 0 COMMIT TRAN BEGIN TRAN")
    assert [type(statement) for statement in found] == [SetOption, Select, If, Transaction]
    assert isinstance(found[2], If)
    assert found[2].then == Transaction("commit", None)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("'it''s'", "string", "it's"), ("N'한''글'", "nstring", "한'글"), ("0x0F", "hex", "0x0F"),
        ("1.50", "decimal", "1.50"), ("-5", "int", "-5"), ("1e3", "float", "1e3"),
        ("N'a\\\nb'", "nstring", "ab"), ("null", "null", ""),
    ],
)  # fmt: skip
def test_literals_keep_their_kind(text: str, kind: str, value: str) -> None:
    (statement,) = parse_batch(f"select {text}")
    assert isinstance(statement, Select)
    assert statement.items[0].expression == Literal(kind, value)


def test_and_binds_closer_than_or() -> None:
    a, b, c = (Binary("=", Name((name,)), Literal("int", "1")) for name in "abc")
    assert _where("a = 1 or b = 1 and c = 1") == Logical("or", a, Logical("and", b, c))


def test_a_product_binds_closer_than_a_sum() -> None:
    found = _where("x = 1 + 2 * 3")
    assert isinstance(found, Binary)
    product = Binary("*", Literal("int", "2"), Literal("int", "3"))
    assert found.right == Binary("+", Literal("int", "1"), product)


def test_quoted_names_may_hold_anything() -> None:
    (statement,) = parse_batch('select [a]]b].["c d"] from [RENTAL]..[R "x] as [select]')
    assert isinstance(statement, Select)
    assert statement.items[0].expression == Name(("a]b", '"c d"'))
    assert statement.source == Table(("RENTAL", "", 'R "x'), "select")


def test_hints_and_options_are_stepped_over() -> None:
    (statement,) = parse_batch("select * from t with (nolock, index(1)) option (recompile)")
    assert isinstance(statement, Select)
    assert statement.source == Table(("t",), None)


def test_convert_and_subqueries_are_expressions() -> None:
    (statement,) = parse_batch("select top (@n) convert(varchar(max), (select max(a) from t), 121)")
    assert isinstance(statement, Select)
    cast = statement.items[0].expression
    assert isinstance(cast, Cast) and isinstance(cast.operand, Subquery)
    assert (cast.type, cast.style) == (TypeName("varchar", ("max",)), Literal("int", "121"))
    assert statement.top == Variable("@n")
    assert isinstance(cast.operand.query, Select)
    assert cast.operand.query.items[0].expression == Call(("max",), (Name(("a",)),))


def test_declarations_of_parameters_are_read() -> None:
    assert parse_declarations("@P1 nvarchar(20),@P2 decimal(38,10) output") == (
        ("@p1", TypeName("nvarchar", ("20",))), ("@p2", TypeName("decimal", ("38", "10"))),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["select", "select 1 +", "select (1", "create tabel t (a int) x"])
def test_what_is_not_understood_is_a_syntax_error(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse_batch(text)
    assert (caught.value.number, caught.value.severity) == (102, 15)
