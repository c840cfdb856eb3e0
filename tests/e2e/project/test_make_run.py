"""The README's commands on a fresh copy of the project."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

from sandbox.postgres import EmbeddedPostgres
from tests.e2e.copies import dbt, run, sandbox, warehouse

# Objects of which each record is one row of one feed.
_OBJECTS = {
    "rental.r_contract_cancel_receipt": "contract_cancel_receipt",
    "rental.r_contract_move_receipt": "contract_move_receipt",
    "rental.r_exhibition_visit_history": "exhibition_visit_history",
    "rental.r_goods": "product2",
    "rental.r_promotion": "promotion",
    "rental.r_service_receipt": "service_receipt",
    "rental.r_service_evaluation": "service_evaluation",
    "rental.r_shipping_info": "shipping_info",
    "rental.r_shipping_evaluation": "shipping_evaluation",
    "rental.v_sales_lounge": "bbs_map",
}


def log_size(project: Path) -> int:
    """The number of entries that Heroku Connect has captured."""
    with warehouse(project) as connection:
        row = connection.execute("select count(*) from hc._trigger_log").fetchone()
    assert row is not None
    return int(row[0])


def test_a_change_in_the_erp_arrives_in_hc_exactly_once(project: Path) -> None:
    first = run(project)
    assert {row["layer"] for row in first["relations"]} == {"lv0", "lv1", "lv2", "hc"}
    assert first["changed"] and first["salesforce"]["refused"] == 0

    done = sandbox(project, "change")
    assert done.returncode == 0, done.stderr
    change = json.loads((project / ".sandbox" / "last_change.json").read_text())

    second = run(project)
    mirrored = {
        row["relation"]: {name: row[name] for name in ("inserted", "updated", "deleted")}
        for row in second["relations"]
        if row["layer"] == "lv0" and row["inserted"] + row["updated"] + row["deleted"]
    }
    assert mirrored == {feed.split(".")[1]: counts for feed, counts in change["tables"].items()}
    assert second["hc_writes"] == change["hc_writes"]
    for feed, name in _OBJECTS.items():
        assert second["hc_writes"][name] == sum(change["tables"][feed].values())

    before = log_size(project)
    third = run(project)
    assert not third["changed"]
    changes = ("inserted", "updated", "deleted")
    assert [row for row in third["relations"] if any(row[name] for name in changes)] == []
    assert log_size(project) == before


def test_a_feed_is_stale_once_it_has_missed_two_nights(project: Path) -> None:
    def aged(hours: int, feed: str) -> None:
        with warehouse(project) as connection:
            connection.execute(
                "update ops.feeds set last_published_at = last_published_at - %s where feed = %s",
                (timedelta(hours=hours), feed),
            )

    ages = {"rental.r_goods": 51, "address.address_master": 51, "public_data.school": 27}
    for feed, hours in ages.items():
        aged(hours, feed)
    try:
        port = EmbeddedPostgres(project / ".sandbox" / "postgres").port
        done = dbt(project, port, "source", "freshness")
    finally:
        for feed, hours in ages.items():
            aged(-hours, feed)

    assert done.returncode == 1
    said = re.findall(r"(PASS|WARN|ERROR STALE) freshness of (\S+)", done.stdout)
    assert {name: status for status, name in said if status != "PASS"} == {
        "rental.r_goods": "ERROR STALE",
        "address.address_master": "ERROR STALE",
        "public_data.school": "WARN",
    }
    assert len([name for status, name in said if status == "PASS"]) == 34


def test_the_feeds_that_do_not_depend_on_a_failed_one_still_arrive(project: Path) -> None:
    catalogue = project / "dbt_project" / "models" / "lv0" / "lv0_rental.yml"
    text = catalogue.read_text()
    broken = text.replace("table: R_GOODS", "table: R_GOOD")
    # Of this one addresses are looked up: those of the others are, too.
    catalogue.write_text(broken.replace("table: R_ORDER_CONTRACT_ADD", "table: R_ORDER_ADD"))
    assert sandbox(project, "change").returncode == 0
    try:
        done = sandbox(project, "run")
    finally:
        catalogue.write_text(text)

    assert done.returncode == 1
    assert "Table `dbo.R_GOOD` is not there" in done.stderr
    assert "Traceback" not in done.stderr
    summary = json.loads((project / ".sandbox" / "last_run.json").read_text())
    assert summary["hc_writes"]["account"] > 0
    assert summary["hc_writes"]["product2"] == 0
    rows = {f"{row['layer']}.{row['relation']}": row for row in summary["relations"]}
    assert "lv2.customer" in rows and "lv2.product" not in rows
    assert "lv1.order_address" not in rows and rows["lv1.address_master"]["inserted"] > 0


def test_a_missing_hc_table_stops_its_model_with_one_clear_line(project: Path) -> None:
    with warehouse(project) as connection:
        connection.execute("alter table hc.account rename to account_away")
    try:
        port = EmbeddedPostgres(project / ".sandbox" / "postgres").port
        done = dbt(project, port, "run", "-s", "hc__account", "hc__product2")
    finally:
        with warehouse(project) as connection:
            connection.execute("alter table hc.account_away rename to account")
    assert done.returncode == 1
    assert "hc.account does not exist, and only Heroku Connect may create it" in done.stdout
    assert "1 of 2" in done.stdout and "ERROR=1" in done.stdout
