"""The warehouse of a mirror of a few rows, as the tests of this folder ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from psycopg.rows import dict_row

from sandbox.postgres import EmbeddedPostgres

__all__ = ["DATABASE", "KEYS", "ONE", "ROOT", "TWO", "Row", "Stair", "Writes"]

ROOT = Path(__file__).resolve().parents[3]
DATABASE = "dbt_models"
KEYS = {
    "account": "erp_customer_id__c",
    "bbs_map": "erp_lounge_code__c",
    "contract_cancel_receipt": "erp_cancel_receipt_no__c",
    "contract_move_receipt": "erp_move_receipt_no__c",
    "exhibition_visit_customer": "erp_person_id__c",
    "exhibition_visit_history": "erp_visit_no__c",
    "experience_reservation_customer": "erp_person_id__c",
    "lead": "erp_reservation_id__c",
    "opportunity": "erp_order_no__c",
    "product2": "erp_goods_code__c",
    "promotion": "erp_promotion_code__c",
    "public_institution": "institution_key__c",
    "service_evaluation": "erp_evaluation_no__c",
    "service_receipt": "erp_receipt_no__c",
    "shipping_evaluation": "erp_evaluation_no__c",
    "shipping_info": "erp_shipping_no__c",
}

# Whoever owns 010-0000-0001, and 010-0000-0002.
ONE = "M8b4c1b66d55695c47c447e3e43218cfb"
TWO = "M24ea61cfb1f5f2e55439f32e1443f7c8"

Row = dict[str, Any]
# Object and external id -> the kind of write and the new values of what it wrote.
Writes = Mapping[tuple[str, str], tuple[str, Mapping[str, object]]]


@dataclass(frozen=True)
class Stair:
    """The warehouse of these tests, and a folder for what dbt writes besides it."""

    cluster: EmbeddedPostgres
    target: Path

    @property
    def url(self) -> str:
        return self.cluster.url(DATABASE)

    def execute(self, statements: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statements.encode())

    def rows(self, query: str, *values: object) -> list[Row]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def dbt(self, *command: str) -> None:
        """Runs dbt; fails where it fails, and where it has anything to complain of."""
        assert self.complaints(*command) == []

    def complaints(self, *command: str) -> list[str]:
        """Runs dbt and returns what it has to complain of."""
        complaints: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level in ("warn", "error"):
                complaints.append(event.info.msg)

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STAIRWAY_PORT", str(self.cluster.port))
            patch.setenv("STAIRWAY_DBNAME", DATABASE)
            outcome = dbtRunner(callbacks=[listen]).invoke(
                [
                    *command, "--project-dir", str(ROOT), "--profiles-dir", str(ROOT),
                    "--target-path", str(self.target), "--log-level-file", "none", "--quiet",
                ]
            )  # fmt: skip
        assert outcome.exception is None
        assert outcome.success == (complaints == [])
        return complaints

    def statuses(self) -> dict[str, str]:
        """By name, how each node of the last invocation ended."""
        content = json.loads((self.target / "run_results.json").read_text(encoding="utf-8"))
        return {each["unique_id"].split(".")[2]: each["status"] for each in content["results"]}

    def versions(self) -> dict[str, list[tuple[str, bool]]]:
        """By customer, the versions of its history in order: the name, and whether it is closed."""
        found: dict[str, list[tuple[str, bool]]] = {}
        for row in self.rows(
            "select customer_no, customer_name, dbt_valid_to is not null as is_closed"
            " from lv2.customer_history order by customer_no, dbt_valid_from"
        ):
            version = (row["customer_name"], row["is_closed"])
            found.setdefault(row["customer_no"], []).append(version)
        return found

    def hc(self, table: str) -> dict[str, Row]:
        key = KEYS[table]
        return {row[key]: row for row in self.rows(f"select * from hc.{table} order by {key}")}

    def writes_of(self, *command: str) -> Writes:
        """Runs dbt and returns what it queued for Salesforce, no-op writes included."""
        last = self.rows("select coalesce(max(id), 0) as id from hc._trigger_log")[0]["id"]
        self.dbt(*command)
        keys = {
            (table, row["id"]): row[key]
            for table, key in KEYS.items()
            for row in self.rows(f"select id, {key} from hc.{table} order by id")
        }
        log = self.rows("select * from hc._trigger_log where id > %s order by id", last)
        writes = {
            (row["table_name"], keys[row["table_name"], row["record_id"]]): (
                row["action"],
                row["values"],
            )
            for row in log
        }
        assert len(writes) == len(log), "a record was written more than once"
        return writes
