"""Functions that look at the session and the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.tds.collations import COLLATIONS
from tests.tds.errors import SqlError
from tests.tds.parse_expressions import ExpressionParser
from tests.tds.scope import Scope
from tests.tds.tree import Expression
from tests.tds.typed import Typed, convert, literal
from tests.tds.types import BIGINT, INT, SqlType

if TYPE_CHECKING:
    from tests.tds.expressions import Expressions

__all__ = ["SESSION_FUNCTIONS", "VERSION"]

VERSION = "Microsoft SQL Server 2019 (stand-in for tests) - 15.0.4321.0 (X64)"
_PROPERTIES: dict[str, str | int] = {
    "productversion": "15.0.4321.0", "productmajorversion": "15", "productlevel": "RTM",
    "edition": "Developer Edition (64-bit)", "servername": "STANDIN", "machinename": "STANDIN",
    "engineedition": 3,
}  # fmt: skip
_Function = Callable[["Expressions", Sequence[Expression], Scope], Typed]


def _name(value: str | None) -> Typed:
    kind = SqlType("nvarchar", length=128, collation="SQL_Latin1_General_CP1_CI_AS")
    return replace(literal(value, kind), nullable=True)


def _number(value: int | None, kind: SqlType = INT) -> Typed:
    return replace(literal(value, kind), nullable=True)


def _lookup(scope: Scope, query: str, *args: Any) -> Any:
    rows = scope.context.catalog.rows(query, args)
    return rows[0][0] if rows else None


def _database_id(scope: Scope) -> int:
    return scope.context.catalog.database(scope.context.database).database_id


def _db_name(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    if not args:
        return _name(scope.context.database)
    number = compiler.integer(args[0], scope)
    return _name(_lookup(scope, "select name from tds.databases where database_id = %s", number))


def _db_id(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    name = compiler.text(args[0], scope) if args else scope.context.database
    query = "select database_id from tds.databases where lower(name) = lower(%s)"
    return _number(_lookup(scope, query, name))


def _object_id(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    text = compiler.text(args[0], scope)
    wanted = compiler.text(args[1], scope) if len(args) > 1 else None
    if text is None:
        return _number(None)
    try:
        parts = ExpressionParser(text).parts()
    except SqlError:
        return _number(None)
    found = scope.context.catalog.find(scope.context.database, parts)
    if found is None or (wanted and found.type != wanted.strip().upper()):
        return _number(None)
    return _number(found.object_id)


def _by_number(query: str) -> _Function:
    """A name that a number, maybe of a column, stands for."""

    def made(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
        values = [convert(compiler.value(arg, scope), INT).sql for arg in args]
        text = query.format(*values, db=_database_id(scope))
        return replace(_name(None), sql=f"({text})")

    return made


def _schema_id(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    name = compiler.text(args[0], scope) if args else "dbo"
    query = "select schema_id from tds.schemas where database_id = %s and lower(name) = lower(%s)"
    return _number(_lookup(scope, query, _database_id(scope), name))


def _type_name(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    from tests.tds.sysviews import system_view

    view = system_view("types", 0)
    assert view is not None
    number = convert(compiler.value(args[0], scope), INT).sql
    text = f"(select t.name from ({view.sql}) as t where t.user_type_id = {number})"
    return replace(_name(None), sql=text)


def _server_property(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    name = (compiler.text(args[0], scope) or "").lower()
    value = scope.context.collation if name == "collation" else _PROPERTIES.get(name)
    return _number(value) if isinstance(value, int) else _name(value)


def _database_property(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    database = scope.context.catalog.database(compiler.text(args[0], scope) or "")
    name = (compiler.text(args[1], scope) or "").lower()
    values = {
        "collation": database.collation, "status": "ONLINE", "updateability": "READ_WRITE",
        "recovery": "SIMPLE",
    }  # fmt: skip
    return _name(values.get(name))


def _collation_property(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    collation = COLLATIONS.get((compiler.text(args[0], scope) or "").lower())
    name = (compiler.text(args[1], scope) or "").lower()
    if collation is None:
        return _number(None)
    values = {"codepage": collation.code_page, "lcid": collation.lcid}
    return _number(values.get(name))


def _rowversion(function: str) -> _Function:
    def made(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
        kind = SqlType("binary", length=8)
        return Typed(f"tds.{function}({_database_id(scope)})", kind, True)

    return made


def _fixed(value: str) -> _Function:
    return lambda compiler, args, scope: _name(value)


def _user(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    return _name(scope.context.user)


def _application(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    return _name(scope.context.application)


def _xact_state(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    return _number(int(scope.context.values["@@trancount"].sql != "0"), SqlType("smallint"))


def _row_count(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    return convert(scope.context.values["@@rowcount"], BIGINT)


def _column_property(compiler: Expressions, args: Sequence[Expression], scope: Scope) -> Typed:
    number = convert(compiler.value(args[0], scope), INT).sql
    column = compiler.value(args[1], scope).sql
    wanted = (compiler.text(args[2], scope) or "").lower()
    field = {
        "allowsnull": "is_nullable::int", "isidentity": "is_identity::int",
        "iscomputed": "(computed is not null)::int", "columnid": "column_id",
        "precision": "precision", "scale": "scale",
    }.get(wanted, "null::int")  # fmt: skip
    where = f"object_id = {number} and lower(name) = lower({column})"
    return Typed(f"(select {field} from tds.columns where {where})", INT)


SESSION_FUNCTIONS: dict[str, _Function] = {
    "db_name": _db_name, "db_id": _db_id, "object_id": _object_id,
    "object_name": _by_number("select name from tds.objects where object_id = {0}"),
    "object_schema_name": _by_number(
        "select s.name from tds.objects o join tds.schemas s using (database_id, schema_id)"
        " where o.object_id = {0}"),
    "schema_name": _by_number(
        "select name from tds.schemas where database_id = {db} and schema_id = {0}"),
    "col_name": _by_number(
        "select name from tds.columns where object_id = {0} and column_id = {1}"),
    "schema_id": _schema_id, "type_name": _type_name, "serverproperty": _server_property,
    "databasepropertyex": _database_property, "collationproperty": _collation_property,
    "columnproperty": _column_property,
    "min_active_rowversion": _rowversion("min_active_rowversion"),
    "suser_sname": _user, "suser_name": _user, "system_user": _user, "original_login": _user,
    "user_name": _fixed("dbo"), "user": _fixed("dbo"), "current_user": _fixed("dbo"),
    "session_user": _fixed("dbo"), "host_name": _fixed("client"), "app_name": _application,
    "xact_state": _xact_state, "rowcount_big": _row_count,
}  # fmt: skip
