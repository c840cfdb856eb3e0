"""The contest: interleaved turns over one table, medians, and a check of what landed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.bed import SCHEMA, TABLE, Bed
from bench.compare import Comparison, compare
from bench.contestants import Contestant, Task
from bench.measure import FailedError, Measured, measure, medians
from bench.tools import MissingError, Tools

__all__ = ["Limits", "Standing", "compete"]


@dataclass(frozen=True)
class Limits:
    """How much time a contestant may take.

    Attributes:
        turns: per contestant.
        once_above_s: seconds; whoever took longer in the first turn gets no further one.
        timeout_s: seconds after which a turn is ended.
    """

    turns: int
    once_above_s: float
    timeout_s: float


@dataclass
class Standing:
    """A contestant's turns so far, what landed in the first, or why there is none."""

    contestant: Contestant
    runs: list[Measured] = field(default_factory=list)
    landed: Comparison | None = None
    absent: str | None = None

    @property
    def median(self) -> Measured:
        """The medians of its turns; it has at least one."""
        return medians(self.runs)


def compete(
    bed: Bed,
    tools: Tools,
    contestants: Sequence[Contestant],
    limits: Limits,
    say: Callable[[str], None],
) -> list[Standing]:
    """Gives each contestant its turns, one after the other in each round.

    Args:
        bed: holds `bench.r_order_contract`.
        tools: the other contestants' programs.
        contestants: in the order of their turns.
        limits: of number and time.
        say: hears what each turn took.
    """
    standings = [Standing(contestant) for contestant in contestants]
    for turn in range(1, limits.turns + 1):
        for standing in standings:
            if standing.absent is None and not _is_slow(standing, limits):
                _take_turn(bed, tools, standing, limits.timeout_s)
                say(f"turn {turn}: {standing.contestant.name}: {_outcome(standing)}")
    return standings


def _is_slow(standing: Standing, limits: Limits) -> bool:
    return bool(standing.runs) and standing.runs[0].wall_s > limits.once_above_s


def _take_turn(bed: Bed, tools: Tools, standing: Standing, timeout_s: float) -> None:
    contestant = standing.contestant
    bed.empty_target()
    try:
        pipeline = contestant.ready(Task(bed, tools, TABLE, bed.scratch(contestant.name)))
        log = bed.home / "logs" / f"{contestant.name}.log"
        standing.runs.append(measure(pipeline, log, timeout_s))
    except MissingError as missing:
        standing.absent = f"not at hand: {missing}"
    except FailedError as failed:
        standing.absent = str(failed)
    else:
        if standing.landed is None:
            landed = contestant.landed.format(table=TABLE)
            source = f"{SCHEMA}.{TABLE}"
            standing.landed = compare(bed.source_url, source, bed.target_url, landed)


def _outcome(standing: Standing) -> str:
    if standing.absent is not None:
        return standing.absent
    return f"{standing.runs[-1].wall_s:.1f} s"
