"""What reaches hc of a mirror of a few rows; nothing has changed so far."""

from __future__ import annotations

import json
from datetime import date, datetime

from sandbox.heroku_connect import drain
from sandbox.heroku_connect.mappings import SYSTEM_COLUMNS
from tests.integration.dbt_models.stair import KEYS, ONE, TWO, Stair


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
