"""Reads tables and views of a Postgres database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from extract import postgres
from extract.catalog import Extract
from extract.dialects.postgres import PostgresDialect, escaped
from extract.errors import ConfigurationError
from extract.paging import Statement
from extract.settings import Connection
from extract.shape import Column, Index, TableShape, decimal_of
from extract.sources.common import one_of, selected

if TYPE_CHECKING:
    import pyarrow as pa

    from extract.sources.adbc import ArrowConnection

__all__ = ["PostgresCopySource", "PostgresSource", "connect"]

_DRIVERS = ("copy", "adbc")

# Types whose Arrow form ADBC reads and writes without loss.
_PLAIN = frozenset(
    ("bool", "int2", "int4", "int8", "float4", "float8")
    + ("text", "varchar", "bpchar", "json", "bytea", "date", "time", "timestamp", "timestamptz")
)
# The first oid that isn't Postgres' own: such a type need not exist in the warehouse.
_FIRST_USER_OID = 16384


@dataclass(frozen=True)
class PostgresSource:
    """One database, read through Arrow; implements `extract.sources.Source`."""

    connection: Connection
    statements: postgres.Statements
    dialect: PostgresDialect = field(default_factory=PostgresDialect)

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
        with postgres.translated(self.connection):
            try:
                with self._arrow.query(query, sorts=not statement.is_by_index) as reader:
                    for batch in reader:
                        if batch.num_rows:
                            yield batch
            except OSError as error:
                # In the middle of a stream ADBC's errors have no state: psycopg's have.
                if not postgres.is_lost(error):
                    for _ in self._copied(query):
                        pass
                raise

    def _copied(self, query: str) -> Iterator[bytes]:
        return postgres.copy_out(self.statements, f"copy ({query}) to stdout (format binary)")

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
        """Closes what is open."""
        with suppress(Exception):
            self.statements.close()
        if "_arrow" in self.__dict__:
            with suppress(Exception):
                self._arrow.close()

    @cached_property
    def _arrow(self) -> ArrowConnection:
        # Here, as its driver needn't be loaded where rows are copied through.
        from extract.sources.adbc import ArrowConnection

        return ArrowConnection(self.connection)

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
            self._column(
                name,
                described[types[name]],
                escaped(expression),
                nullable.get(name, True),
                name in extract.expressions,
            )
            for name, expression in expressions.items()
        )

    @staticmethod
    def _column(name: str, kind: _Type, reference: str, nullable: bool, computed: bool) -> Column:
        """How a column travels.

        Through Arrow, a type that Arrow can't carry without loss goes in Postgres' own binary
        form, made by its send function; so does a decimal, which would only be taken apart to be
        put together again. Copied through, everything goes as it is. A type that the warehouse
        need not know is text.
        """
        stage = lv0 = kind.native
        expression = copied = reference
        if not kind.is_known:
            expression = copied = f"cast({reference} as text)"
            stage = lv0 = "text"
        elif kind.base == "numeric" and decimal_of(kind.native) is None:
            # Staged as text (see `TableShape.as_arrow`).
            expression = f"cast({reference} as text)"
        elif kind.base not in _PLAIN:
            expression = f"{kind.send}({reference})"
        return Column(
            name, kind.native, lv0, stage, reference, expression, nullable, computed, copied
        )

    def _types(self, types: list[tuple[int, int]]) -> dict[tuple[int, int], _Type]:
        """Per (oid, typmod)."""
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
        return {(row[0], row[1]): _Type(*row[2:]) for row in rows}

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


@dataclass(frozen=True)
class PostgresCopySource(PostgresSource):
    """One database whose rows are copied through undecoded where they can be."""

    def copy(self, statement: Statement) -> Iterator[bytes]:
        """The rows in binary COPY's format."""
        query = postgres.bind(statement.text, statement.params)
        with postgres.translated(self.connection):
            yield from self._copied(query)


@dataclass(frozen=True)
class _Type:
    """A type's full name, its base name, its send function, whether it's Postgres' own."""

    native: str
    base: str
    send: str
    is_own: bool

    @property
    def is_known(self) -> bool:
        """Whether every Postgres has the type and its binary form."""
        return self.is_own and self.send != "-" and self.base != "name"


def connect(connection: Connection, database: str | None) -> PostgresSource:
    """A source on `database`, or on the one that the URL names.

    Rows are copied through undecoded (`driver: copy`, the default) or travel as Arrow
    (`driver: adbc`).
    """
    driver = connection.driver or _DRIVERS[0]
    if driver not in _DRIVERS:
        raise ConfigurationError(
            f"connections.yml: `{connection.name}` has the driver `{driver}`; a Postgres source "
            f"has {' and '.join(_DRIVERS)}."
        )
    # What libpq doesn't know as a scheme it takes for a DSN, and quotes whole in its error.
    parts = urlsplit(connection.url)._replace(scheme="postgresql")
    options = [pair for pair in parse_qsl(parts.query) if pair[0] != "driver"]
    parts = parts._replace(query=urlencode(options, quote_via=quote))
    if database is not None:
        parts = parts._replace(path="/" + quote(database, safe=""))
    connection = Connection(connection.name, urlunsplit(parts))
    statements = postgres.connect(connection)
    kind = PostgresCopySource if driver == "copy" else PostgresSource
    return kind(connection, statements)
