"""Writes to the warehouse: pages into staging, staging into lv0."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import pyarrow as pa

from extract import postgres
from extract.arrow import Reject
from extract.drift import OWN_COLUMNS
from extract.errors import BreakerError, DataError, TargetError
from extract.plan import Checkpoint, Plan, Segment
from extract.postgres import identifier
from extract.runs import lease_lost
from extract.settings import Connection
from extract.shape import Column
from extract.targets.publish import Publish

__all__ = ["PostgresTarget", "Published", "StagedPage"]

_STAGE = "stage"
# Postgres cuts a longer identifier off without a word.
_NAME_BYTES = 63


@dataclass(frozen=True)
class Published:
    """What publishing changed in lv0; `missing` rows are at the source and were not read."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    missing: int = 0


class StagedPage(Protocol):
    """A page on its way; the figures are final when its batches are exhausted."""

    rows: int
    bytes: int
    rejects: list[Reject]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows to stage."""

    def checkpoint(self) -> Checkpoint:
        """Where the pass stands with this page."""


class PostgresTarget:
    """The warehouse, over one connection for statements and one for Arrow."""

    def __init__(self, warehouse: Connection) -> None:
        self._warehouse = warehouse
        self._statements = postgres.connect(warehouse)
        try:
            self._arrow = postgres.ArrowConnection(warehouse, autocommit=False)
        except BaseException:
            self._statements.close()
            raise

    def close(self) -> None:
        """Closes both connections; never raises."""
        for connection in (self._arrow, self._statements):
            with suppress(Exception):
                connection.close()

    def columns(self, schema: str, table: str) -> dict[str, str] | None:
        """Type by column of a table, in order; None where there is no such table.

        Raises:
            TargetError: the schema is missing.
        """
        found = self._statements.execute(
            "select to_regnamespace(%s) is not null", (identifier(schema),)
        ).fetchone()
        if found is None or not found[0]:
            raise TargetError(f"{self._warehouse.where} has no schema {schema}. Run `make db`.")
        rows = self._statements.execute(
            """
            select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
            where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
            """,
            (identifier(schema, table),),
        ).fetchall()
        return dict(rows) or None

    def stage_is_whole(self, plan: Plan, checkpoint: Checkpoint) -> bool:
        """Whether staging holds every row that the checkpoint counts.

        It doesn't after a crash of the server: unlogged tables come back empty.
        """
        for stage in {segment.stage for segment in plan.segments}:
            table = _stage_table(plan, stage)
            there = self._statements.execute("select to_regclass(%s)", (table,)).fetchone()
            if there is None or there[0] is None:
                return False
            count = self._statements.execute(f"select count(*) from {table}".encode()).fetchone()
            if count is None or count[0] != checkpoint.staged.get(stage, 0):
                return False
        return True

    def create_stage(self, plan: Plan, run_id: UUID, checkpoint: Checkpoint) -> None:
        """Makes empty staging tables for the plan's segments; the old checkpoint goes with theirs.

        Raises:
            LeaseLostError: the feed is another run's now; its staging tables were not touched.
        """
        with self._statements.transaction():
            self._forget(plan, run_id)
            self._drop_stage(plan)
            for stage in {segment.stage for segment in plan.segments}:
                columns = plan.key if stage == "keys" else plan.shape.columns
                types = [f"{identifier(column.lv0_name)} {column.stage_type}" for column in columns]
                becomes_lv0 = checkpoint.straight and _is_direct(plan)
                if becomes_lv0:
                    # The primary key comes last; it need not look for nulls then.
                    types = [
                        f"{text} not null" if column in plan.key else text
                        for text, column in zip(types, columns, strict=True)
                    ]
                    types += [
                        f"_extracted_at timestamptz not null default '{checkpoint.started_at}'",
                        "_deleted_at timestamptz",
                    ]
                kind = "table" if becomes_lv0 else "unlogged table"
                self._statements.execute(
                    f"create {kind} {_stage_table(plan, stage)} ({', '.join(types)})"
                    " with (autovacuum_enabled = off)".encode()
                )

    def set_aside(self, plan: Plan, run_id: UUID, column: Column, rows: int) -> None:
        """Records rows that have no key, so that nothing but their number can be told."""
        self._statements.execute(
            "insert into lv0._rejected (feed, run_id, key, column_name, reason)"
            " select %s, %s, '{}', %s, 'null in the key' from generate_series(1, %s)",
            (plan.feed.name, run_id, column.lv0_name, rows),
        )

    def discard(self, plan: Plan, run_id: UUID) -> None:
        """Drops what is staged, and its checkpoint; same error as `create_stage`."""
        with self._statements.transaction():
            self._forget(plan, run_id)
            self._drop_stage(plan)

    def _forget(self, plan: Plan, run_id: UUID) -> None:
        done = self._statements.execute(
            "update ops.feeds set checkpoint = null where feed = %s and run_id = %s",
            (plan.feed.name, run_id),
        )
        if done.rowcount != 1:
            raise lease_lost(plan.feed.name)

    def _drop_stage(self, plan: Plan) -> None:
        for stage in ("rows", "keys"):
            self._statements.execute(f"drop table if exists {_stage_table(plan, stage)}".encode())

    def write_page(
        self,
        plan: Plan,
        segment: Segment,
        run_id: UUID,
        page: StagedPage,
    ) -> None:
        """Copies a page into staging and moves the checkpoint, in one transaction.

        Args:
            plan: of the run.
            segment: that the page belongs to.
            run_id: the fence.
            page: its rows, read as they are written; an empty one changes nothing.

        Raises:
            LeaseLostError: the feed is another run's now; nothing was kept.
        """
        feed = plan.feed.name
        failure: list[BaseException] = []
        with postgres.translated(self._warehouse, feed):
            try:
                source = _watched(page.batches(), failure)
                first = next(source, None)
                if first is not None:
                    reader = pa.RecordBatchReader.from_batches(
                        first.schema, _chained(first, source)
                    )
                    self._arrow.ingest(_STAGE, _stage_name(plan, segment.stage), reader)
                if not page.rows:
                    return
                checkpoint = page.checkpoint()
                fenced = postgres.bind(
                    "with fenced as (update ops.feeds set checkpoint = %s::jsonb"
                    " where feed = %s and run_id = %s::uuid returning feed)"
                    " insert into ops.pages (run_id, page_no, segment, rows, bytes, last_key)"
                    " select %s::uuid, %s::integer, %s, %s::bigint, %s::bigint, %s::jsonb"
                    " from fenced returning page_no",
                    (
                        checkpoint.to_json(), feed, str(run_id), str(run_id),
                        str(checkpoint.pages), segment.kind, str(page.rows),
                        str(page.bytes), json.dumps(checkpoint.after),
                    ),
                )  # fmt: skip
                with self._arrow.query(fenced) as written:
                    if written.read_all().num_rows == 0:
                        raise lease_lost(feed)
                for reject in page.rejects:
                    self._arrow.execute(_reject_sql(plan, segment, run_id, reject))
                self._arrow.commit()
            except BaseException as error:
                with suppress(Exception):
                    self._arrow.rollback()
                if failure:
                    raise failure[0] from error
                raise

    def publish(
        self, plan: Plan, run_id: UUID, checkpoint: Checkpoint, *, allow_deletes: bool
    ) -> Published:
        """Brings lv0 to what is staged and closes the run, in one transaction.

        Raises:
            BreakerError: more rows than allowed would be marked as deleted.
            DataError: a key comes more than once.
            LeaseLostError: the feed is another run's now.
        """
        feed = plan.feed
        with postgres.translated(self._warehouse, feed.name):
            # The transaction keeps the row that the lease is in, so nobody can renew it meanwhile.
            self._statements.execute(
                "update ops.feeds set lease_expires_at = clock_timestamp() + interval '1 hour'"
                " where feed = %s and run_id = %s",
                (feed.name, run_id),
            )
        with postgres.translated(self._warehouse, feed.name), self._statements.transaction():
            stamp = self._close_feed(plan, run_id, checkpoint)
            result = self._bring_in(plan, checkpoint, stamp, allow_deletes)
            self._statements.execute(
                """
                update ops.runs set
                    state = 'published', finished_at = clock_timestamp(), is_complete = %s,
                    lower_mark = %s, upper_mark = %s, pages = %s, rows_read = %s, bytes_read = %s,
                    nul_removed = %s, rows_inserted = %s, rows_updated = %s, rows_unchanged = %s,
                    rows_deleted = %s, rows_rejected = %s, drift = %s
                where run_id = %s
                """,
                (
                    plan.is_complete, _marks(checkpoint.lower), _marks(checkpoint.upper), checkpoint.pages,
                    checkpoint.rows, checkpoint.bytes, checkpoint.nul_removed, result.inserted,
                    result.updated, result.unchanged, result.deleted, checkpoint.rejected,
                    plan.drift.lines(), run_id,
                ),
            )  # fmt: skip
        return result

    def _close_feed(self, plan: Plan, run_id: UUID, checkpoint: Checkpoint) -> str:
        """Moves the feed's marks; the `_extracted_at` of what is published now.

        It is later than the one before even where the clock was set back: what reads lv0 by it
        would else miss rows.
        """
        row = self._statements.execute(
            """
            update ops.feeds set
                checkpoint = null,
                last_mark = coalesce(%(mark)s::text[], last_mark),
                last_published_at = greatest(
                    now(), %(started)s::timestamptz, last_published_at + interval '1 microsecond'
                ),
                last_swept_at = case when %(swept)s then %(started)s else last_swept_at end,
                last_complete_at = case when %(complete)s then %(started)s else last_complete_at end
            where feed = %(feed)s and run_id = %(run_id)s
            returning last_published_at::text
            """,
            {
                "mark": _marks(checkpoint.upper),
                "started": checkpoint.started_at,
                "swept": plan.is_complete or "keys" in checkpoint.kinds,
                "complete": plan.is_complete,
                "feed": plan.feed.name,
                "run_id": run_id,
            },
        ).fetchone()
        if row is None:
            raise lease_lost(plan.feed.name)
        return str(row[0])

    def _bring_in(
        self, plan: Plan, checkpoint: Checkpoint, stamp: str, allow_deletes: bool
    ) -> Published:
        rows = _stage_table(plan, "rows")
        keys = _stage_table(plan, "keys") if "keys" in checkpoint.kinds else None
        target = identifier(plan.feed.target_schema, plan.feed.target_table)
        sql = Publish(
            target,
            rows,
            keys,
            plan.shape.columns,
            plan.key,
            plan.cursor,
            plan.feed.name,
            checkpoint.rejected_since,
            stamp,
        )
        if not plan.proven:
            self._refuse_doubles(plan, self._number(sql.doubles()))
        elif plan.cursor and not plan.is_complete:
            self._run(sql.drop_older_versions())
        if checkpoint.straight:
            return self._become_lv0(plan, checkpoint, target, rows, sql)
        key = ", ".join(identifier(column.lv0_name) for column in plan.key)
        for stage in filter(None, (rows, keys)):
            self._run(f"analyze {stage} ({key})")
        self._alter(plan, target)
        missing = self._number(sql.missing()) if keys else 0
        sees_all = plan.is_complete or keys is not None
        deleted = self._delete(plan, sql, allow_deletes) if sees_all else 0
        updated = self._run(sql.update())
        inserted = self._run(sql.insert())
        staged = self._number(f"select count(*) from {rows}")
        self._drop_stage(plan)
        return Published(inserted, updated, staged - inserted - updated, deleted, missing)

    def _become_lv0(
        self, plan: Plan, checkpoint: Checkpoint, target: str, rows: str, sql: Publish
    ) -> Published:
        key = ", ".join(identifier(column.lv0_name) for column in plan.key)
        if _is_direct(plan):
            self._run(f"alter table {rows} reset (autovacuum_enabled)")
            self._run(f"alter table {rows} alter column _extracted_at drop default")
            self._run(f"alter table {rows} set schema {identifier(plan.feed.target_schema)}")
            landed = identifier(plan.feed.target_schema, _stage_name(plan, "rows"))
            self._run(f"alter table {landed} rename to {identifier(plan.feed.target_table)}")
        else:
            types = [
                f"{identifier(column.lv0_name)} {column.lv0_type}" for column in plan.shape.columns
            ]
            own = [f"{name} {kind}" for name, kind in OWN_COLUMNS.items()]
            self._run(f"create table {target} ({', '.join(types + own)})")
            self._run(f"alter table {target} alter column _extracted_at set not null")
            self._run(sql.insert())
        self._run(f"alter table {target} add primary key ({key})")
        # Incremental models ask for what was extracted since they last looked.
        self._run(f"create index on {target} (_extracted_at)")
        # The other columns are left to autovacuum: wide tables take seconds.
        self._run(f"analyze {target} ({key}, _extracted_at)")
        self._drop_stage(plan)
        return Published(inserted=checkpoint.staged.get("rows", 0))

    def _alter(self, plan: Plan, target: str) -> None:
        for column in plan.drift.added:
            self._run(
                f"alter table {target} add column {identifier(column.lv0_name)} {column.lv0_type}"
            )
        for column in plan.drift.widened:
            self._run(
                f"alter table {target} alter column {identifier(column.lv0_name)}"
                f" type {column.lv0_type}"
            )

    def _delete(self, plan: Plan, sql: Publish, allow_deletes: bool) -> int:
        alive = self._number(sql.alive())
        gone = self._number(sql.gone())
        share = plan.feed.extract.max_delete_share
        if gone > alive * share and not allow_deletes:
            raise BreakerError(
                f"{plan.feed.name}: {gone:,} of {alive:,} rows of lv0 are no longer in "
                f"{plan.feed.source_relation}, more than the {share:.0%} that a pass may delete. "
                "lv0 is as it was. If the source is right, run it once with --allow-deletes.",
                feed=plan.feed.name,
            )
        return self._run(sql.delete()) if gone else 0

    @staticmethod
    def _refuse_doubles(plan: Plan, doubles: int) -> None:
        if doubles:
            key = ", ".join(column.name for column in plan.key)
            raise DataError(
                f"{plan.feed.name}: {doubles:,} values of the key ({key}) come more than once in "
                f"{plan.feed.source_relation}. lv0 is as it was. Name columns that identify a row "
                f"in `config.meta.extract.key` in {plan.feed.file.name}.",
                feed=plan.feed.name,
            )

    def _run(self, text: str) -> int:
        return self._statements.execute(text.encode()).rowcount

    def _number(self, text: str) -> int:
        row = self._statements.execute(text.encode()).fetchone()
        assert row is not None
        return int(row[0])


def _marks(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _is_direct(plan: Plan) -> bool:
    """Whether staged rows need no cast to be lv0's."""
    return all(column.stage_type == column.lv0_type for column in plan.shape.columns)


def _stage_name(plan: Plan, stage: str) -> str:
    name = f"{plan.feed.name}.{stage}"
    if len(name.encode()) > _NAME_BYTES:
        name = f"{hashlib.sha256(plan.feed.name.encode()).hexdigest()[:32]}.{stage}"
    return name


def _stage_table(plan: Plan, stage: str) -> str:
    return identifier(_STAGE, _stage_name(plan, stage))


def _reject_sql(plan: Plan, segment: Segment, run_id: UUID, reject: Reject) -> str:
    values = dict(zip((column.lv0_name for column in segment.order), reject.order, strict=True))
    key = {column.lv0_name: values[column.lv0_name] for column in plan.key}
    return postgres.bind(
        "insert into lv0._rejected (feed, run_id, key, column_name, reason)"
        " values (%s, %s::uuid, %s::jsonb, %s, %s)",
        (plan.feed.name, str(run_id), json.dumps(key), reject.column, reject.reason),
    )


def _watched(
    batches: Iterable[pa.RecordBatch], failure: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    """The batches; keeps what the source raises, which crossing the C interface would lose."""
    try:
        yield from batches
    except BaseException as error:
        failure.append(error)
        raise


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest
