"""The texts in which the sandbox reports a change and a run."""

from __future__ import annotations

import json

from sandbox import erp
from sandbox.summary import Row, Summary


def test_the_report_renders_as_text_and_as_json() -> None:
    report = erp.ErpChange(
        round=2,
        tables={"rental.r_goods": erp.TableChange(inserted=1, updated=3, deleted=0)},
        hc_writes={"product2": 4},
    )
    assert report.to_text().splitlines() == [
        "change 2                            inserted   updated   deleted",
        "rental.r_goods                             1         3         0",
        "",
        "expected in hc                        writes",
        "product2                                   4",
    ]
    assert json.dumps(report.to_dict()) == (
        '{"round": 2, "tables": {"rental.r_goods": {"inserted": 1, "updated": 3, "deleted": 0}},'
        ' "hc_writes": {"product2": 4}}'
    )


def test_a_run_that_changed_nothing_says_so() -> None:
    still = Row("lv0", "r_goods", rows=60, inserted=0, updated=0, deleted=0, seconds=0.1)
    summary = Summary([still], {"product2": 0}, accepted=0, refused=0, seconds=1.0)
    assert not summary.changed
    assert summary.to_text().splitlines()[-1].startswith("Nothing changed in the ERP")


def test_a_layer_is_summed_over_its_relations() -> None:
    rows = [
        Row("lv0", "r_goods", rows=60, inserted=1, updated=3, deleted=1, seconds=0.25),
        Row("lv0", "b_minor", rows=82, inserted=1, updated=0, deleted=0, seconds=0.25),
    ]
    summary = Summary(rows, {"product2": 5}, accepted=4, refused=1, seconds=2.0)
    text = summary.to_text().splitlines()
    assert text[1].split() == ["lv0", "(2", "relations)", "142", "2", "3", "137", "1", "0.5"]
    assert "5 writes queued (product2 5), 4 accepted, 1 refused" in text[-1]
