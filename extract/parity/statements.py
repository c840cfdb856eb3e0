"""The SQL of a comparison: which columns meet, in which form, and how they are joined. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extract import postgres
from extract.errors import ConfigurationError

__all__ = [
    "Column",
    "Normal",
    "Pair",
    "Side",
    "differences_statement",
    "keys_statement",
    "pairs_of",
    "values_statement",
]

_TEXTS = ("text", "character varying", "character", '"char"', "name", "uuid", "citext")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money")
# Types with an equality of their own; all others meet as texts.
_OTHERS = ("boolean", "date", "bytea", "interval")
_BLANKS = r"e' \t\n\r\f\v'"


@dataclass(frozen=True)
class Column:
    """A column of one side; `type` as `format_type` prints it."""

    name: str
    type: str

    @property
    def family(self) -> str:
        """What its values are, whatever type holds them."""
        if self.type.startswith("timestamp"):
            return "moment" if self.type.endswith("with time zone") else "local time"
        name = self.type.partition("(")[0]
        if name in _NUMBERS:
            return "number"
        return name if name in _OTHERS else "text"


@dataclass(frozen=True)
class Normal:
    """What is done to both sides before they are compared; by default nothing.

    Attributes:
        trim: white space at the ends of a text doesn't count.
        empty_is_null: an empty text is null.
        old_zone: the zone of the old side's times that have none themselves.
        new_zone: likewise.
    """

    trim: bool = False
    empty_is_null: bool = False
    old_zone: str | None = None
    new_zone: str | None = None

    def lines(self) -> tuple[str, ...]:
        """What is done, in words."""
        said = {
            "texts are trimmed": self.trim,
            "'' is null": self.empty_is_null,
            f"old times without a zone are in {self.old_zone}": self.old_zone,
            f"new times without a zone are in {self.new_zone}": self.new_zone,
        }
        return tuple(text for text, is_on in said.items() if is_on)


@dataclass(frozen=True)
class Pair:
    """An old and a new column that mean the same, and the form in which they meet."""

    old: Column
    new: Column
    form: str

    @property
    def is_mixed(self) -> bool:
        """Whether the two are of different kinds, so that only their texts can be compared."""
        return self.form == "text" and self.old.family != self.new.family


@dataclass(frozen=True)
class Side:
    """The rows of one side.

    Attributes:
        relation: its quoted name.
        columns: with the forms in which they are compared; the key first.
        normal: what is done to them.
        zone: that of the side's times without one.
        where: a condition of the side's own, in SQL.
    """

    relation: str
    columns: tuple[tuple[Column, str], ...]
    normal: Normal
    zone: str | None
    where: str | None

    @property
    def statement(self) -> str:
        """Selects the rows as k0, k1 and so on."""
        listed = ", ".join(
            f"{self._value(column, form)} as k{place}"
            for place, (column, form) in enumerate(self.columns)
        )
        condition = f" where {self.where}" if self.where else ""
        return f"select {listed} from {self.relation}{condition}"

    def _value(self, column: Column, form: str) -> str:
        value = postgres.identifier(column.name)
        if form == "moment" and column.family != "moment":
            return f"{value}::timestamp at time zone {postgres.literal(self.zone or '')}"
        if form == "local time":
            return f"{value}::timestamp"
        if form == "number":
            return f"{value}::numeric"
        if form == "text":
            value = f"{value}::text"
            value = f"btrim({value}, {_BLANKS})" if self.normal.trim else value
            value = f"nullif({value}, '')" if self.normal.empty_is_null else value
            # Two columns of different collations have none together.
            return f'{value} collate "C"'
        return value


def pairs_of(
    old: Sequence[Column], new: Sequence[Column], mapping: Mapping[str, str], normal: Normal
) -> list[Pair]:
    """The columns that meet: those of `mapping` (old: new), else those of one name.

    Raises:
        ConfigurationError: `mapping` names a column that isn't there, or a new one twice; or times
            can't be compared, as one side's zone isn't known.
    """
    olds, news = ({column.name: column for column in side} for side in (old, new))
    for side, names, columns in (("old", mapping.keys(), olds), ("new", mapping.values(), news)):
        missing = [name for name in names if name not in columns]
        if missing:
            raise ConfigurationError(
                f"The {side} relation has no column {', '.join(missing)}; it has "
                f"{', '.join(columns)}."
            )
    if len(set(mapping.values())) < len(mapping):
        raise ConfigurationError("Two old columns are mapped to the same new one.")
    alike = olds.keys() & news.keys() - mapping.keys() - set(mapping.values())
    chosen = {**mapping, **{name: name for name in news if name in alike}}
    return [_pair(olds[one], news[other], normal) for one, other in chosen.items()]


def _pair(old: Column, new: Column, normal: Normal) -> Pair:
    families = {old.family, new.family}
    if families == {"number"}:
        return Pair(old, new, "as it is" if old.type == new.type else "number")
    if families == {"local time", "date"}:
        # Both are days and hours of some place: whatever its zone is.
        return Pair(old, new, "local time")
    if families & {"moment", "local time"} and families <= {"moment", "local time", "date"}:
        return Pair(old, new, _form_of_times(old, new, normal))
    return Pair(old, new, families.pop() if len(families) == 1 else "text")


def _form_of_times(old: Column, new: Column, normal: Normal) -> str:
    has_zone = {
        "old": old.family == "moment" or normal.old_zone is not None,
        "new": new.family == "moment" or normal.new_zone is not None,
    }
    if not any(has_zone.values()):
        return "local time"
    for side, known in has_zone.items():
        if not known:
            raise ConfigurationError(
                f"The old {old.name} is {old.type} and the new {new.name} {new.type}: give "
                f"--{side}-zone, the time zone of the {side} one, such as Asia/Seoul."
            )
    return "moment"


def keys_statement(side: Side, width: int) -> str:
    """How many rows a side has, how many of them no whole key, how many another row's."""
    keys = [f"k{place}" for place in range(width)]
    lacking = " or ".join(f"{key} is null" for key in keys)
    return (
        "select coalesce(sum(rows), 0)::bigint,"
        f" coalesce(sum(rows) filter (where {lacking}), 0)::bigint,"
        f" coalesce(sum(rows - 1) filter (where not ({lacking})), 0)::bigint"
        f" from (select {', '.join(keys)}, count(*) as rows from ({side.statement}) as side"
        f" group by {', '.join(keys)}) as grouped"
    )


def differences_statement(old: Side, new: Side, width: int) -> str:
    """The rows that aren't alike: kind, the key's texts, and the places that differ."""
    keys = [f"k{place}" for place in range(width)]
    joined = " and ".join(f"o.{key} = n.{key}" for key in keys)
    texts = ", ".join(f"coalesce(o.{key}::text, n.{key}::text)" for key in keys)
    differing = ", ".join(
        f"case when o.k{place} is distinct from n.k{place} then {place} end"
        for place in range(width, len(new.columns))
    )
    return (
        "select kind, key, places from (select"
        " case when n.k0 is null then 'only_old' when o.k0 is null then 'only_new'"
        " else 'different' end as kind,"
        f" array[{texts}] as key,"
        " case when o.k0 is null or n.k0 is null then '{}'"
        f" else array_remove(array[{differing}]::integer[], null) end as places"
        f" from ({old.statement}) as o full join ({new.statement}) as n on {joined}) as compared"
        " where kind <> 'different' or places <> '{}'"
    )


def values_statement(side: Side, width: int, keys: str) -> str:
    """The key's texts and all values' texts of a side's rows whose keys `keys` selects."""
    key = ", ".join(f"k{place}::text" for place in range(width))
    values = ", ".join(f"k{place}::text" for place in range(len(side.columns)))
    return (
        f"select array[{key}], array[{values}] from ({side.statement}) as side"
        f" where array[{key}] in ({keys})"
    )
