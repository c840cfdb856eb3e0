"""The project's own models on a mirror of a few rows: what reaches hc, and what a change writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from psycopg.rows import dict_row

from sandbox.heroku_connect import drain, install
from sandbox.heroku_connect.mappings import SYSTEM_COLUMNS
from sandbox.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
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
# An entity of lv2 and its history.
HISTORY = ("--select", "lv2_customer__customer", "lv2_customer__customer_history")
# Object and external id -> the kind of write and the new values of what it wrote.
Writes = Mapping[tuple[str, str], tuple[str, Mapping[str, object]]]


@dataclass(frozen=True)
class Stair:
    """The warehouse of these tests, and a folder for what dbt writes besides it."""

    url: str
    target: Path

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


@pytest.fixture(scope="module")
def stair(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stair]:
    postgres.create_database(DATABASE)
    stair = Stair(postgres.url(DATABASE), tmp_path_factory.mktemp("target"))
    for path in sorted((ROOT / "extract/migrations").glob("*.sql")):
        stair.execute(path.read_text(encoding="utf-8"))
    install(stair.url)
    for path in sorted(Path(__file__).parent.glob("small_mirror*.sql")):
        stair.execute(path.read_text(encoding="utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAIRWAY_PORT", str(postgres.port))
        patch.setenv("STAIRWAY_DBNAME", DATABASE)
        stair.dbt("build")
        yield stair


def test_institutions_of_all_lists_arrive_with_keys_that_tell_case_apart(stair: Stair) -> None:
    found = stair.hc("public_institution")
    assert {
        key: (row["institution_kind__c"], row["erp_deleted__c"]) for key, row in found.items()
    } == {
        "hospital-aB1=": ("Hospital", False),
        "hospital-ab1=": ("Hospital", False),
        "town_hall-1111053000": ("Town Hall", True),
    }
    assert found["hospital-aB1="]["longitude__c"] == 127.027619
    assert [row["opened_date__c"] for row in found.values()] == [date(1994, 11, 1), None, None]


def test_a_contract_arrives_clean_decoded_and_with_its_addition(stair: Stair) -> None:
    order = stair.hc("opportunity")["HI2001010001"]
    expected = {
        "account__erp_customer_id__c": "C1",
        "product__r__erp_goods_code__c": "G1",
        "name": "HI2001010001",
        "stagename": "Renting",
        "order_status_code__c": "60",
        "order_status_name__c": "렌탈중",
        "order_type_code__c": "R1",
        "order_type_name__c": None,
        "payment_method_code__c": "P1",
        "payment_day__c": 25,
        "install_address1__c": "서울 강남구 견본로 1",
        "description": "메모\n둘째 줄",
        "month_amount__c": 39900.5,
        "cancelled__c": False,
        "closedate": date(2020, 1, 1),
        "contract_start_date__c": date(2020, 1, 2),
        "contract_end_date__c": None,
        "install_date__c": date(2020, 1, 3),
        "erp_created_at__c": datetime(2019, 12, 31, 23, 0),
        "erp_deleted__c": False,
    }
    assert {field: order[field] for field in expected} == expected


def test_an_orphan_keeps_its_row_and_loses_its_references(stair: Stair) -> None:
    order = stair.hc("opportunity")["022001010002"]
    assert order["account__erp_customer_id__c"] is None
    assert order["product__r__erp_goods_code__c"] is None
    assert (order["order_status_code__c"], order["order_status_name__c"]) == ("99", None)
    assert (order["stagename"], order["closedate"]) == ("Unknown", date(2020, 1, 1))
    receipt = stair.hc("service_receipt")["SR2"]
    assert receipt["opportunity__r__erp_order_no__c"] is None
    assert receipt["account__r__erp_customer_id__c"] == "C1"
    assert receipt["memo__c"] is None
    assert "ON9999999999" not in stair.hc("opportunity")


def test_a_customer_arrives_clean_and_with_a_name(stair: Stair) -> None:
    accounts = stair.hc("account")
    assert {key: row["name"] for key, row in accounts.items()} == {
        "C1": "견본가", "C2": "C2", "C3": "견본다", "C4": "견본라", "C5": "견본라",
    }  # fmt: skip
    assert accounts["C1"]["email__c"] == "chair@example.com"
    assert accounts["C1"]["address1__c"] == "서울 강남구"
    assert accounts["C1"]["refined_address__c"] == "서울 강남구"
    assert (accounts["C1"]["region_2__c"], accounts["C1"]["longitude__c"]) == ("강남구", 127.036512)
    assert accounts["C1"]["birth_date__c"] == date(1980, 5, 5)
    assert accounts["C1"]["erp_created_at__c"] == datetime(2019, 12, 31, 15, 30)
    assert (accounts["C2"]["email__c"], accounts["C2"]["birth_date__c"]) == (None, None)
    # An order lends C2 what it lacks, and nothing to C1, which has a mobile of its own.
    assert (accounts["C1"]["phone"], accounts["C1"]["mobile_phone__c"]) == (None, "010-0000-0001")
    assert (accounts["C2"]["phone"], accounts["C2"]["mobile_phone__c"]) == (
        "02-0000-0002", "010-0000-0002",
    )  # fmt: skip
    assert accounts["C2"]["address1__c"] == "부산 보기로 2"


def test_a_customer_that_is_live_no_longer_keeps_its_account_and_says_why(stair: Stair) -> None:
    assert {
        key: (row["erp_removed__c"], row["erp_removal_reason__c"], row["erp_merged_into__c"])
        for key, row in stair.hc("account").items()
    } == {
        "C1": (False, None, None),
        "C2": (False, None, None),
        "C3": (False, None, None),
        "C4": (True, "Dormant", None),
        "C5": (True, "Merged", "C4"),
    }


def test_receipts_of_contracts_arrive_with_values_of_their_picklists(stair: Stair) -> None:
    cancels = stair.hc("contract_cancel_receipt")
    expected = {
        "account__r__erp_customer_id__c": "C1",
        "opportunity__r__erp_order_no__c": "HI2001010001",
        "status__c": "Received",
        "cancel_reason__c": "Moving",
        "cancel_reason_code__c": "02",
        "memo__c": "이사\n예정",
        "phone__c": None,
        "penalty__c": 100000,
        "refund__c": 0.5,
        "requested_end_date__c": date(2020, 3, 31),
        "collection_date__c": None,
        "received_at__c": datetime(2020, 2, 29, 23, 0),
        "erp_deleted__c": False,
    }
    assert {field: cancels["CR1"][field] for field in expected} == expected
    orphan = cancels["CR2"]
    assert (orphan["status__c"], orphan["cancel_reason__c"]) == ("Unknown", None)
    assert (orphan["opportunity__r__erp_order_no__c"], orphan["erp_deleted__c"]) == (None, True)
    moves = stair.hc("contract_move_receipt")
    assert {key: row["status__c"] for key, row in moves.items()} == {
        "MR1": "Completed", "MR2": "Unknown",
    }  # fmt: skip
    assert moves["MR1"]["from_address1__c"] == "서울 강남구 견본로 1"
    assert moves["MR1"]["to_address1__c"] == "부산 해운대구 보기로 2"
    assert moves["MR1"]["completed_at__c"] is None


def test_reservations_arrive_as_leads_of_persons(stair: Stair) -> None:
    leads = stair.hc("lead")
    # EX2 was a contract when it was first seen.
    assert {
        key: (lead["lastname"], lead["company"], lead["status"], lead["leadsource"])
        for key, lead in leads.items()
    } == {
        "EX1-1": ("견본가", "개인", "Reserved", "TV"),
        "EX1-2": ("견본 가", "개인", "Unknown", "Unknown"),
        "EX3-1": ("EX3-1", "개인", "Unknown", None),
    }
    assert leads["EX1-1"]["reserved_at__c"] == datetime(2020, 1, 5, 1, 0)
    assert leads["EX1-2"]["product__r__erp_goods_code__c"] is None
    person = "experience_reservation_customer__r__erp_person_id__c"
    assert leads["EX1-1"][person] == leads["EX1-2"][person] == ONE
    persons = stair.hc("experience_reservation_customer")
    assert {
        key: (row["name"], row["reservation_count__c"], row["contract_count__c"])
        for key, row in persons.items()
    } == {ONE: ("견본 가", 2, 0), TWO: ("견본나", 1, 1), "REX3-1": ("EX3-1", 1, 0)}


def test_visits_arrive_below_their_visitor_and_lounge(stair: Stair) -> None:
    [visitor] = stair.hc("exhibition_visit_customer").values()
    assert (visitor["erp_person_id__c"], visitor["visit_count__c"]) == (ONE, 2)
    # The second visit isn't booked on the customer; the first one says who it is.
    assert visitor["account__r__erp_customer_id__c"] == "C1"
    assert (visitor["email__c"], visitor["marketing_consent__c"]) == ("visit@example.com", False)
    visits = stair.hc("exhibition_visit_history")
    lounges = {key: row["bbs_map__r__erp_lounge_code__c"] for key, row in visits.items()}
    assert lounges == {"EV1": "SL1", "EV2": None}
    assert (visits["EV1"]["visit_status__c"], visits["EV1"]["visit_route__c"]) == (
        "Visited",
        "Walk-in",
    )
    [lounge] = stair.hc("bbs_map").values()
    assert (lounge["opening_hours__c"], lounge["latitude__c"]) == ("10:00-19:30", 37.5)
    assert lounge["closing_date__c"] is None


def test_an_opportunity_names_a_promotion_that_is_there_deleted_or_not(stair: Stair) -> None:
    promotions = stair.hc("promotion")
    assert promotions["PM1"]["name"] == "봄 할인"
    assert promotions["PM1"]["promotion_type__c"] == "Discount"
    assert (promotions["PM2"]["name"], promotions["PM2"]["erp_deleted__c"]) == ("PM2", True)
    orders = stair.hc("opportunity")
    assert orders["HI2001010001"]["promotion__r__erp_promotion_code__c"] == "PM2"
    assert orders["K22001010003"]["promotion__r__erp_promotion_code__c"] is None


def test_a_row_that_the_erp_deleted_arrives_with_its_flag(stair: Stair) -> None:
    order = stair.hc("opportunity")["822001010005"]
    assert (order["erp_deleted__c"], order["cancelled__c"]) == (True, True)
    # A deleted code goes on naming what holds it.
    assert stair.hc("service_receipt")["SR1"]["service_status_name__c"] == "처리완료"


def test_a_shipping_and_what_was_said_about_it_arrive(stair: Stair) -> None:
    shippings = stair.hc("shipping_info")
    expected = {
        "account__r__erp_customer_id__c": "C1",
        "opportunity__r__erp_order_no__c": "HI2001010001",
        "product__r__erp_goods_code__c": "G1",
        "service_receipt__r__erp_receipt_no__c": "SR1",
        "status__c": "Delivered",
        "shipping_status_name__c": "배송완료",
        "address1__c": "서울 강남구",
        "shipping_amount__c": 30000.5,
        "cancelled__c": False,
        "desired_date__c": date(2020, 2, 5),
        "completed_at__c": datetime(2020, 2, 5, 1, 30),
    }
    assert {field: shippings["SH1"][field] for field in expected} == expected
    orphan = shippings["SH2"]
    assert (orphan["opportunity__r__erp_order_no__c"], orphan["status__c"]) == (None, "Unknown")
    assert (orphan["shipped_at__c"], orphan["erp_deleted__c"]) == (None, True)

    about_shipping = stair.hc("shipping_evaluation")["1"]
    # A shipping that the ERP deleted is still there to be referred to.
    assert about_shipping["shipping_info__r__erp_shipping_no__c"] == "SH2"
    assert (about_shipping["grade__c"], about_shipping["total_score__c"]) == (
        "Very Satisfied",
        4.25,
    )
    assert about_shipping["kindness_score__c"] is None
    assert about_shipping["recommendation_score__c"] == 0
    about_service = stair.hc("service_evaluation")["1"]
    assert about_service["service_receipt__r__erp_receipt_no__c"] is None
    assert about_service["account__r__erp_customer_id__c"] == "C2"
    assert (about_service["grade__c"], about_service["evaluated_at__c"]) == ("Unknown", None)


def test_a_symptom_is_named_on_each_level_that_is_listed(stair: Stair) -> None:
    names = [f"symptom_{level}_name__c" for level in ("big", "mid", "small")]
    receipts = stair.hc("service_receipt")
    assert [receipts["SR1"][name] for name in names] == ["소음", "작동 이상", None]
    assert [receipts["SR2"][name] for name in names] == [None, "작동 이상", "설치 직후"]
    codes = stair.rows(
        "select column_name, code_list, code, row_count from lv2.unknown_code"
        " where column_name ~ 'symptom' order by column_name, code"
    )
    assert [tuple(row.values()) for row in codes] == [
        ("symptom_big_code", "r_svc_type_big", "H8", 1)
    ]


def test_unlisted_codes_are_listed_for_their_keepers(stair: Stair) -> None:
    codes = stair.rows(
        "select entity, column_name, code, row_count from lv2.unknown_code"
        " where entity in ('order', 'product', 'service_receipt') and column_name ~ 'status|goods'"
        " order by entity, column_name, code"
    )
    assert [tuple(row.values()) for row in codes] == [
        ("order", "order_status_code", "99", 1),
        ("product", "goods_group_code", "X9", 1),
        ("service_receipt", "service_status_code", "X9", 1),
    ]


def test_a_column_in_which_many_codes_decode_to_nothing_stops_its_model(stair: Stair) -> None:
    test = ("test", "--select", "lv2_product__product_codes_decode")
    stair.dbt(*test)
    stair.execute("""
        insert into lv2.product (goods_code, goods_group_code, goods_group_name)
        select 'T' || n, case when n <= 20 then 'Y' || n % 2 else 'C1' end,
            case when n > 20 then '안마의자' end
        from generate_series(1, 120) as n
    """)
    try:
        complaints = "".join(stair.complaints(*test))
    finally:
        stair.execute("delete from lv2.product where goods_code like 'T%'")
    # One of each code: Y0, Y1, and X9 of the article that is there.
    assert "Got 3 results, configured to fail if != 0" in complaints


def test_the_ymls_describe_exactly_the_columns_that_the_relations_have(stair: Stair) -> None:
    manifest = json.loads((stair.target / "manifest.json").read_text(encoding="utf-8"))
    for name, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] not in ("model", "seed", "snapshot"):
            continue
        columns = stair.rows(
            "select column_name from information_schema.columns"
            " where table_schema = %s and table_name = %s order by ordinal_position",
            node["schema"], node["alias"],
        )  # fmt: skip
        present = {row["column_name"] for row in columns}
        if node["schema"] == "hc":
            present -= set(SYSTEM_COLUMNS)
        assert set(node["columns"]) == present, name


def test_salesforce_accepts_every_row(stair: Stair) -> None:
    report = drain(stair.url)
    assert dict(report.refused) == {}
    assert report.accepted == {name: len(stair.hc(name)) for name in KEYS}


def test_each_changed_row_of_the_erp_is_one_write_of_what_changed(stair: Stair) -> None:
    stair.execute("""
        -- Each feed is published at a time of its own, and ADD before the contracts.
        update lv0.r_order_contract_add set install_addr1 = '서울  이전로 9',
            _extracted_at = '2026-01-02 00:04+00' where order_no = 'HI2001010001';
        insert into lv0.r_order_contract_add values
            ('ON2001010004', null, null, '새 주소', null, 'P1', 5, '2026-01-02', '2026-01-02',
             '2026-01-02 00:04+00', null);
        update lv0.r_order_contract_add set _deleted_at = '2026-01-02 00:04+00',
            _extracted_at = '2026-01-02 00:04+00' where order_no = 'K22001010003';
        -- A contract that goes together with its addition.
        update lv0.r_order_contract set _deleted_at = '2026-01-02 00:03+00',
            _extracted_at = '2026-01-02 00:03+00' where order_no = 'K22001010003';
        -- A contract that comes back, and one of which Salesforce gets nothing that changed.
        update lv0.r_order_contract set _deleted_at = null,
            _extracted_at = '2026-01-02 00:03+00' where order_no = '822001010005';
        update lv0.r_order_contract set happy_call_memo = '통화', updt_dt = '2026-01-02',
            remark = '  ', _extracted_at = '2026-01-02 00:03+00' where order_no = '022001010002';
        insert into lv0.r_order_contract values
            ('HI2001010000', 'C5', 'G1', '20', null, null, '2026-01-01', null, null, 10000, null,
             null, null, 'N', null, null, '2026-01-01', '2026-01-01', '2026-01-02 00:03+00', null);
        -- Parents of rows that don't change: their children are not written.
        update lv0.v_customer set _deleted_at = '2026-01-02 00:02+00',
            _extracted_at = '2026-01-02 00:02+00' where cust_no = 'C3';
        update lv0.v_customer set cust_nm = '새이름', _extracted_at = '2026-01-02 00:02+00'
            where cust_no = 'C1';
        update lv0.r_order_cust_info set tel_no = '02-0000-0003',
            _extracted_at = '2026-01-02 00:02+00' where order_no = 'K22001010003';
        update lv0.r_goods set month_price_amt = 42900, _extracted_at = '2026-01-02 00:02+00';
        update lv0.r_service_receipt set recept_memo = '재통화', _extracted_at =
            '2026-01-02 00:02+00' where recept_no = 'SR2';
        -- A late answer about a shipping, and a shipping that is of interest to nobody else.
        update lv0.r_shipping_evaluation set kind_score_qty = 2, _extracted_at =
            '2026-01-02 00:02+00';
        update lv0.r_shipping_info set ship_status_cd = '2', _extracted_at =
            '2026-01-02 00:02+00' where ship_no = 'SH1';
    """)
    assert stair.writes_of("run") == {
        ("account", "C1"): ("UPDATE", {"name": "새이름"}),
        ("account", "C2"): ("UPDATE", {"phone": "02-0000-0003"}),
        ("account", "C3"): (
            "UPDATE",
            {"erp_deleted__c": True, "erp_removed__c": True, "erp_removal_reason__c": "Gone"},
        ),
        # The new order is of C5, which C4 stands for.
        ("account", "C4"): ("UPDATE", {"erp_removed__c": False, "erp_removal_reason__c": None}),
        ("product2", "G1"): ("UPDATE", {"month_price__c": 42900}),
        ("opportunity", "822001010005"): ("UPDATE", {"erp_deleted__c": False}),
        ("opportunity", "K22001010003"): ("UPDATE", {"erp_deleted__c": True}),
        ("opportunity", "HI2001010001"): ("UPDATE", {"install_address1__c": "서울 이전로 9"}),
        ("opportunity", "ON2001010004"): (
            "UPDATE",
            {
                "install_address1__c": "새 주소",
                "payment_day__c": 5,
                "payment_method_code__c": "P1",
            },
        ),
        ("opportunity", "HI2001010000"): (
            "INSERT",
            {
                "erp_order_no__c": "HI2001010000",
                "account__erp_customer_id__c": "C5",
                "product__r__erp_goods_code__c": "G1",
                "name": "HI2001010000",
                "stagename": "Contracted",
                "order_status_code__c": "20",
                "order_status_name__c": "계약",
                "month_amount__c": 10000,
                "cancelled__c": False,
                "erp_deleted__c": False,
                "closedate": "2026-01-01",
                "erp_created_at__c": "2025-12-31T15:00:00",
            },
        ),
        ("service_receipt", "SR2"): ("UPDATE", {"memo__c": "재통화"}),
        ("shipping_evaluation", "1"): ("UPDATE", {"kindness_score__c": 2}),
        ("shipping_info", "SH1"): (
            "UPDATE",
            {
                "status__c": "In Delivery",
                "shipping_status_code__c": "2",
                "shipping_status_name__c": None,
            },
        ),
    }


def test_a_lead_is_converted_and_a_corrected_number_leaves_its_person_behind(
    stair: Stair,
) -> None:
    stair.execute("""
        update lv0.r_experience_reservation set contract_yn = 'Y', contract_date = '2026-01-02',
            contract_order_no = 'HI2001010001', _extracted_at = '2026-01-02 00:05+00'
            where order_no = 'EX1' and seq = 1;
        update lv0.r_experience_reservation set tel_no2 = '010-0000-0001',
            _extracted_at = '2026-01-02 00:05+00' where order_no = 'EX2';
        update lv0.r_experience_reservation set _deleted_at = '2026-01-02 00:05+00',
            _extracted_at = '2026-01-02 00:05+00' where order_no = 'EX3';
        update lv0.r_exhibition_visit_history set hand_tel_no = '010-0000-0002',
            _extracted_at = '2026-01-02 00:05+00' where visit_no = 'EV1';
    """)
    writes = stair.writes_of("run")
    persons = "experience_reservation_customer"
    assert writes == {
        ("lead", "EX1-1"): (
            "UPDATE",
            {
                "status": "Converted",
                "opportunity__r__erp_order_no__c": "HI2001010001",
                "contract_date__c": "2026-01-02",
            },
        ),
        ("lead", "EX3-1"): ("UPDATE", {"erp_deleted__c": True}),
        # EX2's number was TWO's: nothing is left of that person.
        (persons, TWO): ("UPDATE", {"erp_deleted__c": True}),
        (persons, ONE): ("UPDATE", {"reservation_count__c": 3, "contract_count__c": 2}),
        (persons, "REX3-1"): ("UPDATE", {"erp_deleted__c": True, "reservation_count__c": 0}),
        ("exhibition_visit_customer", TWO): (
            "INSERT",
            writes["exhibition_visit_customer", TWO][1],
        ),
        ("exhibition_visit_customer", ONE): (
            "UPDATE",
            {
                "account__r__erp_customer_id__c": None,
                "visit_count__c": 1,
                "first_visited_at__c": "2020-01-06T01:00:00",
            },
        ),
        ("exhibition_visit_history", "EV1"): (
            "UPDATE",
            {"exhibition_visit_customer__r__erp_person_id__c": TWO},
        ),
    }
    # Back again: the person is there as before, and the lead stays what it was.
    stair.execute("""
        update lv0.r_experience_reservation set tel_no2 = '01000000002',
            _extracted_at = '2026-01-02 00:06+00' where order_no = 'EX2';
        update lv0.r_exhibition_visit_history set hand_tel_no = '01000000001',
            _extracted_at = '2026-01-02 00:06+00' where visit_no = 'EV1';
    """)
    assert set(stair.writes_of("run")) == {
        (persons, ONE),
        (persons, TWO),
        ("exhibition_visit_customer", ONE),
        ("exhibition_visit_customer", TWO),
        ("exhibition_visit_history", "EV1"),
    }
    assert stair.hc("exhibition_visit_customer")[TWO]["erp_deleted__c"] is True
    assert stair.hc("lead")["EX1-1"]["status"] == "Converted"


def test_a_renamed_code_a_late_row_of_a_publish_and_a_late_answer_arrive(stair: Stair) -> None:
    stair.execute("""
        update lv0.b_minor set minor_nm = '렌탈 중', _extracted_at = '2026-01-03 00:00+00'
            where major_cd = 'R0001' and minor_cd = '60';
        update lv0.r_prod_symptom_hdr set symptom_hdr_nm = '이상음', _extracted_at =
            '2026-01-03 00:00+00';
        update lv0.r_service_receipt set recept_memo = '늦은 메모', _extracted_at =
            (select max(_extracted_at) from lv0.r_service_receipt) where recept_no = 'SR3';
        insert into lv1.address_master
            (raw_address, accuracy, address_name, zone_no, asked_at, _extracted_at)
            values ('서울 이전로 9 101동', 0.6667, '서울 이전구', '01234', now(), now());
    """)
    assert stair.writes_of("run") == {
        ("opportunity", "HI2001010001"): (
            "UPDATE",
            {
                "order_status_name__c": "렌탈 중",
                "install_refined_address__c": "서울 이전구",
                "install_zone_no__c": "01234",
                "install_address_accuracy__c": 0.667,
            },
        ),
        ("service_receipt", "SR1"): ("UPDATE", {"symptom_big_name__c": "이상음"}),
        ("service_receipt", "SR3"): ("UPDATE", {"memo__c": "늦은 메모"}),
    }


def test_a_run_with_nothing_new_writes_nothing_on_any_step(stair: Stair) -> None:
    last = stair.rows("select max(load_id) as id from ops.model_loads")[0]["id"]
    assert stair.writes_of("run") == {}
    loads = stair.rows(
        "select relation, rows_inserted + rows_updated + rows_deleted as written"
        " from ops.model_loads where load_id > %s order by relation",
        last,
    )
    assert len(loads) == len(list((ROOT / "dbt_project" / "models").glob("*/*.sql")))
    assert [load["relation"] for load in loads if load["written"]] == []


def test_a_full_refresh_of_lv1_and_lv2_changes_nothing_in_hc(stair: Stair) -> None:
    rebuilt = ("--full-refresh", "--exclude", "path:dbt_project/models/hc")
    assert stair.writes_of("run", *rebuilt) == {}
    assert stair.writes_of("run", "--select", "path:dbt_project/models/hc") == {}


def test_a_changed_customer_adds_one_version_and_a_quiet_run_none(stair: Stair) -> None:
    stair.dbt("build", *HISTORY)
    before = stair.versions()
    stair.execute("""
        update lv0.v_customer set cust_nm = '또새이름', _extracted_at = '2026-01-05 00:00+00'
            where cust_no = 'C1';
        -- The ERP moves UPDT_DT, and nothing that we carry.
        update lv0.v_customer set updt_dt = '2026-01-05', _extracted_at = '2026-01-05 00:00+00'
            where cust_no = 'C4';
    """)
    stair.dbt("run", "--select", "lv1_rental__v_customer")
    stair.dbt("build", *HISTORY)
    [(name, _)] = before["C1"][-1:]
    after = before | {"C1": [*before["C1"][:-1], (name, True), ("또새이름", False)]}
    assert stair.versions() == after
    # The one version ends where the other begins.
    assert stair.rows(
        "select count(*) as count from lv2.customer_history as old"
        " inner join lv2.customer_history as new on old.dbt_valid_to = new.dbt_valid_from"
        " where old.customer_no = 'C1' and new.customer_name = '또새이름'"
    ) == [{"count": 1}]

    last = stair.rows("select max(load_id) as id from ops.model_loads")[0]["id"]
    stair.dbt("build", *HISTORY)
    assert stair.versions() == after
    assert stair.rows(
        "select rows_inserted, rows_updated, rows_unchanged from ops.model_loads"
        " where load_id > %s and relation = 'lv2.customer_history'",
        last,
    ) == [{"rows_inserted": 0, "rows_updated": 0, "rows_unchanged": sum(map(len, after.values()))}]


def test_a_customer_that_leaves_lv2_ends_its_history_and_begins_another_when_it_is_back(
    stair: Stair,
) -> None:
    *earlier, (name, _) = stair.versions()["C3"]
    stair.execute("delete from lv2.customer where customer_no = 'C3'")
    stair.dbt("snapshot", *HISTORY)
    assert stair.versions()["C3"] == [*earlier, (name, True)]
    stair.dbt("build", *HISTORY)
    assert stair.versions()["C3"] == [*earlier, (name, True), (name, False)]


def test_a_double_key_stops_the_history(stair: Stair) -> None:
    [index] = stair.rows(
        "select indexname from pg_indexes where schemaname = 'lv2' and tablename = 'customer'"
    )
    before = stair.versions()
    stair.execute(f"""
        drop index lv2."{index["indexname"]}";
        insert into lv2.customer select * from lv2.customer where customer_no = 'C1';
    """)
    try:
        assert stair.complaints("build", *HISTORY)
        statuses = stair.statuses()
        assert statuses["lv2_customer__customer"] == "success"
        assert statuses["lv2_customer__customer_customer_no_is_unique"] == "fail"
        assert statuses["lv2_customer__customer_history"] == "skipped"
        assert stair.versions() == before
    finally:
        stair.dbt("run", "--full-refresh", "--select", "lv2_customer__customer")


def test_a_refusal_without_an_owner_and_a_contested_field_fail_their_tests(stair: Stair) -> None:
    # C1 and C3 were changed after Salesforce took the first load; a lock conflict has an owner.
    drain(stair.url, {"account": {"C1", "C3"}})
    reports = (
        "build",
        "--select",
        "+lv2_quality__salesforce_error",
        "+lv2_quality__contested_field",
    )
    stair.dbt(*reports)
    stair.execute("""
        set xmlbinary = 'hex';
        update hc.account set _hc_err = '{"op": "UPDATE", "msg": "FIELD_INTEGRITY_EXCEPTION: no"}'
            where erp_customer_id__c = 'C3';
        insert into ops.hc_contests (relation, external_id, field, rounds)
            values ('hc.account', 'C1', 'phone', 1), ('hc.account', 'C2', 'phone', 2);
    """)
    complaints = " ".join(stair.complaints(*reports))
    assert "lv2_quality__salesforce_error_has_an_owner" in complaints
    assert "lv2_quality__contested_field_lists_none" in complaints
    assert stair.rows(
        "select external_id, message, owner, failed_since is not null as is_dated"
        " from lv2.salesforce_error order by external_id"
    ) == [
        {
            "external_id": "C1",
            "message": "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record",
            "owner": "data-platform",
            "is_dated": True,
        },
        {
            "external_id": "C3",
            "message": "FIELD_INTEGRITY_EXCEPTION: no",
            "owner": None,
            "is_dated": True,
        },
    ]
    assert stair.rows("select object_name, field_name, sample from lv2.contested_field") == [
        {"object_name": "account", "field_name": "phone", "sample": "C2"}
    ]
