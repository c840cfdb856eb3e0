"""What the sample ERP holds: its shape, its codes, its dirt."""

from __future__ import annotations

import pytest

from sandbox import erp
from sandbox.postgres import EmbeddedPostgres
from tests.integration.sample_erp.reading import value


def test_the_large_tables_have_the_column_counts_of_the_real_ones(built: EmbeddedPostgres) -> None:
    query = """
        select jsonb_object_agg(relname, relnatts) from pg_class
        where relnamespace = 'dbo'::regnamespace and relname ~ '^(r_(order|service)|v_)[a-z_]*$'
    """
    assert value(built, query) == {
        "r_order_contract": 83,
        "r_order_contract_add": 64,
        "r_order_cust_info": 26,
        "r_service_evaluation": 27,
        "r_service_receipt": 86,
        "v_customer": 43,
        "v_erp_user": 18,
        "v_home_care": 12,
        "v_sales_lounge": 28,
    }


def test_the_generator_fills_every_column_under_its_own_name(built: EmbeddedPostgres) -> None:
    query = """
        select count(*) from pg_attribute as t
        inner join pg_class as c on t.attrelid = c.oid
        left join pg_attribute as v
            on
                v.attrelid = to_regclass('sample.' || c.relname || '_rows')
                and v.attnum = t.attnum
                and v.attname = t.attname
        where
            c.relnamespace = 'dbo'::regnamespace
            and c.relkind = 'r'
            and t.attnum > 0
            and v.attname is null
    """
    assert value(built, query) == 0


def test_the_columns_have_every_type_that_the_extraction_must_carry(
    built: EmbeddedPostgres,
) -> None:
    query = """
        select array_agg(distinct atttypid::regtype::text order by atttypid::regtype::text)
        from pg_attribute
        inner join pg_class on pg_class.oid = attrelid
        where relnamespace = 'dbo'::regnamespace and relkind = 'r' and attnum > 0
    """
    assert value(built, query) == [
        "bigint", "boolean", "bytea", "character", "character varying", "date",
        "double precision", "integer", "numeric", "smallint", "text",
        "time without time zone", "timestamp without time zone", "uuid",
    ]  # fmt: skip


ORPHAN = "not exists (select 1 from dbo.{} as p where p.{} = trim(t.{}))"
DIRT = {
    "prefixes that interleave in time": (
        "select count(*) >= 5 from (select distinct left(order_no, 2) from dbo.r_order_contract"
        " where insrt_dt < timestamp '2014-12-31') as p"
    ),
    "an insert order that is not the key order": (
        "select exists (select 1 from (select order_no, lag(order_no) over (order by insrt_dt)"
        " as earlier from dbo.r_order_contract) as o where order_no < earlier)"
    ),
    "insert times shared by several rows": (
        "select count(distinct insrt_dt) < count(*) * 0.7 from dbo.r_order_contract"
    ),
    "padded codes": ("select bool_and(octet_length(goods_cd) = 18) from dbo.r_order_contract"),
    "stray blanks before a key": ("select bool_or(cust_no like ' C%') from dbo.r_order_contract"),
    "stray blanks after a key": ("select bool_or(order_no like '% ') from dbo.r_service_receipt"),
    "an empty text beside NULL": (
        "select bool_or(addr1 = '') and bool_or(addr1 is null) from dbo.v_customer"
    ),
    "the sentinel dates": (
        "select count(distinct cont_end_dt) = 3 from dbo.r_order_contract where cont_end_dt in"
        " ('1900-01-01', '2999-12-31', '9999-12-31')"
    ),
    "Korean names": "select bool_or(cust_nm ~ '^[가-힣]{3}$') from dbo.v_customer",
    "double spaces": "select bool_or(addr1 like '%  %') from dbo.v_customer",
    "tabs and line ends in memos": (
        "select bool_or(remark like '%' || chr(9) || '%')"
        " and bool_or(remark like '%' || chr(13) || chr(10) || '%') from dbo.r_order_contract"
    ),
    "an emoji": "select bool_or(remark like '%😊%') from dbo.r_order_contract",
    "backslashes and quotes": (
        r"""select bool_or(strpos(remark, '\') > 0) and bool_or(strpos(remark, '"') > 0)"""
        " and bool_or(strpos(remark, '''') > 0) from dbo.r_order_contract"
    ),
    "a memo that looks like COPY's NULL": (
        r"select bool_or(recept_memo = '\N') from dbo.r_service_receipt"
    ),
    "NUL bytes in a document": (
        r"select bool_or(position('\x00'::bytea in e_sign_doc) > 0) from dbo.r_order_contract"
    ),
    "orders of unknown customers": (
        f"select bool_or({ORPHAN.format('b_cust', 'cust_no', 'cust_no')})"
        " from dbo.r_order_contract as t where cust_no <> ''"
    ),
    "orders of nobody": "select bool_or(cust_no is null) from dbo.r_order_contract",
    "ADD rows without an order": (
        f"select bool_or({ORPHAN.format('r_order_contract', 'order_no', 'order_no')})"
        " from dbo.r_order_contract_add as t"
    ),
    "orders without an ADD row": (
        f"select bool_or({ORPHAN.format('r_order_contract_add', 'order_no', 'order_no')})"
        " from dbo.r_order_contract as t"
    ),
    "receipts without an order": (
        f"select bool_or({ORPHAN.format('r_order_contract', 'order_no', 'order_no')})"
        " from dbo.r_service_receipt as t"
    ),
    "shippings without an order": (
        f"select bool_or({ORPHAN.format('r_order_contract', 'order_no', 'order_no')})"
        " from dbo.r_shipping_info as t"
    ),
    "evaluations of what nobody entered": (
        f"select bool_or({ORPHAN.format('r_shipping_info', 'ship_no', 'ship_no')})"
        " from dbo.r_shipping_evaluation as t"
    ),
    "symptoms that no list has": (
        "select min(symptom_hdr_cd) = 'H8' and max(symptom_hdr_cd) = 'H8' from"
        " dbo.r_service_receipt as t"
        f" where {ORPHAN.format('r_prod_symptom_hdr', 'symptom_hdr_cd', 'symptom_hdr_cd')}"
    ),
    "orders under unknown promotions": (
        f"select bool_or({ORPHAN.format('r_promotion', 'promotion_cd', 'promotion_cd')})"
        " from dbo.r_order_contract as t where promotion_cd <> ''"
    ),
    "visits to unknown lounges": (
        f"select bool_or({ORPHAN.format('v_sales_lounge', 'lounge_cd', 'lounge_cd')})"
        " from dbo.r_exhibition_visit_history as t"
    ),
    "mobile numbers typed in many ways": (
        "select count(distinct regexp_replace(hand_tel_no, '[0-9]', '0', 'g')) >= 5"
        " from dbo.r_exhibition_visit_history where hand_tel_no ~ '[0-9]'"
    ),
    "visitors with several visits": "select max(visits) > 2 from sample.visiting_persons",
    "a person who reserved again": "select max(reservations) > 1 from sample.reserving_persons",
    "customers without a contact": (
        f"select bool_or({ORPHAN.format('b_cust_contact', 'cust_no', 'cust_no')})"
        " from dbo.b_cust as t"
    ),
    "a person under two customer numbers": (
        "select exists (select 1 from dbo.v_customer where cust_nm <> '' and hand_tel_no <> ''"
        " group by cust_nm, birth_dt, hand_tel_no, addr1 having count(*) > 1)"
    ),
    "a receipt entered twice": (
        "select exists (select 1 from dbo.r_service_receipt group by order_no, recept_dt,"
        " symptom_hdr_cd, symptom_dtl_cd, photo_id, tel_no having count(*) > 1)"
    ),
    "telephone numbers that all decrypt": (
        "select bool_and(dbo.fn_dec(tel_no) ~ '^(010-0000-[0-9]{4})?$') from"
        " dbo.r_service_receipt where tel_no is not null"
    ),
}


@pytest.mark.parametrize(
    ("major", "column", "missing"),
    [
        ("R0001", "r_order_contract.order_status_cd", {"99"}),
        ("R0002", "r_order_contract.order_type_cd", {"ZZ"}),
        ("R0003", "r_service_receipt.svc_type_cd", set()),
        ("R0004", "r_service_receipt.svc_status_cd", {"X9"}),
        ("R0005", "v_customer.cust_grade_cd", {"Z"}),
        ("R0006", "v_customer.cust_type_cd", {"9"}),
        ("R0007", "r_order_contract_add.pay_method_cd", {"P9"}),
        ("R0008", "r_goods.goods_grp_cd", {"X9"}),
        ("R0009", "r_order_contract.delivery_status_cd", {"9"}),
        ("R0010", "r_order_contract.cancel_reason_cd", {"77"}),
        ("R0010", "r_contract_cancel_receipt.cancel_reason_cd", {"77"}),
        ("R0011", "r_service_receipt.recept_path_cd", {"Q9"}),
        ("R0201", "r_contract_cancel_receipt.cancel_status_cd", {"X1"}),
        ("R0202", "r_contract_move_receipt.move_status_cd", {"X2"}),
        ("R0101", "r_shipping_info.ship_type_cd", {"D9"}),
        ("R0102", "r_shipping_info.delay_reason_cd", {"88"}),
        ("R0103", "r_shipping_evaluation.eval_grade_cd", {"F"}),
        ("R0104", "r_service_evaluation.eval_method_cd", {"X"}),
        ("R0105", "r_install_fee.install_type_cd", set()),
        ("R0106", "r_call_group.call_kind_cd", {"9"}),
        ("R0301", "r_promotion.promotion_type_cd", {"99"}),
        ("R0302", "r_experience_reservation.visit_status", {"X9"}),
        ("R0302", "r_exhibition_visit_history.visit_status_cd", {"X9"}),
        ("R0303", "r_experience_reservation.route_cd", {"99"}),
        ("R0304", "r_experience_reservation.input_type", set()),
        ("R0305", "r_exhibition_visit_history.visit_purpose_cd", {"ZZ"}),
        ("R0306", "v_sales_lounge.lounge_type_cd", {"9"}),
        ("R0307", "r_trans_homepage.trans_type_cd", {"9"}),
        ("S0001", "r_order_contract.sales_grp_cd", {"G999"}),
    ],
)
def test_a_column_uses_its_code_list_and_some_codes_that_it_lacks(
    built: EmbeddedPostgres, major: str, column: str, missing: set[str]
) -> None:
    table, name = column.split(".")
    used = value(
        built,
        f"select array_agg(distinct trim({name})) from dbo.{table} where trim({name}) <> ''",
    )
    listed = value(
        built,
        f"select array_agg(trim(minor_cd)) from dbo.b_minor where major_cd = '{major}'",
        "UNIERP5",
    )
    assert isinstance(used, list)
    assert isinstance(listed, list)
    assert set(used) - set(listed) == missing
    assert set(used) & set(listed)


@pytest.mark.parametrize("rows", [erp.DEFAULT_ROWS, 200])
def test_every_kind_of_dirt_occurs(built: EmbeddedPostgres, rows: int) -> None:
    erp.build(built, rows=rows)
    assert [kind for kind, query in DIRT.items() if value(built, query) is not True] == []
