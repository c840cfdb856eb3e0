"""What only MySQL and MariaDB have: zero dates, indexes that order nothing, streams that go on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from extract.errors import ConfigurationError, SourceError, TransientError
from extract.paging import Statement
from extract.settings import Project
from extract.shape import Index
from extract.sources import open_source
from tests.conformance.landing import Landing, texts_of
from tests.conformance.servers import Kind, Server, Table

pytestmark = pytest.mark.parametrize("server", ["mysql"], indirect=True)
_MANY = "select seq, concat(seq, repeat('x', 1000)) from seq_1_to_200000"


def test_a_zero_date_sets_its_row_aside_and_not_the_table(server: Server, landing: Landing) -> None:
    columns = {"k": "date", "d": "date", "at": "datetime", "ts": "timestamp null"}
    server.create(Table("zeros", columns, ("k",)))
    server.execute(
        "set sql_mode = ''",
        "insert into zeros values ('2024-01-01', '2024-01-01', '2024-01-01', '2024-01-01'),"
        " ('2024-01-02', '0000-00-00', null, null), ('2024-01-03', null, '0000-00-00', null),"
        " ('2024-01-04', null, null, '0000-00-00'), ('2024-01-05', '2024-02-00', null, null),"
        " ('0000-00-00', null, null, null), ('2024-01-06', null, null, null)",
    )
    landing.feed("zeros", page_rows=2)

    result = landing.run("zeros")

    assert (result.rows_inserted, result.rows_rejected) == (2, 5)
    assert [row[0] for row in landing.lv0("zeros")] == ["2024-01-01", "2024-01-06"]


def test_only_indexes_that_deliver_the_column_s_own_order_count(
    server: Server, landing: Landing
) -> None:
    server.execute(
        "create table indexed (id int primary key, a varchar(50), b int, e enum('z', 'a'),"
        " unique key of_b (b), key of_a_and_b (a, b), key of_part (a(3)), key of_hash (e, b),"
        " fulltext key of_words (a))"
    )
    with closing(landing.source()) as source:
        shape = source.describe(landing.extract("indexed"))

    assert shape.primary_key == ("id",)
    assert set(shape.indexes) == {
        Index(("id",), True),
        Index(("b",), True),
        Index(("a", "b"), False),
        # MySQL orders an enum by number, and compares it as text.
        Index(("b", "e"), False),
    }


def test_a_stream_that_is_left_early_frees_its_connection(server: Server, landing: Landing) -> None:
    with closing(landing.source()) as source:
        batches = source.read(Statement(_MANY), [])
        first = next(batches)
        batches.close()  # type: ignore[attr-defined]
        again = list(source.read(Statement("select 1"), []))

    assert first.num_rows == 500
    assert [batch.num_rows for batch in again] == [1]


def test_a_connection_that_is_killed_is_worth_another_try(server: Server, landing: Landing) -> None:
    with closing(landing.source()) as source, closing(landing.source()) as other:
        batches = source.read(Statement(_MANY), [])
        next(batches)
        ((number,),) = other.texts(
            Statement(
                "select id from information_schema.processlist"
                " where info like '%%seq_1_to_200000' and id <> connection_id()"
            )
        )
        server.execute(f"kill {number}")
        with pytest.raises(TransientError) as caught:
            list(batches)

    assert "\n" not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server, landing: Landing) -> None:
    connection = Project.find(landing.home).connection("erp")
    unknown = replace(connection, options={})
    trusting = replace(connection, options={"trust_server_certificate": "yes"})
    plain = replace(connection, options={"encrypt": "no"})

    with pytest.raises(ConfigurationError, match="ca_file"):
        open_source(unknown, None)
    ciphers = []
    for chosen in (connection, trusting, plain):
        with closing(open_source(chosen, None)) as source:
            ((_, cipher),) = source.texts(Statement("show status like 'Ssl_cipher'"))
            ciphers.append(bool(cipher))
    assert ciphers == [True, True, False]


def test_the_session_is_in_utc_whatever_the_server_is_in(server: Server, landing: Landing) -> None:
    with closing(landing.source()) as source:
        found = source.texts(Statement("select @@global.time_zone, @@session.time_zone"))

    assert found == [("+09:00", "+00:00")]


def test_expressions_keep_their_types(server: Server, landing: Landing) -> None:
    server.create(Table("typed", {"k": Kind.INTEGER, "v": Kind.TEXT}, ("k",), rows=[(7, "한")]))
    expressions = {
        "whole": "k * 2", "exact": "k / 3", "double": "k * 0.5e0", "day": "date('2024-01-01')",
        "moment": "cast('2024-01-01 10:00:00.5' as datetime(3))", "hidden": "aes_encrypt(v, 'x')",
        "shown": "concat(v, '!')", "hex": "hex(v)", "is_true": "k > 5", "nothing": "null",
        "percent": "concat('100%', v)",
    }  # fmt: skip
    landing.feed("typed", exclude="v", expressions=expressions)

    landing.run("typed")

    assert landing.columns("typed") == {
        "k": "integer", "whole": "bigint", "exact": "numeric(15,4)", "double": "double precision",
        "day": "date", "moment": "timestamp(6) without time zone", "hidden": "bytea",
        "shown": "text", "hex": "text", "is_true": "bigint", "nothing": "bytea", "percent": "text",
    }  # fmt: skip
    (row,) = landing.lv0("typed")
    assert row[:6] == ("7", "14", "2.3333", "3.5", "2024-01-01", "2024-01-01 10:00:00.5")
    assert row[7:] == ("한!", "ED959C", "1", None, "100%한")


def test_a_schema_of_another_name_is_read_and_a_missing_one_is_told(
    server: Server, landing: Landing
) -> None:
    server.execute(
        "create database other_schema",
        "create table other_schema.t (id int primary key)",
        "insert into other_schema.t values (1)",
    )
    landing.feed("elsewhere", table="t", schema="other_schema")
    landing.run("elsewhere")

    assert landing.lv0("elsewhere") == texts_of([(1,)])
    landing.feed("elsewhere", table="t", schema="nowhere")
    with pytest.raises(SourceError, match="nowhere"):
        landing.run("elsewhere")
