"""Procedures of the system, called by the drivers or by EXEC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from tests.tds.engine import Engine
from tests.tds.errors import SqlError
from tests.tds.events import Events, Output, Rows, Status
from tests.tds.expressions import declared
from tests.tds.parse import parse_declarations
from tests.tds.rpc import Call, Parameter
from tests.tds.sysviews import parse_type
from tests.tds.typed import Typed, literal
from tests.tds.types import INT, Column, SqlType

__all__ = ["Prepared", "call", "execute"]


class Prepared:
    """The prepared statements of one session: (declarations, text)."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._statements: dict[int, tuple[str, str]] = {}

    def add(self, declarations: str, text: str) -> int:
        number = next(self._numbers)
        self._statements[number] = (declarations, text)
        return number

    def get(self, number: int) -> tuple[str, str]:
        if number not in self._statements:
            raise SqlError(8179, f"Could not find prepared statement with handle {number}.")
        return self._statements[number]

    def drop(self, number: int) -> None:
        self._statements.pop(number, None)


def call(engine: Engine, prepared: Prepared, request: Call) -> Events:
    """A remote procedure call.

    Raises:
        SqlError: 2812, there is no such procedure.
    """
    name = request.procedure.lower().rsplit(".", 1)[-1]
    args = request.parameters
    if name == "sp_executesql":
        text = _string(args[0])
        declarations = _string(args[1]) if len(args) > 1 else ""
        yield from _execute(engine, text, declarations, args[2:])
        yield Status(0)
    elif name in ("sp_prepexec", "sp_prepare"):
        declarations, text = _string(args[1]), _string(args[2])
        if isinstance(args[0].value, int):
            prepared.drop(args[0].value)
        number = prepared.add(declarations, text)
        if name == "sp_prepexec":
            yield from _execute(engine, text, declarations, args[3:])
        yield Status(0)
        yield Output(0, args[0].name, INT, number)
    elif name == "sp_execute":
        declarations, text = prepared.get(int(args[0].value))
        yield from _execute(engine, text, declarations, args[1:])
        yield Status(0)
    elif name == "sp_unprepare":
        prepared.drop(int(args[0].value))
        yield Status(0)
    else:
        given = [(arg.name, literal(arg.value, arg.type)) for arg in args]
        yield from execute(engine, name, given)
        yield Status(0)


def text_of(prepared: Prepared, request: Call) -> str:
    """The statement in a call, as the faults' patterns and the log see it."""
    name, args = request.procedure.lower(), request.parameters
    if name == "sp_executesql":
        return _string(args[0])
    if name in ("sp_prepexec", "sp_prepare"):
        return _string(args[2])
    if name == "sp_execute":
        try:
            return prepared.get(int(args[0].value))[1]
        except SqlError:
            return name
    return name


def _execute(engine: Engine, text: str, declarations: str, args: Sequence[Parameter]) -> Events:
    values: dict[str, Typed] = {}
    collation = engine.catalog.database(engine.database).collation
    for (name, kind), arg in zip(parse_declarations(declarations), args, strict=False):
        wanted = declared(kind, collation)
        values[arg.name or name] = engine.constant(literal(arg.value, arg.type), wanted)
    yield from engine.batch(text, values)


def execute(engine: Engine, name: str, args: Sequence[tuple[str, Typed]]) -> Events:
    """EXEC of a system procedure."""
    texts = [_unquoted(value) for _, value in args]
    if name == "sp_rename":
        engine.rename(texts[0], texts[1], (texts[2] if len(texts) > 2 else "object").lower())
    elif name == "sp_executesql":
        yield from engine.batch(texts[0], _bound(engine, texts, args))
    elif name == "sp_describe_undeclared_parameters":
        yield _undeclared(texts[0])
    elif name == "sp_describe_first_result_set":
        text = texts[0].replace("'", "''")
        yield from engine.batch(
            f"select * from sys.dm_exec_describe_first_result_set(N'{text}', null, 0)", {}
        )
    elif name == "sp_datatype_info" or name.startswith("sp_datatype_info"):
        yield Rows([Column("TYPE_NAME", parse_type("sysname"))], iter(()))
    elif name not in ("sp_refreshview", "sp_updatestats", "sp_reset_connection"):
        raise SqlError(2812, f"Could not find stored procedure '{name}'.", state=62)


def _bound(
    engine: Engine, texts: Sequence[str], args: Sequence[tuple[str, Typed]]
) -> dict[str, Typed]:
    if len(args) < 3:
        return {}
    collation = engine.catalog.database(engine.database).collation
    pairs = zip(parse_declarations(texts[1]), args[2:], strict=False)
    return {
        given or name: engine.constant(value, declared(kind, collation))
        for (name, kind), (given, value) in pairs
    }


def _string(parameter: Parameter) -> str:
    return "" if parameter.value is None else str(parameter.value)


def _unquoted(value: Typed) -> str:
    return value.sql.rsplit("::", 1)[0].strip("'").replace("''", "'")


def _undeclared(text: str) -> Rows:
    """What each parameter of a statement may be: text of any length suits them all."""
    kinds = (
        ("parameter_ordinal", "int"), ("name", "sysname"), ("suggested_system_type_id", "int"),
        ("suggested_system_type_name", "nvarchar(256)"), ("suggested_max_length", "smallint"),
        ("suggested_precision", "tinyint"), ("suggested_scale", "tinyint"),
        ("suggested_user_type_id", "int"), ("suggested_user_type_database", "sysname"),
        ("suggested_user_type_schema", "sysname"), ("suggested_user_type_name", "sysname"),
        ("suggested_assembly_qualified_type_name", "nvarchar(4000)"),
        ("suggested_xml_collection_id", "int"), ("suggested_xml_collection_database", "sysname"),
        ("suggested_xml_collection_schema", "sysname"),
        ("suggested_xml_collection_name", "sysname"), ("suggested_is_xml_document", "bit"),
        ("suggested_is_case_sensitive", "bit"), ("suggested_is_fixed_length_clr_type", "bit"),
        ("suggested_is_input", "bit"), ("suggested_is_output", "bit"),
        ("formal_parameter_name", "sysname"), ("suggested_tds_type_id", "int"),
        ("suggested_tds_length", "int"),
    )  # fmt: skip
    columns = [Column(name, parse_type(kind)) for name, kind in kinds]
    kind = SqlType("nvarchar", length=4000)
    names = list(dict.fromkeys(re.findall(r"@\w+", text)))
    rows = [
        (
            number, name, kind.system_id, kind.declaration, 8000, 0, 0, *(None,) * 9, 0, 0, 0, 1, 0,
            None, 0xE7, 8000,
        )
        for number, name in enumerate(names, 1)
    ]  # fmt: skip
    return Rows(columns, iter(rows))
