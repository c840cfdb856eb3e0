from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bench.compare import Comparison, compare
from sandbox.postgres import EmbeddedPostgres

_DATABASE = "bench_compare"
_ROWS = """
insert into {0} values
    (1, 'ab', 'x', 12.5000, '2026-01-02 03:04:05.678', true, null),
    (2, 'c', '', -0.0001, 'infinity', false, '00000000-0000-0000-0000-000000000001'),
    (3, null, 'NULL', null, null, null, null)
"""


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    postgres.create_database(_DATABASE)
    try:
        _run(
            postgres.url(_DATABASE),
            "create table was (k integer, c char(4), v varchar(9), m numeric(19,4),"
            " t timestamp(3), b boolean, u uuid)",
            _ROWS.format("was"),
        )
        yield postgres.url(_DATABASE)
    finally:
        postgres.drop_database(_DATABASE)


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _compare(url: str, *statements: str) -> Comparison:
    _run(url, *statements)
    return compare(url, "was", url, "landed")


def test_a_copy_is_equal_and_keeps_its_types(database: str) -> None:
    copy = _compare(
        database, "create table landed as select now() as added, * from was order by k desc"
    )
    assert copy == Comparison(rows=3, differing=(), retyped=(), loosened=(), equal=True)


def test_other_types_that_hold_the_same_values_are_equal(database: str) -> None:
    copy = _compare(
        database,
        'create table landed as select k::bigint as "K", c::text, v::text,'
        " m::double precision as m, t::timestamptz as t, b::text, u::text from was",
    )
    assert copy.equal
    assert copy.loosened == ("c: character(4) -> text", "v: character varying(9) -> text")
    assert copy.retyped == (
        "k: integer -> bigint",
        "m: numeric(19,4) -> double precision",
        "t: timestamp(3) without time zone -> timestamp with time zone",
        "b: boolean -> text",
        "u: uuid -> text",
    )


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("update landed set v = null where v = ''", "v"),
        ("update landed set v = 'null' where v = 'NULL'", "v"),
        ("update landed set m = m + 0.0001 where k = 1", "m"),
        ("update landed set t = t + interval '1 ms' where k = 1", "t"),
        ("update landed set b = not b", ""),
        ("alter table landed alter u type text; update landed set u = 'no uuid' where k = 2", "u"),
        ("alter table landed drop column c", "c"),
        ("alter table landed alter c type varchar(9); update landed set c = 'abc' where k=1", "c"),
    ],
)
def test_a_changed_value_is_found_with_its_column(database: str, change: str, column: str) -> None:
    copy = _compare(database, "create table landed as table was", change)
    assert not copy.equal
    # What only changed places within a column has the same sum.
    assert copy.differing == ((column,) if column else ())


@pytest.mark.parametrize(
    "change", ["delete from landed where k = 1", "insert into landed select * from was where k = 1"]
)
def test_lost_and_doubled_rows_are_not_equal(database: str, change: str) -> None:
    assert not _compare(database, "create table landed as table was", change).equal
