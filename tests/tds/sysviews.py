"""sys.* as queries on the catalogue, with the types that SQL Server gives their columns."""

from __future__ import annotations

from dataclasses import dataclass

from tests.tds.types import Column, SqlType, make_type

__all__ = ["SystemView", "system_view"]

_NAME_COLLATION = "SQL_Latin1_General_CP1_CI_AS"
_OBJECT_COLUMNS = """
    name sysname = o.name, object_id int not null = o.object_id,
    schema_id int not null = o.schema_id,
    parent_object_id int not null = o.parent_object_id, type char(2) = rpad(o.type, 2),
    type_desc nvarchar(60) = case o.type when 'U' then 'USER_TABLE' when 'V' then 'VIEW'
        when 'PK' then 'PRIMARY_KEY_CONSTRAINT' when 'UQ' then 'UNIQUE_CONSTRAINT'
        when 'FN' then 'SQL_SCALAR_FUNCTION' end,
    create_date datetime not null = tds.to_datetime(
        (extract(epoch from o.created) * 10000000)::bigint + 621355968000000000, false),
    modify_date datetime not null = tds.to_datetime(
        (extract(epoch from o.created) * 10000000)::bigint + 621355968000000000, false),
    is_ms_shipped bit not null = 0
"""
_OBJECTS = "tds.objects o where o.database_id = {db}"
# name: (columns `name type [not null] = Postgres expression`, what follows FROM).
_VIEWS = {
    "databases": (
        """name sysname not null = d.name, database_id int not null = d.database_id,
        create_date datetime not null = tds.to_datetime(
            (extract(epoch from d.created) * 10000000)::bigint + 621355968000000000, false),
        compatibility_level tinyint not null = 150, collation_name sysname = d.collation_name,
        state tinyint = 0, state_desc nvarchar(60) = 'ONLINE', is_read_only bit = 0,
        snapshot_isolation_state tinyint = d.snapshot::int,
        snapshot_isolation_state_desc nvarchar(60) = case when d.snapshot then 'ON' else 'OFF' end,
        is_read_committed_snapshot_on bit = d.read_committed_snapshot::int""",
        "tds.databases d",
    ),
    "schemas": (
        """name sysname not null = s.name, schema_id int not null = s.schema_id,
        principal_id int = 1""",
        "tds.schemas s where s.database_id = {db}",
    ),
    "objects": (_OBJECT_COLUMNS, _OBJECTS),
    "all_objects": (_OBJECT_COLUMNS, _OBJECTS),
    "tables": (_OBJECT_COLUMNS, _OBJECTS + " and o.type = 'U'"),
    "views": (_OBJECT_COLUMNS, _OBJECTS + " and o.type = 'V'"),
    "key_constraints": (
        _OBJECT_COLUMNS + ", unique_index_id int = i.index_id, is_system_named bit not null = 0",
        "tds.objects o join tds.indexes i on i.constraint_id = o.object_id"
        " where o.database_id = {db}",
    ),
    "columns": (
        """object_id int not null = c.object_id, name sysname = c.name,
        column_id int not null = c.column_id, system_type_id tinyint not null = c.system_type_id,
        user_type_id int not null = c.user_type_id, max_length smallint not null = c.max_length,
        precision tinyint not null = c.precision, scale tinyint not null = c.scale,
        collation_name sysname = c.collation_name, is_nullable bit = c.is_nullable::int,
        is_ansi_padded bit not null = 1, is_rowguidcol bit not null = 0,
        is_identity bit not null = c.is_identity::int,
        is_computed bit not null = (c.computed is not null)::int,
        is_hidden bit not null = 0, generated_always_type tinyint not null = 0,
        is_sparse bit not null = 0, is_column_set bit not null = 0,
        encryption_type int = null::int, is_masked bit not null = 0""",
        "tds.columns c join tds.objects o using (object_id) where o.database_id = {db}",
    ),
    "types": (
        """name sysname not null = t.name, system_type_id tinyint not null = t.system_id,
        user_type_id int not null = t.user_id, schema_id int not null = 4,
        max_length smallint not null = t.size, precision tinyint not null = t.precision,
        scale tinyint not null = t.scale, collation_name sysname = null::text,
        is_nullable bit = 1, is_user_defined bit not null = 0, is_assembly_type bit not null = 0,
        is_table_type bit not null = 0""",
        "(values {types}) as t(name, system_id, user_id, size, precision, scale)",
    ),
    "indexes": (
        """object_id int not null = i.object_id, name sysname = i.name,
        index_id int not null = i.index_id,
        type tinyint not null = case i.type_desc when 'HEAP' then 0 when 'CLUSTERED' then 1 else 2
            end,
        type_desc nvarchar(60) = i.type_desc, is_unique bit = i.is_unique::int,
        ignore_dup_key bit = 0, is_primary_key bit = i.is_primary_key::int,
        is_unique_constraint bit = i.is_unique_constraint::int, is_disabled bit = 0,
        is_hypothetical bit = 0, has_filter bit = (i.filter_definition is not null)::int,
        filter_definition nvarchar(max) = i.filter_definition, data_space_id int = 1""",
        "tds.indexes i join tds.objects o using (object_id) where o.database_id = {db}",
    ),
    "index_columns": (
        """object_id int not null = x.object_id, index_id int not null = x.index_id,
        index_column_id int not null = x.index_column_id, column_id int not null = x.column_id,
        key_ordinal tinyint not null = x.key_ordinal,
        partition_ordinal tinyint not null = 0, is_descending_key bit = x.is_descending_key::int,
        is_included_column bit = x.is_included_column::int""",
        "tds.index_columns x join tds.objects o using (object_id) where o.database_id = {db}",
    ),
    "partitions": (
        """partition_id bigint not null = i.object_id::bigint * 1000 + i.index_id,
        object_id int not null = i.object_id, index_id int not null = i.index_id,
        partition_number int not null = 1, hobt_id bigint not null = i.object_id::bigint * 1000,
        rows bigint = tds.row_count({db}, i.object_id)""",
        "tds.indexes i join tds.objects o using (object_id) where o.database_id = {db}",
    ),
    "dm_db_partition_stats": (
        """partition_id bigint = i.object_id::bigint * 1000 + i.index_id,
        object_id int not null = i.object_id, index_id int not null = i.index_id,
        partition_number int not null = 1,
        in_row_data_page_count bigint = 1 + tds.row_count({db}, i.object_id) / 50,
        used_page_count bigint = 1 + tds.row_count({db}, i.object_id) / 50,
        reserved_page_count bigint = 1 + tds.row_count({db}, i.object_id) / 50,
        row_count bigint = tds.row_count({db}, i.object_id)""",
        "tds.indexes i join tds.objects o using (object_id) where o.database_id = {db}",
    ),
    "sql_modules": (
        """object_id int not null = o.object_id, definition nvarchar(max) = o.definition""",
        "tds.objects o where o.definition is not null and o.database_id = {db}",
    ),
    "computed_columns": (
        """object_id int not null = c.object_id, name sysname = c.name,
        column_id int not null = c.column_id, definition nvarchar(max) = c.computed,
        is_persisted bit not null = 0""",
        "tds.columns c join tds.objects o using (object_id)"
        " where c.computed is not null and o.database_id = {db}",
    ),
    "configurations": (
        "name nvarchar(35) not null = t.name, value_in_use int = t.value",
        "(values ('max degree of parallelism', 0)) as t(name, value)",
    ),
}
_TYPE_NAMES = (
    "image", "text", "uniqueidentifier", "date", "time(7)", "datetime2(7)", "datetimeoffset(7)",
    "tinyint", "smallint", "int", "smalldatetime", "real", "money", "datetime", "float", "ntext",
    "bit", "decimal(38,38)", "numeric(38,38)", "smallmoney", "bigint", "varbinary(8000)",
    "varchar(8000)", "binary(8000)", "char(8000)", "nvarchar(4000)", "nchar(4000)", "xml",
)  # fmt: skip


@dataclass(frozen=True)
class SystemView:
    """A system view as a Postgres query with typed columns."""

    sql: str
    columns: tuple[Column, ...]


def system_view(name: str, database_id: int) -> SystemView | None:
    """The view sys.`name`, or None where the stand-in has none."""
    if (found := _VIEWS.get(name.lower())) is None:
        return None
    items, columns = [], []
    for item in _split(found[0]):
        head, expression = item.split(" = ", 1)
        column, kind, *rest = head.split()
        columns.append(Column(column, parse_type(kind), rest != ["not", "null"]))
        items.append(f'({expression}) as "{column}"')
    body = found[1].replace("{types}", _types())
    text = f"select {', '.join(items)} from {body}".replace("{db}", str(database_id))
    return SystemView(text, tuple(columns))


def _split(text: str) -> list[str]:
    """The parts between commas that no parenthesis holds."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def parse_type(text: str) -> SqlType:
    """A type as one writes it."""
    name, _, rest = text.partition("(")
    return make_type(name, rest.rstrip(")").split(",") if rest else [], _NAME_COLLATION)


def _types() -> str:
    rows = ["('sysname', 231, 256, 256, 0, 0)", "('timestamp', 189, 189, 8, 0, 0)"]
    for text in _TYPE_NAMES:
        kind = parse_type(text)
        size = {"time": 5, "datetime2": 8, "datetimeoffset": 10}.get(kind.name, kind.max_length)
        facts = (kind.system_id, kind.system_id, size, kind.shown_precision, kind.shown_scale)
        rows.append(f"('{kind.name}', {', '.join(map(str, facts))})")
    return ", ".join(rows)
