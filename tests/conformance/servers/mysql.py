"""A MariaDB server, reached by TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers import KeyCase, Kind, TypeCase
from tests.conformance.servers.samples import (
    DATES,
    FOLDED,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TEXTS,
    UUIDS,
)
from tests.conformance.servers.sql import SqlServer, literal
from tests.mariadb import mariadb

__all__ = ["start"]

_DATABASE = "Conformance 100%"
_KINDS = {
    Kind.INTEGER: "int",
    Kind.TEXT: "varchar(200) collate utf8mb4_nopad_bin",
    Kind.NUMBER: "decimal(12,3)",
    Kind.MOMENT: "datetime(3)",
    Kind.DATE: "date",
    Kind.DOUBLE: "double",
    Kind.LONG: "longtext",
}
_MOMENT = "without time zone"
_TYPES = (
    TypeCase("tinyint", "smallint", {"-128": "-128", "127": "127"}),
    TypeCase("tinyint(1)", "smallint", {"true": "1", "2": "2", "0": "0"}),
    TypeCase("tinyint unsigned", "smallint", {"255": "255"}),
    TypeCase("smallint", "smallint", {"-32768": "-32768"}),
    TypeCase("smallint unsigned", "integer", {"65535": "65535"}),
    TypeCase("mediumint", "integer", {"-8388608": "-8388608"}),
    TypeCase("mediumint unsigned", "integer", {"16777215": "16777215"}),
    TypeCase("int", "integer", {"-2147483648": "-2147483648", "2147483647": "2147483647"}),
    TypeCase("int(8) unsigned zerofill", "bigint", {"5": "5", "4294967295": "4294967295"}),
    TypeCase("bigint", "bigint", {"-9223372036854775808": "-9223372036854775808"}),
    TypeCase("bigint unsigned", "numeric(20,0)", {"18446744073709551615": "18446744073709551615"}),
    TypeCase("bit(1)", "boolean", {"b'1'": "true", "b'0'": "false"}),
    TypeCase("bit(5)", "bit(5)", {"b'101'": "00101", "b'0'": "00000"}),
    TypeCase("bit(64)", "bit(64)", {"18446744073709551615": "1" * 64}),
    TypeCase("year", "smallint", {"2155": "2155", "1901": "1901", "0": "0"}),
    TypeCase(
        "float",
        "real",
        {
            "1.1": "1.1", "16777217": "1.6777216e+07", "3.4028234663852886e38": "3.4028235e+38",
            "0": "0",
            "-1e-45": "-1e-45", "1.17549435e-38": "1.1754944e-38", "123456.789": "123456.79",
        },
    ),
    TypeCase(
        "double",
        "double precision",
        {
            "0.1": "0.1", "1e-300": "1e-300", "0.1e0+0.2e0": "0.30000000000000004", "0": "0",
            "-1.7976931348623157e308": "-1.7976931348623157e+308", "5e-324": "5e-324",
        },
    ),
    TypeCase("decimal(12,3)", "numeric(12,3)", {"1.5": "1.500", "-0.001": "-0.001", "7": "7.000"}),
    TypeCase(
        "decimal(65,30)",
        "numeric(65,30)",
        {
            "-99999999999999999999999999999999999.000000000000000000000000000001":
            "-99999999999999999999999999999999999.000000000000000000000000000001",
        },
    ),
    TypeCase("decimal(5) unsigned", "numeric(5,0)", {"99999": "99999"}),
    TypeCase("char(5)", "character varying(5)", {"'a '": "a", "'가나다라마'": "가나다라마"}),
    TypeCase("varchar(5)", "character varying(5)", {"'a  '": "a  ", "''": "", "'😀'": "😀"}),
    TypeCase(
        "varchar(20) character set latin1",
        "character varying(20)",
        {"'é ß €'": "é ß €"},
    ),
    TypeCase("varchar(9) character set euckr", "character varying(9)", {"'한글'": "한글"}),
    TypeCase("text", "text", {r"'a\tb\nc\\d\r'": "a\tb\nc\\d\r", r"'\\N'": "\\N"}),
    TypeCase("longtext", "text", {"''": "", "'한글'": "한글"}),
    TypeCase("enum('b','a','o''k, 100%')", "text", {"'a'": "a", "3": "o'k, 100%"}),
    TypeCase("set('z','y','x')", "text", {"'x,z'": "z,x", "''": ""}),
    TypeCase("json", "text", {"""'{"a": [1,  2]}'""": '{"a": [1,  2]}'}),
    TypeCase("binary(3)", "bytea", {"x'00ff'": "\\x00ff00"}),
    TypeCase("varbinary(9)", "bytea", {"x'00ff'": "\\x00ff", "''": "\\x"}),
    TypeCase("longblob", "bytea", {"x'005c4e0a'": "\\x005c4e0a"}),
    TypeCase("date", "date", {"'9999-12-31'": "9999-12-31", "'1000-01-01'": "1000-01-01"}),
    TypeCase(
        "datetime", f"timestamp(0) {_MOMENT}", {"'9999-12-31 23:59:59'": "9999-12-31 23:59:59"}
    ),
    TypeCase(
        "datetime(6)",
        f"timestamp(6) {_MOMENT}",
        {"'1753-01-01 00:00:00.000001'": "1753-01-01 00:00:00.000001"},
    ),
    TypeCase(
        "timestamp(3) null",
        "timestamp(3) with time zone",
        {
            "'2024-01-01 10:00:00.123'": "2024-01-01 10:00:00.123+00",
            "'2038-01-19 03:14:07.999'": "2038-01-19 03:14:07.999+00",
        },
    ),
    TypeCase("time", "interval", {"'-838:59:59'": "-838:59:59", "'10:20:00'": "10:20:00"}),
    TypeCase("time(6)", "interval", {"'-00:00:00.5'": "-00:00:00.5", "'100:00:10'": "100:00:10"}),
    TypeCase(
        "uuid",
        "uuid",
        {"'123E4567-E89B-12D3-A456-426655440000'": "123e4567-e89b-12d3-a456-426655440000"},
    ),
    TypeCase("inet6", "text", {"'::1'": "::1"}),
    TypeCase("point", "bytea", {"point(1,0)": f"\\x000000000101000000{'0' * 12}f03f{'0' * 16}"}),
)  # fmt: skip
_KEYS = (
    KeyCase("int", INTEGERS),
    KeyCase("bigint unsigned", (0, 5, 2**63, 2**64 - 1)),
    KeyCase("decimal(12,3)", NUMBERS),
    KeyCase("double", (-5.5, 0.1, 9.0, 10.0, 1e-300, 1e300)),
    KeyCase("float", (-5.5, 0.25, 9.5, 1024.5)),
    KeyCase("varchar(200) collate utf8mb4_nopad_bin", TEXTS),
    KeyCase("varchar(200) collate utf8mb4_general_nopad_ci", tuple(
        text for text in FOLDED if text not in ("😁", "é", "ß")
    )),
    KeyCase("varchar(200) collate utf8mb4_unicode_ci", tuple(
        text for text in FOLDED if text not in ("😁", "é", "ß")
    )),
    KeyCase("varchar(9) character set euckr", ("가", "힝", "나", "a", "z", "02-1")),
    KeyCase("enum('z','a','m','Korea','한')", ("z", "a", "m", "Korea", "한")),
    KeyCase("date", DATES),
    KeyCase("datetime(3)", MOMENTS),
    KeyCase("timestamp(3)", tuple(moment.replace(tzinfo=UTC) for moment in MOMENTS[1:5])),
    # MariaDB takes those of a known version only.
    KeyCase("uuid", tuple(uuid for uuid in UUIDS if uuid.hex[0] in "0fa")),
    KeyCase("year", (1901, 2024, 2155)),
)  # fmt: skip


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """A server of its own, with its data in `home`."""
    with mariadb(home) as running:
        quoted = _quote(_DATABASE)
        running.execute(f"create database {quoted} collate utf8mb4_general_ci")

        def run(statements: Sequence[str]) -> None:
            running.execute(*statements, database=_DATABASE)

        yield SqlServer(
            connection={"url": running.url("mysql"), "ca_file": str(running.ca_file), **options},
            defaults={"database": _DATABASE},
            kinds=_KINDS,
            types=_TYPES,
            keys=_KEYS,
            run=run,
            quote=_quote,
            literal=_literal,
            refused={"url": running.url("mysql").replace("//stairway@", "//nobody:geheim@")},
            # A subquery of two rows.
            fragile="(select 5 union select {})",
            analyzes="analyze table {}",
        )


def _quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return literal(value.replace("\\", "\\\\")).replace("\0", "\\0")
    return literal(value)
