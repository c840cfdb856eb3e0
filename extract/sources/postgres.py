"""Reads tables and views of a Postgres database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import pyarrow as pa

from extract import postgres
from extract.catalog import Extract
from extract.errors import SourceError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, Index, TableShape

__all__ = ["PostgresDialect", "PostgresSource", "connect"]

# Types whose Arrow form ADBC reads and writes without loss.
_PLAIN = frozenset(
    ("bool", "int2", "int4", "int8", "float4", "float8")
    + ("text", "varchar", "bpchar", "json", "bytea", "date", "time")
)
# The first oid that isn't Postgres' own: such a type need not exist in the warehouse.
_FIRST_USER_OID = 16384


@dataclass(frozen=True)
class PostgresDialect:
    """Postgres' spelling; implements `extract.paging.Dialect`."""

    def quote(self, name: str) -> str:
        """`name` as an identifier, fit for a statement's text."""
        return _escaped(postgres.identifier(name))

    def typed(self, native: str) -> str:
        """A placeholder cast to `native`."""
        return f"cast(%s as {native})"

    def as_text(self, expression: str, native: str) -> str:
        """`expression` as Postgres prints it."""
        return f"cast({expression} as text)"

    def minus_seconds(self, expression: str, native: str, seconds: int) -> str:
        """An earlier moment; a number stays a number."""
        if native.startswith(("timestamp", "date")):
            return f"{expression} - interval '{seconds} seconds'"
        raise SourceError(
            f"`overlap` is a time, but the cursor is of type {native}. "
            "Remove `config.meta.extract.overlap`."
        )

    def after(self, columns: Sequence[str], values: Sequence[str]) -> tuple[str, list[int]]:
        """A row comparison, which one index scan answers."""
        text = f"({', '.join(columns)}) > ({', '.join(values)})"
        return text, list(range(len(columns)))

    def limited(self, body: str, limit: int) -> str:
        """A query with LIMIT."""
        return f"select {body} limit {limit}"


@dataclass(frozen=True)
class PostgresSource:
    """One database; implements `extract.sources.Source`."""

    connection: Connection
    statements: postgres.Statements
    arrow: postgres.ArrowConnection
    dialect: PostgresDialect = PostgresDialect()

    def describe(self, extract: Extract) -> TableShape:
        """The table's shape, from pg_catalog."""
        with postgres.translated(self.connection):
            schema, table, oid, estimate = self._relation(extract)
            relation = postgres.identifier(schema, table)
            columns = self._columns(extract, oid, relation)
            primary, indexes = self._indexes(oid)
        return TableShape(
            relation=_escaped(relation),
            columns=columns,
            primary_key=primary,
            indexes=indexes,
            estimated_rows=int(estimate) if estimate >= 0 else None,
        )

    def read(self, statement: Statement) -> Iterator[pa.RecordBatch]:
        """Streams the rows by binary COPY."""
        query = postgres.bind(statement.text, statement.params)
        with postgres.translated(self.connection), self.arrow.query(query) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield batch

    def value(self, statement: Statement) -> str | None:
        """The only value of the only row, as text."""
        with postgres.translated(self.connection):
            text = postgres.bind(statement.text, statement.params)
            row = self.statements.execute(text.encode()).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def close(self) -> None:
        """Closes both connections."""
        for opened in (self.statements, self.arrow):
            with suppress(Exception):
                opened.close()

    def _relation(self, extract: Extract) -> tuple[str, str, int, float]:
        schema = extract.schema_name or "public"
        rows = self.statements.execute(
            """
            select n.nspname, c.relname, c.oid, c.reltuples
            from pg_catalog.pg_class as c
            inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
            where lower(c.relname) = lower(%(table)s) and lower(n.nspname) = lower(%(schema)s)
                and c.relkind in ('r', 'v', 'm', 'p', 'f')
            order by n.nspname <> %(schema)s, c.relname <> %(table)s
            """,
            {"table": extract.table, "schema": schema},
        ).fetchall()
        exact = [row for row in rows if row[:2] == (schema, extract.table)]
        found = exact or rows
        if len(found) != 1:
            fact = "names several relations but for case" if found else "is not there"
            raise SourceError(
                f"Table `{schema}.{extract.table}` {fact} in {self.connection.where}"
                f"{self._similar(extract.table, schema)}. Fix `config.meta.extract.table`."
            )
        return found[0]

    def _similar(self, table: str, schema: str) -> str:
        rows = self.statements.execute(
            """
            select c.relname from pg_catalog.pg_class as c
            inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
            where lower(n.nspname) = lower(%s) and c.relkind in ('r', 'v', 'm', 'p', 'f')
            order by left(lower(c.relname), 4) <> left(lower(%s), 4), c.relname
            limit 10
            """,
            (schema, table),
        ).fetchall()
        names = ", ".join(row[0] for row in rows)
        return f"; schema {schema} has {names}" if names else f"; there is no schema {schema}"

    def _columns(self, extract: Extract, oid: int, relation: str) -> tuple[Column, ...]:
        rows = self.statements.execute(
            """
            select attname, attnotnull from pg_catalog.pg_attribute
            where attrelid = %s and attnum > 0 and not attisdropped order by attnum
            """,
            (oid,),
        ).fetchall()
        names = _selected(extract, [row[0] for row in rows], relation)
        # Qualified, a name never means one of the page's output columns, whatever it is called.
        expressions = {name: f"{relation}.{postgres.identifier(name)}" for name in names}
        expressions |= {name: f"({text})" for name, text in extract.expressions.items()}
        nullable = {name: not notnull for name, notnull in rows}
        listed = ", ".join(
            f"{expression} as {postgres.identifier(name)}"
            for name, expression in expressions.items()
        )
        result = self.statements.execute(
            f"select {listed} from {relation} limit 0".encode()
        ).pgresult
        assert result is not None
        types = {
            name: (result.ftype(position), result.fmod(position))
            for position, name in enumerate(expressions)
        }
        described = self._types(sorted(set(types.values())))
        return tuple(
            _column(name, _escaped(expression), nullable.get(name, True), *described[types[name]])
            for name, expression in expressions.items()
        )

    def _types(
        self, types: list[tuple[int, int]]
    ) -> dict[tuple[int, int], tuple[str, str, str, bool]]:
        """Per (oid, typmod): the type's full name, its base name, its send function, is base."""
        rows = self.statements.execute(
            """
            select
                given.oid, given.typmod, format_type(given.oid, given.typmod), t.typname,
                t.typsend::oid::regproc::text, t.oid < %s and t.typtype = 'b'
            from unnest(%s::oid[], %s::int4[]) as given (oid, typmod)
            inner join pg_catalog.pg_type as t on given.oid = t.oid
            """,
            (_FIRST_USER_OID, [oid for oid, _ in types], [typmod for _, typmod in types]),
        ).fetchall()
        return {(row[0], row[1]): row[2:] for row in rows}

    def _indexes(self, oid: int) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        rows = self.statements.execute(
            """
            select i.indisprimary, i.indisunique and i.indimmediate, array(
                select a.attname from unnest(i.indkey[:i.indnkeyatts - 1])
                with ordinality as k (attnum, place)
                inner join pg_catalog.pg_attribute as a
                    on a.attrelid = i.indrelid and a.attnum = k.attnum
                order by k.place
            )
            from pg_catalog.pg_index as i
            inner join pg_catalog.pg_class as c on i.indexrelid = c.oid
            inner join pg_catalog.pg_am as m on c.relam = m.oid and m.amname = 'btree'
            where i.indrelid = %s and i.indisvalid and i.indpred is null and i.indexprs is null
                and not exists (select from unnest(i.indoption) as o (bits) where o.bits <> 0)
            order by i.indexrelid
            """,
            (oid,),
        ).fetchall()
        indexes = tuple(Index(tuple(columns), unique) for _, unique, columns in rows)
        primary = next((tuple(columns) for is_primary, _, columns in rows if is_primary), ())
        return primary, indexes


def connect(connection: Connection, database: str | None) -> PostgresSource:
    """A source on `database`, or on the one that the URL names."""
    # What libpq doesn't know as a scheme it takes for a DSN, and quotes whole in its error.
    parts = urlsplit(connection.url)._replace(scheme="postgresql")
    if database is not None:
        parts = parts._replace(path="/" + quote(database, safe=""))
    connection = Connection(connection.name, urlunsplit(parts))
    statements = postgres.connect(connection)
    try:
        return PostgresSource(
            connection, statements, postgres.ArrowConnection(connection, autocommit=True)
        )
    except BaseException:
        statements.close()
        raise


def _escaped(text: str) -> str:
    """SQL as part of a statement's text, where a percent sign starts a placeholder."""
    return text.replace("%", "%%")


def _selected(extract: Extract, names: list[str], relation: str) -> list[str]:
    by_lower: dict[str, str] = {}
    for name in names:
        if name.lower() in by_lower:
            raise SourceError(
                f"Columns {by_lower[name.lower()]} and {name} of {relation} differ in case only; "
                "lv0 can hold one of them. Name the other in `config.meta.extract.exclude`."
            )
        by_lower[name.lower()] = name
    asked = [*extract.include, *extract.exclude]
    missing = [name for name in asked if name.lower() not in by_lower]
    if missing:
        raise SourceError(
            f"Column {', '.join(missing)} is not in {relation}; it has {', '.join(names)}. "
            f"Fix `config.meta.extract.{'include' if extract.include else 'exclude'}`."
        )
    clash = [name for name in extract.expressions if name.lower() in by_lower]
    clash = [name for name in clash if name.lower() not in {n.lower() for n in extract.exclude}]
    if clash:
        raise SourceError(
            f"Expression {', '.join(clash)} has the name of a column of {relation}. "
            "Rename it in `config.meta.extract.expressions`, or exclude the column."
        )
    included = {name.lower() for name in extract.include}
    excluded = {name.lower() for name in extract.exclude}
    return [
        name
        for lower, name in by_lower.items()
        if lower not in excluded and (not included or lower in included)
    ]


def _column(
    name: str, reference: str, nullable: bool, native: str, base: str, send: str, is_base: bool
) -> Column:
    """How a column of a type travels and is kept.

    A type that Arrow can't carry without loss travels in Postgres' own binary form, made by its
    send function; numeric, which ADBC takes as decimals only, goes as text; a type that the
    warehouse need not know ends as text.
    """
    stage = lv0 = native
    decimal = None
    expression = reference
    if base == "numeric":
        decimal = _precision(native)
        expression = f"cast({reference} as text)"
        stage = native if decimal else "text"
    elif not is_base or send == "-" or base == "name":
        expression = f"cast({reference} as text)"
        stage = lv0 = "text"
    elif base not in _PLAIN:
        expression = f"{send}({reference})"
    return Column(name, native, lv0, stage, reference, expression, nullable, decimal)


def _precision(native: str) -> tuple[int, int] | None:
    """(precision, scale) of a numeric that fits Arrow's decimals, else None."""
    if not native.startswith("numeric("):
        return None
    precision, scale = (int(part) for part in native[len("numeric(") : -1].split(","))
    return (precision, scale) if precision <= 76 and 0 <= scale <= precision else None
