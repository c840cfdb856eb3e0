"""What the changes of the sample ERP promise, round by round."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from sandbox import erp
from sandbox.postgres import EmbeddedPostgres
from tests.integration.sample_erp.reading import TABLES, Table, forget, hashes, read_all, value

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


def read_accounts(server: EmbeddedPostgres) -> Table:
    query = "select jsonb_object_agg(cust_no, to_jsonb(a))::text from sample.accounts as a"
    rows: Table = json.loads(str(value(server, query)))
    return rows


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
