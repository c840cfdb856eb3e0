"""The wide table on a SQL Server: the sample ERP's contracts, multiplied there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.bed import KEY, TABLE, Bed

__all__ = ["create_sql", "made", "native", "parameter"]

_ORIGIN = "dbo.r_order_contract"
_NATIVE = {
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "boolean": "bit",
    "double precision": "float",
    "date": "date",
    "time(0) without time zone": "time(0)",
    "timestamp(3) without time zone": "datetime",
    "numeric(19,4)": "money",
    "text": "nvarchar(max)",
    "bytea": "varbinary(max)",
    "uuid": "uniqueidentifier",
}
_TEXT = re.compile(r"character( varying)?\((\d+)\)")
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_KEY_LENGTH = 40


def native(kind: str) -> str:
    """SQL Server's type that a column of Postgres' type `kind` stands for."""
    if match := _TEXT.fullmatch(kind):
        return f"{'nvarchar' if match[1] else 'nchar'}({match[2]})"
    if match := _NUMERIC.fullmatch(kind):
        return _NATIVE.get(kind, f"decimal({match[1]}, {match[2]})")
    return _NATIVE[kind]


def create_sql(relation: str, columns: Sequence[tuple[str, str]]) -> str:
    """The statement that makes `relation` with a primary key on the contract's number.

    Args:
        relation: quoted.
        columns: name and Postgres type of each.
    """
    listed = [
        f"{name.upper()} nvarchar({_KEY_LENGTH}) not null primary key"
        if name == KEY
        else f"{name.upper()} {native(kind)} null"
        for name, kind in columns
    ]
    return f"create table {relation} ({', '.join(listed)})"


def parameter(value: object) -> object:
    """`value` as pymssql writes it into a statement.

    A datetime is read with no more than three decimals, and in every language with a T only.
    """
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


@contextmanager
def made(connection: Any, bed: Bed, rows: int) -> Iterator[str]:
    """A schema with the table of `rows` rows in it, dropped at the end; yields the schema's name.

    Args:
        connection: pymssql's, committing each statement.
        bed: holds the sample ERP, whose contracts are copied over and multiplied there.
        rows: in the table.
    """
    schema = f"stairway_bench_{uuid4().hex[:8]}"
    few, many = f"[{schema}].[few]", f"[{schema}].[{TABLE}]"
    cursor = connection.cursor()
    cursor.execute(f"create schema [{schema}]")
    try:
        with psycopg.connect(bed.source_url) as source:
            columns = source.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 order by attnum",
                (_ORIGIN,),
            ).fetchall()
            sample = source.execute(f"select * from {_ORIGIN} order by {KEY}".encode()).fetchall()
        for relation in (few, many):
            cursor.execute(create_sql(relation, columns))
        marks = ", ".join(["%s"] * len(columns))
        for row in sample:
            values = tuple(parameter(value) for value in row)
            cursor.execute(f"insert into {few} values ({marks})", values)
        selected = ", ".join(
            f"{name.upper()} + N'-{{copy}}'" if name == KEY else name.upper() for name, _ in columns
        )
        for copy in range(-(-rows // len(sample))):
            top = min(len(sample), rows - copy * len(sample))
            cursor.execute(
                f"insert into {many} select top ({top}) {selected.format(copy=copy)} from {few}"
                f" order by {KEY.upper()}"
            )
        yield schema
    finally:
        for relation in (few, many):
            cursor.execute(f"drop table if exists {relation}")
        cursor.execute(f"drop schema [{schema}]")
