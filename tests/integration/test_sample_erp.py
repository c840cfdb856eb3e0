"""The sample ERP: its shape, its determinism, its dirt, and what its changes promise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from sandbox import erp
from sandbox.erp import sample as generator
from sandbox.postgres import EmbeddedPostgres, SandboxError

TABLES = {
    "rental.v_customer": ("RENTAL", "v_customer", "cust_no"),
    "rental.r_order_contract": ("RENTAL", "r_order_contract", "order_no"),
    "rental.r_order_contract_add": ("RENTAL", "r_order_contract_add", "order_no"),
    "rental.r_service_receipt": ("RENTAL", "r_service_receipt", "recept_no"),
    "rental.r_goods": ("RENTAL", "r_goods", "goods_cd"),
    "rental.r_order_cust_info": ("RENTAL", "r_order_cust_info", "order_no"),
    "rental.r_contract_cancel_receipt": (
        "RENTAL",
        "r_contract_cancel_receipt",
        "cancel_recept_no",
    ),
    "rental.r_contract_move_receipt": ("RENTAL", "r_contract_move_receipt", "move_recept_no"),
    "rental.v_erp_user": ("RENTAL", "v_erp_user", "usr_id"),
    "rental.r_shipping_info": ("RENTAL", "r_shipping_info", "ship_no"),
    "rental.r_shipping_evaluation": ("RENTAL", "r_shipping_evaluation", "eval_seq"),
    "rental.r_service_evaluation": ("RENTAL", "r_service_evaluation", "eval_seq"),
    "rental.r_prod_symptom_hdr": ("RENTAL", "r_prod_symptom_hdr", "symptom_hdr_cd"),
    "rental.r_prod_symptom_dtl": ("RENTAL", "r_prod_symptom_dtl", "symptom_dtl_cd"),
    "rental.r_prod_symptom_sml": ("RENTAL", "r_prod_symptom_sml", "symptom_sml_cd"),
    "rental.r_call_group": ("RENTAL", "r_call_group", "call_grp_cd"),
    "rental.r_install_fee": (
        "RENTAL",
        "r_install_fee",
        "goods_grp_cd || '/' || install_type_cd || '/' || start_dt",
    ),
    "rental.r_promotion": ("RENTAL", "r_promotion", "promotion_cd"),
    "rental.r_experience_reservation": (
        "RENTAL",
        "r_experience_reservation",
        "order_no || '/' || seq",
    ),
    "rental.v_sales_lounge": ("RENTAL", "v_sales_lounge", "lounge_cd"),
    "rental.r_exhibition_visit_history": ("RENTAL", "r_exhibition_visit_history", "visit_no"),
    "rental.r_trans_homepage": ("RENTAL", "r_trans_homepage", "trans_no"),
    "rental.r_acq_intro": ("RENTAL", "r_acq_intro", "intro_seq"),
    "rental.r_biz_msg_template": ("RENTAL", "r_biz_msg_template", "template_cd"),
    "rental.r_crm_info": ("RENTAL", "r_crm_info", "zip_seq"),
    "rental.v_home_care": ("RENTAL", "v_home_care", "care_no"),
    "unierp5.b_major": ("UNIERP5", "b_major", "major_cd"),
    "unierp5.b_minor": ("UNIERP5", "b_minor", "major_cd || '/' || minor_cd"),
    "unierp5.b_sale_org": ("UNIERP5", "b_sale_org", "sales_org"),
    "unierp5.b_sales_grp": ("UNIERP5", "b_sales_grp", "sales_grp"),
    "unierp5.b_item_group": ("UNIERP5", "b_item_group", "item_group_cd"),
}
# What no change touches.
STILL = {
    "rental.r_prod_symptom_hdr",
    "unierp5.b_major",
    "unierp5.b_sale_org",
    "unierp5.b_sales_grp",
    "unierp5.b_item_group",
}
# What the models carry upward of each table, and a change may therefore change.
CARRIED = {
    "rental.v_customer": ["hand_tel_no", "addr1", "email"],
    "rental.r_order_contract": ["month_amt", "order_status_cd"],
    "rental.r_order_contract_add": ["install_addr1"],
    "rental.r_service_receipt": ["svc_status_cd", "recept_memo"],
    "rental.r_goods": ["month_price_amt"],
    "rental.r_order_cust_info": ["addr1", "email"],
    "rental.r_contract_cancel_receipt": ["cancel_status_cd", "refund_amt"],
    "rental.r_contract_move_receipt": ["move_status_cd", "to_addr1"],
    "rental.r_shipping_info": ["ship_status_cd", "ship_memo"],
    "rental.r_shipping_evaluation": ["eval_grade_cd", "total_score_qty"],
    "rental.r_service_evaluation": ["eval_grade_cd", "total_score_qty"],
    "rental.r_call_group": ["agent_qty"],
    "rental.r_install_fee": ["fee_amt"],
    "rental.r_promotion": ["discount_amt"],
    "rental.r_experience_reservation": ["visit_status", "contract_yn", "tel_no", "remark"],
    "rental.v_sales_lounge": ["tel_no"],
    "rental.r_exhibition_visit_history": ["visit_status_cd", "hand_tel_no", "visit_memo"],
    "rental.r_trans_homepage": ["retry_qty"],
}
# To these a change only adds: with a name, all that holds its code would change.
GROWING = {"unierp5.b_minor", "rental.r_prod_symptom_dtl", "rental.r_prod_symptom_sml"}
Table = dict[str, dict[str, str | int | float | bool | None]]


@dataclass(frozen=True)
class Round:
    """All rows before and after one change, and its report."""

    before: dict[str, Table]
    after: dict[str, Table]
    report: erp.ErpChange
    accounts: tuple[Table, Table]

    def keys(self, feed: str) -> tuple[set[str], set[str], set[str]]:
        """Inserted, updated and deleted keys of `feed`, from the rows alone."""
        old, new = self.before[feed], self.after[feed]
        updated = {key for key in old.keys() & new.keys() if old[key] != new[key]}
        return new.keys() - old.keys(), updated, old.keys() - new.keys()

    def touched(self, feed: str) -> set[str]:
        """All keys of `feed` that the change touched, from the rows alone."""
        return set().union(*self.keys(feed))

    def references(self, column: str) -> set[str]:
        """The trimmed values of `column` in orders and receipts, before or after the change."""
        return {
            str(row[column]).strip()
            for rows in (self.before, self.after)
            for feed in ("rental.r_order_contract", "rental.r_service_receipt")
            for row in rows[feed].values()
            if row[column] is not None
        }


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The cluster; the sample ERP in it goes when these tests end."""
    try:
        yield postgres
    finally:
        postgres.drop_database("RENTAL")
        postgres.drop_database("UNIERP5")


@pytest.fixture
def built(server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The unchanged sample of the default seed and size."""
    marker = erp.read_marker(server)
    if marker is not None and marker.round > 0:
        forget(server)
    erp.build(server)
    return server


@pytest.fixture(scope="module")
def rounds(server: EmbeddedPostgres) -> list[Round]:
    """Three changes of one sample, one after the other."""
    forget(server)
    erp.build(server, rows=500)
    found = []
    after, accounts = read_all(server), read_accounts(server)
    for _ in range(3):
        before, earlier = after, accounts
        report = erp.change(server)
        after, accounts = read_all(server), read_accounts(server)
        found.append(Round(before, after, report, (earlier, accounts)))
    return found


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
    return {
        feed: value(
            server,
            f"select md5(string_agg(t::text, '|' order by {key})) from dbo.{table} as t",
            database,
        )
        for feed, (database, table, key) in TABLES.items()
    }


def read_all(server: EmbeddedPostgres) -> dict[str, Table]:
    return {
        feed: json.loads(
            str(value(server, f"select jsonb_object_agg({key}, t)::text from dbo.{table} t", base))
        )
        for feed, (base, table, key) in TABLES.items()
    }


def read_accounts(server: EmbeddedPostgres) -> Table:
    query = "select jsonb_object_agg(cust_no, to_jsonb(a))::text from sample.accounts as a"
    rows: Table = json.loads(str(value(server, query)))
    return rows


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


def test_bad_cipher_texts_are_there_only_when_asked_for(server: EmbeddedPostgres) -> None:
    count = (
        "select count(*) from dbo.r_service_receipt where tel_no not like 'ENC:%' and tel_no > ''"
    )
    erp.build(server, rows=300)
    assert value(server, count) == 0
    assert erp.build(server, rows=300, bad_decrypt=True)
    assert value(server, count) == 3
    with pytest.raises(psycopg.errors.DataException, match="FN_DEC"):
        value(server, "select max(dbo.fn_dec(tel_no)) from dbo.r_service_receipt")


def test_one_seed_gives_one_sample_and_another_seed_another(server: EmbeddedPostgres) -> None:
    forget(server)
    assert erp.build(server, rows=300)
    first = hashes(server)
    assert erp.build(server, rows=300, seed=-7)
    other = hashes(server)
    assert erp.build(server, rows=300)
    assert hashes(server) == first
    assert {feed for feed in TABLES if feed.startswith("rental.")} == {
        feed for feed in TABLES if first[feed] != other[feed]
    }


def test_a_sample_that_is_there_is_left_alone_even_after_changes(server: EmbeddedPostgres) -> None:
    forget(server)
    assert erp.build(server, rows=300)
    erp.change(server)
    changed = hashes(server)
    assert not erp.build(server, rows=300)
    assert hashes(server) == changed
    assert erp.build(server, rows=301)
    marker = erp.read_marker(server)
    assert marker is not None
    assert (marker.rows, marker.round) == (301, 0)
    assert value(server, "select count(*) from dbo.r_order_contract") == 301


def test_the_next_build_completes_an_interrupted_one(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp.build(server, rows=300)
    whole = hashes(server)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generator, "_fill", stop)
        with pytest.raises(KeyboardInterrupt):
            erp.build(server, rows=400)
    assert erp.read_marker(server) is None
    with pytest.raises(SandboxError, match="no sample ERP"):
        erp.change(server)
    assert erp.build(server, rows=300)
    assert hashes(server) == whole


def test_a_missing_code_database_is_made_anew(server: EmbeddedPostgres) -> None:
    erp.build(server, rows=300)
    codes = hashes(server)["unierp5.b_minor"]
    server.drop_database("UNIERP5")
    assert erp.build(server, rows=300)
    assert hashes(server)["unierp5.b_minor"] == codes


@pytest.mark.parametrize("rows", [199, 5_000_001])
def test_a_size_out_of_range_is_refused(server: EmbeddedPostgres, rows: int) -> None:
    with pytest.raises(SandboxError, match="orders"):
        erp.build(server, rows=rows)


def test_the_report_equals_the_difference_of_the_rows(rounds: list[Round]) -> None:
    for number, each in enumerate(rounds, start=1):
        assert each.report.round == number
        assert set(each.report.tables) == set(TABLES) - STILL
        assert [feed for feed in sorted(STILL) if each.touched(feed)] == []
        for feed, table in each.report.tables.items():
            counts = tuple(len(keys) for keys in each.keys(feed))
            assert (table.inserted, table.updated, table.deleted) == counts, feed
            assert counts[0] > 0, feed
            assert (counts[1] > 0, counts[2] > 0) == (feed not in GROWING,) * 2, feed


def persons(rows: Table, *columns: str) -> dict[str, list[str]]:
    """The keys of rows under one mobile number, by the number; under the key where it has none."""
    found: dict[str, list[str]] = {}
    for key, row in rows.items():
        digits = [re.sub(r"\D", "", str(row[column])) for column in columns]
        numbers = [number[-8:] for number in digits if re.search(r"10\d{8}$", number)]
        found.setdefault(numbers[0] if numbers else key, []).append(key)
    return found


def changed_persons(each: Round, feed: str, *columns: str, with_latest: bool) -> set[str]:
    """Whoever comes, goes, or differs in what the rows say of them together, or the latest does."""

    def shown(rows: Table) -> dict[str, list[object]]:
        return {
            person: [
                len(keys),
                sum(rows[key]["contract_yn"] == "Y" for key in keys),
                latest := max(keys, key=lambda key: (str(rows[key]["insrt_dt"]), key)),
                rows[latest] if with_latest else None,
            ]
            for person, keys in persons(rows, *columns).items()
        }

    old, new = shown(each.before[feed]), shown(each.after[feed])
    return {person for person in old.keys() | new.keys() if old.get(person) != new.get(person)}


def test_the_expected_writes_follow_from_the_touched_keys(rounds: list[Round]) -> None:
    known: set[str] = set()
    leads: set[str] = set()
    reservations, visits = "rental.r_experience_reservation", "rental.r_exhibition_visit_history"
    for each in rounds:
        for rows in (each.before[reservations], each.after[reservations]):
            leads |= {key for key, row in rows.items() if row["contract_yn"] != "Y"}
        orders, additions = "rental.r_order_contract", "rental.r_order_contract_add"
        known |= each.before[orders].keys() | each.after[orders].keys()
        old, new = each.accounts
        changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        assert each.report.hc_writes == {
            "account": len(each.touched("rental.v_customer") | changed),
            "opportunity": len((each.touched(orders) | each.touched(additions)) & known),
            "product2": len(each.touched("rental.r_goods")),
            "service_receipt": len(each.touched("rental.r_service_receipt")),
            "contract_cancel_receipt": len(each.touched("rental.r_contract_cancel_receipt")),
            "contract_move_receipt": len(each.touched("rental.r_contract_move_receipt")),
            "shipping_info": len(each.touched("rental.r_shipping_info")),
            "shipping_evaluation": len(each.touched("rental.r_shipping_evaluation")),
            "service_evaluation": len(each.touched("rental.r_service_evaluation")),
            "promotion": len(each.touched("rental.r_promotion")),
            "bbs_map": len(each.touched("rental.v_sales_lounge")),
            "lead": len(each.touched(reservations) & leads),
            "experience_reservation_customer": len(
                changed_persons(each, reservations, "tel_no", "tel_no2", with_latest=True)
            ),
            "exhibition_visit_customer": len(
                changed_persons(each, visits, "hand_tel_no", with_latest=False)
            ),
            "exhibition_visit_history": len(each.touched(visits)),
        }
        converted = {
            key
            for key in each.keys(reservations)[1]
            if each.before[reservations][key]["contract_yn"] != "Y"
            and each.after[reservations][key]["contract_yn"] == "Y"
        }
        assert converted, "no reservation became a contract"
        assert each.touched(reservations) - leads, "only leads were touched"
        assert changed - each.touched("rental.v_customer"), "no other feed changed an account"
        assert each.touched(additions) - known, "no ADD row of an unknown order was touched"
        assert each.keys(orders)[1] & each.keys(additions)[1], "no order changed on both sides"


def test_every_update_shows_in_a_carried_column_after_trimming(rounds: list[Round]) -> None:
    def carried(rows: Table, feed: str, key: str) -> list[object]:
        values = [rows[key][column] for column in CARRIED[feed]]
        return [v.strip() or None if isinstance(v, str) else v for v in values]

    for each in rounds:
        for feed in CARRIED:
            for key in each.keys(feed)[1]:
                old, new = each.before[feed], each.after[feed]
                assert carried(old, feed, key) != carried(new, feed, key), (feed, key)


def test_changed_rows_are_newer_than_all_rows_before(rounds: list[Round]) -> None:
    for each in rounds:
        for feed in [*CARRIED, *GROWING]:
            mark = max(str(row["updt_dt"]) for row in each.before[feed].values())
            inserted, updated, _ = each.keys(feed)
            rows = each.after[feed]
            assert all(str(rows[key]["updt_dt"]) > mark for key in inserted | updated), feed
            assert all(rows[key]["insrt_dt"] == rows[key]["updt_dt"] for key in inserted), feed


def test_inserted_orders_sort_into_the_middle_and_some_bring_an_add_row(
    rounds: list[Round],
) -> None:
    for each in rounds:
        inserted = each.keys("rental.r_order_contract")[0]
        assert {key[:2] for key in inserted} == {"HI", "02"}
        keys = each.before["rental.r_order_contract"].keys()
        assert all(min(keys) < key < max(keys) for key in inserted)
        additions = each.keys("rental.r_order_contract_add")[0]
        assert 0 < len(inserted & additions) < len(inserted)


def test_new_statuses_are_codes_of_the_code_list(rounds: list[Round]) -> None:
    for each in rounds:
        for feed, major, column in (
            ("rental.r_order_contract", "R0001", "order_status_cd"),
            ("rental.r_service_receipt", "R0004", "svc_status_cd"),
        ):
            known = {
                str(row["minor_cd"]).strip()
                for row in each.after["unierp5.b_minor"].values()
                if row["major_cd"] == major
            }
            old, new = each.before[feed], each.after[feed]
            moved = {k for k in each.keys(feed)[1] if old[k][column] != new[k][column]}
            assert moved
            assert {str(new[key][column]).strip() for key in moved} <= known


def test_deleted_orders_take_their_other_rows_along_or_leave_them(rounds: list[Round]) -> None:
    for each in rounds:
        deleted = each.keys("rental.r_order_contract")[2]
        left = deleted & each.after["rental.r_order_contract_add"].keys()
        gone = deleted & each.keys("rental.r_order_contract_add")[2]
        assert left
        assert gone


def test_no_change_fans_out_to_rows_that_it_did_not_touch(rounds: list[Round]) -> None:
    customers: set[str] = set()
    goods: set[str] = set()
    promotions: set[str] = set()
    lounges: set[str] = set()
    for each in rounds:
        for rows in (each.before, each.after):
            orders, visits = (
                rows["rental.r_order_contract"],
                rows["rental.r_exhibition_visit_history"],
            )
            promotions |= {str(row["promotion_cd"]) for row in orders.values()}
            lounges |= {str(row["lounge_cd"]).strip() for row in visits.values()}
        inserted, _, deleted = each.keys("rental.r_promotion")
        assert not promotions & (inserted | deleted)
        inserted, _, deleted = each.keys("rental.v_sales_lounge")
        assert not lounges & {key.strip() for key in inserted | deleted}
        customers |= each.references("cust_no")
        goods |= each.references("goods_cd")
        inserted, _, deleted = each.keys("rental.v_customer")
        assert not customers & (inserted | deleted)
        inserted, _, deleted = each.keys("rental.r_goods")
        assert not goods & {key.strip() for key in inserted | deleted}
        inserted = each.keys("rental.r_order_contract")[0]
        for feed in ("rental.r_order_contract_add", "rental.r_service_receipt"):
            old = {str(row["order_no"]).strip() for row in each.before[feed].values()}
            assert not inserted & old


def test_the_new_code_is_one_that_no_row_uses(rounds: list[Round]) -> None:
    for each in rounds:
        [key] = each.keys("unierp5.b_minor")[0]
        code = str(each.after["unierp5.b_minor"][key]["minor_cd"]).strip()
        rows = each.after["rental.r_order_contract"].values()
        assert code not in {str(row["cancel_reason_cd"]).strip() for row in rows}


def test_changes_of_one_seed_and_round_are_the_same_and_of_another_seed_differ(
    server: EmbeddedPostgres,
) -> None:
    outcomes = []
    for seed in (None, None, 5):
        forget(server)
        erp.build(server, rows=300)
        reports = [erp.change(server, seed=seed) for _ in range(2)]
        outcomes.append(([report.to_dict() for report in reports], hashes(server)))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] != outcomes[2][1]
