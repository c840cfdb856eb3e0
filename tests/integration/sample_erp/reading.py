"""What the sample ERP holds, as the tests of this folder read it."""

from __future__ import annotations

import json

import psycopg

from sandbox.postgres import EmbeddedPostgres

__all__ = ["TABLES", "Table", "forget", "hashes", "read_all", "value"]

# By feed, which is <database>.<table>, the SQL of a row's key.
TABLES = {
    "rental.v_customer": "cust_no",
    "rental.r_order_contract": "order_no",
    "rental.r_order_contract_add": "order_no",
    "rental.r_service_receipt": "recept_no",
    "rental.r_goods": "goods_cd",
    "rental.r_order_cust_info": "order_no",
    "rental.r_contract_cancel_receipt": "cancel_recept_no",
    "rental.r_contract_move_receipt": "move_recept_no",
    "rental.v_erp_user": "usr_id",
    "rental.r_shipping_info": "ship_no",
    "rental.r_shipping_evaluation": "eval_seq",
    "rental.r_service_evaluation": "eval_seq",
    "rental.r_prod_symptom_hdr": "symptom_hdr_cd",
    "rental.r_prod_symptom_dtl": "symptom_dtl_cd",
    "rental.r_prod_symptom_sml": "symptom_sml_cd",
    "rental.r_call_group": "call_grp_cd",
    "rental.r_install_fee": "goods_grp_cd || '/' || install_type_cd || '/' || start_dt",
    "rental.r_promotion": "promotion_cd",
    "rental.r_experience_reservation": "order_no || '/' || seq",
    "rental.v_sales_lounge": "lounge_cd",
    "rental.r_exhibition_visit_history": "visit_no",
    "rental.r_trans_homepage": "trans_no",
    "rental.r_acq_intro": "intro_seq",
    "rental.r_biz_msg_template": "template_cd",
    "rental.r_crm_info": "zip_seq",
    "rental.v_home_care": "care_no",
    "unierp5.b_major": "major_cd",
    "unierp5.b_minor": "major_cd || '/' || minor_cd",
    "unierp5.b_sale_org": "sales_org",
    "unierp5.b_sales_grp": "sales_grp",
    "unierp5.b_item_group": "item_group_cd",
}
Table = dict[str, dict[str, str | int | float | bool | None]]


def forget(server: EmbeddedPostgres) -> None:
    """Takes the marker away, as an interrupted build leaves it."""
    server.create_database("RENTAL")
    with psycopg.connect(server.url("RENTAL")) as connection:
        connection.execute("drop schema if exists sample cascade")


def value(server: EmbeddedPostgres, query: str, database: str = "RENTAL") -> object:
    with psycopg.connect(server.url(database)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def hashes(server: EmbeddedPostgres) -> dict[str, object]:
    return _read(server, "md5(string_agg(t::text, '|' order by {key}))")


def read_all(server: EmbeddedPostgres) -> dict[str, Table]:
    found = _read(server, "jsonb_object_agg({key}, t)::text")
    return {feed: json.loads(str(rows)) for feed, rows in found.items()}


def _read(server: EmbeddedPostgres, selected: str) -> dict[str, object]:
    found = {}
    for feed, key in TABLES.items():
        database, table = feed.split(".")
        query = f"select {selected.format(key=key)} from dbo.{table} as t"
        found[feed] = value(server, query, database.upper())
    return found
