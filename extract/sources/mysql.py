"""Reads tables and views of MySQL and MariaDB; the only module that imports PyMySQL."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from extract.catalog import Extract
from extract.dialects.mysql import MysqlDialect, base_of, is_whole
from extract.dialects.postgres import escaped
from extract.errors import (
    ConfigurationError,
    ExtractError,
    RowError,
    SourceError,
    TransientError,
)
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, Index, TableShape
from extract.sources.common import as_batches, cuts_between, one_of, selected
from extract.sources.mysql_types import LABELLED, column_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MysqlSource", "connect"]

# Times in UTC; zero dates stay what they are; the server waits for a slow reader.
_SESSION = "set time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600"
# Error numbers. Lost, shut down, too many connections, lock wait, deadlock, killed, timed out.
_TRANSIENT = frozenset(
    (1040, 1053, 1077, 1079, 1080, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1317, 1927, 1969)
    + (2002, 2003, 2006, 2013, 2014, 2055, 3024, 4031)
)
# Access denied, unknown database, host or account refused, TLS.
_LOGIN = frozenset((1044, 1045, 1049, 1129, 1130, 1251, 1698, 1820, 1862, 2026, 2054, 2059, 3118))
# SQLSTATE classes of faults of a value; 45 is what a function of the database signals itself.
_ROW_STATES = ("21", "22", "45")
_BINARY_CHARSET = 63
# COLUMN_TYPE of a computed column by the type number of its result.
_RESULT_TYPES = {
    FIELD_TYPE.TINY: "bigint",
    FIELD_TYPE.SHORT: "bigint",
    FIELD_TYPE.INT24: "bigint",
    FIELD_TYPE.LONG: "bigint",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.YEAR: "bigint",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.DATETIME: "datetime(6)",
    FIELD_TYPE.TIMESTAMP: "timestamp(6)",
    FIELD_TYPE.TIME: "time(6)",
    FIELD_TYPE.JSON: "json",
}


@dataclass
class MysqlSource:
    """One database; implements `extract.sources.Source`.

    A stream occupies its connection, so it has one of its own, opened when first needed.
    """

    connection: Connection
    database: str | None
    statements: pymysql.Connection[Any]
    dialect: MysqlDialect = field(default_factory=MysqlDialect)
    stream: pymysql.Connection[Any] | None = None

    def describe(self, extract: Extract) -> TableShape:
        """The table's shape, from information_schema."""
        schema = extract.schema_name or self.database
        if schema is None:
            raise ConfigurationError(
                f"connections.yml: `{self.connection.name}` names no database. Add it to the URL, "
                "or as `config.meta.extract.database`."
            )
        tables = {
            str(name): (str(kind), estimate)
            for name, kind, estimate in self._all(
                "select table_name, table_type, table_rows from information_schema.tables"
                " where table_schema = %s order by table_name",
                schema,
            )
        }
        table = one_of(
            extract.table,
            schema,
            [name for name in tables if name.lower() == extract.table.lower()],
            list(tables),
            self.connection.where,
        )
        kind, estimate = tables[table]
        is_view = "VIEW" in kind
        relation = f"{self.dialect.quote(schema)}.{self.dialect.quote(table)}"
        columns = self._columns(extract, schema, table, relation)
        labelled = [column.name for column in columns if base_of(column.native) in LABELLED]
        primary, indexes = self._indexes(schema, table, labelled)
        return TableShape(
            relation=relation,
            columns=columns,
            primary_key=primary,
            indexes=indexes,
            estimated_rows=int(estimate) if estimate is not None and not is_view else None,
            is_view=is_view,
        )

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams the rows as the server sends them: as text, which Arrow parses by the column."""
        with _translated(self.connection):
            if self.stream is None:
                self.stream = _opened(self.connection, self.database)
            cursor = self.stream.cursor(SSCursor)
            cursor.execute(statement.text, statement.params)
            names = [entry[0] for entry in cursor.description]
            try:
                yield from as_batches(cursor, columns, names, in_text=True)
            except pymysql.Error:
                self._discard(cursor)
                raise
            except BaseException:
                self._abandon(cursor)
                raise
            cursor.close()

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        return self._all(statement.text, *statement.params)

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """Equal steps from the smallest to the largest whole number."""
        if not is_whole(base_of(column.native)) or not shape.has_index((column.name,)):
            return []
        ends = f"min({column.reference}) + 0, max({column.reference}) + 0"
        smallest, largest = self._all(f"select {ends} from {shape.relation}")[0]
        return cuts_between(int(smallest), int(largest), parts) if smallest and largest else []

    def close(self) -> None:
        """Closes both connections."""
        for opened in (self.stream, self.statements):
            with suppress(Exception):
                if opened is not None:
                    opened.close()

    def _abandon(self, cursor: SSCursor) -> None:
        """Ends a stream before its end: the server would send all the rest."""
        with suppress(ExtractError):
            self._all(f"kill query {_number_of(self.stream)}")
        # What was on its way ends with the server's word that it was interrupted.
        with suppress(Exception):
            cursor.close()
        self._discard(cursor)

    def _discard(self, cursor: Any) -> None:
        """Makes sure that the driver reads nothing more from a stream that broke."""
        if self.stream is not None and self.stream.open:
            return
        # It would try when the cursor is collected.
        cursor._result.unbuffered_active = False
        cursor.connection = None
        self.stream = None

    def _columns(
        self, extract: Extract, schema: str, table: str, relation: str
    ) -> tuple[Column, ...]:
        rows = self._all(
            "select column_name, column_type, is_nullable from information_schema.columns"
            " where table_schema = %s and table_name = %s order by ordinal_position",
            schema,
            table,
        )
        names = selected(extract, [str(row[0]) for row in rows], f"{schema}.{table}")
        return (
            *(
                column_of(name, kind, f"{relation}.{self.dialect.quote(name)}", nullable == "YES")
                for name, kind, nullable in _complete(rows)
                if name in names
            ),
            *(
                column_of(
                    name, kind, f"({escaped(extract.expressions[name])})", True, computed=True
                )
                for name, kind in self._expression_types(extract, relation).items()
            ),
        )

    def _expression_types(self, extract: Extract, relation: str) -> dict[str, str]:
        if not extract.expressions:
            return {}
        listed = ", ".join(f"({escaped(text)})" for text in extract.expressions.values())
        with _translated(self.connection), self.statements.cursor() as cursor:
            # Without a row nothing is computed that could fail.
            cursor.execute(f"select {listed} from {relation} limit 0", ())
            # DB-API's description doesn't tell text from bytes.
            fields = cursor._result.fields
        return {
            name: _result_type(field)
            for name, field in zip(extract.expressions, fields, strict=True)
        }

    def _indexes(
        self, schema: str, table: str, labelled: Sequence[str]
    ) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        """The primary key and the indexes; `labelled` columns are in another order there."""
        with _translated(self.connection), self.statements.cursor() as cursor:
            # Servers differ in what they have to say of an index.
            cursor.execute(
                "select * from information_schema.statistics"
                " where table_schema = %s and table_name = %s order by index_name, seq_in_index",
                (schema, table),
            )
            names = [entry[0].lower() for entry in cursor.description]
            parts = [
                {name: _decoded(value) for name, value in zip(names, row, strict=True)}
                for row in cursor.fetchall()
            ]
        columns: dict[str, list[str]] = {}
        unique: dict[str, bool] = {}
        refused = set()
        for part in parts:
            name, column = str(part["index_name"]), part["column_name"]
            plain = (
                part["index_type"] == "BTREE"
                and part["collation"] == "A"
                and part["sub_part"] is None
                and part.get("is_visible", "YES") == "YES"
                and part.get("ignored", "NO") == "NO"
            )
            if column is None or not plain:
                refused.add(name)
                continue
            columns.setdefault(name, []).append(column)
            unique[name] = part["non_unique"] == "0"
        found = {
            # Last in it, they let nothing be read in order, and it is as unique as before.
            name: Index(tuple(sorted(listed, key=lambda column: column in labelled)), unique[name])
            for name, listed in columns.items()
            if name not in refused
        }
        return tuple(columns.get("PRIMARY", ())), tuple(found.values())

    def _all(self, text: str, *params: str) -> list[tuple[str | None, ...]]:
        with _translated(self.connection), self.statements.cursor() as cursor:
            cursor.execute(text, params)
            return [tuple(_decoded(value) for value in row) for row in cursor.fetchall()]


def connect(connection: Connection, database: str | None) -> MysqlSource:
    """A source on `database`, or on the one that the URL names.

    Raises:
        ConfigurationError: the login isn't accepted, or the server speaks no TLS.
        TransientError: nobody answers.
    """
    database = database or unquote(urlsplit(connection.url).path.removeprefix("/")) or None
    with _translated(connection):
        return MysqlSource(connection, database, _opened(connection, database))


def _opened(connection: Connection, database: str | None) -> pymysql.Connection[Any]:
    parts = urlsplit(connection.url)
    # Without decoders values come as bytes.
    encoding: dict[Any, Any] = {**encoders}
    opened = pymysql.connect(
        host=parts.hostname or "localhost",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        # The driver would take a text for latin1.
        password=unquote(parts.password or "").encode(),
        database=database,
        charset="utf8mb4",
        use_unicode=False,
        conv=encoding,
        connect_timeout=connection.seconds("login_timeout", 15),
        read_timeout=connection.seconds("query_timeout", 600),
        write_timeout=connection.seconds("query_timeout", 600),
        autocommit=True,
        init_command=_SESSION,
        program_name="stairway",
        **_tls(connection),
    )
    return opened


def _tls(connection: Connection) -> dict[str, Any]:
    """On and verified, unless the connection says otherwise."""
    if connection.flag("encrypt") is False:
        return {"ssl_disabled": True}
    context = ssl.create_default_context(cafile=connection.option("ca_file"))
    if connection.flag("trust_server_certificate"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


@contextmanager
def _translated(connection: Connection) -> Iterator[None]:
    """Turns the driver's errors into ours, one line each, without row values."""
    try:
        yield
    except ExtractError:
        raise
    except (pymysql.Error, OSError) as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = connection.redacted(" ".join(str(error.args[-1]).split())) if error.args else ""
        where = f"{connection.where} ({type(error).__name__} {number})"
        if number in _LOGIN or "CERTIFICATE_VERIFY_FAILED" in text:
            advice = ""
            if number == 2026 or "CERTIFICATE" in text:
                advice = (
                    " Set `ca_file` or `trust_server_certificate: yes`, or `encrypt: no` for a "
                    "server without TLS."
                )
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: {where}: {text}.{advice}"
            ) from None
        if number in _TRANSIENT or isinstance(error, OSError | pymysql.InterfaceError):
            raise TransientError(f"{where}: {text or 'the connection is lost'}.") from None
        if (getattr(error, "sqlstate", None) or "")[:2] in _ROW_STATES:
            # The text may quote the value.
            raise RowError(f"{where}: a value can't be computed.") from None
        raise SourceError(f"{where}: {text}.") from None


def _number_of(opened: Any) -> int:
    number: int = opened.thread_id()
    return number


def _decoded(value: bytes | str | None) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _complete(rows: Sequence[tuple[str | None, ...]]) -> Iterator[tuple[str, str, str]]:
    for name, kind, nullable in rows:
        yield str(name), escaped(str(kind)), str(nullable)


def _result_type(described: Any) -> str:
    """COLUMN_TYPE of a computed column, from what the server says of the result."""
    code, length, scale = described.type_code, described.length, described.scale
    if code in (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL):
        # The length counts a sign and a point.
        return f"decimal({min(65, length - bool(scale))},{scale})"
    if code == FIELD_TYPE.BIT:
        return f"bit({length})"
    if code in _RESULT_TYPES:
        return _RESULT_TYPES[code]
    return "longblob" if described.charsetnr == _BINARY_CHARSET else "longtext"
