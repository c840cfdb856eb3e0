"""Reads tables and views of MySQL and MariaDB; the only module that imports PyMySQL."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
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

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MysqlSource", "connect"]

# Times in UTC; zero dates stay what they are; the server waits for a slow reader.
_SESSION = "set time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600"
_UTC = escaped("'Z'")
# Error numbers. Lost, shut down, too many connections, lock wait, deadlock, killed, timed out.
_TRANSIENT = frozenset(
    (1040, 1053, 1077, 1079, 1080, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1317, 1927, 1969)
    + (2002, 2003, 2006, 2013, 2014, 2055, 3024, 4031)
)
# Access denied, unknown database, host or account refused, TLS.
_LOGIN = frozenset((1044, 1045, 1049, 1129, 1130, 1251, 1698, 1820, 1862, 2026, 2054, 2059, 3118))
# SQLSTATE classes of faults of a value; 45 is what a function of the database signals itself.
_ROW_STATES = ("21", "22", "45")
_SIZE = re.compile(r"\w+\((\d+)(?:,(\d+))?\)")
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
_LV0 = {
    "tinyint": "smallint",
    "smallint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "bigint",
    "tinyint unsigned": "smallint",
    "smallint unsigned": "integer",
    "mediumint unsigned": "integer",
    "int unsigned": "bigint",
    "bigint unsigned": "numeric(20,0)",
    "year": "smallint",
    "float": "real",
    "double": "double precision",
    "date": "date",
    "json": "json",
    "uuid": "uuid",
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
        tables = self._all(
            "select table_name, table_type, table_rows from information_schema.tables"
            " where table_schema = %s order by table_name",
            schema,
        )
        table = one_of(
            extract.table,
            schema,
            [row[0] for row in tables if row[0].lower() == extract.table.lower()],
            [row[0] for row in tables],
            self.connection.where,
        )
        kind, estimate = next(row[1:] for row in tables if row[0] == table)
        is_view = "VIEW" in kind
        relation = f"{self.dialect.quote(schema)}.{self.dialect.quote(table)}"
        primary, indexes = self._indexes(schema, table)
        return TableShape(
            relation=relation,
            columns=self._columns(extract, schema, table, relation),
            primary_key=primary,
            indexes=indexes,
            estimated_rows=int(estimate) if estimate is not None and not is_view else None,
            is_view=is_view,
        )

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams the rows as the server sends them: text, which Arrow parses by the column."""
        import pyarrow as pa

        kinds = [pa.binary() if base_of(c.native) in _AS_BYTES else pa.string() for c in columns]
        with _translated(self.connection):
            if self.stream is None:
                self.stream = _opened(self.connection, self.database)
            cursor = self.stream.cursor(SSCursor)
            cursor.execute(statement.text, statement.params)
            try:
                names = [entry[0] for entry in cursor.description]
                yield from as_batches(cursor, columns, names, kinds)
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
        ends = f"min({column.reference}), max({column.reference})"
        smallest, largest = self._all(f"select {ends} from {shape.relation}")[0]
        return cuts_between(int(smallest), int(largest), parts) if smallest and largest else []
