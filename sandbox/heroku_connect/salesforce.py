"""The Salesforce behind the simulator: it takes the queued writes, or refuses them."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.heroku_connect.mappings import ObjectMapping, read_mappings

__all__ = ["DrainReport", "drain"]

_FUNCTIONS = Path(__file__).with_name("salesforce.sql")
_PREFIXES = {"account": "001", "contact": "003", "opportunity": "006", "lead": "00Q"}
_PREFIXES |= {"product2": "01t"}
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Unbroken runs of one kind of change on one object.
_RUNS = """
    select table_name, action, array_agg(id order by id)
    from (
        select id, table_name, action,
            row_number() over (order by id)
            - row_number() over (partition by table_name, action order by id) as run
        from hc._trigger_log
        where state = 'NEW'
    ) as queued
    group by table_name, action, run
    order by min(id)
"""


@dataclass(frozen=True)
class DrainReport:
    """How many queued writes Salesforce accepted and refused, by object name."""

    accepted: Mapping[str, int]
    refused: Mapping[str, int]


def drain(
    url: str,
    refuse: Mapping[str, Collection[str]] | None = None,
    mappings: Path | None = None,
) -> DrainReport:
    """Sends every queued write to Salesforce, in the log's order, and writes its answers back.

    A record is judged, and sent whole, as its row stands now: of several queued changes of one
    record only the last shows. All of it is one transaction.

    Args:
        url: the warehouse.
        refuse: by object name, the external ids whose records Salesforce shall refuse.
        mappings: the mappings that the schema was installed with.

    Raises:
        MappingsError: the mappings can't be used.
    """
    objects = read_mappings(mappings)
    accepted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with psycopg.connect(url) as connection:
        # Answers are not captured, or they would be sent to Salesforce in their turn.
        connection.execute("set local xmlbinary to 'hex'")
        connection.execute(_FUNCTIONS.read_bytes())
        connection.execute("lock table hc._trigger_log in share row exclusive mode")
        runs = connection.execute(_RUNS).fetchall()
        for table, action, log_ids in _batches(runs, objects):
            if action == "DELETE":
                failed = _answer(connection, log_ids, "select null::bigint, null::text, null::text")
            else:
                told = sorted((refuse or {}).get(table, ()))
                failed = _send(connection, objects, table, action, log_ids, told)
            refused[table] += failed
            accepted[table] += len(log_ids) - failed
    return DrainReport(accepted=dict(+accepted), refused=dict(+refused))


def _batches(
    runs: Iterable[tuple[str, str, list[int]]], objects: Mapping[str, ObjectMapping]
) -> list[tuple[str, str, list[int]]]:
    """Puts runs together that others came between, as objects are published side by side.

    The order between an object and its parents, and between two kinds of change of one object,
    stays as it is.
    """
    related: dict[str, set[str]] = {name: {name} for name in objects}
    for name, mapping in objects.items():
        for parent in mapping.references.values():
            related[name].add(parent)
            related[parent].add(name)
    batches: list[tuple[str, str, list[int]]] = []
    growing: dict[str, tuple[str, str, list[int]]] = {}
    for table, action, log_ids in runs:
        batch = growing.get(table)
        for name in related[table]:
            growing.pop(name, None)
        if batch is None or batch[1] != action:
            batch = (table, action, [])
            batches.append(batch)
        batch[2].extend(log_ids)
        growing[table] = batch
    return batches


def _send(
    connection: psycopg.Connection,
    objects: Mapping[str, ObjectMapping],
    name: str,
    action: str,
    log_ids: list[int],
    told: list[str],
) -> int:
    """Judges the rows behind the log entries and answers; returns how many entries were refused."""
    mapping = objects[name]
    table = sql.Identifier("hc", name)
    connection.execute("drop table if exists judged")
    connection.execute(
        sql.SQL(
            "create temporary table judged on commit drop as"
            " select r.id, case {reasons} end as reason from {table} as r where r.id in"
            " (select record_id from hc._trigger_log where id = any({ids}))"
        ).format(
            reasons=sql.SQL(" ").join(_reasons(objects, mapping, told)),
            table=table,
            ids=sql.Literal(log_ids),
        )
    )
    connection.execute(
        sql.SQL(
            "update {table} as r set {fields},"
            " _hc_lastop = case when r.sfid is null then 'INSERTED' else 'UPDATED' end,"
            " sfid = coalesce(r.sfid, pg_temp.make_sfid({prefix}, r.id)),"
            " _hc_err = null, isdeleted = false,"
            " systemmodstamp = date_trunc('second', now() at time zone 'UTC')"
            " from judged as j where j.id = r.id and j.reason is null"
        ).format(
            table=table,
            fields=sql.SQL(", ").join(_stored(mapping)),
            prefix=sql.Literal(_prefix(name)),
        )
    )
    connection.execute(
        sql.SQL(
            "update {table} as r set _hc_lastop = 'FAILED',"
            " _hc_err = json_build_object('op', {action}::text, 'msg', j.reason)::text"
            " from judged as j where j.id = r.id and j.reason is not null"
        ).format(table=table, action=sql.Literal(action))
    )
    answers = sql.SQL("select j.id, r.sfid, j.reason from judged as j join {} as r using (id)")
    return _answer(connection, log_ids, answers.format(table).as_string(connection))


def _answer(connection: psycopg.Connection, log_ids: list[int], answers: str) -> int:
    """Marks the log entries with the answers (record, sfid, reason); counts the refused ones."""
    rows = connection.execute(
        f"with answers (record_id, sfid, reason) as ({answers}),"
        " outcome as (select l.id, a.sfid, case when l.action <> 'DELETE' and a.record_id is null"
        "   then 'The row is gone from the table.' else a.reason end as reason"
        "   from hc._trigger_log as l left join answers as a on a.record_id = l.record_id"
        "   where l.id = any(%(ids)s)) "
        "update hc._trigger_log as l set"
        " state = case when o.reason is null then 'SUCCESS' else 'FAILED' end,"
        " sfid = coalesce(l.sfid, o.sfid), sf_message = o.reason,"
        " sf_result = case when o.reason is not null then 400 when l.action = 'INSERT' then 201"
        "   else 204 end,"
        " processed_at = clock_timestamp(), updated_at = clock_timestamp()"
        " from outcome as o where o.id = l.id returning l.state = 'FAILED'",
        {"ids": log_ids},
    ).fetchall()
    return sum(failed for (failed,) in rows)


def _reasons(
    objects: Mapping[str, ObjectMapping], mapping: ObjectMapping, told: list[str]
) -> Iterator[sql.Composed]:
    """The branches of a `case` over a row `r` that say why Salesforce refuses it."""
    yield sql.SQL("when r.{}::text = any({}::text[]) then {}").format(
        sql.Identifier(mapping.external_id),
        sql.Literal(told),
        sql.Literal("UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record"),
    )
    for field in mapping.required:
        yield sql.SQL("when {} is null then {}").format(
            _value(mapping, field),
            sql.Literal(f"REQUIRED_FIELD_MISSING: Required fields are missing: [{field}]"),
        )
    for field, values in mapping.picklists.items():
        yield sql.SQL("when {value} <> all({values}) then {text} || {value}").format(
            value=_value(mapping, field),
            values=sql.Literal(list(values)),
            text=sql.Literal(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: bad value for restricted picklist field"
                f" {field}: "
            ),
        )
    for field, kind in mapping.fields.items():
        if kind == "date" or kind.startswith("timestamp"):
            yield sql.SQL("when r.{0} < '1700-01-01' or r.{0} >= '4001-01-01' then {1}").format(
                sql.Identifier(field),
                sql.Literal(f"INVALID_FIELD: {field} is a date outside 1700 to 4000"),
            )
    for field, parent in mapping.references.items():
        yield sql.SQL(
            "when {value} is not null and not exists (select from {parent} as p where p.{key} ="
            " {value} and p.sfid is not null and p.isdeleted is not true) then {text} || {value}"
        ).format(
            value=_value(mapping, field),
            parent=sql.Identifier("hc", parent),
            key=sql.Identifier(objects[parent].external_id),
            text=sql.Literal(f"INVALID_FIELD: {field} names no record of {parent}: "),
        )


def _stored(mapping: ObjectMapping) -> Iterator[sql.Composed]:
    """Each field as Salesforce keeps it, which the next poll brings back into the table."""
    for field in mapping.fields:
        yield sql.SQL("{} = {}").format(sql.Identifier(field), _value(mapping, field))


def _value(mapping: ObjectMapping, field: str) -> sql.Composed:
    kind = mapping.fields[field]
    column = sql.SQL("r.{}").format(sql.Identifier(field))
    if kind == "text" or kind.startswith("varchar"):
        return sql.SQL("pg_temp.salesforce_text({})").format(column)
    if kind == "boolean":
        return sql.SQL("coalesce({}, false)").format(column)
    if kind.startswith("timestamp"):
        return sql.SQL("date_trunc('second', {})").format(column)
    if field in mapping.scales:
        scale = sql.Literal(mapping.scales[field])
        return sql.SQL("round({}::numeric, {})::double precision").format(column, scale)
    return sql.SQL("{}").format(column)


def _prefix(name: str) -> str:
    """Salesforce's own prefix of a standard object, or one made from the name."""
    hundreds, ones = divmod(zlib.crc32(name.encode()) % 62**2, 62)
    return _PREFIXES.get(name, f"a{_BASE62[hundreds]}{_BASE62[ones]}")
