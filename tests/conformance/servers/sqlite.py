"""An SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers import KeyCase, Kind, TypeCase
from tests.conformance.servers.samples import (
    DATES,
    FOLDED,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TEXTS,
)
from tests.conformance.servers.sql import SqlServer, literal

__all__ = ["start"]

_KINDS = {
    Kind.INTEGER: "integer",
    Kind.TEXT: "text",
    Kind.NUMBER: "decimal(12,3)",
    Kind.MOMENT: "datetime",
    Kind.DATE: "date",
    Kind.DOUBLE: "double",
    Kind.LONG: "text",
}
_TYPES = (
    TypeCase("integer", "bigint", {"-9223372036854775808": "-9223372036854775808", "0": "0"}),
    TypeCase("tinyint", "bigint", {"9223372036854775807": "9223372036854775807"}),
    TypeCase("boolean", "boolean", {"true": "true", "0": "false"}),
    TypeCase("real", "double precision", {"0.1": "0.1", "1e-300": "1e-300", "-5": "-5"}),
    TypeCase("double", "double precision", {"9e999": "Infinity", "1.1": "1.1"}),
    TypeCase("decimal(12,3)", "numeric(12,3)", {"1.5": "1.500", "-0.001": "-0.001", "7": "7.000"}),
    TypeCase("numeric(5)", "numeric(5,0)", {"-99999": "-99999", "10.0": "10"}),
    TypeCase("numeric", "numeric", {"0.1": "0.1", "123456789012345678": "123456789012345678"}),
    TypeCase("varchar(3)", "text", {"'가나다라'": "가나다라", "''": "", "5": "5"}),
    TypeCase("text", "text", {"'a\tb\nc\\d'": "a\tb\nc\\d", "'\\N'": "\\N", "'😀'": "😀"}),
    TypeCase("blob", "bytea", {"x'00ff'": "\\x00ff", "x''": "\\x"}),
    TypeCase("date", "date", {"'2024-02-29'": "2024-02-29", "'9999-12-31'": "9999-12-31"}),
    TypeCase(
        "datetime",
        "timestamp without time zone",
        {
            "'2024-01-01 10:00:00'": "2024-01-01 10:00:00",
            "'1900-01-01 00:00:00.123456'": "1900-01-01 00:00:00.123456",
            "'2024-01-01T10:00:00.5'": "2024-01-01 10:00:00.5",
        },
    ),
    TypeCase("timestamp", "timestamp without time zone", {"'2024-01-01'": "2024-01-01 00:00:00"}),
    TypeCase("time", "text", {"'23:59:59'": "23:59:59"}),
    TypeCase("", "text", {"5": "5", "'x'": "x", "1.5": "1.5"}),
    TypeCase("string", "text", {"5": "5", "'007x'": "007x", "''": ""}),
)
_KEYS = (
    KeyCase("integer", INTEGERS),
    KeyCase("bigint", (-(2**63), 2**63 - 1, *INTEGERS)),
    KeyCase("decimal(12,3)", NUMBERS),
    KeyCase("double", (-5.5, 0.1, 9.0, 10.0, 1e-300, 1e300)),
    KeyCase("text", TEXTS),
    KeyCase("text collate nocase", FOLDED),
    KeyCase("date", DATES),
    KeyCase("datetime", MOMENTS),
    KeyCase("", (1, "a", 2.5, "", -1)),
)


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """A file in `home`."""
    path = home / "erp 100%.db"

    def run(statements: Sequence[str]) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    run(["create table other (k integer primary key)"])
    yield SqlServer(
        connection={"url": f"sqlite:///{str(path).replace('%', '%25')}", **options},
        defaults={},
        kinds=_KINDS,
        types=_TYPES,
        keys=_KEYS,
        run=run,
        quote=lambda name: '"' + name.replace('"', '""') + '"',
        literal=lambda value: literal(value).replace("\0", "'||char(0)||'"),
        refused={"url": "sqlite:////nowhere/at_all.db"},
        fragile="json({})",
    )
