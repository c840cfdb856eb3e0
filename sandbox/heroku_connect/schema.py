"""The hc schema: what Heroku Connect creates and alters when objects and fields are mapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.heroku_connect.mappings import ObjectMapping, read_mappings
from sandbox.postgres import SandboxError

__all__ = ["hc_writes", "install"]

_CAPTURE = Path(__file__).with_name("capture.sql")
_CAPTURED = "current_setting('xmlbinary') = 'base64'"


def install(url: str, mappings: Path | None = None) -> bool:
    """Brings the schema `hc` in line with the mappings; says whether anything had to change.

    Missing tables and columns are added and shorter texts lengthened. Nothing is ever dropped:
    a column that is no longer mapped stays.

    Raises:
        MappingsError: the mappings can't be used.
        SandboxError: a column that is there has another type than its mapping.
    """
    objects = read_mappings(mappings)
    with psycopg.connect(url) as connection:
        # Two installations at once would trip over each other's `create`.
        connection.execute("select pg_advisory_xact_lock(hashtext('hc.install'))")
        connection.execute("set local client_min_messages = warning")
        is_new = _column_types(connection, "_trigger_log") == {}
        connection.execute(_CAPTURE.read_bytes())
        statements = [s for m in objects.values() for s in _statements(connection, m)]
        for statement in statements:
            connection.execute(statement)
    return is_new or bool(statements)


def hc_writes(url: str) -> dict[str, int]:
    """How many writes each hc table has queued for Salesforce so far, by table name."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select table_name, count(*) from hc._trigger_log where state <> 'IGNORE'"
            " group by table_name order by table_name"
        ).fetchall()
    return dict(rows)


def _column_types(connection: psycopg.Connection, table: str) -> dict[str, str]:
    rows = connection.execute(
        "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute as a"
        " where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped"
        " order by a.attnum",
        (f'hc."{table}"',),
    ).fetchall()
    return dict(rows)


def _statements(connection: psycopg.Connection, mapping: ObjectMapping) -> Iterator[sql.Composed]:
    present = _column_types(connection, mapping.name)
    if not present:
        yield from _create(mapping)
        return
    for field, kind in mapping.fields.items():
        change = _change(mapping.name, field, present.get(field), kind)
        if change:
            yield sql.SQL("alter table hc.{} {}").format(sql.Identifier(mapping.name), change)
    index = f'hc."hcu_idx_{mapping.name}_{mapping.external_id}"'
    if connection.execute("select to_regclass(%s)", (index,)).fetchone() == (None,):
        yield _unique(mapping.name, mapping.external_id)


def _change(table: str, field: str, present: str | None, kind: str) -> sql.Composed | None:
    wanted = kind.replace("varchar", "character varying")
    if present == wanted:
        return None
    args = {"field": sql.Identifier(field), "kind": sql.SQL(kind)}
    if present is None:
        return sql.SQL("add column {field} {kind}").format(**args)
    old, new = (re.fullmatch(r"character varying\((\d+)\)", text) for text in (present, wanted))
    if old and new:
        # Salesforce lengthens a text without a word; a shorter one would cut what is there.
        if int(new[1]) < int(old[1]):
            return None
        return sql.SQL("alter column {field} type {kind}").format(**args)
    raise SandboxError(
        f"hc.{table}.{field} is {present} and its mapping says {kind}. Give the field a new name, "
        "or drop the schema hc of the sandbox and run again."
    )


def _create(mapping: ObjectMapping) -> Iterator[sql.Composed]:
    name = mapping.name
    fields = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field), sql.SQL(kind))
        for field, kind in mapping.fields.items()
    )
    table = sql.Identifier(name)
    yield sql.SQL(
        "create table hc.{} (id serial primary key, sfid varchar(18), systemmodstamp timestamp, "
        "isdeleted boolean, _hc_lastop varchar(32), _hc_err text, {})"
    ).format(table, fields)
    yield _unique(name, "sfid")
    yield _unique(name, mapping.external_id)
    for column in ("systemmodstamp", "_hc_lastop"):
        index = sql.Identifier(f"hc_idx_{name}_{column}")
        yield sql.SQL("create index {} on hc.{} ({})").format(index, table, sql.Identifier(column))
    captured = sql.SQL(_CAPTURED)
    yield sql.SQL(
        "create trigger hc_mark_pending before insert or update on hc.{} for each row"
        " when ({}) execute function hc.hc_mark_pending()"
    ).format(table, captured)
    yield sql.SQL(
        "create trigger hc_log_change after insert or update or delete on hc.{} for each row"
        " when ({}) execute function hc.hc_log_change()"
    ).format(table, captured)


def _unique(table: str, column: str) -> sql.Composed:
    index = sql.Identifier(f"hcu_idx_{table}_{column}")
    return sql.SQL("create unique index {} on hc.{} ({})").format(
        index, sql.Identifier(table), sql.Identifier(column)
    )
