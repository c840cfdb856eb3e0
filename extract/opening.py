"""Opens a pass: fixes its ranges and sweep and makes its staging, or goes on with an open one."""

from __future__ import annotations

import logging
from dataclasses import replace
from uuid import UUID

from extract.errors import DataError
from extract.paging import count_statement
from extract.plan import Checkpoint, Plan, Progress, Segment
from extract.runs import Runs
from extract.session import Session
from extract.sources import Source, value_of
from extract.sweep import make_sweep

__all__ = ["start"]

logger = logging.getLogger(__name__)


def start(plan: Plan, run_id: UUID, session: Session, runs: Runs) -> Checkpoint:
    """The checkpoint of the pass that the plan resumes, or of a new one, which is then recorded.

    Raises:
        DataError: more rows have no key than may be set aside.
        ExtractError: the source or the warehouse failed.
    """
    held = plan.resumes
    if held is not None and _can_resume(plan, held, session, runs):
        logger.info("%s: %s", plan.feed.name, plan.reason)
        return held
    bounds = _bounds(plan, session)
    checkpoint = plan.first_checkpoint(runs.now(), bounds)
    if "keys" in plan.kinds:
        checkpoint = replace(checkpoint, sweep=make_sweep(plan, session))
    session.target.create_stage(plan, run_id, checkpoint)
    checkpoint = replace(checkpoint, rejected=_set_null_keys_aside(plan, run_id, session))
    runs.open(plan.feed.name, run_id, checkpoint, plan.segments(bounds))
    return checkpoint


def _bounds(plan: Plan, session: Session) -> list[str]:
    rows = plan.shape.estimated_rows or 0
    parts = min(plan.feed.extract.ranges, rows // plan.page_rows)
    if parts < 2 or not plan.can_split:
        return []
    return session.source.boundaries(plan.shape, plan.key[0], parts)


def _can_resume(plan: Plan, held: Checkpoint, session: Session, runs: Runs) -> bool:
    segments = plan.segments(held.bounds)
    reached = runs.progress(plan.feed.name)
    if len(reached) != len(segments):
        return False
    staged = dict.fromkeys(plan.stages, 0)
    for segment, progress in zip(segments, reached, strict=True):
        staged[segment.stage] += progress.staged
    if not session.target.stage_is_whole(plan, staged):
        logger.warning("%s: staged pages are gone; starting over", plan.feed.name)
        return False
    return plan.proven or all(
        progress.after is None
        or progress.is_done
        or _is_single(plan, segment, progress, session.source)
        for segment, progress in zip(segments, reached, strict=True)
    )


def _is_single(plan: Plan, segment: Segment, progress: Progress, source: Source) -> bool:
    # The last committed row may have had a double that was not read yet.
    statement = count_statement(
        source.dialect, plan.shape.relation, segment.order, equal_to=progress.after
    )
    return value_of(source, statement) == "1"


def _set_null_keys_aside(plan: Plan, run_id: UUID, session: Session) -> int:
    nullable = [column for column in plan.key if column.nullable]
    if not nullable:
        return 0
    source = session.source
    count = value_of(source, count_statement(source.dialect, plan.shape.relation, nullable))
    lost = int(count or 0)
    names = ", ".join(column.name for column in nullable)
    if lost > plan.feed.extract.max_rejects:
        raise DataError(
            f"{plan.feed.name}: the key ({names}) of {lost:,} rows is null, more than "
            f"`max_rejects` ({plan.feed.extract.max_rejects}). Name another key in "
            f"`config.meta.extract.key` in {plan.feed.file.name}.",
            feed=plan.feed.name,
        )
    if lost:
        logger.warning("%s: %d rows without a key (%s) set aside", plan.feed.name, lost, names)
        session.target.set_aside(plan, run_id, nullable[0], lost)
    return lost
