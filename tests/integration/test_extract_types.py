"""lv0 equals the source, whatever the types, the values, the key and the names."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from extract.errors import DataError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Stand

# Per column: type, then values as SQL. Every row holds one value of each.
TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("true", "false"),
    "smallint": ("-32768", "32767"),
    "integer": ("-2147483648", "0"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "real": ("'NaN'", "1.1", "'-Infinity'"),
    "double precision": ("'NaN'", "0.1", "'Infinity'", "1e-300"),
    "numeric(9,2)": ("'NaN'", "1.50"),
    "numeric": ("'NaN'", "'Infinity'", "1.000", "-1e-30", "123456789012345678901234567890.5"),
    "numeric(19,4)": ("922337203685477.5807", "-0.0001", "0.0000", "100"),
    "numeric(5,0)": ("-99999", "10000"),
    "numeric(38,10)": ("1234567890123456789012345678.0123456789", "-0.0000000001"),
    "numeric(60,2)": ("1e57 + 0.01", "-7"),
    "numeric(3,-2)": ("12300", "-100"),
    "numeric(2,5)": ("0.00099", "-0.00001"),
    "money": ("'-12.34'", "0"),
    "text": (
        "''",
        "'한글 주소'",
        "E'tab\\tline\\nback\\\\slash\\r'",
        "E'\\\\N'",
        "'😀'",
        "'  x  '",
    ),
    "character varying(5)": ("'가나다라마'", "''", "'a  '"),
    "character(5)": ("'a'", "''", "'가'"),
    '"char"': ("'x'", "''"),
    "name": ("'name'", "''"),
    "bytea": ("decode('00ff0000', 'hex')", "''"),
    "date": ("'9999-12-31'", "'1900-01-01'", "'infinity'", "'-infinity'", "'4713-01-01 BC'"),
    "time": ("'00:00'", "'23:59:59.999999'", "'24:00'"),
    "time with time zone": ("'12:00+09'", "'00:00-15:59'"),
    "timestamp": ("'infinity'", "'-infinity'", "'9999-12-31 23:59:59.999999'", "'1900-01-01'"),
    "timestamp(3)": ("'2024-02-29 12:00:00.123'", "'infinity'"),
    "timestamp with time zone": ("'infinity'", "'2024-01-01 00:00+09'", "'0044-03-15 BC'"),
    "interval": ("'1 mon -2 days 03:04:05.678'", "'30 days'"),
    "interval(0)": ("'-1 sec'", "'1 year'"),
    "uuid": ("'00000000-0000-0000-0000-0000000000ff'", "gen_random_uuid()"),
    "json": ("""'{"a": [1,  2]}'""", "'null'"),
    "jsonb": ("""'{"b": "한", "a": 1.00}'""", "'null'", "'[]'"),
    "inet": ("'10.0.0.1/8'", "'::1'"),
    "cidr": ("'10.0.0.0/8'",),
    "macaddr": ("'08:00:2b:01:02:03'",),
    "bit(3)": ("B'101'",),
    "bit varying": ("B''", "B'10101'"),
    "point": ("'(1,2.5)'",),
    "box": ("'(3,4),(1,2)'",),
    "circle": ("'<(1,2),3>'",),
    "tsvector": ("'a:1 b:2'",),
    "pg_lsn": ("'16/B374D848'",),
    "int4range": ("'[1,5)'", "'empty'"),
    "integer[]": ("'{1,NULL,-3}'", "'{}'", "'{{1,2},{3,4}}'", "'[0:1]={1,2}'"),
    "text[]": ("""'{"a,b",NULL,"","\\"한"}'""",),
    "numeric(9,2)[]": ("'{1.50,NaN}'",),
    "json[]": ("""array['{"a": 1}'::json]""",),
    "dbo.mood": ("'gut'", "'schlecht'"),
    "dbo.mood[]": ("'{gut,schlecht}'",),
    "dbo.pair": ("row(1, 'zwei')::dbo.pair",),
    "dbo.short": ("'ab'",),
}
KEYS: dict[str, tuple[str, ...]] = {
    "integer": ("-5", "0", "3", "-2147483648", "77", "10"),
    "numeric": ("-5", "0.5", "9", "10", "100", "-0.001", "1e20"),
    "numeric(9,3)": ("-5", "0.5", "9", "10", "100", "-0.001"),
    "double precision": ("-5.5", "0.1", "9", "10", "'NaN'", "'Infinity'", "1e-300"),
    "text": ("''", "'a'", "'A'", "'가'", "E'\\\\'", "'O''Brien'", "'%s'", "'{x}'", "E'a\\nb'"),
    "character varying(9)": ("'02-1'", "'82-1'", "'HI-1'", "'K2-1'", "'ON-1'", "'ON-1 '"),
    "character(6)": ("'02'", "'82'", "'HI'", "'K2'", "'ON'", "''"),
    "bytea": ("'\\x00'", "'\\x0001'", "'\\xff'", "''"),
    "date": ("'infinity'", "'-infinity'", "'2024-01-01'", "'0044-03-15 BC'", "'9999-12-31'"),
    "timestamp": ("'2024-01-01 00:00:00.000001'", "'2024-01-01'", "'infinity'", "'1900-01-01'"),
    "interval": ("'1 mon'", "'-1 day'", "'3 days'", "'1 sec'", "'2 years'"),
    "uuid": ("gen_random_uuid()",) * 5,
    "dbo.mood": ("'schlecht'", "'gut'", "'mittel'"),
    "dbo.short": ("'ab'", "'cd'", "'Ab'", "'zz'"),
    "jsonb": ("'1'", """'{"a": 1}'""", "'[]'", "'null'"),
}  # fmt: skip
SCHEMA = """
create schema dbo;
create type dbo.mood as enum ('schlecht', 'mittel', 'gut');
create type dbo.pair as (a integer, b text);
create domain dbo.short as varchar(2) check (value <> '--');
"""


@pytest.fixture(scope="module", params=["copy", "adbc"])
def stand(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Stand:
    made = Stand.make(tmp_path_factory.mktemp("types"), postgres, request.param)
    made.source(SCHEMA)
    return made


def test_every_type_arrives_as_it_is_in_the_source_and_a_second_run_finds_no_difference(
    stand: Stand,
) -> None:
    columns = [f"c{place} {kind}" for place, kind in enumerate(TYPES)]
    longest = max(len(values) for values in TYPES.values())
    rows = [
        ", ".join(values[row] if row < len(values) else "null" for values in TYPES.values())
        for row in range(longest)
    ]
    stand.source(
        f"create table dbo.types (k integer primary key, {', '.join(columns)})",
        *(f"insert into dbo.types values ({row}, {values})" for row, values in enumerate(rows)),
        "insert into dbo.types (k) values (98), (99)",
    )
    stand.feeds(types={"page_rows": 3})

    first = stand.run("types")
    source, lv0 = stand.both("k", "types")
    second = stand.run("types")

    assert lv0 == source
    assert (first.rows_inserted, first.rows_rejected) == (longest + 2, 0)
    assert (second.changed, second.rows_unchanged) == (False, longest + 2)


def test_changes_that_some_types_call_equal_are_seen(stand: Stand) -> None:
    stand.source(
        "create table dbo.equals (k integer primary key, i interval, j json, a json[], p point)",
        "insert into dbo.equals select i, '30 days', '[1]', array['[1]'::json], '(1,2)'"
        " from generate_series(1, 5) as i",
    )
    stand.feeds(equals={})
    stand.run("equals")
    stand.source(
        "update dbo.equals set i = '1 mon' where k = 1",
        "update dbo.equals set j = '[ 1]' where k = 2",
        "update dbo.equals set a = array['[2]'::json] where k = 3",
        "update dbo.equals set p = '(1,3)' where k = 4",
    )

    result = stand.run("equals")

    source, lv0 = stand.both("k", "equals")
    assert (result.rows_updated, result.rows_unchanged) == (4, 1)
    assert lv0 == source


@pytest.mark.parametrize(
    ("indexed", "kinds"),
    [(True, list(KEYS)), (False, ["numeric", "character(6)", "date"])],
    ids=["paged", "streamed"],
)
def test_pages_follow_keys_of_every_type_in_the_source_s_own_order(
    stand: Stand, indexed: bool, kinds: list[str]
) -> None:
    tables = {f"key_{int(indexed)}_{place}": kind for place, kind in enumerate(kinds)}
    for table, kind in tables.items():
        stand.source(
            f"create table dbo.{table} (k {kind} {'primary key' if indexed else ''}, v integer)",
            *(
                f"insert into dbo.{table} values ({value}, {place})"
                for place, value in enumerate(KEYS[kind])
            ),
        )
    stand.feeds(**{table: {"page_rows": 2, "key": "K"} for table in tables})

    for table, kind in tables.items():
        first = stand.run(table)
        stand.source(f"update dbo.{table} set v = v + 10 where v = 1")
        second = stand.run(table, allow_deletes=True)

        source, lv0 = stand.both("k", table)
        assert lv0 == source, kind
        assert first.rows_inserted == len(KEYS[kind]), kind
        assert (second.rows_inserted, second.rows_updated, second.rows_deleted) == (0, 1, 0), kind
        # A stream's batches may be larger than a page.
        assert not indexed or first.pages == -(-len(KEYS[kind]) // 2), kind


def test_composite_keys_with_ties_in_every_part_are_paged_without_loss(stand: Stand) -> None:
    stand.source(
        "create table dbo.composite (a char(3), n numeric, t timestamp, v text,"
        " primary key (a, n, t))",
        "insert into dbo.composite select a, n, t, a || n from unnest(array['02', 'HI', 'ON']) a,"
        " unnest(array[-1, 9, 10.5]) n, unnest(array['1900-01-01', 'infinity']::timestamp[]) t",
    )
    stand.feeds(composite={"page_rows": 1})

    result = stand.run("composite")

    source, lv0 = stand.both("a, n, t", "composite")
    assert (result.pages, result.rows_inserted) == (18, 18)
    assert lv0 == source
    assert stand.rows(
        "select pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'lv0.composite'::regclass and contype = 'p'"
    ) == [("PRIMARY KEY (a, n, t)",)]


def test_a_schema_with_odd_names_is_mirrored_by_yaml_alone(stand: Stand) -> None:
    stand.source(
        'create schema "Ventas 100%"',
        """create table "Ventas 100%"."Líneas de ""Pedido"" {x}" (
            "Nº Pedido" varchar(9), "_order_0" integer, "_out_0" numeric(9,2), "select" text,
            "100%s" text, "a""b" date, "{b}" text, "Ünï", text, primary key ("_order_0")
        )""".replace('"Ünï",', '"Ünï"'),
        """insert into "Ventas 100%"."Líneas de ""Pedido"" {x}"
            select 'N' || i, i, i / 3.0, 'x', '%', '2024-01-01', '{}', 'ü'
            from generate_series(1, 25) as i""",
    )
    stand.feeds(
        lineas={
            "schema": "VENTAS 100%",
            "table": 'líneas de "pedido" {x}',
            "expressions": {"Mitad %": '"_order_0" % 2', "Doble": '"_out_0" * 2'},
            "exclude": ["{B}"],
            "page_rows": 2,
        }
    )

    result = stand.run("lineas")

    assert (result.pages, result.rows_inserted) == (13, 25)
    assert stand.rows(
        "select array_agg(attname order by attnum) from pg_attribute"
        " where attrelid = 'lv0.lineas'::regclass and attnum > 0"
    ) == [
        (
            ["nº pedido", "_order_0", "_out_0", "select", "100%s", 'a"b', "ünï", "mitad %", "doble"]
            + ["_extracted_at", "_deleted_at"],
        )
    ]
    assert stand.rows(
        'select "_order_0", "nº pedido", "mitad %", "100%s" from lv0.lineas'
        ' where "_order_0" in (2, 11) order by 1'
    ) == [(2, "N2", 0, "%"), (11, "N11", 1, "%")]


def test_a_row_that_cannot_be_stored_is_set_aside_and_the_run_goes_on(
    stand: Stand, tmp_path: Path
) -> None:
    # Only a server whose columns take values of any class sends such a row.
    stand = stand.twin(tmp_path)
    with closing(sqlite3.connect(stand.home / "odd.db", isolation_level=None)) as source:
        source.execute("create table odd (k integer primary key, n numeric(9,2))")
        source.executemany("insert into odd values (?, ?)", [(i, i) for i in range(1, 10)])
        stand.write_project(source_url=f"sqlite:///{stand.home}/odd.db")
        place = {"database": "odd.db", "schema": "main"}
        stand.feeds(odd={**place, "page_rows": 2, "max_rejects": 2})
        stand.run("odd")
        source.execute("update odd set n = 'many' where k = 4")
        source.execute("insert into odd values (10, 'few')")

        result = stand.run("odd")

        # What lv0 had of a row that was set aside stays: the row is not gone.
        assert (result.rows_rejected, result.changed, result.rows_read) == (2, False, 10)
        assert stand.rows("select n::text from lv0.odd where k = 4 and _deleted_at is null") == [
            ("4.00",)
        ]
        assert stand.rows(
            "select feed, key, column_name, reason from lv0._rejected where feed = 's.odd'"
            " order by key ->> 'k'"
        ) == [
            ("s.odd", {"k": k}, "n", "not a numeric(9,2) value") for k in ("10", "4")
        ]  # fmt: skip

        source.execute("update odd set n = 'none' where k = 5")
        before = stand.rows("select * from lv0.odd order by k")
        with pytest.raises(DataError, match=r"s\.odd: 3 rows could not be stored, more than"):
            stand.run("odd")
        assert stand.rows("select * from lv0.odd order by k") == before

        source.execute("update odd set n = 1")
        assert stand.run("odd").rows_inserted == 1
        assert stand.rows(
            "select k::int, n::text from lv0.odd where _deleted_at is null order by k"
        ) == [(i, "1.00") for i in range(1, 11)]


def test_rows_whose_key_is_null_are_set_aside_or_refused(stand: Stand) -> None:
    stand.source(
        "create table dbo.nulls (k text, v integer)",
        "insert into dbo.nulls select nullif(i, 3)::text, i from generate_series(1, 9) as i",
    )
    stand.feeds(nulls={"key": "k", "max_rejects": 1, "page_rows": 2})

    result = stand.run("nulls")

    assert (result.rows_inserted, result.rows_rejected) == (8, 1)
    assert stand.rows("select v from lv0.nulls order by v") == [
        (i,) for i in range(1, 10) if i != 3
    ]
    stand.source("update dbo.nulls set k = null where v = 4")
    with pytest.raises(
        DataError, match=r"the key \(k\) of 2 rows is null, more than `max_rejects`"
    ):
        stand.run("nulls")
    assert stand.rows("select count(*) from lv0.nulls where _deleted_at is null") == [(8,)]


def test_a_name_longer_than_postgres_takes_has_staging_tables_of_its_own(stand: Stand) -> None:
    stand.source("create table dbo.long (k integer primary key)", "insert into dbo.long values (1)")
    names = [f"{'x' * 59}{end}" for end in ("1", "2")]
    stand.feeds(**{name: {"table": "long"} for name in names})

    for name in names:
        assert stand.run(name).rows_inserted == 1
        assert not stand.run(name).changed
