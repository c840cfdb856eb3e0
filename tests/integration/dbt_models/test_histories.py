"""The versions that a history keeps of an entity."""

from __future__ import annotations

from tests.integration.dbt_models.stair import Stair

# An entity of lv2 and its history.
HISTORY = ("--select", "lv2_customer__customer", "lv2_customer__customer_history")


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
