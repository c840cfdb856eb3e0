"""How the sample ERP is built again: what gives another one, and what is left alone."""

from __future__ import annotations

import psycopg
import pytest

from sandbox import erp
from sandbox.erp import sample as generator
from sandbox.postgres import EmbeddedPostgres, SandboxError
from tests.integration.sample_erp.reading import TABLES, forget, hashes, value


def test_bad_cipher_texts_are_there_only_when_asked_for(server: EmbeddedPostgres) -> None:
    count = (
        "select count(*) from dbo.r_service_receipt where tel_no not like 'ENC:%' and tel_no > ''"
    )
    erp.build(server, rows=300)
    assert value(server, count) == 0
    assert erp.build(server, rows=300, bad_decrypt=True)
    assert value(server, count) == 3
    with pytest.raises(psycopg.errors.DataException, match="FN_DEC"):
        value(server, "select max(dbo.fn_dec(tel_no)) from dbo.r_service_receipt")


def test_one_seed_gives_one_sample_and_another_seed_another(server: EmbeddedPostgres) -> None:
    forget(server)
    assert erp.build(server, rows=300)
    first = hashes(server)
    assert erp.build(server, rows=300, seed=-7)
    other = hashes(server)
    assert erp.build(server, rows=300)
    assert hashes(server) == first
    assert {feed for feed in TABLES if feed.startswith("rental.")} == {
        feed for feed in TABLES if first[feed] != other[feed]
    }


def test_a_sample_that_is_there_is_left_alone_even_after_changes(server: EmbeddedPostgres) -> None:
    forget(server)
    assert erp.build(server, rows=300)
    erp.change(server)
    changed = hashes(server)
    assert not erp.build(server, rows=300)
    assert hashes(server) == changed
    assert erp.build(server, rows=301)
    marker = erp.read_marker(server)
    assert marker is not None
    assert (marker.rows, marker.round) == (301, 0)
    assert value(server, "select count(*) from dbo.r_order_contract") == 301


def test_the_next_build_completes_an_interrupted_one(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp.build(server, rows=300)
    whole = hashes(server)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generator, "_fill", stop)
        with pytest.raises(KeyboardInterrupt):
            erp.build(server, rows=400)
    assert erp.read_marker(server) is None
    with pytest.raises(SandboxError, match="no sample ERP"):
        erp.change(server)
    assert erp.build(server, rows=300)
    assert hashes(server) == whole


def test_a_missing_code_database_is_made_anew(server: EmbeddedPostgres) -> None:
    erp.build(server, rows=300)
    codes = hashes(server)["unierp5.b_minor"]
    server.drop_database("UNIERP5")
    assert erp.build(server, rows=300)
    assert hashes(server)["unierp5.b_minor"] == codes


@pytest.mark.parametrize("rows", [199, 5_000_001])
def test_a_size_out_of_range_is_refused(server: EmbeddedPostgres, rows: int) -> None:
    with pytest.raises(SandboxError, match="orders"):
        erp.build(server, rows=rows)
