"""Rules that every source table keeps: each one is a feed that the extraction can fetch."""

from __future__ import annotations

from pathlib import Path

from extract.catalog import read_catalog
from extract.settings import Project
from tests.project.conftest import Parsed

TABLES = {
    "public_data.care_center",
    "public_data.hospital",
    "public_data.school",
    "public_data.town_hall",
    "public_data.welfare_center",
    "rental.r_acq_intro",
    "rental.r_biz_msg_template",
    "rental.r_call_group",
    "rental.r_contract_cancel_receipt",
    "rental.r_contract_move_receipt",
    "rental.r_crm_info",
    "rental.r_exhibition_visit_history",
    "rental.r_experience_reservation",
    "rental.r_goods",
    "rental.r_install_fee",
    "rental.r_order_contract",
    "rental.r_order_contract_add",
    "rental.r_order_cust_info",
    "rental.r_prod_symptom_dtl",
    "rental.r_prod_symptom_hdr",
    "rental.r_prod_symptom_sml",
    "rental.r_promotion",
    "rental.r_service_evaluation",
    "rental.r_service_receipt",
    "rental.r_shipping_evaluation",
    "rental.r_shipping_info",
    "rental.r_trans_homepage",
    "rental.v_customer",
    "rental.v_erp_user",
    "rental.v_home_care",
    "rental.v_sales_lounge",
    "unierp5.b_item_group",
    "unierp5.b_major",
    "unierp5.b_minor",
    "unierp5.b_sale_org",
    "unierp5.b_sales_grp",
}


# What fills a table of its layer after models of that layer, and not from a mirror.
LOOKUPS = {"address.address_master": "lv1"}


def _name(source: object) -> str:
    assert isinstance(source, dict)
    return f"{source['source_name']}.{source['name']}"


def test_every_source_table_is_a_feed_of_the_catalogue(parsed: Parsed, root: Path) -> None:
    feeds = read_catalog(Project(root))
    assert {_name(source) for source in parsed.sources} == set(feeds) >= TABLES


def test_every_source_table_states_its_key_and_mode_itself(parsed: Parsed) -> None:
    silent = [
        _name(source)
        for source in parsed.sources
        if not (
            {"lookup", "reads", "after"} if _name(source) in LOOKUPS else {"table", "key", "mode"}
        )
        <= set(source["config"]["meta"].get("extract", {}))
    ]
    assert silent == []


def test_every_source_table_is_stale_after_two_nights_without_a_publication(
    parsed: Parsed,
) -> None:
    for source in parsed.sources:
        hours = {name: bound["count"] for name, bound in source["freshness"].items() if bound}
        assert hours == {"warn_after": 26, "error_after": 50}, _name(source)
        # A field of the rows would not move where no row changes.
        assert "last_published_at" in source["loaded_at_query"], _name(source)


def test_every_source_table_lands_in_its_layer_under_its_name(parsed: Parsed) -> None:
    wrong = [
        _name(source)
        for source in parsed.sources
        if (source["schema"], source["identifier"])
        != (LOOKUPS.get(_name(source), "lv0"), source["name"])
    ]
    assert wrong == []


def test_every_source_table_describes_its_key_and_our_columns(parsed: Parsed) -> None:
    for source in parsed.sources:
        extract = source["config"]["meta"]["extract"]
        wanted = {"_extracted_at"}
        if _name(source) not in LOOKUPS:
            wanted |= {key.lower() for key in extract["key"]} | {"_deleted_at"}
        if "cursor" in extract:
            wanted.add(extract["cursor"].lower())
        described = {
            name for name, column in source["columns"].items() if column["description"].strip()
        }
        assert wanted <= described, f"{_name(source)} lacks {wanted - described}"
        assert described == set(source["columns"]), f"{_name(source)} has a bare column"


def test_columns_that_are_left_out_or_computed_are_not_described_as_mirrored(
    parsed: Parsed,
) -> None:
    for source in parsed.sources:
        extract = source["config"]["meta"]["extract"]
        left_out = {name.lower() for name in extract.get("exclude", [])}
        taken = {name.lower() for name in extract.get("include", source["columns"])}
        computed = {name.lower() for name in extract.get("expressions", {})}
        assert not left_out & set(source["columns"]), _name(source)
        ours = {"_extracted_at", "_deleted_at"}
        assert set(source["columns"]) - ours - computed <= taken, _name(source)
        assert computed <= set(source["columns"]), _name(source)


def test_a_lookup_reads_what_the_models_that_it_runs_after_build(parsed: Parsed) -> None:
    relations = {
        node["name"]: f"{node['schema']}.{node['alias']}" for node in parsed.nodes("model")
    }
    for source in parsed.sources:
        if _name(source) in LOOKUPS:
            extract = source["config"]["meta"]["extract"]
            assert extract["reads"] == [relations[name] for name in extract["after"]]


def test_every_model_of_addresses_is_looked_up(parsed: Parsed) -> None:
    [lookup] = [source for source in parsed.sources if _name(source) in LOOKUPS]
    found = {node["name"] for node in parsed.nodes("model") if "lv1_address__" in node["name"]}
    assert found == set(lookup["config"]["meta"]["extract"]["after"])
