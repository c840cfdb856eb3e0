"""Batches of T-SQL into statements."""

from __future__ import annotations

from functools import lru_cache

from tests.tds.parse_ddl import DefinitionParser
from tests.tds.tree import (
    Binary,
    Block,
    Declare,
    Delete,
    Execute,
    Expression,
    If,
    Insert,
    Literal,
    Name,
    Parts,
    Print,
    Return,
    SetOption,
    SetVariable,
    Source,
    Statement,
    Table,
    Transaction,
    Truncate,
    TypeName,
    Update,
    Use,
    Variable,
    WaitFor,
    While,
)  # fmt: skip

__all__ = ["parse_batch", "parse_declarations", "parse_expression", "parse_query"]


@lru_cache(maxsize=256)
def parse_batch(text: str) -> tuple[Statement, ...]:
    """The statements of a batch; semicolons between them may be missing, as in T-SQL.

    Raises:
        SqlError: the text is beyond what the stand-in knows; nothing is executed then.
    """
    return _BatchParser(text).batch()


@lru_cache(maxsize=256)
def parse_query(text: str) -> Statement:
    """The one statement of a view's or of a described batch's text."""
    return parse_batch(text)[0]


@lru_cache(maxsize=256)
def parse_expression(text: str) -> Expression:
    """The expression of a computed column."""
    return _BatchParser(text).expression()


@lru_cache(maxsize=256)
def parse_declarations(text: str) -> tuple[tuple[str, TypeName], ...]:
    """The declared parameters of sp_executesql and its like."""
    return _BatchParser(text).declarations()


class _BatchParser(DefinitionParser):
    def batch(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while True:
            while self.accept(";"):
                pass
            if self.token.kind == "end":
                return tuple(found)
            found.append(self._statement())

    def declarations(self) -> tuple[tuple[str, TypeName], ...]:
        found: list[tuple[str, TypeName]] = []
        while self.token.kind != "end":
            name = self.advance().text.lower()
            self.accept("AS")
            found.append((name, self.type_name()))
            self.accept_any("OUTPUT", "OUT", "READONLY")
            self.accept(",")
        return tuple(found)

    def _statement(self) -> Statement:
        word = self.token.upper
        if word in ("SELECT", "WITH", "("):
            return self.query()
        if word == "CREATE":
            return self.create()
        if word == "ALTER":
            return self.alter()
        if word == "DROP":
            return self.drop()
        reader = {
            "INSERT": self._insert, "UPDATE": self._update, "DELETE": self._delete,
            "TRUNCATE": self._truncate, "EXEC": self._execute, "EXECUTE": self._execute,
            "USE": self._use, "SET": self._set, "DECLARE": self._declare, "IF": self._if,
            "WHILE": self._while, "BEGIN": self._begin, "COMMIT": self._end_transaction,
            "ROLLBACK": self._end_transaction, "SAVE": self._end_transaction,
            "PRINT": self._print, "RAISERROR": self._raise, "THROW": self._throw,
            "WAITFOR": self._wait_for, "RETURN": self._return,
        }.get(word)  # fmt: skip
        if reader is not None and self.token.kind == "name":
            return reader()
        if self.token.kind in ("name", "quoted") and self._at == 0:
            return Execute(self.parts(), self._arguments())
        raise self.error()

    def _insert(self) -> Statement:
        self.expect("INSERT")
        self.accept("INTO")
        target = self.parts()
        self.table_hints()
        columns = self.names() if self.peek("(") and not self.peek("(", "SELECT") else ()
        if self.accept("DEFAULT", "VALUES"):
            return Insert(target, columns, (), None, defaults=True)
        if self.peek("VALUES"):
            return Insert(target, columns, self.rows(), None)
        return Insert(target, columns, (), self.query())

    def _update(self) -> Statement:
        self.expect("UPDATE")
        if self.accept("STATISTICS"):
            self.parts()
            if self.accept("WITH"):
                self.identifier()
            return SetOption("statistics", "")
        top = self.top()
        target = self.parts()
        self.table_hints()
        self.expect("SET")
        sets = []
        while True:
            column = self.parts()[-1]
            op = self.accept_any("=", "+=", "-=")
            if op is None:
                raise self.error()
            value = self.expression()
            if op != "=":
                value = _augmented(op[0], column, value)
            sets.append((column, value))
            if not self.accept(","):
                break
        source, where = self._from_where()
        return Update(target, tuple(sets), source, where, top)

    def _delete(self) -> Statement:
        self.expect("DELETE")
        top = self.top()
        self.accept("FROM")
        target: Parts = self.parts()
        alias = None if self.peek("FROM") or self.peek("WHERE") else self.alias()
        self.table_hints()
        source, where = self._from_where()
        if alias and source is None:
            source = Table(target, alias)
            target = (alias,)
        return Delete(target, source, where, top)

    def _from_where(self) -> tuple[Source | None, Expression | None]:
        source = self.source() if self.accept("FROM") else None
        return source, self.expression() if self.accept("WHERE") else None

    def _truncate(self) -> Statement:
        self.expect("TRUNCATE", "TABLE")
        return Truncate(self.parts())

    def _execute(self) -> Statement:
        self.advance()
        return Execute(self.parts(), self._arguments())

    def _arguments(self) -> tuple[tuple[str, Expression], ...]:
        found: list[tuple[str, Expression]] = []
        while self.token.kind in ("string", "nstring", "number", "variable", "hex") or (
            self.token.kind in ("name", "quoted") and (found or self.peek("NULL"))
        ) or self.peek("-"):  # fmt: skip
            name = ""
            if self.token.kind == "variable" and self.ahead().upper == "=":
                name = self.advance().text.lower()
                self.advance()
            if self.token.kind in ("name", "quoted") and not self.peek("NULL"):
                found.append((name, Literal("nstring", self.identifier())))
            else:
                found.append((name, self._sum()))
            self.accept_any("OUTPUT", "OUT")
            if not self.accept(","):
                break
        return tuple(found)

    def _use(self) -> Statement:
        self.advance()
        return Use(self.identifier())

    def _set(self) -> Statement:
        self.advance()
        if self.token.kind == "variable":
            name = self.advance().text.lower()
            op = self.accept_any("=", "+=", "-=")
            if op is None:
                raise self.error()
            value = self.expression()
            if op != "=":
                value = _augmented(op[0], name, value)
            return SetVariable(name, value)
        if self.accept("TRANSACTION", "ISOLATION", "LEVEL"):
            words = [self.identifier().lower()]
            if words[0] in ("read", "repeatable"):
                words.append(self.identifier().lower())
            return SetOption("isolation", " ".join(words))
        option = self.identifier().lower()
        while self.accept(","):
            self.identifier()
        if option in ("identity_insert", "statistics"):
            self.parts()
        setting = self.advance().text
        if setting == "-":
            setting += self.advance().text
        return SetOption(option, setting.lower())

    def _declare(self) -> Statement:
        self.advance()
        found = []
        while True:
            name = self.advance().text.lower()
            self.accept("AS")
            kind = self.type_name()
            found.append((name, kind, self.expression() if self.accept("=") else None))
            if not self.accept(","):
                return Declare(tuple(found))

    def _if(self) -> Statement:
        self.advance()
        condition = self.expression()
        then = self._statement()
        if self.peek(";") and self.ahead().upper == "ELSE":
            self.advance()
        return If(condition, then, self._statement() if self.accept("ELSE") else None)

    def _while(self) -> Statement:
        self.advance()
        condition = self.expression()
        return While(condition, self._statement())

    def _begin(self) -> Statement:
        self.advance()
        if self.accept_any("TRAN", "TRANSACTION"):
            return Transaction("begin", self._transaction_name())
        found = []
        while not self.accept("END"):
            if not self.accept(";"):
                found.append(self._statement())
        return Block(tuple(found))

    def _end_transaction(self) -> Statement:
        action = self.advance().text.lower()
        self.accept_any("TRAN", "TRANSACTION", "WORK")
        return Transaction(action, self._transaction_name())

    def _transaction_name(self) -> str | None:
        if self.token.kind == "quoted" or (
            self.token.kind == "name" and self.token.upper not in _STATEMENT_WORDS
        ):
            return self.identifier()
        return None

    def _print(self) -> Statement:
        self.advance()
        return Print(self.expression())

    def _raise(self) -> Statement:
        self.advance()
        self.expect("(")
        args = self.expressions()
        self.expect(")")
        if self.accept("WITH"):
            self.identifier()
        number = args[0] if isinstance(args[0], Literal) and args[0].kind == "int" else None
        return Print(args[0], args[1], number or Literal("int", "50000"))

    def _throw(self) -> Statement:
        self.advance()
        number, text, _ = self.expressions()
        return Print(text, Literal("int", "16"), number)

    def _wait_for(self) -> Statement:
        self.advance()
        self.expect("DELAY")
        return WaitFor(self.expression())

    def _return(self) -> Statement:
        self.advance()
        if self.token.kind == "number":
            self.advance()
        return Return()


_STATEMENT_WORDS = {
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "EXEC", "EXECUTE", "USE",
    "SET", "DECLARE", "IF", "ELSE", "WHILE", "BEGIN", "COMMIT", "ROLLBACK", "SAVE", "PRINT",
    "RAISERROR", "THROW", "WAITFOR", "RETURN", "WITH", "TRUNCATE", "END",
}  # fmt: skip


def _augmented(op: str, name: str, value: Expression) -> Expression:
    own: Expression = Variable(name) if name.startswith("@") else Name((name,))
    return Binary(op, own, value)
