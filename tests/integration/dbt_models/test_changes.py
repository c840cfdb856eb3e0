"""What a change of the mirror writes."""

from __future__ import annotations

from tests.integration.dbt_models.stair import ONE, ROOT, TWO, Stair


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
