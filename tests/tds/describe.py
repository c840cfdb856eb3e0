"""sys.dm_exec_describe_first_result_set and sp_describe_first_result_set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.tds.parse import parse_query
from tests.tds.scope import Field, Scope
from tests.tds.sysviews import parse_type
from tests.tds.tree import Compound, Expression, Select
from tests.tds.typed import literal
from tests.tds.types import Column

if TYPE_CHECKING:
    from tests.tds.queries import Compiled, QueryCompiler

__all__ = ["describe_first_result"]

_COLUMNS = [
    Column(name, parse_type(kind), True)
    for name, kind in (
        ("is_hidden", "bit"), ("column_ordinal", "int"), ("name", "sysname"),
        ("is_nullable", "bit"), ("system_type_id", "int"), ("system_type_name", "nvarchar(256)"),
        ("max_length", "smallint"), ("precision", "tinyint"), ("scale", "tinyint"),
        ("collation_name", "sysname"), ("user_type_id", "int"), ("source_server", "sysname"),
        ("source_database", "sysname"), ("source_schema", "sysname"), ("source_table", "sysname"),
        ("source_column", "sysname"), ("is_identity_column", "bit"), ("is_computed_column", "bit"),
        ("error_number", "int"), ("error_message", "nvarchar(4000)"),
    )
]  # fmt: skip


def describe_first_result(
    compiler: QueryCompiler, args: Sequence[Expression], scope: Scope
) -> Compiled:
    """A row for each column of the query in the first argument.

    A query that does not compile gives one row with the error, as on the server.
    """
    from tests.tds.errors import SqlError
    from tests.tds.queries import Compiled

    text = compiler.expressions.text(args[0], scope) or ""
    browse = compiler.expressions.integer(args[2], scope) if len(args) > 2 else 0
    rows: list[list[object]] = []
    try:
        query = parse_query(text)
        if isinstance(query, Select | Compound):
            fields = compiler.compile(query, scope.context).fields
            rows = [_row(number, found, browse) for number, found in enumerate(fields, 1)]
    except SqlError as error:
        rows = [[None] * (len(_COLUMNS) - 2) + [error.number, error.text]]
    values = ", ".join(
        "(" + ", ".join(
            literal(value, column.type).sql for value, column in zip(row, _COLUMNS, strict=True)
        ) + ")"
        for row in rows
    )  # fmt: skip
    names = ", ".join(f"x{n}" for n in range(1, len(_COLUMNS) + 1))
    sql = f"select {names} from (values {values}) as v({names})"
    if not rows:
        empty = ", ".join(literal(None, column.type).sql for column in _COLUMNS)
        sql = f"select {names} from (select {empty}) as v({names}) where false"
    return Compiled(sql, tuple(Field(column, "") for column in _COLUMNS))


def _row(number: int, found: Field, browse: int) -> list[object]:
    kind = found.column.type
    origin: Sequence[str | None] = (None,) * 4
    if browse and found.origin is not None:
        origin = found.origin
    return [
        0, number, found.column.name or None, int(found.column.nullable), kind.system_id,
        kind.declaration, kind.max_length, kind.shown_precision, kind.shown_scale, kind.collation,
        None, None, *origin, int(found.column.identity), 0, None, None,
    ]  # fmt: skip
