"""What a verification takes from the catalogue, records, and prints."""

from __future__ import annotations

import json

import pytest

from extract.errors import ConfigurationError, DriftError, SourceError, TargetError
from tests.extract_support import Stand
from tests.integration.verify.verifying import check, named


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
