"""Reads tables and views of a Postgres database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import pyarrow as pa

from extract import postgres
from extract.arrow import arrow_type
from extract.catalog import Extract
from extract.dialects.postgres import PostgresDialect, escaped
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, Index, TableShape
from extract.sources.common import one_of, selected

__all__ = ["PostgresSource", "connect"]

# Types whose Arrow form ADBC reads and writes without loss.
_PLAIN = frozenset(
    ("bool", "int2", "int4", "int8", "float4", "float8")
    + ("text", "varchar", "bpchar", "json", "bytea", "date", "time")
)
# The first oid that isn't Postgres' own: such a type need not exist in the warehouse.
_FIRST_USER_OID = 16384


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
            schema, table, oid, estimate, is_view = self._relation(extract)
            relation = postgres.identifier(schema, table)
            columns = self._columns(extract, oid, relation)
            primary, indexes = self._indexes(oid)
        return TableShape(
            relation=escaped(relation),
            columns=columns,
            primary_key=primary,
            indexes=indexes,
            estimated_rows=int(estimate) if estimate >= 0 and not is_view else None,
            is_view=is_view,
        )

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams the rows by binary COPY."""
        query = postgres.bind(statement.text, statement.params)
        with postgres.translated(self.connection), self.arrow.query(query) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield batch

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        with postgres.translated(self.connection):
            text = postgres.bind(statement.text, statement.params)
            rows = self.statements.execute(text.encode()).fetchall()
        return [tuple(None if value is None else str(value) for value in row) for row in rows]

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """Steps of the histogram that ANALYZE made, which is in the column's own order."""
        with postgres.translated(self.connection):
            row = self.statements.execute(
                """
                select histogram_bounds::text::text[] from pg_catalog.pg_stats
                where format('%%I.%%I', schemaname, tablename)::regclass = %s::regclass
                    and attname = %s and not inherited
                """,
                (shape.relation.replace("%%", "%"), column.name),
            ).fetchone()
        bounds = (row[0] if row is not None else None) or []
        # The ends of the histogram are the ends of the table.
        steps = [bounds[len(bounds) * part // parts] for part in range(1, parts)] if bounds else []
        return list(dict.fromkeys(step for step in steps if step not in (bounds[0], bounds[-1])))

    def close(self) -> None:
        """Closes both connections."""
        for opened in (self.statements, self.arrow):
            with suppress(Exception):
                opened.close()

    def _relation(self, extract: Extract) -> tuple[str, str, int, float, bool]:
        schema = extract.schema_name or "public"
        rows = self.statements.execute(
            """
            select n.nspname, c.relname, c.oid, c.reltuples, c.relkind = 'v'
            from pg_catalog.pg_class as c
            inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
            where lower(n.nspname) = lower(%s) and c.relkind in ('r', 'v', 'm', 'p', 'f')
            order by c.relname
            """,
            (schema,),
        ).fetchall()
        name = one_of(
            extract.table,
            schema,
            [row[1] for row in rows if row[1].lower() == extract.table.lower()],
            [row[1] for row in rows],
            self.connection.where,
        )
        found: tuple[str, str, int, float, bool] = next(row for row in rows if row[1] == name)
        return found

    def _columns(self, extract: Extract, oid: int, relation: str) -> tuple[Column, ...]:
        rows = self.statements.execute(
            """
            select attname, attnotnull from pg_catalog.pg_attribute
            where attrelid = %s and attnum > 0 and not attisdropped order by attnum
            """,
            (oid,),
        ).fetchall()
        names = selected(extract, [row[0] for row in rows], relation)
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
            _column(
                name,
                escaped(expression),
                nullable.get(name, True),
                *described[types[name]],
                computed=name in extract.expressions,
            )
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


def _column(
    name: str,
    reference: str,
    nullable: bool,
    native: str,
    base: str,
    send: str,
    is_base: bool,
    *,
    computed: bool,
) -> Column:
    """How a column of a type travels and is kept.

    A type that Arrow can't carry without loss travels in Postgres' own binary form, made by its
    send function; numeric, which ADBC takes as decimals only, goes as text; a type that the
    warehouse need not know ends as text.
    """
    stage = lv0 = native
    expression = reference
    if base == "numeric":
        expression = f"cast({reference} as text)"
        stage = native if pa.types.is_decimal(arrow_type(native)) else "text"
    elif not is_base or send == "-" or base == "name":
        expression = f"cast({reference} as text)"
        stage = lv0 = "text"
    elif base not in _PLAIN:
        expression = f"{send}({reference})"
    return Column(name, native, lv0, stage, reference, expression, nullable, computed)
