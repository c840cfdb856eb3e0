"""What a view's base table proves of the view: unique columns and orders that an index delivers.

The server says which column of which table a view's column shows, but not how often it reads the
table: a join with itself, or with a table of which nothing is shown, would make rows of one row.
So the view's text must be the plainest there is: select, from one table, where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from extract.paging import Statement
from extract.shape import Column, Index
from extract.sources.sqlserver.tables import Relation, Tables, result_columns

__all__ = ["indexes_through", "single_table"]

_DEFINITION = "select m.definition from sys.sql_modules as m where m.object_id = {}"
_BASE = """
select o.object_id
from sys.objects as o
inner join sys.schemas as s on o.schema_id = s.schema_id
where s.name = %s and o.name = %s and o.type = 'U'
"""
_TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*)|(?P<comment>/\*)|(?P<text>N?'(?:[^']|'')*')"
    r"|\[(?P<bracket>(?:[^\]]|\]\])*)\]|\"(?P<quoted>(?:[^\"]|\"\")*)\"|(?P<word>[\w@#$]+)|(?P<mark>.)",
    re.DOTALL,
)
# Each of these makes of rows something else, or keeps an index from being used for a page.
_REFUSED = frozenset(
    ("all", "apply", "distinct", "except", "for", "group", "having", "intersect", "join", "offset")
    + ("openjson", "openquery", "openrowset", "opendatasource", "openxml", "over", "pivot", "top")
    + ("tablesample", "union", "unpivot")
)
_NAME = ""


def indexes_through(
    tables: Tables, view: Relation, columns: tuple[Column, ...]
) -> tuple[Index, ...]:
    """The base table's indexes, by the view's columns; none where nothing is certain.

    Args:
        tables: of the view's database.
        view: to look through.
        columns: those that the feed takes.
    """
    definition = tables.try_to_ask(Statement(_DEFINITION.format(view.number)))
    named = single_table(definition[0][0] or "") if definition else None
    if named is None:
        return ()
    described = result_columns(
        tables.try_to_ask, f"select * from {view.quoted.replace('%%', '%')}", 1, tables.of_code_page
    )
    shown = [column for column in described if column.column is not None]
    base = {(column.schema, column.table) for column in shown}
    if len(base) != 1:
        return ()
    base_schema, base_table = base.pop()
    wanted = (named[0] or view.schema, named[1])
    if (str(base_schema).lower(), str(base_table).lower()) != tuple(
        part.lower() for part in wanted
    ):
        return ()
    found = tables.ask(Statement(_BASE, (str(base_schema), str(base_table))))
    if len(found) != 1:
        return ()
    kinds = tables.columns(int(found[0][0]))
    taken = {column.name for column in columns}
    names = {
        column.column: column.name
        for column in shown
        # Converted, a value may be another one, and of another order.
        if column.name in taken and kinds.get(str(column.column), (None,))[0] == column.native
    }
    seen = []
    for index in tables.indexes(int(found[0][0]))[1]:
        visible: list[str] = []
        for name in index.columns:
            if name not in names:
                break
            visible.append(names[name])
        if visible:
            seen.append(Index(tuple(visible), index.unique and len(visible) == len(index.columns)))
    return tuple(seen)


def single_table(definition: str) -> tuple[str | None, str] | None:
    """Schema and name of the only table that a view reads, row by row; None where it's not so."""
    tokens = list(_tokens(definition))
    words = [word for word, _ in tokens]
    body = next(
        (at + 1 for at in range(len(words) - 1) if words[at : at + 2] == ["as", "select"]), 0
    )
    if not body or "with" in words[body:] or not _REFUSED.isdisjoint(words[body:]):
        return None
    if words[body:].count("select") != 1 or words[body:].count("from") != 1:
        return None
    at = words.index("from", body) + 1
    parts: list[str] = []
    while at < len(tokens) and _is_name(tokens[at]):
        parts.append(tokens[at][1])
        at += 1
        if words[at : at + 1] != ["."]:
            break
        at += 1
    if words[at : at + 1] == ["as"]:
        at += 1
    if at < len(tokens) and _is_name(tokens[at]) and words[at] != "where":
        at += 1
    while words[at : at + 1] == [";"]:
        at += 1
    if len(parts) not in (1, 2) or words[at : at + 1] not in ([], ["where"]):
        return None
    return (parts[0] if len(parts) == 2 else None), parts[-1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a word in lower case, or a mark, and the name that it may be."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None
        at = match.end()
        if match["comment"]:
            at = _end_of_comment(text, at)
        elif match["bracket"] is not None:
            yield _NAME, match["bracket"].replace("]]", "]")
        elif match["quoted"] is not None:
            yield _NAME, match["quoted"].replace('""', '"')
        elif match["word"]:
            yield match["word"].lower(), match["word"]
        elif match["mark"] or match["text"]:
            yield match["mark"] or "'", ""


def _end_of_comment(text: str, at: int) -> int:
    """Behind a comment that began before `at`; T-SQL nests them."""
    depth = 1
    while depth and at < len(text):
        pair = text[at : at + 2]
        depth += {"/*": 1, "*/": -1}.get(pair, 0)
        at += 2 if pair in ("/*", "*/") else 1
    return at


def _is_name(token: tuple[str, str]) -> bool:
    return bool(token[1])
