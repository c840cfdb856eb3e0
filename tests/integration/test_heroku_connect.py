"""The Heroku Connect simulator: its schema, what it captures, and how Salesforce answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.heroku_connect import (
    MAPPINGS,
    DrainReport,
    MappingsError,
    drain,
    hc_writes,
    install,
)
from sandbox.postgres import EmbeddedPostgres, SandboxError

OBJECTS: dict[str, Any] = {
    "account": {
        "external_id": "key__c",
        "fields": {
            "key__c": "varchar(20)",
            "name": "varchar(40)",
            "grade__c": "varchar(255)",
            "amount": "double precision",
            "ok__c": "boolean",
            "born": "date",
            "seen_at": "timestamp without time zone",
        },
        "required": ["name"],
        "picklists": {"grade__c": ["A", "B"]},
        "scales": {"amount": 1},
    },
    "visit__c": {
        "external_id": "no__c",
        "fields": {"no__c": "varchar(20)", "account__r__key__c": "varchar(20)"},
        "references": {"account__r__key__c": "account"},
    },
}


class Hub:
    """A warehouse with the simulator installed, and short ways to ask it."""

    def __init__(self, url: str, mappings: Path) -> None:
        self.url = url
        self.mappings = mappings

    def install(self, objects: dict[str, Any]) -> bool:
        self.mappings.write_text(json.dumps(objects))
        return install(self.url, self.mappings)

    def drain(self, **refuse: set[str]) -> DrainReport:
        return drain(self.url, refuse, self.mappings)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Executes the statements in one transaction; returns the last one's rows, if any."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def log(self, columns: str) -> list[tuple[Any, ...]]:
        return self.run(f"select {columns} from hc._trigger_log order by id")


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> str:
    postgres.create_database("heroku_connect")
    return postgres.url("heroku_connect")


@pytest.fixture
def hub(database: str, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(database, tmp_path / "mappings.json")
    try:
        hub.install(OBJECTS)
        yield hub
    finally:
        hub.run("drop schema hc cascade")


def test_the_projects_own_mappings_install_once_and_then_change_nothing(database: str) -> None:
    try:
        assert install(database)
        assert not install(database)
        with psycopg.connect(database) as connection:
            tables = connection.execute(
                "select tablename from pg_tables where schemaname = 'hc' and tablename !~ '^_'"
            ).fetchall()
        assert {name for (name,) in tables} == {path.stem for path in MAPPINGS.glob("*.yml")}
    finally:
        with psycopg.connect(database) as connection:
            connection.execute("drop schema hc cascade")


def test_a_table_has_the_system_columns_and_indexes_of_heroku_connect(hub: Hub) -> None:
    columns = hub.run(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'hc.account'::regclass and attnum > 0 order by attnum"
    )
    assert columns[:8] == [
        ("id", "integer"),
        ("sfid", "character varying(18)"),
        ("systemmodstamp", "timestamp without time zone"),
        ("isdeleted", "boolean"),
        ("_hc_lastop", "character varying(32)"),
        ("_hc_err", "text"),
        ("key__c", "character varying(20)"),
        ("name", "character varying(40)"),
    ]
    indexes = hub.run(
        "select i.relname, indisunique from pg_index join pg_class as i on i.oid = indexrelid"
        " where indrelid = 'hc.account'::regclass order by 1"
    )
    assert indexes == [
        ("account_pkey", True),
        ("hc_idx_account__hc_lastop", False),
        ("hc_idx_account_systemmodstamp", False),
        ("hcu_idx_account_key__c", True),
        ("hcu_idx_account_sfid", True),
    ]


def test_newly_mapped_objects_fields_and_lengths_are_added_and_no_data_is_lost(hub: Hub) -> None:
    hub.run("insert into hc.account (key__c, name) values ('a', 'x')")
    grown = json.loads(json.dumps(OBJECTS))
    grown["account"]["fields"] |= {"name": "varchar(80)", "phone": "varchar(40)"}
    del grown["account"]["fields"]["born"]
    grown["lead"] = {"external_id": "no__c", "fields": {"no__c": "varchar(9)"}}
    assert hub.install(grown)
    assert not hub.install(grown)
    assert hub.run("select key__c, name, phone, born from hc.account") == [("a", "x", None, None)]
    assert hub.run("select count(*) from hc.lead") == [(0,)]
    assert not hub.install(OBJECTS)

    grown["account"]["fields"]["ok__c"] = "text"
    with pytest.raises(
        SandboxError, match=r"hc.account.ok__c is boolean and its mapping says text"
    ):
        hub.install(grown)


def test_the_log_holds_what_was_written_and_the_row_is_pending(hub: Hub) -> None:
    hub.run(
        "insert into hc.account (key__c, name, amount) values ('a', 'x', 1)",
        "update hc.account set name = 'y', amount = 1",
        "update hc.account set name = name",
        "delete from hc.account",
        "insert into hc.account (key__c, sfid) values ('b', '001')",
        "delete from hc.account",
        "insert into hc.account (key__c) values ('c')",
        "truncate hc.account",
    )
    assert hub.log('action, "values", old, state, sfid') == [
        ("INSERT", {"key__c": "a", "name": "x", "amount": 1}, None, "NEW", None),
        ("UPDATE", {"name": "y"}, {"name": "x"}, "NEW", None),
        ("UPDATE", {}, {}, "IGNORE", None),
        ("INSERT", {"key__c": "b"}, None, "NEW", "001"),
        ("DELETE", None, {"key__c": "b"}, "NEW", "001"),
        ("INSERT", {"key__c": "c"}, None, "NEW", None),
    ]
    assert hc_writes(hub.url) == {"account": 5}


def test_an_update_without_a_change_still_leaves_the_row_pending(hub: Hub) -> None:
    hub.run("insert into hc.account (key__c, name) values ('a', 'x')")
    hub.drain()
    hub.run("update hc.account set name = name, _hc_err = 'old'")
    assert hub.run("select _hc_lastop, _hc_err from hc.account") == [("PENDING", None)]
    assert hub.drain() == DrainReport({}, {})
    assert hub.run("select _hc_lastop from hc.account") == [("PENDING",)]


def test_a_session_with_hexadecimal_xmlbinary_is_not_captured(hub: Hub) -> None:
    hub.run("set xmlbinary = 'hex'", "insert into hc.account (key__c) values ('a')")
    assert hub.log("id") == []
    assert hub.run("select _hc_lastop from hc.account") == [(None,)]


def test_salesforce_gives_ids_and_its_own_version_of_the_values_without_being_captured(
    hub: Hub,
) -> None:
    hub.run(
        "insert into hc.account (key__c, name, grade__c, amount, seen_at)"
        " values ('a', ' x ', ' ', 1.25, '2026-01-01 00:00:00.9')",
        "insert into hc.visit__c (no__c, account__r__key__c) values ('1', 'a'), ('2', null)",
    )
    assert hub.drain() == DrainReport({"account": 1, "visit__c": 2}, {})
    assert hub.run(
        "select sfid, name, grade__c, amount, ok__c, seen_at::text, isdeleted, _hc_lastop, _hc_err"
        " from hc.account"
    ) == [
        ("001000000000001AAA", "x", None, 1.3, False, "2026-01-01 00:00:00", False, "INSERTED",
         None)
    ]  # fmt: skip
    sfids = [sfid for (sfid,) in hub.run("select sfid from hc.visit__c order by id")]
    assert len(set(sfids)) == 2
    assert all(re.fullmatch("a[0-9A-Za-z]{17}", sfid) for sfid in sfids)
    assert hub.log("state, sf_result, sfid, processed_at is null") == [
        ("SUCCESS", 201, "001000000000001AAA", False),
        ("SUCCESS", 201, sfids[0], False),
        ("SUCCESS", 201, sfids[1], False),
    ]
    assert hub.run("select systemmodstamp is null from hc.account") == [(False,)]

    hub.run("update hc.account set name = 'y'", "delete from hc.visit__c where no__c = '2'")
    assert hub.drain() == DrainReport({"account": 1, "visit__c": 1}, {})
    assert hub.run("select sfid, name, _hc_lastop from hc.account") == [
        ("001000000000001AAA", "y", "UPDATED")
    ]
    assert hub.drain() == DrainReport({}, {})


def test_objects_that_were_written_side_by_side_are_sent_in_an_order_that_keeps_parents_first(
    hub: Hub,
) -> None:
    hub.install(OBJECTS | {"lounge__c": OBJECTS["account"]})
    hub.run("""
        do $$ begin
            for i in 1..3000 loop
                insert into hc.lounge__c (key__c, name) values (i, 'x');
                insert into hc.visit__c (no__c) values (i);
            end loop;
        end $$
    """)
    hub.run(
        "insert into hc.visit__c (no__c, account__r__key__c) values ('early', 'a')",
        "insert into hc.lounge__c (key__c, name) values ('between', 'x')",
        "insert into hc.account (key__c, name) values ('a', 'x')",
        "insert into hc.lounge__c (key__c, name) values ('between them', 'x')",
        "insert into hc.visit__c (no__c, account__r__key__c) values ('late', 'a')",
    )
    assert hub.drain() == DrainReport(
        {"lounge__c": 3002, "visit__c": 3001, "account": 1}, {"visit__c": 1}
    )
    assert hub.run("select no__c from hc.visit__c where _hc_lastop = 'FAILED'") == [("early",)]


def test_an_id_ends_in_the_checksum_of_its_capitals(hub: Hub) -> None:
    hub.run(
        "insert into hc.account (key__c, name) select i, 'x' from generate_series(1, 100) as i",
        "insert into hc.account (id, key__c, name) values (2147483647, 'last', 'x')",
    )
    hub.drain()
    sfids = [sfid for (sfid,) in hub.run("select sfid from hc.account order by id")]
    assert len(set(sfids)) == 101
    for sfid in sfids:
        bits = [
            sum(1 << i for i, letter in enumerate(sfid[start : start + 5]) if letter.isupper())
            for start in (0, 5, 10)
        ]
        assert sfid[15:] == "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[b] for b in bits)


def test_salesforce_refuses_what_breaks_its_rules_and_says_so_in_the_row_and_the_log(
    hub: Hub,
) -> None:
    hub.run(
        "insert into hc.account (key__c, name, grade__c, born) values"
        " ('good', 'x', 'A', '2000-01-01'), ('told', 'x', null, null), ('empty', ' ', null, null),"
        " ('grade', 'x', 'C', null), ('date', 'x', null, '9999-12-31')",
        "insert into hc.visit__c (no__c, account__r__key__c) values ('1', 'good'), ('2', 'told'),"
        " ('3', 'nobody')",
    )
    report = hub.drain(account={"told", "unknown"})
    assert report == DrainReport({"account": 1, "visit__c": 1}, {"account": 4, "visit__c": 2})
    failed = hub.run(
        "select key__c, _hc_lastop, _hc_err::json ->> 'op', _hc_err::json ->> 'msg', sfid"
        " from hc.account where key__c <> 'good' union all"
        " select no__c, _hc_lastop, _hc_err::json ->> 'op', _hc_err::json ->> 'msg', sfid"
        " from hc.visit__c where no__c <> '1' order by 1"
    )
    reasons = {
        "2": "INVALID_FIELD: account__r__key__c names no record of account: told",
        "3": "INVALID_FIELD: account__r__key__c names no record of account: nobody",
        "date": "INVALID_FIELD: born is a date outside 1700 to 4000",
        "empty": "REQUIRED_FIELD_MISSING: Required fields are missing: [name]",
        "grade": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: bad value for restricted picklist field"
        " grade__c: C",
        "told": "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record",
    }
    assert failed == [(key, "FAILED", "INSERT", reasons[key], None) for key in reasons]
    assert {row[0] for row in hub.log("sf_message") if row[0]} == set(reasons.values())
    assert hub.drain() == DrainReport({}, {})

    # A later write of the row is an upsert by external id: it makes the record after all.
    hub.run("update hc.account set name = 'named' where key__c = 'empty'")
    assert hub.drain() == DrainReport({"account": 1}, {})
    assert hub.run("select _hc_lastop, _hc_err, sfid is null from hc.account where name = 'named'")[
        0
    ] == ("INSERTED", None, False)


def test_a_queued_write_of_a_row_that_is_gone_fails(hub: Hub) -> None:
    hub.run("insert into hc.account (key__c, name) values ('a', 'x')", "delete from hc.account")
    assert hub.drain() == DrainReport({}, {"account": 1})
    assert hub.log("state, sf_message") == [("FAILED", "The row is gone from the table.")]


def test_faulty_mappings_give_one_line_per_fault_and_install_nothing(hub: Hub) -> None:
    before = hub.run("select oid from pg_class where relnamespace = 'hc'::regnamespace order by 1")
    faulty = {
        "Account": {},
        "shape": {"external_id": 3, "fields": [], "requires": []},
        "rules": {
            "external_id": "no__c",
            "fields": {"No": "varchar(9)", "id": "integer", "n": "varchar(256)", "d": "date"},
            "references": {"d": "nobody"},
            "required": ["name"],
            "picklists": {"n": "A"},
            "scales": {"d": -1, "n": 2},
        },
    }
    with pytest.raises(MappingsError) as raised:
        hub.install(faulty)
    assert str(raised.value).splitlines() == [
        f"mappings.json: {line}"
        for line in (
            "`Account` is not a lower-case object name.",
            "`shape`: unknown key requires; known are external_id, fields, references, required,"
            " picklists, scales.",
            "`shape`: `external_id` must name a field.",
            "`shape`: `fields` must map field names to types.",
            "`rules`: `No` is not a lower-case field name.",
            "`rules`: `id` is a system column, which every table has.",
            *(
                f"`rules`: `{field}` has the type `{kind}`; Heroku Connect has varchar(1 to 255),"
                " boolean, double precision, date, timestamp without time zone and text."
                for field, kind in (("id", "integer"), ("n", "varchar(256)"))
            ),
            "`rules`: `external_id` names `no__c`, which is not among its fields.",
            "`rules`: `required` names `name`, which is not among its fields.",
            "`rules`: `references.d` names the object `nobody`, which is not mapped.",
            "`rules`: `picklists.n` must be a list of texts.",
            "`rules`: `scales.d` is `-1`; it must be a whole number from 0 to 17.",
            "`rules`: `scales` names `n`, which is not double precision.",
        )
    ]
    after = hub.run("select oid from pg_class where relnamespace = 'hc'::regnamespace order by 1")
    assert after == before

    hub.mappings.write_text("a: [")
    with pytest.raises(MappingsError, match=r"^mappings.json: not valid YAML: [^\n]+$"):
        install(hub.url, hub.mappings)
    hub.mappings.unlink()
    with pytest.raises(MappingsError, match=r"^mappings.json: the file is missing.$"):
        install(hub.url, hub.mappings)


def test_a_folder_of_mappings_is_read_as_one_and_a_fault_names_its_file(
    hub: Hub, tmp_path: Path
) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    with pytest.raises(MappingsError, match=r"^mappings: the folder has no .yml file.$"):
        install(hub.url, folder)
    for name, mapping in OBJECTS.items():
        (folder / f"{name}.yml").write_text(json.dumps({name: mapping}))
    # References lead from one file into another, and all of it is what the one file holds.
    assert not install(hub.url, folder)

    (folder / "more.yml").write_text(json.dumps({"account": OBJECTS["account"], "lead": {}}))
    with pytest.raises(MappingsError) as raised:
        install(hub.url, folder)
    assert str(raised.value).splitlines() == [
        "account.yml: `account` is mapped by another file as well.",
        "more.yml: `account` is mapped by another file as well.",
        "more.yml: `lead`: `external_id` must name a field.",
        "more.yml: `lead`: `fields` must map field names to types.",
    ]
