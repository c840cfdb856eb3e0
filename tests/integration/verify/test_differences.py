"""Every kind of difference is found and named, for values and keys of every type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from extract.api import verify_feed
from extract.dialects.postgres import PostgresDialect
from extract.settings import Connection
from extract.sources import open_source
from extract.verify import LIMIT
from tests.extract_support import Stand
from tests.integration.test_extract_types import KEYS, TYPES
from tests.integration.verify.verifying import check, counts, named


def test_every_type_verifies_equal_and_a_change_in_each_of_them_is_named(stand: Stand) -> None:
    columns = {f"c{place}": kind for place, kind in enumerate(TYPES)}
    longest = max(len(values) for values in TYPES.values())
    rows = [
        ", ".join(values[row] if row < len(values) else "null" for values in TYPES.values())
        for row in range(longest)
    ]
    stand.source(
        "create table dbo.types (k integer primary key,"
        f" {', '.join(f'{name} {kind}' for name, kind in columns.items())})",
        *(f"insert into dbo.types values ({row}, {values})" for row, values in enumerate(rows)),
        *(f"insert into dbo.types (k) values ({row})" for row in range(100, 100 + len(columns))),
    )
    stand.feeds(types={})
    stand.run("types")
    assert check(stand, "types").state == "equal"

    # A null becomes a value: one row for each column.
    stand.source(
        *(
            f"update dbo.types set {name} = {TYPES[kind][0]} where k = {100 + place}"
            for place, (name, kind) in enumerate(columns.items())
        )
    )
    found = verify_feed("s.types", stand.home, limit=1000)

    assert counts(found) == {"different": len(columns)}
    assert named(found) == [
        ("different", {"k": str(100 + place)}, (name,)) for place, name in enumerate(columns)
    ]
    assert found.columns == tuple(columns)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("text", "''", "null"),
        ("text", "null", "''"),
        ("varchar(9)", "'a'", "'a '"),
        ("text", "'a'", "'A'"),
        ("text", r"E'\\N'", "null"),
        ("text", r"E'a\tb'", r"E'a\nb'"),
        ("text", "'가'", "'나'"),
        ("boolean", "true", "false"),
        ("integer", "1", "2"),
        ("numeric(19,4)", "0.0001", "0"),
        ("double precision", "0.1", "0.1::float4"),
        ("timestamp", "'2024-01-01 00:00:00.000001'", "'2024-01-01'"),
        ("timestamptz", "'2024-01-01 00:00+00'", "'2024-01-01 00:00+09'"),
        ("date", "'infinity'", "'9999-12-31'"),
        ("bytea", r"'\x00'", r"'\x0000'"),
        (
            "uuid",
            "'00000000-0000-0000-0000-000000000001'",
            "'00000000-0000-0000-0000-000000000000'",
        ),
    ],
)
def test_a_value_that_changed_in_lv0_is_found(
    stand: Stand, kind: str, before: str, after: str
) -> None:
    stand.source(
        "drop table if exists dbo.value",
        f"create table dbo.value (k integer primary key, v {kind}, w text)",
        f"insert into dbo.value select i, {before}, 'w' from generate_series(1, 5) as i",
    )
    stand.warehouse(
        "drop table if exists lv0.value", "delete from ops.feeds where feed = 's.value'"
    )
    stand.feeds(value={})
    stand.run("value")
    stand.warehouse(f"update lv0.value set v = {after} where k = 3")

    found = check(stand, "value")

    assert found.state == "different"
    assert named(found) == [("different", {"k": "3"}, ("v",))]


def test_char_is_padded_and_padding_is_no_difference(stand: Stand) -> None:
    stand.source(
        "create table dbo.padded (k char(6) primary key, v char(9))",
        "insert into dbo.padded values ('02', 'a'), ('HI', ''), ('', null)",
    )
    stand.feeds(padded={})
    stand.run("padded")
    stand.warehouse("alter table lv0.padded alter column v type char(12)")
    stand.source("alter table dbo.padded alter column v type char(12)")

    assert check(stand, "padded").state == "equal"


class Deaf(PostgresDialect):
    """A server that can't hash: texts travel instead."""

    def md5_number(self, text: str) -> str | None:
        return None


@pytest.mark.parametrize("hashes", [True, False], ids=["source hashes", "client hashes"])
def test_missing_extra_and_swapped_rows_are_told_apart(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, hashes: bool
) -> None:
    if not hashes:

        def open_deaf(connection: Connection, database: str | None) -> Any:
            opened: Any = open_source(connection, database)
            return replace(opened, dialect=Deaf())

        monkeypatch.setattr("extract.verify.run.open_source", open_deaf)
    stand.warehouse("drop table if exists lv0.rows", "delete from ops.feeds where feed = 's.rows'")
    stand.source(
        "drop table if exists dbo.rows",
        "create table dbo.rows (a varchar(9), b integer, v text, w text, primary key (a, b))",
        "insert into dbo.rows select 'K' || i % 7, i, 'v' || i, 'w' || i"
        " from generate_series(1, 2000) as i",
    )
    stand.feeds(rows={})
    stand.run("rows")
    stand.warehouse(
        "delete from lv0.rows where b = 10",
        "update lv0.rows set _deleted_at = now() where b = 11",
        "insert into lv0.rows values ('가', 1, 'v', 'w', now(), null)",
        "insert into lv0.rows values ('gone', 1, 'v', 'w', now(), now())",
        # Two rows whose values changed places, and two values of one row that did.
        "update lv0.rows set v = 'v' || (41 - b), w = 'w' || (41 - b) where b in (20, 21)",
        "update lv0.rows set v = w, w = v where b = 30",
    )

    found = check(stand, "rows")

    assert (found.source_rows, found.lv0_rows) == (2000, 1999)
    assert counts(found) == {"only_source": 2, "only_lv0": 1, "different": 3}
    assert named(found) == [
        ("different", {"a": "K0", "b": "21"}, ("v", "w")),
        ("different", {"a": "K2", "b": "30"}, ("v", "w")),
        ("different", {"a": "K6", "b": "20"}, ("v", "w")),
        ("only_lv0", {"a": "가", "b": "1"}, ()),
        ("only_source", {"a": "K3", "b": "10"}, ()),
        ("only_source", {"a": "K4", "b": "11"}, ()),
    ]
    stand.run("rows", allow_deletes=True)
    assert check(stand, "rows").state == "equal"


def test_where_everything_differs_the_counts_are_exact_and_each_kind_is_named(
    stand: Stand,
) -> None:
    stand.source(
        "create table dbo.everything (k integer primary key, v integer)",
        "insert into dbo.everything select i, i from generate_series(1, 30000) as i",
    )
    stand.feeds(everything={})
    stand.run("everything")
    stand.warehouse(
        "update lv0.everything set v = -v where k > 200",
        "delete from lv0.everything where k <= 100",
        "update lv0.everything set k = -k where k <= 200",
    )

    found = check(stand, "everything")

    assert counts(found) == {"only_source": 200, "only_lv0": 100, "different": 29800}
    kinds = [each.kind for each in found.differences]
    assert len(kinds) == LIMIT
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "different": 7, "only_lv0": 7, "only_source": 6,
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(KEYS))
def test_keys_of_every_type_are_matched_and_named(stand: Stand, kind: str) -> None:
    stand.source(
        "drop table if exists dbo.keyed",
        f"create table dbo.keyed (k {kind} primary key, v integer)",
        *(
            f"insert into dbo.keyed values ({value}, {place})"
            for place, value in enumerate(KEYS[kind])
        ),
    )
    stand.warehouse(
        "drop table if exists lv0.keyed", "delete from ops.feeds where feed = 's.keyed'"
    )
    stand.feeds(keyed={})
    stand.run("keyed")
    assert check(stand, "keyed").state == "equal"
    stand.warehouse("update lv0.keyed set v = 9 where v = 1", "delete from lv0.keyed where v = 2")

    found = check(stand, "keyed")

    [(changed,), (missing,)] = stand.source_rows(
        "select k::text from dbo.keyed where v in (1, 2) order by v"
    )
    assert named(found) == [
        ("different", {"k": changed}, ("v",)),
        ("only_source", {"k": missing}, ()),
    ]


def test_a_table_without_a_key_is_a_multiset(stand: Stand) -> None:
    stand.source(
        "create table dbo.bag (a integer, b text)",
        "insert into dbo.bag select i % 10, 'b' from generate_series(1, 100) as i",
        "insert into dbo.bag values (null, null), (null, null)",
    )
    stand.feeds(bag={})
    stand.run("bag")
    assert check(stand, "bag").state == "equal"
    stand.warehouse(
        "insert into lv0.bag select * from lv0.bag where a = 3 limit 1",
        "delete from lv0.bag where ctid in (select ctid from lv0.bag where a is null limit 1)",
        "update lv0.bag set b = '' where ctid in (select ctid from lv0.bag where a = 5 limit 2)",
    )

    found = check(stand, "bag")

    assert counts(found) == {"only_source": 3, "only_lv0": 3}
    assert [each.kind for each in found.differences] == ["only_lv0"] * 2 + ["only_source"] * 2
    assert all(set(each.key) == {"md5"} for each in found.differences)
