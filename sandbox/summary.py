"""What a run did, per layer and per relation, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from extract.catalog import AnyFeed, Feed
from extract.runs import RunResult

__all__ = ["Row", "Summary", "extracted", "modelled"]

_LAYERS = ("lv0", "lv1", "lv2", "hc")
_WIDTHS = (34, 12, 12, 10, 12, 10, 9)
_HEADINGS = ("rows", "inserted", "updated", "unchanged", "deleted", "seconds")


@dataclass(frozen=True)
class Row:
    """One relation: its rows now, and what the run did to them."""

    layer: str
    relation: str
    rows: int
    inserted: int
    updated: int
    deleted: int
    seconds: float

    @property
    def unchanged(self) -> int:
        """Rows that were there before and are as they were."""
        return self.rows - self.inserted - self.updated

    @property
    def changed(self) -> int:
        """How many rows are different from before."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class Summary:
    """A whole run. `hc_writes` are the writes that it queued for Salesforce, by object."""

    rows: Sequence[Row]
    hc_writes: Mapping[str, int]
    accepted: int
    refused: int
    seconds: float

    @property
    def changed(self) -> bool:
        """Whether anything is different from before."""
        return any(row.changed for row in self.rows) or bool(sum(self.hc_writes.values()))

    def to_text(self) -> str:
        """A line per relation under a line per layer, then what Salesforce got."""
        lines = [_line("", *_HEADINGS)]
        for layer in _LAYERS:
            members = [row for row in self.rows if row.layer == layer]
            if members:
                lines.append(_total(layer, members))
                lines += [_row(f"  {row.layer}.{row.relation}", row) for row in members]
        writes = sum(self.hc_writes.values())
        each = ", ".join(f"{name} {count:,}" for name, count in self.hc_writes.items() if count)
        lines += [
            "",
            f"Salesforce: {writes:,} writes queued{f' ({each})' if each else ''}, "
            f"{self.accepted:,} accepted, {self.refused:,} refused. {self.seconds:.1f} s in all.",
        ]
        if not self.changed:
            lines.append(
                "Nothing changed in the ERP since the last run; nothing was written to hc."
            )
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Keeps the summary as JSON."""
        content: dict[str, Any] = {
            "changed": self.changed,
            "seconds": round(self.seconds, 1),
            "hc_writes": dict(self.hc_writes),
            "salesforce": {"accepted": self.accepted, "refused": self.refused},
            "relations": [{**asdict(row), "unchanged": row.unchanged} for row in self.rows],
        }
        path.write_text(json.dumps(content, indent=2) + "\n")


def extracted(url: str, results: Iterable[tuple[AnyFeed, RunResult]]) -> list[Row]:
    """A row for each result of the extraction; of a mirror, deleted rows don't count."""
    with psycopg.connect(url) as connection:
        return [
            Row(
                layer=feed.target_schema,
                relation=feed.target_table,
                rows=_count(
                    connection,
                    feed.target_schema,
                    feed.target_table,
                    sql.SQL(" where _deleted_at is null" if isinstance(feed, Feed) else ""),
                ),
                inserted=result.rows_inserted,
                updated=result.rows_updated,
                deleted=result.rows_deleted,
                seconds=result.seconds,
            )
            for feed, result in results
        ]


def modelled(url: str, run_results: Path) -> list[Row]:
    """A row for each model and snapshot that dbt built, from its results and its own report."""
    content = json.loads(run_results.read_text())
    seconds = {
        result["unique_id"].split(".")[2]: result["execution_time"]
        for result in content["results"]
        if result["unique_id"].startswith(("model.", "snapshot.")) and result["status"] == "success"
    }
    with psycopg.connect(url) as connection:
        loads = connection.execute(
            "select model, split_part(relation, '.', 1), split_part(relation, '.', 2),"
            " sum(rows_inserted), sum(rows_updated), sum(rows_deleted)"
            " from ops.model_loads where invocation_id = %s group by 1, 2, 3 order by min(load_id)",
            (content["metadata"]["invocation_id"],),
        ).fetchall()
        return [
            Row(
                layer=schema,
                relation=table,
                rows=_count(connection, schema, table, sql.SQL("")),
                inserted=int(inserted),
                updated=int(updated),
                deleted=int(deleted),
                seconds=seconds[model],
            )
            for model, schema, table, inserted, updated, deleted in loads
            if model in seconds
        ]


def _count(connection: psycopg.Connection[Any], schema: str, table: str, where: sql.SQL) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table)) + where
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _total(layer: str, members: Sequence[Row]) -> str:
    total = Row(
        layer=layer,
        relation="",
        rows=sum(row.rows for row in members),
        inserted=sum(row.inserted for row in members),
        updated=sum(row.updated for row in members),
        deleted=sum(row.deleted for row in members),
        seconds=sum(row.seconds for row in members),
    )
    noun = "relation" if len(members) == 1 else "relations"
    return _row(f"{layer}  ({len(members)} {noun})", total)


def _row(name: str, row: Row) -> str:
    figures = (row.rows, row.inserted, row.updated, row.unchanged, row.deleted)
    return _line(name, *(f"{figure:,}" for figure in figures), f"{row.seconds:.1f}")


def _line(name: str, *cells: str) -> str:
    first, *rest = _WIDTHS
    return f"{name:<{first}}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(cells, rest, strict=True)
    )
