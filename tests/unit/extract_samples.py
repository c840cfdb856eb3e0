"""Feeds, columns and shapes for tests of the extraction's pure parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from extract.catalog import Extract, Feed
from extract.shape import Column, Index, TableShape


def feed(**extract: Any) -> Feed:
    block = {"connection": "erp", "database": "RENTAL", "schema": "dbo", "table": "T", **extract}
    return Feed("rental", "t", "lv0", "t", Path("lv0_rental.yml"), Extract.model_validate(block))


def column(
    name: str,
    kind: str = "integer",
    *,
    stage: str | None = None,
    nullable: bool = False,
    copied: str | None = None,
) -> Column:
    quoted = f'"{name}"'
    return Column(name, kind, kind, stage or kind, quoted, quoted, nullable, copied=copied)


def shape(
    *columns: Column, key: tuple[str, ...] = (), indexes: tuple[Index, ...] = ()
) -> TableShape:
    primary = (Index(key, True),) if key else ()
    return TableShape('"dbo"."t"', columns, key, primary + indexes, None)
