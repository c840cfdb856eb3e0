"""A folder of CSV or Parquet files, written from tables of a DuckDB of the suite's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers import KeyCase, Kind, TypeCase
from tests.conformance.servers.samples import (
    DATES,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TEXTS,
    UUIDS,
)
from tests.conformance.servers.sql import SqlServer, literal

__all__ = ["start"]

_DATABASE = "exports 100% [x]"
_KINDS = {
    Kind.INTEGER: "integer",
    Kind.TEXT: "varchar",
    Kind.NUMBER: "decimal(12,3)",
    Kind.MOMENT: "timestamp",
    Kind.DATE: "date",
    Kind.DOUBLE: "double",
    Kind.LONG: "varchar",
}
_MOMENT = "timestamp without time zone"
_TYPES = (
    TypeCase("boolean", "boolean", {"true": "true", "false": "false"}),
    TypeCase("tinyint", "smallint", {"-128": "-128"}),
    TypeCase("utinyint", "smallint", {"255": "255"}),
    TypeCase("smallint", "smallint", {"-32768": "-32768"}),
    TypeCase("usmallint", "integer", {"65535": "65535"}),
    TypeCase("integer", "integer", {"-2147483648": "-2147483648"}),
    TypeCase("uinteger", "bigint", {"4294967295": "4294967295"}),
    TypeCase("bigint", "bigint", {"-9223372036854775808": "-9223372036854775808"}),
    TypeCase("ubigint", "numeric(20,0)", {"18446744073709551615": "18446744073709551615"}),
    TypeCase("float", "real", {"1.1": "1.1", "'-inf'": "-Infinity", "1e-45": "1e-45"}),
    TypeCase("double", "double precision", {"0.1": "0.1", "1e-300": "1e-300", "'nan'": "NaN"}),
    TypeCase("decimal(12,3)", "numeric(12,3)", {"1.5": "1.500", "-0.001": "-0.001"}),
    TypeCase("decimal(38,10)", "numeric(38,10)", {"'-0.0000000001'": "-0.0000000001"}),
    TypeCase("varchar", "text", {"''": "", "'한글 😀'": "한글 😀", "'\\N'": "\\N"}),
    TypeCase("blob", "bytea", {"unhex('00ff')": "\\x00ff", "''": "\\x"}),
    TypeCase("date", "date", {"'9999-12-31'": "9999-12-31", "'1753-01-01'": "1753-01-01"}),
    TypeCase("time", "time without time zone", {"'23:59:59.999999'": "23:59:59.999999"}),
    TypeCase("timestamp", _MOMENT, {"'9999-12-31 23:59:59.999999'": "9999-12-31 23:59:59.999999"}),
    TypeCase("timestamp_ms", _MOMENT, {"'2024-01-01 10:00:00.123'": "2024-01-01 10:00:00.123"}),
    TypeCase(
        "timestamp_ns",
        _MOMENT,
        {
            "'2024-01-01 10:00:00.123456999'": "2024-01-01 10:00:00.123456",
            "'1960-01-01 10:00:00.123456999'": "1960-01-01 10:00:00.123456",
        },
    ),
    TypeCase(
        "timestamptz",
        "timestamp with time zone",
        {"'2024-01-01 00:00:00+09'": "2023-12-31 15:00:00+00"},
    ),
    TypeCase(
        "uuid",
        "uuid",
        {"'123E4567-E89B-12D3-A456-426655440000'": "123e4567-e89b-12d3-a456-426655440000"},
    ),
    TypeCase("integer[]", "json", {"[1, null, 3]": "[1,null,3]"}),
    TypeCase("struct(a integer, b varchar)", "json", {"row(1, '한')": '{"a":1,"b":"한"}'}),
    TypeCase("enum('b', 'a')", "text", {"'a'": "a"}),
)
_KEYS = (
    KeyCase("integer", INTEGERS),
    KeyCase("ubigint", (0, 5, 2**63, 2**64 - 1)),
    KeyCase("decimal(12,3)", NUMBERS),
    KeyCase("double", (-5.5, 0.1, 9.5, 10.5, 1e-300, 1e300)),
    KeyCase("varchar", TEXTS),
    KeyCase("date", DATES),
    KeyCase("timestamp", MOMENTS),
    KeyCase("uuid", UUIDS),
)


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """A folder in `home`; a table is a folder in it, with one file that every change rewrites."""
    folder = home / _DATABASE
    with duckdb.connect(":memory:", config={"threads": 1}) as engine:
        engine.execute("set TimeZone = 'UTC'")

        def run(statements: Sequence[str]) -> None:
            for statement in statements:
                engine.execute(statement)
            tables = engine.execute("select table_name from duckdb_tables()").fetchall()
            touched = [name for (name,) in tables if any(_quote(name) in s for s in statements)]
            for table in touched:
                (folder / table).mkdir(parents=True, exist_ok=True)
                path = str(folder / table / f"rows.{options['format']}").replace("'", "''")
                engine.execute(f"copy {_quote(table)} to '{path}'")

        yield SqlServer(
            connection={"url": f"files:///{home}", **options},
            defaults={"database": _DATABASE},
            kinds=_KINDS,
            types=_TYPES,
            keys=_KEYS if options["format"] == "parquet" else (KeyCase("varchar", TEXTS),),
            run=run,
            quote=_quote,
            literal=lambda value: literal(value).replace("\0", "'||chr(0)||'"),
            refused={"url": "files:////nowhere/at_all"},
        )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
