"""Compares an old relation with a new one by key, in the warehouse and in one transaction.

An old relation of another database is copied into a temporary table as it streams: nothing is held
here but the piece on its way and the rows to show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import Any

from extract import postgres
from extract.errors import ConfigurationError
from extract.parity.relations import check, columns_of, copied, quoted
from extract.parity.report import KINDS, Parity, Sample
from extract.parity.statements import (
    Normal,
    Pair,
    Side,
    differences_statement,
    keys_statement,
    pairs_of,
    values_statement,
)
from extract.settings import Connection
from extract.verify.report import masked

__all__ = ["LIMIT", "Request", "compare"]

# How many rows are shown.
LIMIT = 20
_DIFFERENCES = "pg_temp.parity_differences"
_SAMPLED = "pg_temp.parity_sampled"
_HIDDEN = "(masked)"


@dataclass(frozen=True)
class Request:
    """What is compared, and how.

    Attributes:
        old: `schema.table`.
        new: likewise, in the warehouse.
        key: columns of the new relation.
        mapping: old to new columns; the others meet by their names.
        normal: what is done to both sides.
        old_where: a condition in SQL.
        new_where: likewise.
        personal: columns of the new relation whose values aren't shown; None for all.
        limit: how many rows are shown.
    """

    old: str
    new: str
    key: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    normal: Normal = field(default_factory=Normal)
    old_where: str | None = None
    new_where: str | None = None
    personal: frozenset[str] | None = None
    limit: int = LIMIT


def compare(request: Request, warehouse: Connection, other: Connection | None = None) -> Parity:
    """Says where the two relations differ; neither is touched.

    Args:
        request: what to compare.
        warehouse: where the new relation is.
        other: where the old one is; None for the warehouse.

    Raises:
        ConfigurationError: a relation or a column isn't there, a key is null or double, a condition
            or a zone isn't understood.
        ExtractError: a database doesn't answer, or refuses.
    """
    place = other or warehouse
    with (
        postgres.translated(warehouse),
        closing(postgres.connect(warehouse)) as connection,
        closing(postgres.connect(other)) if other else nullcontext(connection) as source,
    ):
        # One view of both sides; the temporary tables are gone with the connection.
        connection.execute("begin transaction isolation level repeatable read")
        with postgres.translated(place):
            old = columns_of(source, place, request.old)
        new = columns_of(connection, warehouse, request.new)
        pairs = _ordered(pairs_of(old, new, request.mapping, request.normal), request.key)
        old_side = Side(
            quoted(request.old),
            tuple((pair.old, pair.form) for pair in pairs),
            request.normal,
            request.normal.old_zone,
            request.old_where,
        )
        new_side = Side(
            quoted(request.new),
            tuple((pair.new, pair.form) for pair in pairs),
            request.normal,
            request.normal.new_zone,
            request.new_where,
        )
        check(connection, request.new, new_side)
        with postgres.translated(place):
            check(source, request.old, old_side)
            if other is not None:
                old_side = copied(source, connection, old_side)
        met = {pair.old.name for pair in pairs}, {pair.new.name for pair in pairs}
        apart = {
            "old": tuple(column.name for column in old if column.name not in met[0]),
            "new": tuple(column.name for column in new if column.name not in met[1]),
        }
        return _Comparison(request, connection, old_side, new_side, pairs, apart).run()


@dataclass(frozen=True)
class _Comparison:
    """Two sides in one connection, and what is asked of them."""

    request: Request
    connection: postgres.Statements
    old: Side
    new: Side
    pairs: Sequence[Pair]
    apart: Mapping[str, tuple[str, ...]]

    def run(self) -> Parity:
        """Compares; each side is read twice, and once more where rows are shown."""
        rows = {name: self._rows(name, side) for name, side in self._sides.items()}
        differences = differences_statement(self.old, self.new, self._width)
        self._ask(f"create table {_DIFFERENCES} as {differences}")
        kinds = dict(self._ask(f"select kind, count(*) from {_DIFFERENCES} group by kind"))
        places = self._ask(
            f"select place, count(*) from {_DIFFERENCES}, unnest(places) as place"
            " group by place order by place"
        )
        return Parity(
            old=self.request.old,
            new=self.request.new,
            key=self.request.key,
            normalised=self.request.normal.lines(),
            as_text=tuple(pair.new.name for pair in self.pairs if pair.is_mixed),
            old_rows=rows["old"],
            new_rows=rows["new"],
            **{kind: kinds.get(kind, 0) for kind in KINDS},
            columns={self.pairs[place].new.name: count for place, count in places},
            not_compared=dict(self.apart),
            samples=self._samples(),
            masked=self.request.personal is None,
        )

    @property
    def _sides(self) -> dict[str, Side]:
        return {"old": self.old, "new": self.new}

    @property
    def _width(self) -> int:
        return len(self.request.key)

    def _rows(self, name: str, side: Side) -> int:
        [(rows, lacking, doubles)] = self._ask(keys_statement(side, self._width))
        key = ", ".join(getattr(pair, name).name for pair in self.pairs[: self._width])
        facts = {"no whole key": lacking, "the key of another": doubles}
        faults = [f"{count:,} rows have {fact}" for fact, count in facts.items() if count]
        if faults:
            raise ConfigurationError(
                f"{key} is no key of {getattr(self.request, name)}: {' and '.join(faults)}. Name "
                f"other columns by --key, or leave these rows out by --{name}-where."
            )
        return int(rows)

    def _samples(self) -> tuple[Sample, ...]:
        self._ask(
            f"create table {_SAMPLED} as select kind, key, places from ("
            "select *, row_number() over (partition by kind order by key) as place"
            f" from {_DIFFERENCES}) as ranked order by place, kind limit {self.request.limit}"
        )
        values = {name: self._values(side) for name, side in self._sides.items()}
        return tuple(
            Sample(
                kind=kind,
                key=self._key(key),
                values={
                    self.pairs[place].new.name: self._shown(
                        place, values["old"][tuple(key)][place], values["new"][tuple(key)][place]
                    )
                    for place in places
                    if kind == "different"
                },
            )
            for kind, key, places in self._ask(
                f"select kind, key, places from {_SAMPLED} order by kind, key"
            )
        )

    def _values(self, side: Side) -> dict[tuple[str, ...], list[str | None]]:
        wanted = f"select key from {_SAMPLED} where kind = 'different'"
        rows = self._ask(values_statement(side, self._width, wanted))
        return {tuple(key): values for key, values in rows}

    def _key(self, texts: Sequence[str]) -> dict[str, str]:
        names = [pair.new.name for pair in self.pairs[: self._width]]
        personal = names if self.request.personal is None else self.request.personal
        return masked(dict(zip(names, texts, strict=True)), personal)

    def _shown(self, place: int, old: str | None, new: str | None) -> tuple[str | None, str | None]:
        personal = self.request.personal
        if personal is not None and self.pairs[place].new.name not in personal:
            return old, new
        return (None if old is None else _HIDDEN), (None if new is None else _HIDDEN)

    def _ask(self, text: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(text.encode())
        return cursor.fetchall() if cursor.description is not None else []


def _ordered(pairs: Sequence[Pair], key: Sequence[str]) -> list[Pair]:
    """The pairs with the key's first."""
    by_name = {pair.new.name: pair for pair in pairs}
    missing = [name for name in key if name not in by_name]
    if missing:
        raise ConfigurationError(
            f"--key names {', '.join(missing)}, which is not in both relations; in both are "
            f"{', '.join(by_name) or 'none'}. Columns of different names meet by --columns."
        )
    return [by_name[name] for name in key] + [p for p in pairs if p.new.name not in key]
