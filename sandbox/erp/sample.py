"""The sample ERP: databases RENTAL and UNIERP5, generated from a seed number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from sandbox.postgres import EmbeddedPostgres, SandboxError

__all__ = [
    "CODES",
    "DEFAULT_ROWS",
    "DEFAULT_SEED",
    "RENTAL",
    "Sample",
    "build",
    "read_marker",
    "run_file",
]

RENTAL = "RENTAL"
CODES = "UNIERP5"
DEFAULT_ROWS = 2000
DEFAULT_SEED = 20260101
# Below the first every kind of dirt no longer occurs; above the second the numbers of the orders
# meet those that stand for orders nobody entered.
_MIN_ROWS, _MAX_ROWS = 200, 5_000_000
_HERE = Path(__file__).parent
# What makes database RENTAL's tables, and the views that generate their rows.
_TABLES = (
    "rental.sql",
    "rental_service.sql",
    "rental_contract.sql",
    "rental_visit.sql",
)
_GENERATOR = (
    "helpers.sql",
    "fill_customers.sql",
    "fill_orders.sql",
    "fill_receipts.sql",
    "fill_service.sql",
    "fill_contract.sql",
    "accounts.sql",
    "fill_visit.sql",
    "fill_homepage.sql",
)
# Which row numbers each table gets. The ERP's users entered no ADD row for one order in fifty, and
# kept ADD rows of orders that are long gone.
_NUMBERS = {
    "r_goods": "generate_series(1, sample.goods()) as n",
    "b_cust": "generate_series(1, sample.customers()) as n",
    "b_cust_contact": "generate_series(1, sample.customers()) as n",
    "r_order_contract": "generate_series(1, sample.size()) as n",
    "r_order_contract_add": (
        "(select n from generate_series(1, sample.size()) as n where n % 50 <> 0"
        " union all select 9000000 + n from generate_series(0, sample.size() / 100) as n) as n"
    ),
    "r_service_receipt": "generate_series(1, sample.receipts()) as n",
    # A contact was given with three orders in four, and kept of orders that are long gone.
    "r_order_cust_info": (
        "(select n from generate_series(1, sample.size()) as n where n % 4 <> 1"
        " union all select 9000000 + n from generate_series(0, sample.size() / 100) as n) as n"
    ),
    "r_contract_cancel_receipt": "generate_series(1, sample.cancel_receipts()) as n",
    "r_contract_move_receipt": "generate_series(1, sample.move_receipts()) as n",
    "b_dept": "generate_series(1, sample.depts()) as n",
    "b_user": "generate_series(1, sample.users()) as n",
    "r_shipping_info": "generate_series(1, sample.shippings()) as n",
    "r_shipping_evaluation": "generate_series(1, sample.shipping_evaluations()) as n",
    "r_service_evaluation": "generate_series(1, sample.service_evaluations()) as n",
    "r_prod_symptom_hdr": "generate_series(0, 7) as n",
    "r_prod_symptom_dtl": "generate_series(0, 39) as n",
    "r_prod_symptom_sml": "generate_series(0, 79) as n",
    "r_call_group": "generate_series(1, 40) as n",
    "r_install_fee": "generate_series(0, 59) as n",
    "r_promotion": "generate_series(1, sample.promotions()) as n",
    "r_experience_reservation": "generate_series(1, sample.reservations()) as n",
    "b_sales_lounge": "generate_series(1, sample.lounges()) as n",
    "r_exhibition_visit_history": "generate_series(1, sample.visits()) as n",
    "r_trans_homepage": "generate_series(1, sample.size() * 3 / 20) as n",
    "r_acq_intro": "generate_series(1, sample.size() / 10) as n",
    "r_biz_msg_template": "generate_series(1, 30) as n",
    "r_crm_info": "generate_series(1, sample.size() / 4) as n",
    "r_home_care": "generate_series(1, sample.size() / 5) as n",
}


@dataclass(frozen=True)
class Sample:
    """What a database RENTAL holds: the arguments of its build, and the changes made since."""

    seed: int
    rows: int
    bad_decrypt: bool
    recipe: str
    round: int


def build(
    postgres: EmbeddedPostgres,
    rows: int = DEFAULT_ROWS,
    seed: int = DEFAULT_SEED,
    bad_decrypt: bool = False,
) -> bool:
    """Makes both databases with schema and data, unless this very sample is there already.

    The same arguments give the same data, whatever the clock. A sample that has been changed since
    counts as there; any other is replaced. An interrupted build leaves no marker and is made anew
    by the next call. NUL characters aren't part of the dirt, since Postgres allows none in a text;
    they occur in the bytea columns.

    Args:
        postgres: a running cluster.
        rows: number of orders, 200 to 5,000,000; the other large tables are of about that size.
        seed: any 64-bit integer.
        bad_decrypt: puts three telephone numbers in R_SERVICE_RECEIPT that FN_DEC refuses.

    Returns:
        Whether anything was built.

    Raises:
        SandboxError: `rows` is out of range.
    """
    if not _MIN_ROWS <= rows <= _MAX_ROWS:
        raise SandboxError(
            f"The sample ERP has {_MIN_ROWS:,} to {_MAX_ROWS:,} orders, not {rows:,}."
            " Choose another number of rows."
        )
    wanted = Sample(seed=seed, rows=rows, bad_decrypt=bad_decrypt, recipe=_recipe(), round=0)
    for database in (RENTAL, CODES):
        postgres.create_database(database)
    found = read_marker(postgres)
    if found is not None and replace(found, round=0) == wanted and _has_codes(postgres):
        return False
    with psycopg.connect(postgres.url(RENTAL), autocommit=True) as connection:
        # The marker goes first, so that a build which dies on its way is never taken for whole.
        connection.execute("drop schema if exists sample cascade")
    with psycopg.connect(postgres.url(CODES)) as connection:
        connection.execute("drop schema if exists dbo cascade")
        for file in ("unierp5.sql", "fill_codes.sql", "fill_sales.sql"):
            run_file(connection, file)
    with psycopg.connect(postgres.url(RENTAL)) as connection:
        connection.execute("drop schema if exists dbo cascade")
        for file in _TABLES:
            run_file(connection, file)
        _make_generator(connection, wanted)
        _fill(connection)
    return True


def read_marker(postgres: EmbeddedPostgres) -> Sample | None:
    """What database RENTAL holds; None where there is no sample, or not a whole one."""
    with psycopg.connect(postgres.url("postgres")) as connection:
        if not _is_true(
            connection, "select exists (select 1 from pg_database where datname = %s)", RENTAL
        ):
            return None
    with (
        psycopg.connect(postgres.url(RENTAL)) as connection,
        connection.cursor(row_factory=class_row(Sample)) as cursor,
    ):
        if not _has(connection, "sample.state"):
            return None
        return cursor.execute(
            "select seed, rows, bad_decrypt, recipe, round from sample.state"
        ).fetchone()


def run_file(connection: psycopg.Connection, name: str) -> psycopg.Cursor:
    """Runs the SQL file `name` beside this module; yields the result of its first statement."""
    return connection.execute((_HERE / name).read_bytes())


def _recipe() -> str:
    """A fingerprint of the generator: a sample of another version isn't this sample."""
    digest = hashlib.md5(usedforsecurity=False)
    for file in sorted(_HERE.glob("*.sql")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _has_codes(postgres: EmbeddedPostgres) -> bool:
    with psycopg.connect(postgres.url(CODES)) as connection:
        return _has(connection, "dbo.b_minor")


def _has(connection: psycopg.Connection, relation: str) -> bool:
    return _is_true(connection, "select to_regclass(%s) is not null", relation)


def _is_true(connection: psycopg.Connection, query: LiteralString, argument: str) -> bool:
    row = connection.execute(query, (argument,)).fetchone()
    return row is not None and bool(row[0])


def _make_generator(connection: psycopg.Connection, wanted: Sample) -> None:
    """Makes schema `sample`: the marker, the arguments as constants, the dice and the row views."""
    connection.execute("create schema sample")
    connection.execute(
        "create table sample.state (seed bigint not null, rows bigint not null,"
        " bad_decrypt boolean not null, recipe text not null, round integer not null)"
    )
    connection.execute(
        "insert into sample.state values (%s, %s, %s, %s, %s)",
        (wanted.seed, wanted.rows, wanted.bad_decrypt, wanted.recipe, wanted.round),
    )
    # Functions with a constant in them are folded away by the planner; a look into the marker's
    # table for each of millions of dice would not be.
    for name, kind, value in (
        ("seed", "bigint", wanted.seed),
        ("size", "bigint", wanted.rows),
        ("bad_decrypt", "boolean", wanted.bad_decrypt),
    ):
        connection.execute(
            sql.SQL(
                "create function sample.{}() returns {} language sql immutable parallel safe"
                " return {}::{}"
            ).format(sql.Identifier(name), sql.SQL(kind), sql.Literal(value), sql.SQL(kind))
        )
    for file in _GENERATOR:
        run_file(connection, file)


def _fill(connection: psycopg.Connection) -> None:
    for table, numbers in _NUMBERS.items():
        connection.execute("truncate sample.batch")
        connection.execute(f"insert into sample.batch select n from {numbers}".encode())
        connection.execute(f"insert into dbo.{table} select * from sample.{table}_rows".encode())
        connection.execute(f"analyze dbo.{table}".encode())
    connection.execute("truncate sample.batch")
