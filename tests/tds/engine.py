"""One session's statements, executed on Postgres."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import psycopg

from tests.tds import tokens
from tests.tds.catalog import Catalog, Generation
from tests.tds.changes import Changes
from tests.tds.collations import COLLATIONS
from tests.tds.definitions import Definitions
from tests.tds.errors import SqlError, beyond
from tests.tds.events import Count, Environment, Event, Events, Notice, Rows
from tests.tds.expressions import declared
from tests.tds.failures import Interrupted, as_sql_error
from tests.tds.parse import parse_batch
from tests.tds.queries import QueryCompiler
from tests.tds.scope import Context, Scope
from tests.tds.session_functions import VERSION
from tests.tds.transactions import Transactions
from tests.tds.tree import (
    AlterColumn,
    AlterDatabase,
    AlterTableAdd,
    AlterTableDrop,
    Block,
    Compound,
    CreateFunction,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateView,
    Declare,
    Delete,
    Drop,
    Execute,
    Expression,
    If,
    Insert,
    Print,
    Query,
    Return,
    Select,
    SetOption,
    SetVariable,
    Statement,
    Transaction,
    Truncate,
    Update,
    Use,
    WaitFor,
    While,
)  # fmt: skip
from tests.tds.typed import Typed, convert, literal
from tests.tds.types import INT, SqlType
from tests.tds.values import NUL

__all__ = ["Engine"]

_RowStream = Generator[tuple[Any, ...], None, None]
_ROWS_AT_ONCE = 200
_DEFINITIONS = (
    AlterColumn | AlterDatabase | AlterTableAdd | AlterTableDrop | CreateFunction | CreateIndex
    | CreateSchema | CreateTable | CreateView | Drop
)  # fmt: skip


class _ReturnedError(Exception):
    """RETURN ended the batch."""


class Engine:
    """Executes batches for one login."""

    def __init__(
        self, url: str, database: str, generation: Generation, *, spid: int, user: str,
        application: str,
    ) -> None:  # fmt: skip
        self._connection = psycopg.connect(url, autocommit=True)
        self.catalog = Catalog(self._connection, generation)
        self.transactions = Transactions(self._connection)
        self._compiler = QueryCompiler()
        self._definitions = Definitions(self.catalog, self._compiler)
        self._changes = Changes(self._compiler)
        self._spid = spid
        self._user = user
        self._application = application
        self._row_count = 0
        self._no_count = False
        try:
            self.database = self.catalog.database(database).name
        except SqlError:
            self.close()
            raise SqlError(
                4060, f'Cannot open database "{database}" requested by the login. The login'
                " failed.", severity=11,
            ) from None  # fmt: skip
        self._first_database = self.database

    @property
    def collation_wire(self) -> bytes:
        return COLLATIONS[self.catalog.database(self.database).collation.lower()].wire

    def close(self) -> None:
        self._connection.close()

    def cancel(self) -> None:
        """Stops the statement that another thread executes."""
        if not self._connection.closed:
            self._connection.cancel_safe(timeout=10)

    def reset(self) -> None:
        """Makes the session as new, as a pool asks for."""
        if self.transactions.depth:
            list(self.transactions.rollback())
        self.transactions.level = "read committed"
        self.transactions.implicit = False
        self.database = self._first_database
        self._no_count = False

    def abandon(self) -> list[Event]:
        """Rolls back, as it is done to a deadlock's victim."""
        return list(self.transactions.rollback()) if self.transactions.depth else []

    # Batches

    def batch(self, text: str, parameters: Mapping[str, Typed]) -> Events:
        """What a batch brings forth; the first error ends it."""
        values = dict(parameters)
        try:
            for statement in parse_batch(text.replace("\0", NUL)):
                yield from self._run(statement, values)
        except _ReturnedError:
            return
        except RecursionError:
            raise SqlError(8631, "Internal error: Server stack limit has been reached.") from None

    def _context(self, values: Mapping[str, Typed]) -> Context:
        settings = {
            "@@trancount": self.transactions.depth, "@@rowcount": self._row_count, "@@error": 0,
            "@@spid": self._spid, "@@microsoftversion": 0x0F0010E1, "@@lock_timeout": -1,
            "@@datefirst": 7, "@@nestlevel": 0, "@@options": 5496, "@@max_precision": 38,
        }  # fmt: skip
        known = {name: literal(value, INT) for name, value in settings.items()}
        known = {n: replace(v, sql=v.sql.split("'")[1]) for n, v in known.items()}
        name = SqlType("nvarchar", length=300, collation="SQL_Latin1_General_CP1_CI_AS")
        for key, text in (
            ("@@version", VERSION), ("@@servername", "STANDIN"), ("@@language", "us_english"),
        ):  # fmt: skip
            known[key] = literal(text, name)
        number = self.catalog.database(self.database).database_id
        known["@@dbts"] = Typed(
            f"int8send(tds.last_rowversion({number}))", SqlType("varbinary", length=8), False
        )
        known["@@identity"] = Typed("lastval()::numeric", SqlType("numeric", precision=38), True)
        return Context(
            self.catalog, self.database, {**known, **values}, self._user, self._application
        )

    def _run(self, node: Statement, values: dict[str, Typed]) -> Events:
        if isinstance(node, Select | Compound):
            yield from self._select(node, values)
        elif isinstance(node, Insert | Update | Delete | Truncate):
            yield from self._change(node, values)
        elif isinstance(node, _DEFINITIONS):
            yield from self._begin_implicitly()
            with self._guarded(), self._connection.transaction():
                self._define(node, self._context(values))
        elif isinstance(node, Transaction):
            yield from self._transaction(node)
        elif isinstance(node, Use):
            yield from self._use(node.database)
        elif isinstance(node, SetOption):
            self._set(node)
        elif isinstance(node, Declare):
            for name, kind, value in node.variables:
                wanted = declared(kind, self._context(values).collation)
                values[name] = literal(None, wanted)
                if value is not None:
                    values[name] = self._evaluate(value, wanted, values)
        elif isinstance(node, SetVariable):
            values[node.name] = self._evaluate(node.value, values[node.name].type, values)
        elif isinstance(node, If):
            branch = node.then if self._holds(node.condition, values) else node.otherwise
            if branch is not None:
                yield from self._run(branch, values)
        elif isinstance(node, While):
            while self._holds(node.condition, values):
                yield from self._run(node.body, values)
        elif isinstance(node, Block):
            for inner in node.statements:
                yield from self._run(inner, values)
        else:
            yield from self._run_rest(node, values)

    def _run_rest(self, node: Statement, values: dict[str, Typed]) -> Events:
        if isinstance(node, Execute):
            from tests.tds.procedures import execute

            arguments = [(name, self._evaluate(value, None, values)) for name, value in node.args]
            yield from execute(self, node.procedure[-1].lower(), arguments)
        elif isinstance(node, Print):
            text = self._text(node.value, values)
            if node.severity is None:
                yield Notice(0, text)
                return
            assert node.number is not None
            severity = int(self._text(node.severity, values))
            number = int(self._text(node.number, values))
            if severity > 10:
                raise SqlError(number, text, severity=severity)
            yield Notice(number, text, severity)
        elif isinstance(node, WaitFor):
            hours, minutes, seconds = self._text(node.delay, values).split(":")
            delay = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            with self._guarded():
                self._connection.execute("select pg_sleep(%s)", (delay,))
        elif isinstance(node, Return):
            raise _ReturnedError

    # Rows

    def _select(self, node: Query, values: dict[str, Typed]) -> Events:
        yield from self._begin_implicitly()
        self._check_isolation()
        with self._guarded():
            context = self._context(values)
            if isinstance(node, Select) and any(item.variable for item in node.items):
                self._assign(node, context, values)
                return
            if isinstance(node, Select) and node.into:
                raise beyond("knows no SELECT INTO")
            compiled = self._compiler.compile(node, context)
            cursor = self._connection.cursor()
            stream = cursor.stream(compiled.sql.encode(), size=_ROWS_AT_ONCE)
            rows = self._counted(cast("_RowStream", stream))
            try:
                yield Rows(compiled.columns, rows)
            finally:
                rows.close()

    def _counted(self, stream: _RowStream) -> _RowStream:
        self._row_count = 0
        try:
            for row in stream:
                self._row_count += 1
                yield row
        except psycopg.Error as error:
            raise Interrupted(error) from error
        finally:
            stream.close()

    def _assign(self, node: Select, context: Context, values: dict[str, Typed]) -> None:
        compiled = self._compiler.compile(node, context)
        rows = self._connection.execute(compiled.sql.encode()).fetchall()
        self._row_count = len(rows)
        if not rows:
            return
        for item, value, column in zip(node.items, rows[-1], compiled.columns, strict=True):
            assert item.variable is not None
            wanted = values[item.variable].type
            values[item.variable] = self._constant(literal(value, column.type), wanted)

    def _change(
        self, node: Insert | Update | Delete | Truncate, values: dict[str, Typed]
    ) -> Events:
        yield from self._begin_implicitly()
        self._check_isolation()
        with self._guarded():
            context = self._context(values)
            if isinstance(node, Insert):
                sql = self._changes.insert(node, context)
            elif isinstance(node, Update):
                sql = self._changes.update(node, context)
            elif isinstance(node, Delete):
                sql = self._changes.delete(node, context)
            else:
                sql = self._changes.truncate(node.table, context)
            self._row_count = max(self._connection.execute(sql.encode()).rowcount, 0)
        counts = not self._no_count and not isinstance(node, Truncate)
        yield Count(self._row_count if counts else None)

    def _define(self, node: Statement, context: Context) -> None:
        to = self._definitions
        if isinstance(node, CreateTable):
            to.create_table(node, context)
        elif isinstance(node, CreateIndex):
            to.create_index(node, context)
        elif isinstance(node, CreateView):
            to.create_view(node, context)
        elif isinstance(node, CreateFunction):
            to.create_function(node, context)
        elif isinstance(node, CreateSchema):
            to.create_schema(node, context)
        elif isinstance(node, AlterTableAdd):
            to.alter_add(node, context)
        elif isinstance(node, AlterTableDrop):
            to.alter_drop(node, context)
        elif isinstance(node, AlterColumn):
            to.alter_column(node, context)
        elif isinstance(node, AlterDatabase):
            to.alter_database(node, context)
        elif isinstance(node, Drop):
            to.drop(node, context)

    def rename(self, old: str, new: str, kind: str) -> None:
        from tests.tds.parse_expressions import ExpressionParser

        parts = ExpressionParser(old).parts()
        with self._guarded():
            self._definitions.rename(parts, new, kind, self._context({}))

    # Values

    def _evaluate(
        self, node: Expression, kind: SqlType | None, values: Mapping[str, Typed]
    ) -> Typed:
        with self._guarded():
            context = self._context(values)
            typed = self._compiler.expressions.value(node, Scope(context))
            return self._constant(typed, kind or typed.type)

    def _constant(self, value: Typed, kind: SqlType) -> Typed:
        """The value of an expression, computed once."""
        sql = convert(value, kind).sql
        row = self._connection.execute(f"select {sql}".encode()).fetchone()
        assert row is not None
        return literal(row[0], kind)

    def constant(self, value: Typed, kind: SqlType) -> Typed:
        """A parameter as its declared type."""
        with self._guarded():
            return value if value.type == kind else self._constant(value, kind)

    def _holds(self, node: Expression, values: Mapping[str, Typed]) -> bool:
        with self._guarded():
            context = self._context(values)
            condition = self._compiler.expressions.condition(node, Scope(context))
            row = self._connection.execute(f"select {condition}".encode()).fetchone()
        return bool(row and row[0])

    def _text(self, node: Expression, values: Mapping[str, Typed]) -> str:
        kind = SqlType("nvarchar", length=-1, collation="SQL_Latin1_General_CP1_CI_AS")
        value = self._evaluate(node, kind, values)
        return value.sql.rsplit("::", 1)[0].strip("'").replace("''", "'")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turns Postgres's errors into SQL Server's, and keeps the transaction usable."""
        try:
            with self.transactions.statement():
                yield
        except psycopg.Error as error:
            cause = error.error if isinstance(error, Interrupted) else error
            if self._connection.closed:
                raise SqlError(596, "Cannot continue the execution.", severity=21) from error
            if cause.sqlstate == "40P01" and self.transactions.depth:
                list(self.transactions.rollback())
            self.catalog.changed()
            raise as_sql_error(cause, self.catalog) from error
        except SqlError:
            self.catalog.changed()
            raise

    # The session

    def begin(self, level: str | None) -> Events:
        yield from self.transactions.begin(level)

    def commit(self) -> Events:
        yield from self.transactions.commit()
        self.catalog.changed()

    def rollback(self) -> Events:
        yield from self.transactions.rollback()
        self.catalog.changed()

    def _transaction(self, node: Transaction) -> Events:
        if node.action == "begin":
            yield from self.begin(None)
        elif node.action == "commit":
            yield from self.commit()
        elif node.action == "save":
            self.transactions.save(node.name or "")
        else:
            yield from self.transactions.rollback(node.name)
            self.catalog.changed()

    def _begin_implicitly(self) -> Events:
        if self.transactions.implicit and not self.transactions.depth:
            yield from self.begin(None)

    def _check_isolation(self) -> None:
        if self.transactions.level != "snapshot":
            return
        if not self.catalog.database(self.database).snapshot:
            raise SqlError(
                3952, "Snapshot isolation transaction failed accessing database"
                f" '{self.database}' because snapshot isolation is not allowed in this database.",
            )  # fmt: skip
        if self.transactions.depth and self.transactions.begun_as != "snapshot":
            raise SqlError(
                3951, f"Transaction failed in database '{self.database}' because the statement was"
                " run under snapshot isolation but the transaction did not start in it.",
            )  # fmt: skip

    def _use(self, name: str) -> Events:
        database = self.catalog.database(name).name
        yield Environment(tokens.environment(1, database, self.database))
        yield Notice(5701, f"Changed database context to '{database}'.")
        self.database = database

    def _set(self, node: SetOption) -> None:
        if node.name == "isolation":
            self.transactions.level = node.value
        elif node.name == "implicit_transactions":
            self.transactions.implicit = node.value == "on"
        elif node.name == "nocount":
            self._no_count = node.value == "on"
        elif node.name == "lock_timeout":
            milliseconds = max(int(node.value), 0)
            self._connection.execute(f"set lock_timeout = {milliseconds}".encode())
