"""`verify`: every kind of difference is found and named, and nothing else is called one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from extract.api import verify_feed
from extract.dialects.postgres import PostgresDialect
from extract.errors import ConfigurationError, DriftError, RowError, SourceError, TargetError
from extract.settings import Connection
from extract.sources import open_source
from extract.verify import LIMIT, Verification
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand
from tests.integration.test_extract_types import KEYS, SCHEMA, TYPES

COUNTS = ("only_source", "only_lv0", "different", "newer", "rejected")


@pytest.fixture(scope="module")
def stand(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("verify"), postgres)
    made.source(SCHEMA)
    return made


def check(stand: Stand, table: str) -> Verification:
    return verify_feed(f"s.{table}", stand.home)


def counts(found: Verification) -> dict[str, int]:
    return {name: getattr(found, name) for name in COUNTS if getattr(found, name)}


def named(found: Verification) -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    return [(each.kind, each.key, each.columns) for each in found.differences]


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


def test_rows_written_since_the_last_run_are_newer_and_no_difference(stand: Stand) -> None:
    stand.source(
        "create table dbo.live (k integer primary key, t timestamp, v text)",
        "insert into dbo.live select i, timestamp '2024-01-01' + i * interval '1 second', 'v'"
        " from generate_series(1, 500) as i",
        "insert into dbo.live values (0, null, 'undated')",
    )
    stand.feeds(live={"mode": "incremental", "cursor": "t", "overlap": "1m"})
    stand.run("live")
    stand.source(
        "update dbo.live set v = 'new', t = timestamp '2024-01-02' where k in (5, 6)",
        "insert into dbo.live values (1000, timestamp '2024-01-02', 'x')",
        # Committed late: its cursor is within the overlap.
        "insert into dbo.live values (1001, timestamp '2024-01-01 00:08:00', 'x')",
    )

    found = check(stand, "live")
    assert (found.state, counts(found)) == ("equal", {"newer": 4})

    # The cursor is where it was, so nothing at the source has changed these.
    stand.warehouse("update lv0.live set v = 'bad' where k in (7, 499)")
    stand.source("update dbo.live set v = 'changed' where k = 0")
    found = check(stand, "live")
    assert counts(found) == {"newer": 4, "different": 3}
    assert [each.key for each in found.differences] == [{"k": "0"}, {"k": "499"}, {"k": "7"}]


def test_a_live_writer_causes_no_false_alarm(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from extract.verify import sides

    stand.source(
        "create table dbo.moving (k integer primary key, v integer)",
        "insert into dbo.moving select i, i from generate_series(1, 100) as i",
    )
    stand.feeds(moving={})
    stand.run("moving")
    look = sides.Lv0Side.look
    looks: list[int] = []

    def write_and_look(self: sides.Lv0Side, *arguments: object) -> dict[str, int]:
        looks.append(len(looks))
        stand.source("update dbo.moving set v = v + 10 where k = 1")
        return look(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sides.Lv0Side, "look", write_and_look)
    stand.source("update dbo.moving set v = -1 where k in (1, 50)")

    found = check(stand, "moving")

    # Row 50 stands still between the looks, and lv0 hasn't got it: that is a difference.
    assert len(looks) == 2
    assert [each.key for each in found.differences] == [{"k": "50"}]
    assert counts(found) == {"different": 1, "newer": 1}


def test_a_run_that_publishes_meanwhile_causes_no_false_alarm(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extract.verify import sides

    stand.source(
        "create table dbo.busy (k integer primary key, v integer)",
        "insert into dbo.busy select i, i from generate_series(1, 100) as i",
    )
    stand.feeds(busy={})
    stand.run("busy")
    sums = sides.Lv0Side.sums

    def run_after(self: sides.Lv0Side) -> sides.Sums:
        found = sums(self)
        stand.source("update dbo.busy set v = 0 where k < 20")
        stand.run("busy")
        return found

    monkeypatch.setattr(sides.Lv0Side, "sums", run_after)
    assert check(stand, "busy").state == "equal"


def test_rejected_rows_are_listed_as_such(stand: Stand) -> None:
    stand.source(
        "create table dbo.odd (k integer primary key, n text)",
        "create function dbo.strict(text) returns integer language sql immutable as"
        " 'select cast($1 as integer)'",
        "insert into dbo.odd select i, i from generate_series(1, 9) as i",
    )
    stand.feeds(odd={"expressions": {"M": "dbo.strict(n)"}})
    stand.run("odd")
    stand.source("update dbo.odd set n = 'x' where k in (4, 5)", "delete from dbo.odd where k = 6")
    stand.run("odd")
    stand.warehouse("delete from lv0.odd where k = 5", "update lv0.odd set m = 0 where k = 7")

    found = check(stand, "odd")

    assert counts(found) == {"different": 1, "rejected": 2}
    assert named(found) == [
        ("different", {"k": "7"}, ("m",)),
        ("rejected", {"k": "4"}, ()),
    ]
    stand.source("update dbo.odd set n = 'y' where k = 1")
    with pytest.raises(RowError, match="can't compute a value"):
        check(stand, "odd")


def test_rows_without_a_key_value_are_rejected_and_named_so(stand: Stand) -> None:
    stand.source(
        "create table dbo.nulls (k text, v integer)",
        "insert into dbo.nulls select nullif(nullif(i, 3), 7)::text, i"
        " from generate_series(1, 9) as i",
    )
    stand.feeds(nulls={"key": "k"})
    stand.run("nulls")

    found = check(stand, "nulls")

    assert (found.state, found.source_rows, found.lv0_rows) == ("equal", 9, 7)
    assert counts(found) == {"rejected": 2}
    assert named(found) == [("rejected", {"k": "null"}, ())]


def test_without_a_key_as_many_rows_are_rejected_as_were_set_aside(stand: Stand) -> None:
    stand.source(
        "create table dbo.loose (a integer)",
        "insert into dbo.loose select i from generate_series(1, 9) as i",
    )
    stand.feeds(loose={})
    stand.run("loose")
    stand.warehouse(
        "delete from lv0.loose where a in (1, 2)",
        "insert into lv0._rejected (feed, run_id, key, column_name, reason)"
        " values ('s.loose', gen_random_uuid(), '{}', 'a', 'not an integer value')",
    )
    assert counts(check(stand, "loose")) == {"only_source": 1, "rejected": 1}
    stand.warehouse("insert into lv0.loose values (2, now(), null)")

    found = check(stand, "loose")
    assert (found.state, counts(found), found.differences) == ("equal", {"rejected": 1}, ())


def test_personal_keys_are_masked_and_no_value_is_in_the_report(stand: Stand) -> None:
    stand.source(
        "create table dbo.people (tel_no text primary key, seq integer, name text)",
        "insert into dbo.people values ('010-0000-1234', 1, 'Kim'), ('010-0000-5678', 2, 'Lee')",
    )
    stand.feeds(people={})
    path = stand.home / "models/sources.yml"
    catalog = json.loads(path.read_text())
    catalog["sources"][0]["tables"][0]["columns"] = [
        {"name": "tel_no", "config": {"meta": {"pii": True}}}
    ]
    path.write_text(json.dumps(catalog))
    stand.run("people")
    stand.warehouse("update lv0.people set name = 'Park'", "delete from lv0.people where seq = 2")

    found = check(stand, "people")

    masks = [
        "md5:" + digest
        for (digest,) in stand.rows(
            "select left(md5(t), 8) from unnest(array['010-0000-1234', '010-0000-5678']) as t"
        )
    ]
    assert named(found) == [
        ("different", {"tel_no": masks[0]}, ("name",)),
        ("only_source", {"tel_no": masks[1]}, ()),
    ]
    [(kept,)] = stand.rows(
        "select to_jsonb(v) - 'seconds' from ops.verifications as v where feed = 's.people'"
    )
    for value in ("010-0000", "Kim", "Lee", "Park"):
        assert value not in json.dumps(kept)
    assert kept["keys"] == [
        {"kind": "different", "key": {"tel_no": masks[0]}, "columns": ["name"]},
        {"kind": "only_source", "key": {"tel_no": masks[1]}, "columns": []},
    ]
    assert (kept["state"], kept["columns"], kept["different"]) == ("different", ["name"], 1)


def test_include_exclude_expressions_and_odd_names_are_taken_as_the_catalogue_says(
    stand: Stand,
) -> None:
    stand.source(
        """create table dbo."Odd 100% {x}" ("K%s" integer primary key, "k0" text, "h" text,
            "Left Out" text, number integer)""",
        """insert into dbo."Odd 100% {x}" select i, '%', 'h', 'x', i
            from generate_series(1, 20) as i""",
    )
    stand.feeds(
        odd_names={
            "table": "Odd 100% {x}",
            "exclude": ["left out"],
            "expressions": {"Twice %": '"number" * 2'},
        }
    )
    stand.run("odd_names")
    stand.source("""update dbo."Odd 100% {x}" set "Left Out" = 'y'""")
    assert check(stand, "odd_names").state == "equal"
    stand.source("""update dbo."Odd 100% {x}" set number = 0 where "K%s" = 2""")

    assert named(check(stand, "odd_names")) == [("different", {"k%s": "2"}, ("number", "twice %"))]


def test_what_can_t_be_compared_says_why_and_is_recorded(stand: Stand) -> None:
    stand.source("create table dbo.late (k integer primary key)")
    stand.feeds(late={}, absent={})
    with pytest.raises(ConfigurationError, match=r"Unknown feed `s\.typo`"):
        check(stand, "typo")
    with pytest.raises(TargetError, match=r"There is no lv0\.late to compare\. Fill it first"):
        check(stand, "late")
    stand.source("insert into dbo.late values (1)")
    stand.run("late")
    stand.source("alter table dbo.late add column v text")
    with pytest.raises(DriftError, match=r"lv0\.late isn't yet of the shape .*added v text"):
        check(stand, "late")
    stand.warehouse("create table lv0.absent (k integer)")
    with pytest.raises(SourceError, match=r"Table `dbo\.absent` is not there"):
        check(stand, "absent")

    assert stand.rows(
        "select feed, state, error is not null from ops.verifications"
        " where feed in ('s.late', 's.absent') order by verification_id"
    ) == [
        ("s.late", "failed", True), ("s.late", "failed", True), ("s.absent", "failed", True),
    ]  # fmt: skip


def test_the_command_prints_a_table_or_json_and_its_status_says_the_result(
    stand: Stand, capfd: pytest.CaptureFixture[str]
) -> None:
    from extract.cli import main

    stand.source(
        "create table dbo.one (k text primary key, v integer)",
        "insert into dbo.one values ('[red]', 1), ('b', 2)",
        "create table dbo.two (k integer primary key)",
        "create table dbo.three (k integer primary key)",
        "insert into dbo.two values (1)",
    )
    stand.feeds(one={}, two={}, three={})
    stand.run("one")
    stand.run("two")
    project = ["--project-dir", str(stand.home), "verify"]

    assert main([*project, "s.one", "s.two"]) == 0
    assert "equal" in capfd.readouterr().out

    stand.warehouse("update lv0.one set v = v + 1")
    assert main([*project, "s.one", "s.two", "--limit", "1"]) == 1
    shown = capfd.readouterr().out
    [first, second] = [line.split() for line in shown.splitlines() if "s.one" in line]
    assert first[:9] + first[10:] == ["s.one", "different", *"22002", *"00", "v"]
    assert second == ["s.one", "different", "k=[red]", "v"]

    assert main([*project, "--json"]) == 1
    printed = capfd.readouterr()
    reports = json.loads(printed.out)
    assert [(report["feed"], report["state"]) for report in reports] == [
        ("s.one", "different"), ("s.three", "failed"), ("s.two", "equal"),
    ]  # fmt: skip
    assert reports[0]["differences"][0] == {
        "kind": "different", "key": {"k": "[red]"}, "columns": ["v"],
    }  # fmt: skip
    assert printed.err.splitlines() == [f"error: {reports[1]['error']}"]

    assert main([*project, "s.typo"]) == 2
    assert "Unknown feed `s.typo`" in capfd.readouterr().err
