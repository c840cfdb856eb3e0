"""Writes to the warehouse: pages into staging, each with its segment's progress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from extract import postgres
from extract.dialects.postgres import PostgresDialect
from extract.errors import TargetError
from extract.paging import bucket_statement
from extract.plan import Checkpoint, Lv0, Plan, Progress, Reject, Segment
from extract.postgres import identifier, literal
from extract.runs import lease_lost
from extract.settings import Connection
from extract.shape import Column
from extract.targets.publish import Publish, key_record

if TYPE_CHECKING:
    import pyarrow as pa


__all__ = ["PostgresTarget", "StagedPage", "lv0_columns", "publish_sql", "stage_name"]

_STAGE = "stage"
# Postgres cuts a longer identifier off without a word.
_NAME_BYTES = 63
# Whoever has the table locked for longer than this is told of; the page or the publishing is
# tried again.
_LOCK_TIMEOUT = "30s"


class StagedPage(Protocol):
    """A page on its way; the figures are final when its batches are exhausted."""

    rows: int
    rejects: list[Reject]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows to stage."""

    def progress(self) -> Progress:
        """How far the segment has come with this page."""


class PostgresTarget:
    """The warehouse, over one connection."""

    def __init__(self, warehouse: Connection) -> None:
        self.warehouse = warehouse
        self.statements = postgres.connect(warehouse)
        self.statements.execute(f"set lock_timeout = '{_LOCK_TIMEOUT}'".encode())

    def close(self) -> None:
        """Closes the connection; never raises."""
        with suppress(Exception):
            self.statements.close()

    def lv0(self, schema: str, table: str) -> Lv0 | None:
        """The table as it is; None where there is none.

        Raises:
            TargetError: the schema is missing.
        """
        found = self.statements.execute(
            "select to_regnamespace(%s) is not null", (identifier(schema),)
        ).fetchone()
        if found is None or not found[0]:
            raise TargetError(f"{self.warehouse.where} has no schema {schema}. Run `make db`.")
        name = identifier(schema, table)
        columns = self.statements.execute(
            """
            select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
            where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
            """,
            (name,),
        ).fetchall()
        if not columns:
            return None
        key = self.statements.execute(
            """
            select a.attname from pg_catalog.pg_index as i
            cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
            inner join pg_catalog.pg_attribute as a
                on a.attrelid = i.indrelid and a.attnum = k.attnum
            where i.indrelid = to_regclass(%s) and i.indisprimary order by k.place
            """,
            (name,),
        ).fetchall()
        rows = self.statements.execute(
            "select reltuples::bigint from pg_catalog.pg_class where oid = to_regclass(%s)", (name,)
        ).fetchone()
        estimate = rows[0] if rows is not None and rows[0] >= 0 else None
        return Lv0(dict(columns), tuple(row[0] for row in key), estimate)

    def stage_is_whole(self, plan: Plan, staged: Mapping[str, int]) -> bool:
        """Whether staging holds every row that the segments count, by staging table.

        It doesn't after a crash of the server: unlogged tables come back empty.
        """
        for stage, rows in staged.items():
            table = stage_table(plan, stage)
            there = self.statements.execute("select to_regclass(%s)", (table,)).fetchone()
            if there is None or there[0] is None:
                return False
            count = self.statements.execute(f"select count(*) from {table}".encode()).fetchone()
            if count is None or count[0] != rows:
                return False
        return True

    def create_stage(self, plan: Plan, run_id: UUID, checkpoint: Checkpoint) -> None:
        """Makes empty staging tables for the plan; the old checkpoint goes with theirs.

        Raises:
            LeaseLostError: the feed is another run's now; its staging tables were not touched.
        """
        with self.statements.transaction():
            self._forget(plan, run_id)
            # Where this run starts over.
            self._delete_records(run_id)
            self.drop_stage(plan)
            stamp = self._stamp(plan, checkpoint) if checkpoint.straight else ""
            for stage in plan.stages:
                columns = plan.key if stage == "keys" else plan.shape.columns
                types = [f"{identifier(column.lv0_name)} {column.stage_type}" for column in columns]
                becomes_lv0 = checkpoint.straight and is_direct(plan)
                if becomes_lv0:
                    # The primary key comes last; it need not look for nulls then.
                    types = [
                        f"{text} not null" if column in plan.key else text
                        for text, column in zip(types, columns, strict=True)
                    ]
                    types += [
                        f"_extracted_at timestamptz not null default '{stamp}'",
                        "_deleted_at timestamptz",
                    ]
                kind = "table" if becomes_lv0 else "unlogged table"
                self.statements.execute(
                    f"create {kind} {stage_table(plan, stage)} ({', '.join(types)})"
                    " with (autovacuum_enabled = off)".encode()
                )

    def _delete_records(self, run_id: UUID) -> None:
        for table in ("ops.pages", "lv0._rejected"):
            self.statements.execute(f"delete from {table} where run_id = %s".encode(), (run_id,))

    def _stamp(self, plan: Plan, checkpoint: Checkpoint) -> str:
        """The `_extracted_at` of rows that become lv0 itself: later than any before."""
        row = self.statements.execute(
            "select greatest(%s::timestamptz, last_published_at + interval '1 microsecond')::text"
            " from ops.feeds where feed = %s",
            (checkpoint.started_at, plan.feed.name),
        ).fetchone()
        return checkpoint.started_at if row is None else str(row[0])

    def set_aside(self, plan: Plan, run_id: UUID, column: Column, rows: int) -> None:
        """Records rows that have no key, so that nothing but their number can be told."""
        self.statements.execute(
            "insert into lv0._rejected (feed, run_id, key, column_name, reason)"
            " select %s, %s, '{}', %s, 'null in the key' from generate_series(1, %s)",
            (plan.feed.name, run_id, column.lv0_name, rows),
        )

    def discard(self, plan: Plan, run_id: UUID) -> None:
        """Drops what is staged, and its checkpoint; same error as `create_stage`."""
        with self.statements.transaction():
            self._forget(plan, run_id)
            self.drop_stage(plan)

    def _forget(self, plan: Plan, run_id: UUID) -> None:
        done = self.statements.execute(
            "update ops.feeds set checkpoint = null where feed = %s and run_id = %s",
            (plan.feed.name, run_id),
        )
        if done.rowcount != 1:
            raise lease_lost(plan.feed.name)
        # A worker that is still about commits nothing any more.
        self.statements.execute("delete from ops.segments where feed = %s", (plan.feed.name,))

    def drop_stage(self, plan: Plan) -> None:
        """Drops the staging tables."""
        for stage in ("rows", "keys"):
            self.statements.execute(f"drop table if exists {stage_table(plan, stage)}".encode())

    def write_page(self, plan: Plan, segment: Segment, worker_id: UUID, page: StagedPage) -> None:
        """Copies a page of Arrow batches into staging and moves the segment, in one transaction.

        Args:
            plan: of the run.
            segment: that the page belongs to.
            worker_id: the fence.
            page: its rows, read as they are written; an empty one changes nothing.

        Raises:
            LeaseLostError: the segment is another worker's now; nothing was kept.
        """
        # Here, as rows that are copied through needn't be encoded.
        from extract.encoding import copy_format

        with self._page(plan):
            copied, _ = self._copy(plan, segment, copy_format(page.batches()))
            if page.rows:
                self._check(plan, copied, page.rows - len(page.rejects))
                self._move(plan, segment, worker_id, page.progress())
            for reject in page.rejects:
                self.statements.execute(_reject_sql(plan, segment, reject).encode())

    def copy_page(
        self,
        plan: Plan,
        segment: Segment,
        worker_id: UUID,
        before: Progress,
        last: tuple[str, ...],
        pieces: Iterable[bytes],
    ) -> Progress:
        """The same for rows in binary COPY's format; how far the segment has come.

        Args:
            plan: of the run.
            segment: that the page belongs to.
            worker_id: the fence.
            before: how far the segment had come.
            last: the order of the page's last row.
            pieces: the rows.

        Raises:
            LeaseLostError: the segment is another worker's now; nothing was kept.
        """
        with self._page(plan):
            rows, size = self._copy(plan, segment, pieces)
            progress = replace(
                before,
                after=last,
                pages=before.pages + 1,
                # A key that is read to see deletes is not a row that was fetched.
                rows=before.rows + (rows if segment.stage == "rows" else 0),
                bytes=before.bytes + size,
                staged=before.staged + rows,
            )
            self._move(plan, segment, worker_id, progress)
        return progress

    @staticmethod
    def _check(plan: Plan, copied: int, sent: int) -> None:
        if copied != sent:
            raise TargetError(
                f"{plan.feed.name}: {sent:,} rows were sent and {copied:,} arrived in staging. "
                "Nothing of the page was kept; report this.",
                feed=plan.feed.name,
            )

    def restart(self, plan: Plan, segment: Segment, worker_id: UUID) -> Progress:
        """Forgets what the pass has staged of a table without a key, which has no order.

        Raises:
            LeaseLostError: the segment is another worker's now; nothing was forgotten.
        """
        with self._page(plan):
            done = self.statements.execute(
                "update ops.segments set after = null, pages = 0, rows = 0, bytes = 0,"
                " nul_removed = 0, rejected = 0, staged = 0"
                " where feed = %s and segment_no = %s and worker_id = %s",
                (plan.feed.name, segment.number, worker_id),
            )
            if done.rowcount != 1:
                raise lease_lost(plan.feed.name)
            for table in ("ops.pages", "lv0._rejected"):
                self.statements.execute(
                    f"delete from {table} where run_id ="
                    " (select f.run_id from ops.feeds as f where f.feed = %s)".encode(),
                    (plan.feed.name,),
                )
            self.statements.execute(f"truncate {stage_table(plan, segment.stage)}".encode())
        return Progress()

    @contextmanager
    def _page(self, plan: Plan) -> Iterator[None]:
        with (
            postgres.translated(self.warehouse, plan.feed.name),
            self.statements.transaction(),
        ):
            # What a crash of the server may lose of a page it loses with the page's progress.
            self.statements.execute("set local synchronous_commit = off")
            yield

    def _copy(self, plan: Plan, segment: Segment, pieces: Iterable[bytes]) -> tuple[int, int]:
        """Copies rows into staging; how many they are, and how many bytes."""
        remaining = iter(pieces)
        first = next(remaining, None)
        if first is None:
            return 0, 0
        names = ", ".join(identifier(column.lv0_name) for column in segment.columns)
        table = stage_table(plan, segment.stage)
        size = 0
        with self.statements.cursor() as cursor:
            statement = f"copy {table} ({names}) from stdin (format binary)"
            with cursor.copy(statement.encode()) as copy:
                for piece in chain((first,), remaining):
                    copy.write(piece)
                    size += len(piece)
            return cursor.rowcount, size

    def skip(
        self, plan: Plan, segment: Segment, worker_id: UUID, before: Progress, reject: Reject
    ) -> Progress:
        """Sets a row aside that the source can't send, and moves the segment behind it."""
        progress = replace(
            before,
            after=reject.order,
            pages=before.pages + 1,
            rows=before.rows + 1,
            rejected=before.rejected + 1,
        )
        with (
            postgres.translated(self.warehouse, plan.feed.name),
            self.statements.transaction(),
        ):
            self._move(plan, segment, worker_id, progress)
            self.statements.execute(_reject_sql(plan, segment, reject).encode())
        return progress

    def _move(self, plan: Plan, segment: Segment, worker_id: UUID, progress: Progress) -> None:
        fence = _fence(plan, segment, worker_id, progress).encode()
        if self.statements.execute(fence).rowcount != 1:
            raise lease_lost(plan.feed.name)

    def buckets(self, plan: Plan, hashing: str, buckets: int) -> dict[int, tuple[int, int]]:
        """Per bucket of the key's hash: how many rows exist in lv0, and the sum of the hashes."""
        statement = bucket_statement(
            PostgresDialect(hashing),
            identifier(plan.feed.target_schema, plan.feed.target_table).replace("%", "%%"),
            lv0_columns(plan.key),
            buckets,
            "_deleted_at is null",
        )
        query = postgres.bind(statement.text, statement.params)
        rows = self.statements.execute(query.encode()).fetchall()
        return {int(row[0]): (int(row[1]), int(row[2])) for row in rows}

    def is_ahead(self, plan: Plan, mark: tuple[str, ...], largest: tuple[str, ...]) -> bool:
        """Whether `mark` is beyond the source's `largest` cursor and isn't of a row of lv0.

        Nobody knows then up to where the source was read. A table that is only appended to has no
        reason to lose its newest row, so there the first is enough.
        """
        casts = [
            ", ".join(
                f"cast({literal(text)} as {column.lv0_type})"
                for text, column in zip(texts, plan.cursor, strict=True)
            )
            for texts in (largest, mark)
        ]
        names = ", ".join(identifier(column.lv0_name) for column in plan.cursor)
        lv0 = identifier(plan.feed.target_schema, plan.feed.target_table)
        held = f"exists (select from {lv0} where ({names}) >= ({casts[1]}))"
        known = "false" if plan.feed.extract.mode == "append" else held
        row = self.statements.execute(
            f"select ({casts[0]}) < ({casts[1]}) and not {known}".encode()
        ).fetchone()
        return row is not None and row[0]

    def strays(
        self, plan: Plan, checkpoint: Checkpoint, after: tuple[str, ...] | None, limit: int
    ) -> list[tuple[str, ...]]:
        """Keys, as text, that lv0 has in the window and staging has not; in lv0's order."""
        query = publish_sql(plan, checkpoint, "", "").strays(after, limit)
        return [tuple(row) for row in self.statements.execute(query.encode()).fetchall()]


def publish_sql(plan: Plan, checkpoint: Checkpoint, stamp: str, hashing: str) -> Publish:
    """The statements that publish what is staged; `stamp` is the new `_extracted_at`."""
    return Publish(
        target=identifier(plan.feed.target_schema, plan.feed.target_table),
        rows=stage_table(plan, "rows"),
        keys=stage_table(plan, "keys") if "keys" in checkpoint.kinds else None,
        columns=plan.shape.columns,
        key=plan.key,
        cursor=plan.cursor,
        feed=plan.feed,
        checkpoint=checkpoint,
        stamp=stamp,
        hashing=hashing,
    )


def lv0_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns as lv0 has them: its names, its types."""
    return tuple(
        replace(
            column,
            native=column.lv0_type,
            reference=identifier(column.lv0_name).replace("%", "%%"),
            expression=identifier(column.lv0_name).replace("%", "%%"),
        )
        for column in columns
    )


def is_direct(plan: Plan) -> bool:
    """Whether staged rows need no cast to be lv0's."""
    return all(column.stage_type == column.lv0_type for column in plan.shape.columns)


def stage_name(plan: Plan, stage: str) -> str:
    """Name of a staging table."""
    name = f"{plan.feed.name}.{stage}"
    if len(name.encode()) > _NAME_BYTES:
        name = f"{hashlib.sha256(plan.feed.name.encode()).hexdigest()[:32]}.{stage}"
    return name


def stage_table(plan: Plan, stage: str) -> str:
    """The quoted staging table."""
    return identifier(_STAGE, stage_name(plan, stage))


def _fence(plan: Plan, segment: Segment, worker_id: UUID, progress: Progress) -> str:
    """Moves the segment and records its page; returns a row only while it is the worker's."""
    after = progress.after or ()
    array = f"array[{', '.join(literal(value) for value in after)}]::text[]"
    # A key that is personal is kept no longer than it is needed.
    is_personal = any(column.lv0_name in plan.feed.pii for column in segment.order)
    last = "null" if is_personal else f"{literal(json.dumps(after))}::jsonb"
    return f"""
        with before as (
            select s.rows, s.bytes, s.rejected from ops.segments as s
            where s.feed = {literal(plan.feed.name)} and s.segment_no = {segment.number}
        ),
        fenced as (
            update ops.segments as s set
                after = {array}, pages = {progress.pages}, rows = {progress.rows},
                bytes = {progress.bytes}, nul_removed = {progress.nul_removed},
                rejected = {progress.rejected}, staged = {progress.staged}
            where s.feed = {literal(plan.feed.name)} and s.segment_no = {segment.number}
                and s.worker_id = '{worker_id}'
            returning s.feed, s.segment_no, s.kind, s.pages, s.rows, s.bytes, s.staged
        )
        insert into ops.pages (run_id, segment_no, page_no, kind, rows, bytes, last_key)
        select f.run_id, w.segment_no, w.pages, w.kind, w.rows - b.rows, w.bytes - b.bytes, {last}
        from fenced as w inner join ops.feeds as f on w.feed = f.feed cross join before as b
        returning page_no
    """


def _reject_sql(plan: Plan, segment: Segment, reject: Reject) -> str:
    values = dict(zip((column.lv0_name for column in segment.order), reject.order, strict=True))
    key = key_record(plan.feed, {name: values[name] for name in map(_lv0_name, plan.key)})
    return postgres.bind(
        "insert into lv0._rejected (feed, run_id, key, column_name, reason, rejected_at)"
        # A clock that was set back must not move it before the pass.
        " select f.feed, f.run_id, %s::jsonb, %s, %s, greatest(clock_timestamp(),"
        " (f.checkpoint ->> 'started_at')::timestamptz,"
        " (f.checkpoint ->> 'rejected_since')::timestamptz) from ops.feeds as f where f.feed = %s",
        (json.dumps(key), reject.column, reject.reason, plan.feed.name),
    )


def _lv0_name(column: Column) -> str:
    return column.lv0_name
