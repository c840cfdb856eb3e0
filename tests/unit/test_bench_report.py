from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from bench import picture, report
from bench.compare import Column, Comparison, printed
from bench.contest import Standing
from bench.contestants import CONTESTANTS
from bench.growth import Curve, SecondRun, counts
from bench.measure import Measured

_SVG = "{http://www.w3.org/2000/svg}"
_BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}


def _standing(name: str, *seconds: float, **landed: Any) -> Standing:
    comparison = Comparison(**{
        "rows": 10, "differing": (), "retyped": (), "loosened": (), "equal": True, **landed
    })  # fmt: skip
    return Standing(_BY_NAME[name], [Measured(wall, wall / 2, 50) for wall in seconds], comparison)


def _standings() -> list[Standing]:
    return [
        _standing("original", 40.0),
        _standing("stairway-copy", 6.0, 4.0, 5.0),
        _standing("limit", 2.0, 2.0, 3.0),
        _standing(
            "sling", 9.0, differing=("b",), retyped=("b: uuid -> text",), equal=False,
            loosened=("c: character(2) -> text",),
        ),
        Standing(_BY_NAME["pgloader"], absent="not at hand: not installed, and no apt"),
    ]  # fmt: skip


def test_the_record_holds_medians_the_ratio_to_the_limit_and_who_is_missing() -> None:
    record = report.record(_standings(), 10, 83, turns=3)
    entries = {entry["contestant"]: entry for entry in record["contestants"]}
    assert list(entries) == ["limit", "stairway-copy", "sling", "original"]
    assert record["rows"] == 10
    assert record["columns"] == 83
    ours = entries["stairway-copy"]
    assert (ours["wall_s"], ours["cpu_s"], ours["peak_rss_mb"]) == (5.0, 2.5, 50.0)
    assert (ours["x_limit"], ours["turns"]) == (2.5, 3)
    assert (ours["equal"], ours["types_kept"]) == (True, True)
    assert (entries["sling"]["equal"], entries["sling"]["types_kept"]) == (False, False)
    assert entries["sling"]["differing"] == ["b"]
    assert record["not_measured"] == [
        {"contestant": "pgloader", "why": "not at hand: not installed, and no apt"}
    ]


def test_the_table_names_everybody() -> None:
    text = report.table(_standings(), 10, 83)
    for name in ("limit", "stairway-copy", "sling", "original", "pgloader"):
        assert f"\n{name}" in text
    assert "1 columns differ, 1 types changed, 1 lengths lost" in text
    assert "not at hand: not installed, and no apt" in text


def test_without_the_limit_there_is_no_ratio() -> None:
    record = report.record([_standing("original", 40.0)], 10, 83, turns=1)
    assert record["contestants"][0]["x_limit"] is None
    assert report.table([_standing("original", 40.0)], 10, 83)


def test_growth_compares_cost_per_row_at_both_ends() -> None:
    line = Curve("a", ((100, Measured(1, 1, 10)), (400, Measured(4, 4, 15))))
    square = Curve("b", ((100, Measured(1, 1, 1)), (400, Measured(16, 16, 1))))
    assert (line.growth, square.growth) == (1.0, 4.0)
    entry = report.of_curves([line])[0]
    assert entry["cost_per_row_growth"] == 1.0
    assert [point["rows"] for point in entry["points"]] == [100, 400]


def test_memory_is_compared_between_the_fewest_rows_and_all() -> None:
    curve = Curve("limit", ((100, Measured(1, 1, 40)), (400, Measured(4, 4, 45))))
    assert report.of_memory([curve], _standings()) == [
        {"contestant": "limit", "few_rows": 100, "few_mb": 40, "full_mb": 50, "ratio": 1.25}
    ]


def test_the_second_run_is_told_as_a_share_of_the_first() -> None:
    run = SecondRun("stairway-copy", 5, Measured(10, 1, 1), Measured(0.5, 1, 1), True)
    (entry,) = report.of_second_runs([run])
    assert (entry["share"], entry["rows_changed"], entry["equal"]) == (0.05, 5, True)
    text = report.growth_text(
        {"cost_by_rows": [], "memory_by_rows": [], "second_incremental": [entry]}
    )
    assert "5 rows changed: 0.5 s after 10.0 s; 5.0%, equal" in text


def test_counts_are_hundredths_of_the_rows() -> None:
    assert counts(500_000, (20, 40, 80)) == [100_000, 200_000, 400_000]
    assert counts(10, (5,)) == [1]


def test_bars_are_as_long_as_their_values() -> None:
    entries = [picture.Bar("limit", 2.0, "1x", False), picture.Bar("a & b", 8.0, "4x <", True)]
    page = ElementTree.fromstring(picture.bars("t", "s", entries, "s"))
    widths = [float(bar.attrib["width"]) for bar in page.findall(f"{_SVG}rect")[1:]]
    assert abs(widths[1] / widths[0] - 4) < 0.01
    assert "a & b" in [text.text for text in page.findall(f"{_SVG}text")]


def test_lines_start_both_axes_at_zero() -> None:
    entries = [picture.Line("a", ((100, 3.0), (400, 3.0))), picture.Line("b", ((200, 6.0),))]
    page = ElementTree.fromstring(picture.lines("t", "s", entries))
    dots = [
        (float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in page.findall(f"{_SVG}circle")
    ]
    (x1, y1), (x4, y4), (x2, y2) = dots
    assert y1 == y4
    assert abs((x4 - 60) / (x1 - 60) - 4) < 0.01
    assert abs((396 - y2) / (396 - y1) - 2) < 0.01
    assert x1 < x2 < x4


def test_values_are_cast_back_before_they_are_compared() -> None:
    assert printed(Column("a", "integer"), "integer") == '"a"::text'
    assert printed(Column("a", "double precision"), "numeric(19,4)") == '"a"::numeric(19,4)::text'
    assert printed(Column("a", "text"), "character(4)") == 'rtrim("a"::text)'
    assert printed(Column("a", "text"), "character varying(4)") == '"a"::text'
    assert "pg_input_is_valid" in printed(Column("a", "text"), "uuid")
