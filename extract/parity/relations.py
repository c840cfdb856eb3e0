"""The relations of a comparison as their databases have them, and the copy of a distant one."""

from __future__ import annotations

from dataclasses import replace

from extract import postgres
from extract.errors import ConfigurationError
from extract.parity.statements import Column, Side
from extract.settings import Connection

__all__ = ["check", "columns_of", "copied", "quoted"]

_COPY = "pg_temp.parity_old"
# A statement or a value in it can't be understood.
_NOT_UNDERSTOOD = ("22", "42")


def quoted(relation: str) -> str:
    """`schema.table` as SQL has it.

    Raises:
        ConfigurationError: it isn't of that form.
    """
    schema, _, table = relation.partition(".")
    if not schema or not table or "." in table:
        raise ConfigurationError(f"A relation is called schema.table, not `{relation}`.")
    return postgres.identifier(schema, table)


def columns_of(
    connection: postgres.Statements, place: Connection, relation: str
) -> tuple[Column, ...]:
    """The relation's columns in order.

    Raises:
        ConfigurationError: there is no such relation.
    """
    rows = connection.execute(
        """
        select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
        """,
        (quoted(relation),),
    ).fetchall()
    if not rows:
        schema = relation.partition(".")[0]
        others = connection.execute(
            "select relname from pg_catalog.pg_class where relkind in ('r', 'v', 'm', 'p', 'f')"
            " and relnamespace = to_regnamespace(%s) order by relname limit 20",
            (postgres.identifier(schema),),
        ).fetchall()
        raise ConfigurationError(
            f"There is no {relation} in {place.where}; schema {schema} has "
            f"{', '.join(name for (name,) in others) or 'nothing'}."
        )
    return tuple(Column(*row) for row in rows)


def check(connection: postgres.Statements, relation: str, side: Side) -> None:
    """Lets the server read the side's statement, before anything is compared.

    Raises:
        ConfigurationError: it doesn't understand the condition or the zone.
    """
    zone = f"select now() at time zone {postgres.literal(side.zone)}" if side.zone else "select 1"
    try:
        connection.execute(zone.encode())
        connection.execute(f"select from ({side.statement}) as side limit 0".encode())
    except postgres.DatabaseError as error:
        if not (error.sqlstate or "").startswith(_NOT_UNDERSTOOD):
            raise
        raise ConfigurationError(f"{relation}: {error.diag.message_primary}.") from None


def copied(source: postgres.Statements, connection: postgres.Statements, side: Side) -> Side:
    """The side as a temporary table of the warehouse, with its rows and the columns it needs."""
    known = {
        kind
        for column, _ in side.columns
        for (kind,) in connection.execute(
            "select %s::text where to_regtype(%s) is not null", (column.type, column.type)
        )
    }
    columns = [
        Column(column.name, column.type if column.type in known else "text")
        for column, _ in side.columns
    ]
    names = ", ".join(postgres.identifier(column.name) for column in columns)
    types = ", ".join(f"{postgres.identifier(column.name)} {column.type}" for column in columns)
    condition = f" where {side.where}" if side.where else ""
    query = f"copy (select {names} from {side.relation}{condition}) to stdout"
    connection.execute(f"create table {_COPY} ({types})".encode())
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {_COPY} from stdin".encode()) as copy,
    ):
        for piece in postgres.copy_out(source, query):
            copy.write(piece)
    connection.execute(f"analyze {_COPY}".encode())
    forms = (form for _, form in side.columns)
    return replace(
        side, relation=_COPY, columns=tuple(zip(columns, forms, strict=True)), where=None
    )
