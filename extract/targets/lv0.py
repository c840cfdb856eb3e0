"""Publishes: brings an lv0 table to what is staged, and closes the run, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from extract import postgres
from extract.drift import OWN_COLUMNS
from extract.errors import BreakerError, DataError, DriftError, StageLostError
from extract.plan import Checkpoint, KeySet, Plan, Progress
from extract.postgres import Statements, identifier, literal
from extract.runs import lease_lost
from extract.targets.postgres import (
    PostgresTarget,
    is_direct,
    publish_sql,
    stage_name,
    stage_table,
)
from extract.targets.publish import Publish

__all__ = ["Published", "publish"]


@dataclass(frozen=True)
class Published:
    """What publishing changed in lv0.

    `missing` rows are at the source and were not read; where it `has_other_keys`, the source has
    others than lv0 now.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    missing: int = 0
    has_other_keys: bool = False


def publish(
    target: PostgresTarget,
    plan: Plan,
    run_id: UUID,
    checkpoint: Checkpoint,
    segments: Sequence[Progress],
    *,
    hashing: str,
    source_keys: KeySet | None,
    allow_deletes: bool,
) -> Published:
    """Brings lv0 to what is staged and closes the run, in one transaction; says what changed.

    It may be called again after its connection broke off: what is published stays published.

    Raises:
        BreakerError: more rows than allowed would be marked as deleted.
        DataError: a key comes more than once.
        DriftError: lv0 can't have the new key.
        LeaseLostError: the feed is another run's now.
        StageLostError: not all is staged that was.
    """
    with postgres.translated(target.warehouse, plan.feed.name):
        published = _published(target.statements, run_id)
        if published is not None:
            return published
        # The transaction keeps the row that the lease is in, so nobody can renew it meanwhile.
        target.statements.execute(
            "update ops.feeds set lease_expires_at = clock_timestamp() + interval '1 hour'"
            " where feed = %s and run_id = %s",
            (plan.feed.name, run_id),
        )
        with target.statements.transaction():
            publishing = _Publishing(
                target, plan, run_id, checkpoint, segments, hashing, source_keys
            )
            return publishing.run(allow_deletes)


def _published(statements: Statements, run_id: UUID) -> Published | None:
    row = statements.execute(
        "select rows_inserted, rows_updated, rows_unchanged, rows_deleted from ops.runs"
        " where run_id = %s and state = 'published'",
        (run_id,),
    ).fetchone()
    return None if row is None else Published(*row)


@dataclass(frozen=True)
class _Publishing:
    target: PostgresTarget
    plan: Plan
    run_id: UUID
    checkpoint: Checkpoint
    segments: Sequence[Progress]
    hashing: str
    source_keys: KeySet | None

    def run(self, allow_deletes: bool) -> Published:
        stamp = self._close_feed()
        sql = publish_sql(self.plan, self.checkpoint, stamp, self.hashing)
        result = self._bring_in(sql, allow_deletes)
        self._mark_pii()
        self._close_run(result)
        return result

    def _close_feed(self) -> str:
        """Moves the feed's marks; the `_extracted_at` of what is published now.

        It is later than the one before even where the clock was set back: what reads lv0 by it
        would else miss rows.
        """
        plan, checkpoint = self.plan, self.checkpoint
        row = self.target.statements.execute(
            """
            update ops.feeds set
                checkpoint = null,
                definition = %(definition)s::jsonb,
                last_mark = coalesce(
                    %(mark)s::text[], case when not %(complete)s then last_mark end
                ),
                last_published_at = greatest(
                    now(), %(started)s::timestamptz, last_published_at + interval '1 microsecond'
                ),
                last_swept_at = case when %(swept)s then %(started)s else last_swept_at end,
                last_complete_at = case when %(complete)s then %(started)s else last_complete_at end
            where feed = %(feed)s and run_id = %(run_id)s
            returning last_published_at::text
            """,
            {
                "definition": json.dumps(plan.definition),
                "mark": None if checkpoint.upper is None else list(checkpoint.upper),
                "started": checkpoint.started_at,
                "swept": plan.is_complete or "keys" in checkpoint.kinds,
                "complete": plan.is_complete,
                "feed": plan.feed.name,
                "run_id": self.run_id,
            },
        ).fetchone()
        if row is None:
            raise lease_lost(plan.feed.name)
        # A worker that is still about commits nothing any more.
        self.target.statements.execute(
            "delete from ops.segments where feed = %s", (plan.feed.name,)
        )
        return str(row[0])

    def _close_run(self, result: Published) -> None:
        plan, checkpoint, segments = self.plan, self.checkpoint, self.segments
        self.target.statements.execute(
            """
            update ops.runs set
                state = 'published', finished_at = clock_timestamp(), is_complete = %s,
                lower_mark = %s, upper_mark = %s, pages = %s, rows_read = %s, bytes_read = %s,
                nul_removed = %s, rows_inserted = %s, rows_updated = %s, rows_unchanged = %s,
                rows_deleted = %s, rows_rejected = %s, drift = %s, notes = notes || %s::text[]
            where run_id = %s
            """,
            (
                plan.is_complete, _marks(checkpoint.lower), _marks(checkpoint.upper),
                sum(segment.pages for segment in segments),
                sum(segment.rows for segment in segments),
                sum(segment.bytes for segment in segments),
                sum(segment.nul_removed for segment in segments),
                result.inserted, result.updated, result.unchanged, result.deleted,
                checkpoint.rejected + sum(segment.rejected for segment in segments),
                plan.drift.lines(), self._notes(), self.run_id,
            ),
        )  # fmt: skip

    def _notes(self) -> list[str]:
        rejected = self.target.statements.execute(
            "select column_name, reason, count(*) from lv0._rejected"
            " where feed = %s and rejected_at >= %s group by 1, 2 order by 1, 2",
            (self.plan.feed.name, self.checkpoint.started_at),
        ).fetchall()
        lines = [f"rejected {rows:,} rows: {column}: {reason}" for column, reason, rows in rejected]
        removed = sum(segment.nul_removed for segment in self.segments)
        if removed:
            lines.append(f"removed {removed:,} NUL characters")
        if self.plan.feed.pii:
            lines.append(f"pii: {', '.join(self.plan.feed.pii)}")
        return lines

    def _bring_in(self, sql: Publish, allow_deletes: bool) -> Published:
        plan, checkpoint = self.plan, self.checkpoint
        if plan.key and not plan.proven:
            for doubles in sql.doubles():
                self._refuse_doubles(self._number(doubles), f"`{plan.feed.source_relation}`")
        if checkpoint.straight:
            return self._become_lv0(sql)
        staged = self._count_staged()
        if plan.proven and plan.cursor and not plan.is_complete:
            staged -= self._run(sql.drop_older_versions())
        self._alter()
        if plan.rekeyed:
            self._rekey(sql)
        if not plan.key:
            return self._bring_in_multiset(sql, staged, allow_deletes)
        for stage in plan.stages:
            self._run(f"analyze {stage_table(plan, stage)} ({self._key})")
        missing = self._number(sql.missing()) if "keys" in checkpoint.kinds else 0
        mode = plan.feed.extract.mode
        if mode == "append":
            inserted = self._run(sql.insert())
            self.target.drop_stage(plan)
            return Published(inserted, 0, staged - inserted)
        deleted, deleted_sum = 0, 0
        if plan.is_complete or {"keys", "strays"} & set(checkpoint.kinds):
            deleted, deleted_sum = self._delete(sql, allow_deletes or "strays" in checkpoint.kinds)
        revived, revived_sum = self._pair(sql.revived_summed())
        updated = self._run(sql.update())
        inserted, inserted_sum = self._pair(sql.insert_summed())
        self._keep_keys(sql, inserted + revived - deleted, inserted_sum + revived_sum - deleted_sum)
        has_other_keys = self._has_other_keys(sql)
        self.target.drop_stage(plan)
        same = staged - inserted - updated
        return Published(inserted, updated, same, deleted, missing, has_other_keys)

    def _count_staged(self) -> int:
        """How many rows are staged; makes sure that it is all that were committed."""
        plan = self.plan
        found = {
            stage: self._number(f"select count(*) from {stage_table(plan, stage)}")
            for stage in plan.stages
        }
        committed = dict.fromkeys(plan.stages, 0)
        for segment, progress in zip(
            plan.segments(self.checkpoint.bounds), self.segments, strict=True
        ):
            committed[segment.stage] += progress.staged
        self._refuse_lost(found == committed)
        return found.get("rows", 0)

    def _refuse_lost(self, is_whole: bool) -> None:
        if not is_whole:
            raise StageLostError(
                f"{self.plan.feed.name}: staged pages are gone, as after a crash of "
                f"{self.target.warehouse.where}; lv0 is as it was. Run it again.",
                feed=self.plan.feed.name,
            )

    def _keep_keys(self, sql: Publish, count: int = 0, total: int = 0) -> None:
        """Keeps what lv0's keys add up to, counted anew or by what was added."""
        plan = self.plan
        if plan.feed.extract.mode != "incremental":
            return
        # A sweep that found nothing says that what was kept is right, or wrong: both are settled.
        anew = plan.is_complete or ("keys" in self.checkpoint.kinds and not count)
        if anew:
            count, total = self._pair(sql.alive_summed())
            old = ("0", "0")
        else:
            old = ("keys_count", "keys_sum")
        self.target.statements.execute(
            f"update ops.feeds set keys_count = {old[0]} + %s, keys_sum = {old[1]} + %s,"
            " keys_hashing = %s where feed = %s"
            " and (%s or keys_hashing is not distinct from %s)".encode(),
            (count, total, self.hashing, plan.feed.name, anew, self.hashing),
        )

    def _has_other_keys(self, sql: Publish) -> bool:
        """Whether the source's keys add up to something else than lv0's."""
        if self.source_keys is None:
            return False
        row = self.target.statements.execute(
            "select keys_hashing, keys_count, keys_sum from ops.feeds where feed = %s",
            (self.plan.feed.name,),
        ).fetchone()
        if row is None or row[1] is None or row[0] != self.hashing:
            return True
        held = KeySet(row[0], int(row[1]), int(row[2]))
        if self.source_keys == held:
            return False
        if any(column.lv0_name in self.plan.feed.pii for column in self.plan.key):
            return True
        rejected, rejected_sum = self._pair(sql.rejected_summed())
        held = KeySet(held.hashing, held.count + rejected, held.sum + rejected_sum)
        return self.source_keys != held

    def _bring_in_multiset(self, sql: Publish, staged: int, allow_deletes: bool) -> Published:
        gone = self._number(sql.multiset_gone())
        if gone and not allow_deletes:
            self._check_share(gone, self._number(sql.alive()))
        deleted = self._run(sql.multiset_delete()) if gone else 0
        inserted = self._run(sql.multiset_insert())
        self.target.drop_stage(self.plan)
        return Published(inserted, 0, staged - inserted, deleted)

    def _become_lv0(self, sql: Publish) -> Published:
        plan = self.plan
        rows = stage_table(plan, "rows")
        schema, table = plan.feed.target_schema, plan.feed.target_table
        target = identifier(schema, table)
        staged = sum(segment.staged for segment in self.segments)
        if is_direct(plan):
            self._run(f"alter table {rows} reset (autovacuum_enabled)")
            self._run(f"alter table {rows} alter column _extracted_at drop default")
            self._run(f"alter table {rows} set schema {identifier(schema)}")
            landed = identifier(schema, stage_name(plan, "rows"))
            self._run(f"alter table {landed} rename to {identifier(table)}")
        else:
            types = [
                f"{identifier(column.lv0_name)} {column.lv0_type}" for column in plan.shape.columns
            ]
            own = [f"{name} {kind}" for name, kind in OWN_COLUMNS.items()]
            self._run(f"create table {target} ({', '.join(types + own)})")
            self._run(f"alter table {target} alter column _extracted_at set not null")
            self._refuse_lost(self._run(sql.insert_all()) == staged)
        if plan.key:
            self._run(f"alter table {target} add primary key ({self._key})")
        # Incremental models ask for what was extracted since they last looked.
        self._run(f"create index on {target} (_extracted_at)")
        # The other columns, and a closer look, are left to autovacuum: wide tables take seconds.
        self._run("set local default_statistics_target = 10")
        listed = "_extracted_at, _deleted_at" + (f", {self._key}" if plan.key else "")
        self._run(f"analyze {target} ({listed})")
        self.target.drop_stage(plan)
        self._keep_keys(sql)
        return Published(inserted=staged)

    @property
    def _key(self) -> str:
        return ", ".join(identifier(column.lv0_name) for column in self.plan.key)

    def _alter(self) -> None:
        target = self._lv0_table
        for column in self.plan.drift.added:
            self._run(
                f"alter table {target} add column {identifier(column.lv0_name)} {column.lv0_type}"
            )
        for column in self.plan.drift.widened:
            self._run(
                f"alter table {target} alter column {identifier(column.lv0_name)}"
                f" type {column.lv0_type}"
            )

    @property
    def _lv0_table(self) -> str:
        return identifier(self.plan.feed.target_schema, self.plan.feed.target_table)

    def _rekey(self, sql: Publish) -> None:
        """Makes lv0 unique by the key that the catalogue names now."""
        plan, target = self.plan, self._lv0_table
        doubles = self._number(sql.doubles_in_lv0()) if plan.key else 0
        if doubles:
            names = ", ".join(column.name for column in plan.key)
            raise DriftError(
                f"{plan.feed.name}: the key is {names} now, but {doubles:,} of its values come "
                f"more than once in {target} (deleted rows included), or are null. Go back to the "
                "old key, or drop the table to load it anew.",
                feed=plan.feed.name,
            )
        held = self.target.lv0(plan.feed.target_schema, plan.feed.target_table)
        row = self.target.statements.execute(
            "select conname from pg_catalog.pg_constraint"
            " where conrelid = to_regclass(%s) and contype = 'p'",
            (target,),
        ).fetchone()
        if row is not None:
            self._run(f"alter table {target} drop constraint {identifier(row[0])}")
        # They were not null because of the key only.
        for name in held.key if held is not None else ():
            self._run(f"alter table {target} alter column {identifier(name)} drop not null")
        if plan.key:
            self._run(f"alter table {target} add primary key ({self._key})")

    def _delete(self, sql: Publish, allowed: bool) -> tuple[int, int]:
        gone = self._run(sql.find_gone())
        sweep = self.checkpoint.sweep
        if gone and not allowed:
            self._check_share(gone, sweep.rows if sweep else self._number(sql.alive()))
        return self._pair(sql.delete_summed()) if gone else (0, 0)

    def _check_share(self, gone: int, alive: int) -> None:
        plan = self.plan
        share = plan.feed.extract.max_delete_share
        if gone > alive * share:
            raise BreakerError(
                f"{plan.feed.name}: {gone:,} of {alive:,} rows of lv0 are no longer in "
                f"{plan.feed.source_relation}, more than the {share:.0%} that a pass may delete. "
                "lv0 is as it was. If the source is right, run it once with --allow-deletes.",
                feed=plan.feed.name,
            )

    def _refuse_doubles(self, doubles: int, where: str) -> None:
        if doubles:
            key = ", ".join(column.name for column in self.plan.key)
            raise DataError(
                f"{self.plan.feed.name}: {doubles:,} values of the key ({key}) come more than once "
                f"in {where}. lv0 is as it was. Name columns that identify a row in "
                f"`config.meta.extract.key` in {self.plan.feed.file.name}.",
                feed=self.plan.feed.name,
            )

    def _mark_pii(self) -> None:
        """Comments the columns that the catalogue marks as personal."""
        target = self._lv0_table
        marked = self.target.statements.execute(
            "select a.attname from pg_catalog.pg_attribute as a where a.attrelid = to_regclass(%s)"
            " and a.attnum > 0 and col_description(a.attrelid, a.attnum) = 'pii'",
            (target,),
        ).fetchall()
        before = {row[0] for row in marked}
        after = {column.lv0_name for column in self.plan.shape.columns} & set(self.plan.feed.pii)
        for name in sorted(before ^ after):
            text = literal("pii") if name in after else "null"
            self._run(f"comment on column {target}.{identifier(name)} is {text}")

    def _run(self, text: str) -> int:
        return self.target.statements.execute(text.encode()).rowcount

    def _pair(self, text: str) -> tuple[int, int]:
        row = self.target.statements.execute(text.encode()).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def _number(self, text: str) -> int:
        row = self.target.statements.execute(text.encode()).fetchone()
        assert row is not None
        return int(row[0])


def _marks(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
