"""`parity`: an old relation against ours, in one database and across two."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from extract.cli import main
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand

YML = {
    "models": [
        {
            "name": "lv1_x__customer",
            "columns": [
                {"name": "customer_no"},
                {"name": "phone", "config": {"meta": {"pii": True}}},
                {"name": "tel", "config": {"meta": {"pii": True}}},
            ],
        }
    ]
}
OLD = """
create table {}.customer (
    cust_no char(6), cust_nm varchar(20), phone text, amount double precision, at timestamp,
    born timestamp, row_num bigint
);
insert into {}.customer select
    'C' || i, case when i = 3 then '' else ' name ' || i end, '010-0000-000' || i, i / 4.0,
    timestamp '2026-01-01 09:00' + i * interval '1 hour', date '1980-01-01' + i, i
from generate_series(1, 6) as i;
"""
NEW = """
create table lv1.customer (
    customer_no text, name text, phone text, amount numeric(12, 4), at timestamptz, born date,
    is_deleted boolean
);
insert into lv1.customer select
    'C' || i, case when i <> 3 then 'name ' || i end, '010-0000-000' || i, i / 4.0,
    timestamptz '2026-01-01 00:00+00' + i * interval '1 hour', date '1980-01-01' + i, false
from generate_series(1, 6) as i;
"""
COLUMNS = ("cust_no=customer_no", "cust_nm=name")
NORMAL = ("--trim", "--empty-is-null", "--old-zone", "Asia/Seoul")


@pytest.fixture(scope="module")
def stand(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """A warehouse with both relations."""
    made = Stand.make(tmp_path_factory.mktemp("parity"), postgres)
    (made.home / "models").mkdir()
    (made.home / "models/lv1_x__customer.yml").write_text(json.dumps(YML))
    made.warehouse("create schema old", OLD.format("old", "old"), NEW)
    return made


@pytest.fixture(scope="module")
def hub(postgres: EmbeddedPostgres) -> str:
    """Another database with the old relation, which has a column of a type of its own."""
    postgres.create_database("parity_hub")
    with psycopg.connect(postgres.url("parity_hub")) as connection:
        connection.execute(b"create schema hub; create domain hub.tel as text;")
        connection.execute(OLD.format("hub", "hub").encode())
        connection.execute("alter table hub.customer alter phone type hub.tel")
    return postgres.url("parity_hub")


class Compared:
    """What a call of the command gave."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def report(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.out)
        return content


@pytest.fixture
def parity(stand: Stand, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str, old: str = "old.customer", new: str = "lv1.customer") -> Compared:
        command = ["--project-dir", str(stand.home), "parity", old, new, *arguments]
        status = main(command)
        printed = capsys.readouterr()
        return Compared(status, printed.out, printed.err)

    return call


KEY = ("--key", "customer_no", "--columns", *COLUMNS)


def test_what_only_differs_in_form_is_equal_once_the_options_say_so(parity: Any) -> None:
    done = parity(*KEY, *NORMAL, "--json")
    assert done.status == 0, done.err
    report = done.report
    assert (report["state"], report["old_rows"], report["new_rows"]) == ("equal", 6, 6)
    assert report["normalised"] == [
        "texts are trimmed", "'' is null", "old times without a zone are in Asia/Seoul",
    ]  # fmt: skip
    assert report["not_compared"] == {"old": ["row_num"], "new": ["is_deleted"]}
    assert (report["columns"], report["samples"]) == ({}, [])


def test_nothing_is_normalised_by_itself(parity: Any) -> None:
    done = parity(*KEY, "--old-zone", "Asia/Seoul", "--json")
    assert (done.status, done.report["columns"]) == (1, {"name": 6})


def test_rows_and_values_that_differ_are_counted_and_some_are_shown_without_what_is_personal(
    stand: Stand, parity: Any
) -> None:
    stand.warehouse(
        "create table old.other as table old.customer",
        "update old.other set amount = 99, phone = null where cust_no in ('C1', 'C2')",
        "update old.other set phone = '010-0000-9999' where cust_no = 'C4'",
        "delete from old.other where cust_no = 'C5'",
        "insert into old.other (cust_no) values ('C7'), ('C8')",
    )
    try:
        done = parity(*KEY, *NORMAL, "--json", old="old.other")
        few = parity(*KEY, *NORMAL, "--json", "--limit", "2", old="old.other")
        shown = parity(*KEY, *NORMAL, old="old.other")
    finally:
        stand.warehouse("drop table old.other")
    report = done.report
    assert done.status == 1
    assert {name: report[name] for name in ("only_old", "only_new", "different")} == {
        "only_old": 2, "only_new": 1, "different": 3,
    }  # fmt: skip
    assert report["columns"] == {"phone": 3, "amount": 2}
    assert [(s["kind"], s["key"]["customer_no"], s["values"]) for s in report["samples"]] == [
        ("different", "C1", {"phone": [None, "(masked)"], "amount": ["99", "0.2500"]}),
        ("different", "C2", {"phone": [None, "(masked)"], "amount": ["99", "0.5000"]}),
        ("different", "C4", {"phone": ["(masked)", "(masked)"]}),
        ("only_new", "C5", {}),
        ("only_old", "C7", {}),
        ("only_old", "C8", {}),
    ]
    assert len(few.report["samples"]) == 2 and few.report["columns"] == report["columns"]
    assert "different: 2 only in the old, 1 only in the new, 3 different." in shown.out
    assert not any("010-0000" in text for text in (done.out, few.out, shown.out))


def test_a_personal_key_and_an_undescribed_relation_are_masked(stand: Stand, parity: Any) -> None:
    by_phone = parity("--key", "phone", "--columns", *COLUMNS, "--old-zone", "Asia/Seoul", "--json")
    keys = [sample["key"]["phone"] for sample in by_phone.report["samples"]]
    assert len(keys) == 6 and all(key.startswith("md5:") for key in keys)

    stand.warehouse("create table lv1.plain as select 'a' as k, 'b' as v")
    stand.warehouse("create table old.plain as select 'a' as k, 'c' as v")
    unknown = parity("--key", "k", "--json", old="old.plain", new="lv1.plain")
    assert unknown.report["masked"] is True
    assert unknown.report["samples"] == [
        {"kind": "different", "key": {"k": "md5:0cc175b9"}, "values": {"v": ["(masked)"] * 2}}
    ]


def test_an_old_relation_of_another_database_is_compared_alike(
    stand: Stand, hub: str, parity: Any
) -> None:
    place = ("--old-from", hub, "--old-where", "row_num < 6", "--json")
    done = parity(*KEY, *NORMAL, *place, old="hub.customer")
    assert (done.status, done.report["old_rows"], done.report["only_new"]) == (1, 5, 1)
    assert done.report["different"] == 0
    # A type that the warehouse doesn't have travels as text.
    assert done.report["samples"][0]["key"] == {"customer_no": "C6"}
    assert stand.rows("select count(*) from pg_class where relname ~ '^parity_'") == [(0,)]


def test_columns_of_two_kinds_meet_as_texts_and_the_report_says_so(
    stand: Stand, parity: Any
) -> None:
    stand.warehouse("create table old.kinds as select 1 as k, '7' as n, '{\"a\": 1}'::json as j")
    stand.warehouse(
        "create table lv1.kinds as select 1::bigint as k, 7 as n, '{\"a\": 1}'::json as j"
    )
    done = parity("--key", "k", "--json", old="old.kinds", new="lv1.kinds")
    assert (done.status, done.report["as_text"]) == (0, ["n"])


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (
            ("--key", "name", "--old-zone", "UTC"),
            "--key names name, which is not in both relations; in both are phone",
        ),
        (
            ("--key", "customer_no", "--columns", "cust_no=customer_no", "x=y"),
            "has no column x; it",
        ),
        (("--key", "customer_no", "--columns", "cust_no=customer_no"), "give --old-zone, the time"),
        (("--key", "customer_no", "--columns", "cust_no"), "--columns: cust_no: No such file"),
        (("--key", "customer_no", "--columns", "cust_no=", "a=b"), "--columns takes OLD=NEW"),
        (
            (*KEY, "--old-zone", "Nowhere"),
            'old.customer: time zone "Nowhere" not recognized',
        ),
        ((*KEY, *NORMAL, "--new-where", "nothing = 1"), 'lv1.customer: column "nothing" does not'),
        ((*KEY, *NORMAL, "--old-where", "1 / (row_num - 3) > 0"), "division by zero"),
        ((*KEY, *NORMAL, "--old-from", "mssql://u@h:1/d"), "is not Postgres"),
        ((*KEY, *NORMAL, "--old-from", "nowhere"), "has no connection `nowhere`"),
    ],
)
def test_bad_input_is_one_clear_line(parity: Any, arguments: tuple[str, ...], fact: str) -> None:
    done = parity(*arguments)
    assert (done.status, done.out) == (2, "")
    [line] = done.err.splitlines()
    assert fact in line


def test_a_relation_that_is_not_there_and_a_key_that_is_none_are_refused(
    stand: Stand, parity: Any
) -> None:
    assert "schema old has customer" in parity(*KEY, old="old.customers").err
    assert "called schema.table, not `customer`" in parity(*KEY, old="customer").err
    stand.warehouse(
        "create table old.doubled as table old.customer",
        "insert into old.doubled (cust_no) values ('C1'), ('C1'), (null)",
    )
    done = parity(*KEY, *NORMAL, old="old.doubled")
    assert done.status == 2
    assert (
        "cust_no is no key of old.doubled: 1 rows have no whole key and 2 rows have the key of"
        " another." in done.err
    )
