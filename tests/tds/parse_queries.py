"""Queries of T-SQL."""

from __future__ import annotations

from dataclasses import replace

from tests.tds.parse_expressions import ExpressionParser
from tests.tds.tree import (
    Compound,
    Derived,
    Expression,
    FunctionSource,
    Join,
    Literal,
    Query,
    Select,
    SelectItem,
    Source,
    Star,
    Table,
    ValuesSource,
)  # fmt: skip

__all__ = ["QueryParser"]

# What may follow a table or an item and is therefore not its alias.
_NOT_ALIAS = {
    "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "UNION", "EXCEPT", "INTERSECT", "ON", "INNER",
    "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "JOIN", "WITH", "OPTION", "FOR", "SET", "SELECT",
    "INSERT", "UPDATE", "DELETE", "INTO", "IF", "ELSE", "END", "BEGIN", "COMMIT", "ROLLBACK",
    "DECLARE", "EXEC", "EXECUTE", "DROP", "CREATE", "ALTER", "TRUNCATE", "USE", "PRINT", "WAITFOR",
    "WHILE", "GO", "RETURN", "VALUES", "OFFSET", "FETCH", "AS", "AND", "OR", "SAVE", "RAISERROR",
    "THROW", "DEFAULT",
}  # fmt: skip


class QueryParser(ExpressionParser):
    """Adds SELECT in all its parts."""

    def query(self) -> Query:
        ctes = self._ctes()
        left = self._intersection()
        while op := self.accept_any("UNION", "EXCEPT"):
            all_rows = op == "UNION" and self.accept("ALL")
            left = Compound("union all" if all_rows else op.lower(), left, self._intersection())
        order = self.order_by()
        if isinstance(left, Select):
            offset, fetch = self._offset()
            left = replace(left, order=order, offset=offset, fetch=fetch, ctes=ctes)
        else:
            left = replace(left, order=order, ctes=ctes)
        if self.accept("OPTION"):
            self._skip_parentheses()
        return left

    def _ctes(self) -> tuple[tuple[str, tuple[str, ...], Query], ...]:
        found = []
        if self.accept("WITH"):
            while True:
                name = self.identifier()
                columns = self.names() if self.peek("(") else ()
                self.expect("AS", "(")
                found.append((name, columns, self.query()))
                self.expect(")")
                if not self.accept(","):
                    break
        return tuple(found)

    def _intersection(self) -> Query:
        left = self._term()
        while self.accept("INTERSECT"):
            left = Compound("intersect", left, self._term())
        return left

    def _term(self) -> Query:
        if self.accept("("):
            query = self.query()
            self.expect(")")
            return query
        return self._select()

    def _select(self) -> Select:
        self.expect("SELECT")
        distinct = self.accept("DISTINCT")
        if not distinct:
            self.accept("ALL")
        top = self.top()
        items = [self._item()]
        while self.accept(","):
            items.append(self._item())
        into = self.parts() if self.accept("INTO") else None
        source = self.source() if self.accept("FROM") else None
        where = self.expression() if self.accept("WHERE") else None
        group = self.expressions() if self.accept("GROUP", "BY") else ()
        having = self.expression() if self.accept("HAVING") else None
        return Select(
            tuple(items), source, where, group, having, top=top, distinct=distinct, into=into
        )

    def top(self) -> Expression | None:
        """The TOP that may come next."""
        if not self.accept("TOP"):
            return None
        if self.accept("("):
            top = self.expression()
            self.expect(")")
            return top
        return Literal("int", self.integer())

    def _offset(self) -> tuple[Expression | None, Expression | None]:
        if not self.accept("OFFSET"):
            return None, None
        offset = self.expression()
        self.accept_any("ROWS", "ROW")
        fetch = None
        if self.accept("FETCH"):
            self.accept_any("NEXT", "FIRST")
            fetch = self.expression()
            self.accept_any("ROWS", "ROW")
            self.expect("ONLY")
        return offset, fetch

    def _item(self) -> SelectItem:
        if self.accept("*"):
            return SelectItem(Star(()))
        if self.token.kind == "variable" and self.ahead().upper == "=":
            variable = self.advance().text.lower()
            self.advance()
            return SelectItem(self.expression(), variable=variable)
        if self.token.kind in ("name", "quoted"):
            if self.ahead().upper == "=" and self.ahead().kind == "op":
                alias = self.identifier()
                self.advance()
                return SelectItem(self.expression(), alias)
            if (star := self._qualified_star()) is not None:
                return SelectItem(star)
        return SelectItem(self.expression(), self.alias(strings=True))

    def _qualified_star(self) -> Star | None:
        at = self._at
        parts = []
        while self.token.kind in ("name", "quoted") and self.ahead().upper == ".":
            parts.append(self.advance().text)
            self.advance()
        if parts and self.accept("*"):
            return Star(tuple(parts))
        self._at = at
        return None

    def alias(self, *, strings: bool = False) -> str | None:
        """The alias that may come next."""
        if self.accept("AS"):
            if strings and self.token.kind in ("string", "nstring"):
                return self.advance().text
            return self.identifier()
        if self.token.kind == "quoted":
            return self.identifier()
        if self.token.kind == "name" and self.token.upper not in _NOT_ALIAS:
            return self.identifier()
        return None

    def names(self) -> tuple[str, ...]:
        """Names in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    # FROM

    def source(self) -> Source:
        left = self._joined()
        while self.accept(","):
            left = Join(left, "cross", self._joined(), None)
        return left

    def _joined(self) -> Source:
        left = self._source()
        while (kind := self._join_kind()) is not None:
            right = self._source()
            on = None
            if kind in ("inner", "left", "right", "full"):
                self.expect("ON")
                on = self.expression()
            left = Join(left, kind, right, on)
        return left

    def _join_kind(self) -> str | None:
        for words, kind in (
            (("CROSS", "JOIN"), "cross"), (("CROSS", "APPLY"), "cross apply"),
            (("OUTER", "APPLY"), "outer apply"), (("INNER", "JOIN"), "inner"), (("JOIN",), "inner"),
            (("LEFT", "OUTER", "JOIN"), "left"), (("LEFT", "JOIN"), "left"),
            (("RIGHT", "OUTER", "JOIN"), "right"), (("RIGHT", "JOIN"), "right"),
            (("FULL", "OUTER", "JOIN"), "full"), (("FULL", "JOIN"), "full"),
        ):  # fmt: skip
            if self.accept(*words):
                return kind
        return None

    def _source(self) -> Source:
        if self.accept("("):
            if self.peek("VALUES"):
                rows = self.rows()
                self.expect(")")
                return ValuesSource(rows, self.alias() or "", self.names())
            if self.peek("SELECT") or self.peek("WITH"):
                query = self.query()
                self.expect(")")
                alias = self.alias()
                if alias is None:
                    raise self.error()
                return Derived(query, alias, self.names() if self.peek("(") else ())
            inner = self.source()
            self.expect(")")
            return inner
        parts = self.parts()
        if self.accept("("):
            args = () if self.peek(")") else self.expressions()
            self.expect(")")
            return FunctionSource(parts, args, self.alias())
        alias = self.alias()
        self.table_hints()
        return Table(parts, alias)

    def rows(self) -> tuple[tuple[Expression, ...], ...]:
        """VALUES and its rows."""
        self.expect("VALUES")
        found = []
        while True:
            self.expect("(")
            found.append(self.expressions())
            self.expect(")")
            if not self.accept(","):
                return tuple(found)

    def table_hints(self) -> None:
        """Steps over hints: the stand-in's locks are Postgres's."""
        if self.peek("WITH", "("):
            self.advance()
            self._skip_parentheses()

    def _skip_parentheses(self) -> None:
        self.expect("(")
        depth = 1
        while depth:
            if self.token.kind == "end":
                raise self.error()
            word = self.advance().upper
            depth += (word == "(") - (word == ")")
