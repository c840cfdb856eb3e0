"""SQL Server: the loopback stand-in, or (sqlserver_url) the one that a variable names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from extract.dialects.postgres import escaped
from extract.paging import Statement
from extract.settings import Connection
from extract.sources.sqlserver.by_pymssql import literal as unicode_literal
from extract.sources.sqlserver.session import Login, open_session
from sandbox.postgres import EmbeddedPostgres
from tests.conformance.servers import KeyCase, Kind, TypeCase
from tests.conformance.servers.samples import (
    DATES,
    FOLDED,
    INTEGERS,
    MOMENTS,
    NUMBERS,
    UUIDS,
)
from tests.conformance.servers.sql import SqlServer, literal
from tests.tds import StandIn

__all__ = ["in_own_schema", "quoted", "start", "tsql"]

_KOREAN = "collate Korean_Wansung_CI_AS"
_LATIN = "collate Latin1_General_CI_AS"
_BINARY = "collate Latin1_General_BIN2"
_KINDS = {
    Kind.INTEGER: "int",
    Kind.TEXT: "nvarchar(200)",
    Kind.NUMBER: "decimal(12,3)",
    Kind.MOMENT: "datetime",
    Kind.DATE: "date",
    Kind.DOUBLE: "float",
    Kind.LONG: "nvarchar(max)",
}
_MOMENT = "timestamp{} without time zone"
_LONG = "replicate(cast(N'{}' as nvarchar(max)), 20000)"
_TYPES = (
    TypeCase("bit", "boolean", {"1": "true", "0": "false"}),
    TypeCase("tinyint", "smallint", {"255": "255", "0": "0"}),
    TypeCase("smallint", "smallint", {"-32768": "-32768"}),
    TypeCase("int", "integer", {"-2147483648": "-2147483648"}),
    TypeCase("bigint", "bigint", {"9223372036854775807": "9223372036854775807"}),
    TypeCase(
        "decimal(38,10)",
        "numeric(38,10)",
        {
            f"{'9' * 28}.{'9' * 10}": f"{'9' * 28}.{'9' * 10}",
            f"-{'9' * 28}.{'9' * 10}": f"-{'9' * 28}.{'9' * 10}",
            "0.5": "0.5000000000",
            "-0.0000000001": "-0.0000000001",
        },
    ),
    TypeCase("numeric(38,0)", "numeric(38,0)", {"9" * 38: "9" * 38}),
    TypeCase("decimal(5,5)", "numeric(5,5)", {"-0.00001": "-0.00001"}),
    TypeCase(
        "money",
        "numeric(19,4)",
        {
            "922337203685477.5807": "922337203685477.5807",
            "-922337203685477.5808": "-922337203685477.5808",
            "0.5": "0.5000",
        },
    ),
    TypeCase(
        "smallmoney",
        "numeric(10,4)",
        {"214748.3647": "214748.3647", "-214748.3648": "-214748.3648"},
    ),
    TypeCase(
        "float",
        "double precision",
        {
            "1.7976931348623157e308": "1.7976931348623157e+308",
            "2.2250738585072014e-308": "2.2250738585072014e-308",
            "0.1e0": "0.1",
        },
    ),
    TypeCase("real", "real", {"3.4028235e38": "3.4028235e+38", "0.1e0": "0.1"}),
    TypeCase(
        "date",
        "date",
        {
            "'0001-01-01'": "0001-01-01",
            "'1753-01-01'": "1753-01-01",
            "'9999-12-31'": "9999-12-31",
        },
    ),
    TypeCase(
        "time(7)",
        "time without time zone",
        {"'23:59:59.9999999'": "23:59:59.999999", "'00:00:00'": "00:00:00"},
    ),
    TypeCase("time(3)", "time(3) without time zone", {"'23:59:59.999'": "23:59:59.999"}),
    TypeCase("time(0)", "time(0) without time zone", {"'23:59:59'": "23:59:59"}),
    TypeCase(
        "smalldatetime",
        _MOMENT.format("(0)"),
        {
            "'1900-01-01T00:00:00'": "1900-01-01 00:00:00",
            "'2079-06-06T23:59:00'": "2079-06-06 23:59:00",
        },
    ),
    TypeCase(
        "datetime",
        _MOMENT.format("(3)"),
        {
            "'1753-01-01T00:00:00'": "1753-01-01 00:00:00",
            "'9999-12-31T23:59:59.997'": "9999-12-31 23:59:59.997",
            "'2024-01-01T00:00:00.003'": "2024-01-01 00:00:00.003",
            "'2024-01-01T00:00:00.007'": "2024-01-01 00:00:00.007",
        },
    ),
    TypeCase(
        "datetime2(7)",
        _MOMENT.format(""),
        {
            "'0001-01-01T00:00:00'": "0001-01-01 00:00:00",
            "'1753-01-01T00:00:00'": "1753-01-01 00:00:00",
            "'9999-12-31T23:59:59.9999999'": "9999-12-31 23:59:59.999999",
            "'2024-02-29T12:00:00.1234567'": "2024-02-29 12:00:00.123456",
        },
    ),
    TypeCase(
        "datetime2(6)",
        _MOMENT.format("(6)"),
        {"'2024-02-29T12:00:00.123456'": "2024-02-29 12:00:00.123456"},
    ),
    TypeCase(
        "datetime2(3)",
        _MOMENT.format("(3)"),
        {"'9999-12-31T23:59:59.999'": "9999-12-31 23:59:59.999"},
    ),
    TypeCase(
        "datetime2(0)", _MOMENT.format("(0)"), {"'2024-02-29T12:00:00'": "2024-02-29 12:00:00"}
    ),
    TypeCase(
        "datetimeoffset(7)",
        "timestamp with time zone",
        {
            "'2024-01-01T00:00:00.1234567+09:00'": "2023-12-31 15:00:00.123456+00",
            "'0001-01-01T14:00:00+14:00'": "0001-01-01 00:00:00+00",
            "'9999-12-31T09:59:59.9999999-14:00'": "9999-12-31 23:59:59.999999+00",
        },
    ),
    TypeCase(
        "uniqueidentifier",
        "uuid",
        {"'00112233-4455-6677-8899-AABBCCDDEEFF'": "00112233-4455-6677-8899-aabbccddeeff"},
    ),
    TypeCase(f"char(6) {_KOREAN}", "character(6)", {"N'한글'": "한글", "''": "", "'a'": "a"}),
    TypeCase(
        f"varchar(20) {_KOREAN}",
        "character varying(20)",
        {"N'한글똠방각하'": "한글똠방각하", "''": "", "'a  '": "a  ", "'\\N'": "\\N"},
    ),
    TypeCase(f"varchar(20) {_LATIN}", "character varying(20)", {"N'Müller é €'": "Müller é €"}),
    TypeCase("nchar(5)", "character(5)", {"N'한😀'": "한😀"}),
    TypeCase(
        "nvarchar(20)",
        "character varying(20)",
        {
            "N'한글😀'": "한글😀",
            "''": "",
            "N'a' + nchar(0) + N'b'": "ab",
            "N'a' + nchar(9) + nchar(13) + nchar(10) + N'\\'": "a\t\r\n\\",
        },
    ),
    TypeCase(f"varchar(max) {_KOREAN}", "text", {_LONG.format("한"): "한" * 20_000, "''": ""}),
    TypeCase("nvarchar(max)", "text", {_LONG.format("😀"): "😀" * 20_000, "''": ""}),
    TypeCase(f"text {_KOREAN}", "text", {"N'한글'": "한글", "''": ""}),
    TypeCase("ntext", "text", {"N'한글😀'": "한글😀", "''": ""}),
    TypeCase("xml", "text", {"N'<a b=\"1\">한글😀</a>'": '<a b="1">한글😀</a>'}),
    TypeCase("binary(4)", "bytea", {"0x0001ff": "\\x0001ff00"}),
    TypeCase("varbinary(8)", "bytea", {"0x": "\\x", "0x00": "\\x00", "0x61620000": "\\x61620000"}),
    TypeCase("varbinary(max)", "bytea", {"0x00ff": "\\x00ff", "0x": "\\x"}),
    TypeCase("image", "bytea", {"0x00ff": "\\x00ff", "0x": "\\x"}),
)
# Collations of SQL Server 2000's generation take all characters beyond U+FFFF for the same.
_PLAIN = tuple(text for text in FOLDED if max(text, default="") <= "\uffff")
_KEYS = (
    KeyCase("int", INTEGERS),
    KeyCase("bigint", (-(2**63), 2**63 - 1, *INTEGERS)),
    KeyCase("tinyint", (0, 1, 10, 9, 255)),
    KeyCase("decimal(12,3)", NUMBERS),
    KeyCase("float", (-5.5, 0.1, 9.0, 10.0, 1e-300, 1e300)),
    KeyCase("nvarchar(40)", _PLAIN),
    KeyCase(f"nvarchar(40) {_BINARY}", (*FOLDED, "on-1", "zebra", "Z", "É")),
    KeyCase(f"varchar(40) {_KOREAN}", tuple(text for text in _PLAIN if text != "é")),
    KeyCase(f"varchar(40) {_LATIN}", ("02-1", "82-1", "HI-1", "é", "ß", "z", "Zebra", "O'Brien")),
    KeyCase(f"char(6) {_KOREAN}", ("가", "나", "가나", "힣", "02", "K2")),
    KeyCase("date", DATES),
    KeyCase("datetime", MOMENTS),
    KeyCase(
        "datetime2(7)",
        ("2024-01-01 00:00:00.123456", "2024-01-01 00:00:00.123457", "9999-12-31 23:59:59.999999"),
    ),
    KeyCase("time(7)", ("00:00:00", "23:59:59.999999", "12:00:00")),
    KeyCase("uniqueidentifier", UUIDS),
)


@contextmanager
def start(home: Path, cluster: EmbeddedPostgres, options: Mapping[str, str]) -> Iterator[SqlServer]:
    """The stand-in, its data in `cluster`; its collation is a Latin one."""
    database = "Rental 100%]"
    given = {**options, "trust_server_certificate": "yes"}
    with (
        StandIn(cluster, databases=[database], collation="SQL_Latin1_General_CP1_CI_AS") as server,
        in_own_schema({"url": server.url("master"), **given}, database) as found,
    ):
        yield found


@contextmanager
def in_own_schema(connection: Mapping[str, str], database: str | None) -> Iterator[SqlServer]:
    """A schema of its own in `database`, gone with the block.

    Args:
        connection: a block of connections.yml.
        database: default: the one that the URL names.
    """
    schema = f"stairway {uuid4().hex[:12]}"
    options = {name: value for name, value in connection.items() if name != "url"}
    login = Login.of(Connection("conformance", connection["url"], options), database)
    # Its own statements go through one driver, whatever the connection's is.
    by_pymssql = Connection("conformance", connection["url"], {**options, "driver": "pymssql"})

    def ask(text: str) -> list[tuple[Any, ...]]:
        with closing(open_session(by_pymssql, login)) as session:
            return session.rows(Statement(escaped(text)))

    def run(statements: Sequence[str]) -> None:
        with closing(open_session(by_pymssql, login)) as session:
            for statement in statements:
                session.run(Statement(escaped(statement)))

    run([f"create schema {quoted(schema)}"])
    try:
        yield SqlServer(
            connection=connection,
            defaults={"schema": schema, **({"database": database} if database else {})},
            kinds=_KINDS,
            types=_TYPES,
            keys=_KEYS,
            run=run,
            quote=quoted,
            where=f"{quoted(schema)}.",
            literal=tsql,
            refused={"url": _with_password(connection["url"], "geheim")},
        )
    finally:
        _drop(schema, ask, run)


def quoted(name: str) -> str:
    """`name` in brackets."""
    return "[" + name.replace("]", "]]") + "]"


def tsql(value: Any) -> str:
    """A Python value as a literal; text in Unicode, times in the form that no language changes."""
    if isinstance(value, datetime):
        return literal(value).replace(" ", "T")
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return unicode_literal(value) if isinstance(value, str) else literal(value)


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{place}"))


def _drop(
    schema: str,
    ask: Callable[[str], list[tuple[Any, ...]]],
    run: Callable[[Sequence[str]], None],
) -> None:
    found = ask(
        "select o.name, o.type from sys.objects as o inner join sys.schemas as s"
        f" on o.schema_id = s.schema_id where s.name = {tsql(schema)}"
        " and o.type in ('V', 'FN', 'IF', 'U')"
    )
    kinds = {"V": "view", "FN": "function", "IF": "function", "U": "table"}
    ordered = sorted(found, key=lambda row: list(kinds).index(row[1].strip()))
    run(
        [
            *(
                f"drop {kinds[kind.strip()]} {quoted(schema)}.{quoted(name)}"
                for name, kind in ordered
            ),
            f"drop schema {quoted(schema)}",
        ]
    )
