"""Errors of Postgres as errors of SQL Server."""

from __future__ import annotations

import re

import psycopg

from tests.tds.catalog import Catalog
from tests.tds.errors import SqlError, beyond

__all__ = ["Interrupted", "as_sql_error"]

_INDEX = re.compile(r"^o(\d+)_i(\d+)$")
_TABLE = re.compile(r"^o(\d+)$")
# SQLSTATE: (number, severity, text).
_KNOWN = {
    "22003": (8115, 16, "Arithmetic overflow error converting expression to data type numeric."),
    "22012": (8134, 16, "Divide by zero error encountered."),
    "40001": (3960, 16, "Snapshot isolation transaction aborted due to update conflict."),
    "40P01": (1205, 13, "Transaction was deadlocked on lock resources with another process and has"
              " been chosen as the deadlock victim. Rerun the transaction."),
    "55P03": (1222, 16, "Lock request time out period exceeded."),
    "57014": (3617, 16, "The statement was cancelled."),
    "22021": (2402, 16, "A character has no place in the stand-in."),
}  # fmt: skip


class Interrupted(psycopg.Error):
    """An error of Postgres in the middle of a result."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.error = error


def as_sql_error(error: psycopg.Error, catalog: Catalog) -> SqlError:
    """The error that SQL Server would have raised; BEYOND where that is not known.

    Args:
        catalog: read for the names of what the error is about.
    """
    diagnosis = error.diag
    state = error.sqlstate or ""
    if state == "TD001" and diagnosis.message_detail:
        number, severity = map(int, diagnosis.message_detail.split(","))
        return SqlError(number, diagnosis.message_primary or "", severity=severity)
    if state == "23505" and (index := _INDEX.match(diagnosis.constraint_name or "")):
        return _duplicate(int(index[1]), int(index[2]), catalog)
    if state == "23502" and (table := _TABLE.match(diagnosis.table_name or "")):
        return _null(int(table[1]), diagnosis.column_name or "", catalog)
    if state in _KNOWN:
        number, severity, text = _KNOWN[state]
        return SqlError(number, text, severity=severity)
    return beyond(f"got from Postgres: {error}")


def _duplicate(object_id: int, index_id: int, catalog: Catalog) -> SqlError:
    rows = catalog.rows(
        "select i.name, i.constraint_id is not null, i.is_primary_key, s.name || '.' || o.name"
        " from tds.indexes i join tds.objects o using (object_id)"
        " join tds.schemas s using (database_id, schema_id)"
        " where i.object_id = %s and i.index_id = %s",
        (object_id, index_id),
    )
    name, constraint, primary, table = rows[0]
    if constraint:
        kind = "PRIMARY KEY" if primary else "UNIQUE KEY"
        return SqlError(
            2627, f"Violation of {kind} constraint '{name}'. Cannot insert duplicate key in object"
            f" '{table}'.", severity=14,
        )  # fmt: skip
    return SqlError(
        2601, f"Cannot insert duplicate key row in object '{table}' with unique index '{name}'.",
        severity=14,
    )  # fmt: skip


def _null(object_id: int, column: str, catalog: Catalog) -> SqlError:
    rows = catalog.rows(
        "select c.name, o.name from tds.columns c join tds.objects o using (object_id)"
        " where c.object_id = %s and 'c' || c.column_id = %s",
        (object_id, column),
    )
    name, table = rows[0]
    return SqlError(
        515, f"Cannot insert the value NULL into column '{name}', table '{table}'; column does not"
        " allow nulls. INSERT fails.",
    )  # fmt: skip
