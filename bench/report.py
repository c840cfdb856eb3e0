"""What the bench says: a table for the terminal, and the record in bench/results/latest.json."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.contest import Standing
from bench.growth import Curve, SecondRun
from bench.measure import Measured

__all__ = [
    "growth_text",
    "of_curves",
    "of_memory",
    "of_second_runs",
    "record",
    "table",
]

_HEAD = f"{'':<16}{'wall s':>9}{'x limit':>9}{'CPU s':>9}{'peak MB':>9}{'turns':>7}  rows and types"


def table(standings: Sequence[Standing], rows: int, columns: int) -> str:
    """The contest as text, fastest first, those without a figure last."""
    measured, absent = _split(standings)
    limit = _limit(measured)
    lines = [f"{rows:,} rows x {columns} columns", "", _HEAD]
    for standing in measured:
        took = standing.median
        ratio = f"{took.wall_s / limit:.2f}" if limit else "-"
        lines.append(
            f"{standing.contestant.name:<16}{took.wall_s:>9.1f}{ratio:>9}{took.cpu_s:>9.1f}"
            f"{took.peak_rss_mb:>9.0f}{len(standing.runs):>7}  {_fidelity(standing)}"
        )
    lines += [f"{s.contestant.name:<16}{'-':>9}  {s.absent}" for s in absent]
    lines += ["", *(f"{s.contestant.name:<16}{s.contestant.what}" for s in measured + absent)]
    return "\n".join(lines)


def record(
    standings: Sequence[Standing],
    rows: int,
    columns: int,
    *,
    turns: int,
) -> dict[str, Any]:
    """The contest as the content of latest.json.

    Args:
        standings: of all contestants.
        rows: in the table.
        columns: in the table.
        turns: that were asked for; a slow contestant has fewer, as its entry says.
    """
    measured, absent = _split(standings)
    return {
        "rows": rows,
        "columns": columns,
        "turns": turns,
        "machine": {"cpus": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"},
        "contestants": _entries(measured),
        "not_measured": [{"contestant": s.contestant.name, "why": s.absent} for s in absent],
    }


def _entries(measured: Sequence[Standing]) -> list[dict[str, Any]]:
    """An entry for each contestant that arrived, fastest first."""
    limit = _limit(measured)
    entries = []
    for standing in measured:
        landed = standing.landed
        assert landed is not None
        entries.append(
            {
                "contestant": standing.contestant.name,
                "what": standing.contestant.what,
                **_rounded(standing.median),
                "x_limit": round(standing.median.wall_s / limit, 2) if limit else None,
                "turns": len(standing.runs),
                "equal": landed.equal,
                "rows": landed.rows,
                "differing": list(landed.differing),
                "types_kept": not (landed.retyped or landed.loosened),
                "retyped": list(landed.retyped),
                "loosened": list(landed.loosened),
            }
        )
    return entries


def of_curves(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Seconds at each number of rows, and how cost per row grew from the fewest to the most."""
    return [
        {
            "contestant": curve.name,
            "points": [{"rows": rows, **_rounded(taken)} for rows, taken in curve.points],
            "cost_per_row_growth": round(curve.growth, 2),
        }
        for curve in curves
    ]


def of_memory(curves: Sequence[Curve], standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """Peak memory of the full table over that of the curve's fewest rows, where both were run."""
    full = {s.contestant.name: s for s in standings if s.runs and s.landed}
    entries = []
    for curve in curves:
        if curve.name in full:
            standing = full[curve.name]
            rows, few = curve.points[0]
            peak = standing.median.peak_rss_mb
            entries.append(
                {
                    "contestant": curve.name,
                    "few_rows": rows,
                    "few_mb": round(few.peak_rss_mb, 1),
                    "full_mb": round(peak, 1),
                    "ratio": round(peak / few.peak_rss_mb, 2),
                }
            )
    return entries


def of_second_runs(runs: Sequence[SecondRun]) -> list[dict[str, Any]]:
    """The incremental run's cost as a share of the first load's."""
    return [
        {
            "contestant": run.name,
            "rows_changed": run.changed,
            "first_wall_s": round(run.first.wall_s, 3),
            "second_wall_s": round(run.second.wall_s, 3),
            "share": round(run.share, 3),
            "equal": run.equal,
        }
        for run in runs
    ]


def growth_text(entries: dict[str, Any]) -> str:
    """What the functions above found, as text."""
    lines = ["cost by rows"]
    for curve in entries["cost_by_rows"]:
        points = ", ".join(
            f"{point['rows']:,}: {point['wall_s']:.1f} s" for point in curve["points"]
        )
        lines.append(
            f"  {curve['contestant']:<24}{points}; per row x{curve['cost_per_row_growth']}"
        )
    lines += ["peak memory by rows"]
    lines += [
        f"  {entry['contestant']:<24}{entry['few_rows']:,}: {entry['few_mb']:.0f} MB, "
        f"all: {entry['full_mb']:.0f} MB; x{entry['ratio']}"
        for entry in entries["memory_by_rows"]
    ]
    lines += ["second incremental run"]
    lines += [
        f"  {entry['contestant']:<24}{entry['rows_changed']:,} rows changed: "
        f"{entry['second_wall_s']:.1f} s after {entry['first_wall_s']:.1f} s; "
        f"{entry['share']:.1%}, {'equal' if entry['equal'] else 'NOT EQUAL'}"
        for entry in entries["second_incremental"]
    ]
    return "\n".join(lines)


def _split(standings: Sequence[Standing]) -> tuple[list[Standing], list[Standing]]:
    measured = [standing for standing in standings if standing.absent is None and standing.runs]
    absent = [standing for standing in standings if standing.absent is not None]
    return sorted(measured, key=lambda standing: standing.median.wall_s), absent


def _limit(measured: Sequence[Standing]) -> float | None:
    return next((s.median.wall_s for s in measured if s.contestant.name == "limit"), None)


def _fidelity(standing: Standing) -> str:
    landed = standing.landed
    assert landed is not None
    rows = "equal" if landed.equal else f"{len(landed.differing)} columns differ"
    if not landed.equal and not landed.differing:
        rows = f"{landed.rows:,} rows, not the same"
    types = [
        f"{len(columns)} {what}"
        for columns, what in ((landed.retyped, "types changed"), (landed.loosened, "lengths lost"))
        if columns
    ]
    return ", ".join([rows, *(types or ["types kept"])])


def _rounded(measured: Measured) -> dict[str, float]:
    digits = {"wall_s": 3, "cpu_s": 3, "peak_rss_mb": 1}
    return {name: round(value, digits[name]) for name, value in asdict(measured).items()}
