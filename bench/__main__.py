"""`make bench`: this project beside what one can install, and beside the limit."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench import growth, picture, report
from bench.bed import ROOT, Bed
from bench.contest import Limits, Standing, compete
from bench.contestants import CONTESTANTS, Contestant, original
from bench.growth import Curve, Method
from bench.measure import FailedError
from bench.tools import MissingError, Tools

# Hundredths of the rows: 100,000, 200,000 and 400,000 of 500,000.
_PARTS = (20, 40, 80)
_DRIVERS = {"stairway-copy": "copy", "stairway-arrow": "adbc"}


def main() -> None:
    """Runs the contest and the rest, prints the figures and writes them to bench/results."""
    options = _options()
    names = [contestant.name for contestant in CONTESTANTS]
    wanted = options.only.split(",") if options.only else names
    unknown = [name for name in wanted if name not in names]
    if unknown:
        sys.exit(f"error: unknown contestant {', '.join(unknown)}; there are {', '.join(names)}.")
    contestants = [contestant for contestant in CONTESTANTS if contestant.name in wanted]
    tools = Tools(options.home)
    limits = Limits(options.turns, options.once_above, options.timeout)

    _say(f"sample ERP, {options.rows:,} rows of R_ORDER_CONTRACT")
    with Bed.made(options.home) as bed:
        columns = bed.multiply(options.rows)
        standings = compete(bed, tools, contestants, limits, _say)
        print(f"\n{report.table(standings, options.rows, columns)}\n", flush=True)
        entries = report.record(standings, options.rows, columns, turns=options.turns)
        _write(options.results, entries)
        ours = [contestant for contestant in contestants if contestant.ours]
        if options.growth and ours:
            curves, further = _grow(bed, tools, options.rows, limits, ours, standings)
            _write(options.results, {**entries, **further})
            _draw_curves(options.results, curves)
    _say(f"written to {options.results}")
    if broken := [s.contestant.name for s in standings if s.contestant.ours and not _arrived(s)]:
        sys.exit(f"error: {', '.join(broken)} did not land what the source holds.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000, help="in the table")
    parser.add_argument("--turns", type=int, default=3, help="per contestant; medians count")
    parser.add_argument("--only", metavar="A,B", help="contestants to run; default: all")
    parser.add_argument(
        "--once-above", type=float, default=45, metavar="S",
        help="who takes more seconds in the first turn gets no other",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=float, default=400, metavar="S", help="ends a turn after so many seconds"
    )
    parser.add_argument(
        "--no-growth", dest="growth", action="store_false",
        help="the contest alone, without cost by rows and the incremental run",
    )  # fmt: skip
    parser.add_argument(
        "--home", type=lambda text: Path(text).resolve(), default=ROOT / ".sandbox" / "bench",
        help="folder for the cluster and the other contestants' programs",
    )  # fmt: skip
    parser.add_argument(
        "--results", type=Path, default=ROOT / "bench" / "results",
        help="folder for latest.json and the pictures",
    )  # fmt: skip
    return parser.parse_args()


def _grow(
    bed: Bed,
    tools: Tools,
    rows: int,
    limits: Limits,
    ours: list[Contestant],
    standings: list[Standing],
) -> tuple[list[Curve], dict[str, Any]]:
    _say("cost by rows")
    sizes = growth.counts(rows, _PARTS)
    methods = {
        contestant.name: Method(contestant.ready, sizes, limits.turns) for contestant in ours
    }
    if any(s.contestant.name == "original" and s.absent is None for s in standings):
        # Its reading alone: the pages are what costs more and more.
        methods["original, reading only"] = Method(
            lambda task: original(task, "--read-only"), sizes, turns=1
        )
    try:
        curves = growth.curves(bed, tools, methods, limits.timeout_s)
        seconds = []
        for contestant in ours:
            _say(f"second incremental run: {contestant.name}")
            seconds.append(
                growth.second_run(bed, contestant.name, _DRIVERS[contestant.name], limits.timeout_s)
            )
    except (FailedError, MissingError) as error:
        sys.exit(f"error: {error}")
    further = {
        "cost_by_rows": report.of_curves(curves),
        "memory_by_rows": report.of_memory(curves, standings),
        "second_incremental": report.of_second_runs(seconds),
    }
    print(f"\n{report.growth_text(further)}\n", flush=True)
    return curves, further


def _write(folder: Path, entries: dict[str, Any]) -> None:
    """Writes the record and the picture of the contest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    drawn = [
        picture.Bar(
            entry["contestant"],
            entry["wall_s"],
            (f"{entry['x_limit']:.2f}x, " if entry["x_limit"] else "")
            + f"{entry['peak_rss_mb']:,.0f} MB"
            + ("" if entry["equal"] else ", values differ"),
            entry["contestant"].startswith("stairway"),
        )
        for entry in entries["contestants"]
    ]
    if drawn:
        title = f"{entries['rows']:,} rows x {entries['columns']} columns, Postgres to Postgres"
        subtitle = "wall time of one load, as a multiple of psql | psql, and peak memory"
        (folder / "latest.svg").write_text(picture.bars(title, subtitle, drawn, "s"))


def _draw_curves(folder: Path, curves: list[Curve]) -> None:
    paths = [
        picture.Line(
            curve.name,
            tuple((count, taken.wall_s / count * 100_000) for count, taken in curve.points),
        )
        for curve in curves
    ]
    title = "Seconds per 100,000 rows, against the table's rows"
    subtitle = "a level line is a cost that grows with the rows, and no faster"
    (folder / "cost_by_rows.svg").write_text(picture.lines(title, subtitle, paths))


def _arrived(standing: Standing) -> bool:
    return standing.absent is None and standing.landed is not None and standing.landed.equal


def _say(text: str) -> None:
    print(f"- {text}", flush=True)


if __name__ == "__main__":
    main()
