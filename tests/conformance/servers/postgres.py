"""A database of the embedded Postgres, read by COPY or through Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

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
from tests.conformance.servers.sql import SqlServer

__all__ = ["start"]

_NUMBERS = count(1)
_KINDS = {
    Kind.INTEGER: "integer",
    Kind.TEXT: "varchar(200)",
    Kind.NUMBER: "numeric(12,3)",
    Kind.MOMENT: "timestamp(3)",
    Kind.DATE: "date",
    Kind.DOUBLE: "double precision",
    Kind.LONG: "text",
}
_MOMENT = "timestamp without time zone"
_TYPES = (
    TypeCase("boolean", "boolean", {"true": "true", "false": "false"}),
    TypeCase("smallint", "smallint", {"-32768": "-32768", "32767": "32767"}),
    TypeCase("integer", "integer", {"-2147483648": "-2147483648"}),
    TypeCase("bigint", "bigint", {"9223372036854775807": "9223372036854775807"}),
    TypeCase("real", "real", {"1.1": "1.1", "'-Infinity'": "-Infinity", "1e-30": "1e-30"}),
    TypeCase("float8", "double precision", {"0.1": "0.1", "1e-300": "1e-300", "'NaN'": "NaN"}),
    TypeCase("numeric", "numeric", {"1.000": "1.000", "-1e-30": "-0." + "0" * 29 + "1"}),
    TypeCase("numeric(19,4)", "numeric(19,4)", {"922337203685477.5807": "922337203685477.5807"}),
    TypeCase("numeric(38,10)", "numeric(38,10)", {"-0.0000000001": "-0.0000000001"}),
    TypeCase(
        "text", "text", {"''": "", "E'tab\\tline\\nback\\\\slash\\r'": "tab\tline\nback\\slash\r"}
    ),
    TypeCase("varchar(5)", "character varying(5)", {"'가나다라마'": "가나다라마", "'a  '": "a  "}),
    TypeCase("char(5)", "character(5)", {"'a'": "a", "''": ""}),
    TypeCase("bytea", "bytea", {"'\\x00ff'": "\\x00ff", "''": "\\x"}),
    TypeCase("date", "date", {"'9999-12-31'": "9999-12-31", "'0044-03-15 BC'": "0044-03-15 BC"}),
    TypeCase("time", "time without time zone", {"'23:59:59.999999'": "23:59:59.999999"}),
    TypeCase(
        "timestamp", _MOMENT, {"'1900-01-01'": "1900-01-01 00:00:00", "'infinity'": "infinity"}
    ),
    TypeCase(
        "timestamp(3)",
        "timestamp(3) without time zone",
        {"'2024-02-29 12:00:00.123'": "2024-02-29 12:00:00.123"},
    ),
    TypeCase(
        "timestamptz",
        "timestamp with time zone",
        {"'2024-01-01 00:00+09'": "2023-12-31 15:00:00+00"},
    ),
    TypeCase(
        "interval", "interval", {"'1 mon -2 days 03:04:05.678'": "1 mon -2 days +03:04:05.678"}
    ),
    TypeCase(
        "uuid",
        "uuid",
        {"'00000000-0000-0000-0000-0000000000FF'": "00000000-0000-0000-0000-0000000000ff"},
    ),
    TypeCase("json", "json", {"""'{"a": [1,  2]}'""": '{"a": [1,  2]}'}),
    TypeCase("jsonb", "jsonb", {"""'{"b": "한", "a": 1.00}'""": '{"a": 1.00, "b": "한"}'}),
    TypeCase("integer[]", "integer[]", {"'{1,NULL,-3}'": "{1,NULL,-3}"}),
)
_KEYS = (
    KeyCase("integer", INTEGERS),
    KeyCase("numeric(12,3)", NUMBERS),
    KeyCase("float8", (-5.5, 0.1, 9.0, 10.0, 1e-300, 1e300)),
    KeyCase("text", TEXTS),
    KeyCase("date", DATES),
    KeyCase("timestamp(3)", MOMENTS),
    KeyCase("uuid", UUIDS),
)


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """A database of its own in `cluster`."""
    database = f"Conformance {next(_NUMBERS)}%"
    cluster.create_database(database)

    def run(statements: Sequence[str]) -> None:
        with psycopg.connect(
            cluster.url("postgres"), dbname=database, autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    run(["create schema dbo"])
    try:
        yield SqlServer(
            connection={"url": cluster.url("postgres"), **options},
            defaults={"database": database, "schema": "dbo"},
            kinds=_KINDS,
            types=_TYPES,
            keys=_KEYS,
            run=run,
            quote=lambda name: '"' + name.replace('"', '""') + '"',
            where="dbo.",
            refused={"url": cluster.url("postgres").replace("//stairway@", "//nobody:geheim@")},
            analyzes="analyze {}",
        )
    finally:
        cluster.drop_database(database)
