"""Rounds of changes to the sample ERP, and the report of what they touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from sandbox.erp.sample import CODES, RENTAL, read_marker, run_file
from sandbox.postgres import EmbeddedPostgres, SandboxError

__all__ = ["FEEDS", "ErpChange", "TableChange", "change"]

FEEDS = (
    "rental.v_customer",
    "rental.r_order_contract",
    "rental.r_order_contract_add",
    "rental.r_service_receipt",
    "rental.r_goods",
    "rental.r_order_cust_info",
    "rental.r_contract_cancel_receipt",
    "rental.r_contract_move_receipt",
    "rental.v_erp_user",
    "rental.r_shipping_info",
    "rental.r_shipping_evaluation",
    "rental.r_service_evaluation",
    "rental.r_prod_symptom_dtl",
    "rental.r_prod_symptom_sml",
    "rental.r_call_group",
    "rental.r_install_fee",
    "rental.r_promotion",
    "rental.r_experience_reservation",
    "rental.v_sales_lounge",
    "rental.r_exhibition_visit_history",
    "rental.r_trans_homepage",
    "rental.r_acq_intro",
    "rental.r_biz_msg_template",
    "rental.r_crm_info",
    "rental.v_home_care",
    "unierp5.b_minor",
)

# By hc object, the query that counts its records which a round has touched.
_HC_WRITES: Mapping[str, LiteralString] = {
    # An account shows more than its row of V_CUSTOMER: what an order, a call or a twin changes.
    "account": """
        select count(*) from (
            select key from touched where feed = 'rental.v_customer'
            union
            select coalesce(a.cust_no, b.cust_no)
            from accounts_before as b
            full join sample.accounts as a on b.cust_no = a.cust_no
            where a is distinct from b
        ) as written
    """,
    # An ADD row alone makes no opportunity: only orders that R_ORDER_CONTRACT has, or had, count.
    "opportunity": """
        select count(distinct key) from touched
        where feed in ('rental.r_order_contract', 'rental.r_order_contract_add')
            and (
                exists (select 1 from dbo.r_order_contract as o where o.order_no = key)
                or exists (
                    select 1 from sample.gone as g
                    where g.feed = 'rental.r_order_contract' and g.key = touched.key
                )
            )
    """,
    "product2": "select count(*) from touched where feed = 'rental.r_goods'",
    "service_receipt": "select count(*) from touched where feed = 'rental.r_service_receipt'",
    "contract_cancel_receipt": (
        "select count(*) from touched where feed = 'rental.r_contract_cancel_receipt'"
    ),
    "contract_move_receipt": (
        "select count(*) from touched where feed = 'rental.r_contract_move_receipt'"
    ),
    "shipping_info": "select count(*) from touched where feed = 'rental.r_shipping_info'",
    "shipping_evaluation": (
        "select count(*) from touched where feed = 'rental.r_shipping_evaluation'"
    ),
    "service_evaluation": "select count(*) from touched where feed = 'rental.r_service_evaluation'",
    "promotion": "select count(*) from touched where feed = 'rental.r_promotion'",
    "bbs_map": "select count(*) from touched where feed = 'rental.v_sales_lounge'",
    # A reservation that was a contract when it was first seen never becomes a lead.
    "lead": """
        select count(*) from touched
        where feed = 'rental.r_experience_reservation'
            and key in (select key from leads_before union select key from sample.leads)
    """,
    "experience_reservation_customer": """
        select count(*)
        from reserving_before as b
        full join sample.reserving_persons as a on b.person = a.person
        where b is distinct from a
    """,
    "exhibition_visit_customer": """
        select count(*)
        from visiting_before as b
        full join sample.visiting_persons as a on b.person = a.person
        where b is distinct from a
    """,
    "exhibition_visit_history": """
        select count(*) from touched where feed = 'rental.r_exhibition_visit_history'
    """,
}
# In this order, as later ones may look at what earlier ones touched.
_FILES = (
    "change_begin.sql",
    "change_orders.sql",
    "change_customers.sql",
    "change_service.sql",
    "change_contract.sql",
    "change_visit.sql",
)


@dataclass(frozen=True)
class TableChange:
    """How many rows of one table a round inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class ErpChange:
    """What one round of changes did, and what Heroku Connect should hear of it.

    Attributes:
        round: counts from 1 for each sample.
        tables: by feed name; rows of V_CUSTOMER are rows of the view.
        hc_writes: by hc object, the writes that a run after this round alone should make.
    """

    round: int
    tables: Mapping[str, TableChange]
    hc_writes: Mapping[str, int]

    def to_dict(self) -> dict[str, object]:
        """The report as JSON takes it."""
        return {
            "round": self.round,
            "tables": {
                feed: {"inserted": t.inserted, "updated": t.updated, "deleted": t.deleted}
                for feed, t in self.tables.items()
            },
            "hc_writes": dict(self.hc_writes),
        }

    def to_text(self) -> str:
        """The report as two small tables."""
        lines = [f"{f'change {self.round}':<34}{'inserted':>10}{'updated':>10}{'deleted':>10}"]
        lines += [
            f"{feed:<34}{t.inserted:>10,}{t.updated:>10,}{t.deleted:>10,}"
            for feed, t in self.tables.items()
        ]
        lines += ["", f"{'expected in hc':<34}{'writes':>10}"]
        lines += [f"{name:<34}{writes:>10,}" for name, writes in self.hc_writes.items()]
        return "\n".join(lines)


def change(postgres: EmbeddedPostgres, seed: int | None = None) -> ErpChange:
    """Applies the next round of changes to the sample, one transaction per database.

    Every update changes, for its row, a column that the models carry to Salesforce. A row is
    touched at most once. Some of the inserted orders have keys that sort into the middle.

    Args:
        postgres: a running cluster with a built sample.
        seed: chooses the rows; the sample's own seed where it is None.

    Raises:
        SandboxError: there is no sample.
    """
    marker = read_marker(postgres)
    if marker is None:
        raise SandboxError("Database RENTAL holds no sample ERP to change. Run `make run` first.")
    draw_seed = marker.seed if seed is None else seed
    with (
        psycopg.connect(postgres.url(RENTAL)) as rental,
        psycopg.connect(postgres.url(CODES)) as codes,
    ):
        # Taken first, the marker's row makes rounds wait for each other.
        [number] = _row(rental, b"update sample.state set round = round + 1 returning round")
        for connection in (rental, codes):
            connection.execute(
                "select set_config('sample.round', %s, true),"
                " set_config('sample.draw_seed', %s, true)",
                (str(number), str(draw_seed)),
            )
        for file in _FILES:
            run_file(rental, file)
        found = run_file(codes, "change_codes.sql").fetchone()
        new_codes = int(found[0]) if found else 0
        writes = {name: _row(rental, query.encode())[0] for name, query in _HC_WRITES.items()}
        counts = _counts(rental)
    tables = {feed: counts.get(feed, TableChange()) for feed in FEEDS}
    return ErpChange(
        round=number,
        tables=tables | {"unierp5.b_minor": TableChange(inserted=new_codes)},
        hc_writes=writes,
    )


def _counts(connection: psycopg.Connection) -> dict[str, TableChange]:
    rows = connection.execute(
        "select feed,"
        " count(*) filter (where action = 'inserted'),"
        " count(*) filter (where action = 'updated'),"
        " count(*) filter (where action = 'deleted')"
        " from touched group by feed"
    ).fetchall()
    return {str(feed): TableChange(*map(int, counts)) for feed, *counts in rows}


def _row(connection: psycopg.Connection, statement: bytes) -> tuple[int, ...]:
    row = connection.execute(statement).fetchone()
    assert row is not None  # each of these statements yields one row
    return tuple(int(value) for value in row)
