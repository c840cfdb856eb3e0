"""How cost grows: with the rows of a table, and with the share of them that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from bench import stairway
from bench.bed import KEY, SCHEMA, TABLE, Bed
from bench.compare import compare
from bench.contestants import Task
from bench.measure import Command, Measured, measure, medians
from bench.tools import Tools

__all__ = ["Curve", "Method", "SecondRun", "counts", "curves", "second_run"]

_CHANGED_SHARE = 0.001


@dataclass(frozen=True)
class Method:
    """A way to load or read a table, the numbers of rows to try it on, and how often each."""

    ready: Callable[[Task], list[Command]]
    sizes: Sequence[int]
    turns: int


@dataclass(frozen=True)
class Curve:
    """What a method takes at growing numbers of rows, least first."""

    name: str
    points: tuple[tuple[int, Measured], ...]

    @property
    def growth(self) -> float:
        """Seconds per row at the most rows over those at the fewest: 1 is a straight line."""
        (few, cheap), (many, dear) = self.points[0], self.points[-1]
        return (dear.wall_s / many) / (cheap.wall_s / few)


@dataclass(frozen=True)
class SecondRun:
    """A first load in mode incremental, then a run after a few rows changed."""

    name: str
    changed: int
    first: Measured
    second: Measured
    equal: bool

    @property
    def share(self) -> float:
        """The second run's wall time as a share of the first's."""
        return self.second.wall_s / self.first.wall_s


def counts(rows: int, parts: Sequence[int]) -> list[int]:
    """Whole numbers of rows, each one of `parts` hundredths of `rows`."""
    return [max(1, rows * part // 100) for part in parts]


def curves(
    bed: Bed,
    tools: Tools,
    methods: Mapping[str, Method],
    timeout_s: float,
) -> list[Curve]:
    """Measures each method on tables of growing size.

    Args:
        bed: holds `bench.r_order_contract`.
        tools: the other contestants' programs.
        methods: by name.
        timeout_s: seconds per turn.
    """
    runs: dict[str, dict[int, list[Measured]]] = {name: {} for name in methods}
    for rows in sorted({count for method in methods.values() for count in method.sizes}):
        table = f"{TABLE}_{rows}"
        bed.cut(table, rows)
        for turn in range(max(method.turns for method in methods.values())):
            for name, method in methods.items():
                if rows in method.sizes and turn < method.turns:
                    bed.empty_target()
                    pipeline = method.ready(Task(bed, tools, table, bed.scratch(name)))
                    log = bed.home / "logs" / f"{name}-{rows}.log"
                    taken = measure(pipeline, log, timeout_s)
                    runs[name].setdefault(rows, []).append(taken)
        bed.drop(table)
    return [
        Curve(name, tuple((rows, medians(taken)) for rows, taken in sorted(points.items())))
        for name, points in runs.items()
    ]


def second_run(bed: Bed, name: str, driver: str, timeout_s: float) -> SecondRun:
    """Measures an incremental run after one row in a thousand changed.

    Args:
        bed: holds `bench.r_order_contract`, whose changed rows stay changed.
        name: of the figures.
        driver: of this project's connection.
        timeout_s: seconds per run.
    """
    bed.empty_target()
    environment = bed.environment(bed.scratch("incremental"))
    stairway.write_project(
        bed,
        TABLE,
        {"url": bed.source_url, "driver": driver},
        schema=SCHEMA,
        mode="incremental",
        cursor="UPDT_DT",
    )
    stairway.migrate(bed, environment)
    command = stairway.run_command(bed, environment)
    log = bed.home / "logs" / "incremental.log"
    first = measure([command], log, timeout_s)
    every = round(1 / _CHANGED_SHARE)
    with psycopg.connect(bed.source_url) as connection:
        changed = connection.execute(
            f"""
            with latest as (
                select max(updt_dt) + interval '1 minute' as later from {SCHEMA}.{TABLE}
            ),
            numbered as (
                select {KEY}, row_number() over (order by {KEY}) as place from {SCHEMA}.{TABLE}
            )
            update {SCHEMA}.{TABLE} as o set remark = 'changed', updt_dt = l.later
            from latest as l, numbered as n
            where o.{KEY} = n.{KEY} and n.place % {every} = 0
            """.encode()
        ).rowcount
    second = measure([command], log, timeout_s)
    landed = compare(bed.source_url, f"{SCHEMA}.{TABLE}", bed.target_url, f"lv0.{TABLE}")
    return SecondRun(name, changed, first, second, landed.equal)
