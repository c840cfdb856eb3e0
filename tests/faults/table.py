"""The table of forty rows that `conftest.table` makes: how it may be read, and written to."""

from __future__ import annotations

from typing import Any

from tests.extract_support import Stand

__all__ = ["MODES", "write"]

MODES: dict[str, dict[str, Any]] = {
    "snapshot": {},
    "incremental": {"mode": "incremental", "cursor": "u", "sweep_every": "0s"},
    "window": {"mode": "window", "cursor": "u", "window": "1h"},
    "append": {"mode": "append", "cursor": "u"},
}


def write(stand: Stand, day: int) -> None:
    """Rows that are new and, where the mode sees them, rows that change or go; all by the cursor.

    The row that is changed is the last one, so that each mode's twin reads it too.
    """
    stand.source(
        f"insert into dbo.t select 1000 * {day} + i, 'new', timestamp '2024-01-01'"
        f" + {day} * interval '1 day' + i * interval '1 minute' from generate_series(1, 8) as i"
    )
