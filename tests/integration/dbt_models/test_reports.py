"""What Salesforce refuses or contests, as lv2 reports it."""

from __future__ import annotations

from sandbox.heroku_connect import drain
from tests.integration.dbt_models.stair import Stair


def test_a_refusal_without_an_owner_and_a_contested_field_fail_their_tests(stair: Stair) -> None:
    drain(stair.url)
    # Two records are changed and refused; a lock conflict has an owner.
    stair.execute("update hc.account set name = 'other' where erp_customer_id__c in ('C1', 'C3')")
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
