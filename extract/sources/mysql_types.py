"""How columns of MySQL's types travel and are kept. Pure."""

from __future__ import annotations

import re

from extract.dialects.mysql import BINARY, MysqlDialect, base_of
from extract.shape import Column

__all__ = ["LABELLED", "column_of"]

LABELLED = ("enum", "set")
"""Types whose order in an index isn't that of their texts."""
_SIZE = re.compile(r"\w+\((\d+)(?:,(\d+))?\)")
_LV0 = {
    "tinyint": "smallint",
    "smallint": "smallint",
    "mediumint": "integer",
    "int": "integer",
    "bigint": "bigint",
    "tinyint unsigned": "smallint",
    "smallint unsigned": "integer",
    "mediumint unsigned": "integer",
    "int unsigned": "bigint",
    "bigint unsigned": "numeric(20,0)",
    "year": "smallint",
    "float": "real",
    "double": "double precision",
    "date": "date",
    "json": "json",
    "uuid": "uuid",
}


def column_of(
    name: str, native: str, reference: str, nullable: bool, *, computed: bool = False
) -> Column:
    """How a column of a type travels and is kept."""
    base = base_of(native)
    size = _SIZE.match(native)
    plain = f"{base} unsigned" if "unsigned" in native else base
    lv0 = stage = _LV0.get(plain) or _LV0.get(base) or "text"
    expression = reference
    if base in BINARY:
        lv0 = stage = "bytea"
    elif base in ("char", "varchar") and size:
        lv0 = stage = f"character varying({size[1]})"
    elif base == "decimal" and size:
        lv0 = stage = f"numeric({size[1]},{size[2] or 0})"
    elif base in ("datetime", "timestamp"):
        zone = "with" if base == "timestamp" else "without"
        lv0 = stage = f"timestamp({size[1] if size else 0}) {zone} time zone"
        if base == "timestamp":
            expression = f"concat({reference}, 'Z')"
    elif base == "time":
        # It may be a length of time: negative, or 838 hours.
        lv0, stage = "interval", "text"
    elif native == "bit(1)":
        lv0 = stage = "boolean"
        expression = f"{reference} + 0"
    elif base == "bit":
        lv0, stage = f"bit({size[1] if size else 1})", "text"
        expression = MysqlDialect().canonical(reference, native)
    elif base == "float":
        # Alone it is printed with six digits.
        expression = f"{reference} + 0e0"
    elif base in LABELLED:
        # MySQL orders it by its number, but compares it with a text as texts.
        reference = f"convert({reference} using utf8mb4) collate utf8mb4_bin"
    elif base not in _LV0 and not base.endswith(("char", "text")):
        expression = f"cast({reference} as char)"
    return Column(name, native, lv0, stage, reference, expression, nullable, computed)
