"""Expressions of T-SQL."""

from __future__ import annotations

from tests.tds.errors import SqlError, syntax_error
from tests.tds.lexer import Token, tokenize
from tests.tds.tree import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Collate,
    Exists,
    Expression,
    In,
    IsNull,
    Like,
    Literal,
    Logical,
    Name,
    Not,
    Order,
    Parts,
    Query,
    Subquery,
    TypeName,
    Unary,
    Variable,
    Window,
)  # fmt: skip

__all__ = ["ExpressionParser"]

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=", "!<", "!>")
# Functions that one writes without parentheses.
_BARE = ("CURRENT_TIMESTAMP", "SYSTEM_USER", "CURRENT_USER", "SESSION_USER", "USER")


class ExpressionParser:
    """Reads tokens from the left; what follows an expression is the caller's."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._at = 0

    # Tokens

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def ahead(self, count: int = 1) -> Token:
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def peek(self, *words: str) -> bool:
        """Whether these keywords or signs come next."""
        return all(
            self.ahead(i).upper == word and self.ahead(i).kind in ("name", "op", "variable")
            for i, word in enumerate(words)
        )

    def accept(self, *words: str) -> bool:
        """Steps over these words where they come next."""
        if self.peek(*words):
            for _ in words:
                self.advance()
            return True
        return False

    def accept_any(self, *words: str) -> str | None:
        """Steps over one of these words."""
        for word in words:
            if self.accept(word):
                return word
        return None

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.error()

    def error(self) -> SqlError:
        return syntax_error(self.token.text or "end of text")

    def identifier(self) -> str:
        if self.token.kind not in ("name", "quoted"):
            raise self.error()
        return self.advance().text

    def parts(self) -> Parts:
        """A name of one to four parts; an omitted one (`db..t`) is empty."""
        found = [self.identifier()]
        while self.accept("."):
            found.append("" if self.peek(".") else self.identifier())
        return tuple(found)

    def integer(self) -> str:
        if self.token.kind != "number":
            raise self.error()
        return self.advance().text

    def type_name(self) -> TypeName:
        parts = self.parts()
        name = parts[-1].lower()
        if name == "double" and self.accept("PRECISION"):
            return TypeName("float")
        args: list[str] = []
        if self.accept("("):
            while not self.accept(")"):
                args.append(self.advance().text)
                self.accept(",")
        return TypeName(name, tuple(args))

    # Conditions

    def expression(self) -> Expression:
        left = self._conjunction()
        while self.accept("OR"):
            left = Logical("or", left, self._conjunction())
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.accept("AND"):
            left = Logical("and", left, self._negation())
        return left

    def _negation(self) -> Expression:
        if self.accept("NOT"):
            return Not(self._negation())
        return self._predicate()

    def _predicate(self) -> Expression:
        left = self._sum()
        while True:
            if self.token.upper in _COMPARISONS and self.token.kind == "op":
                op = {"!=": "<>", "!<": ">=", "!>": "<="}.get(self.token.upper, self.token.upper)
                self.advance()
                left = Binary(op, left, self._sum())
            elif self.accept("IS"):
                negated = self.accept("NOT")
                self.expect("NULL")
                left = IsNull(left, negated)
            else:
                negated = self.peek("NOT") and self.ahead().upper in ("IN", "BETWEEN", "LIKE")
                if negated:
                    self.advance()
                if self.accept("IN"):
                    left = self._in(left, negated)
                elif self.accept("BETWEEN"):
                    low = self._sum()
                    self.expect("AND")
                    left = Between(left, low, self._sum(), negated)
                elif self.accept("LIKE"):
                    pattern = self._sum()
                    escape = self._sum() if self.accept("ESCAPE") else None
                    left = Like(left, pattern, escape, negated)
                else:
                    return left

    def _in(self, left: Expression, negated: bool) -> Expression:
        self.expect("(")
        if self.peek("SELECT") or self.peek("WITH"):
            query = self.query()
            self.expect(")")
            return In(left, (), query, negated)
        items = self.expressions()
        self.expect(")")
        return In(left, items, None, negated)

    # Arithmetic

    def _sum(self) -> Expression:
        left = self._product()
        while op := self.accept_any("+", "-", "&", "|", "^"):
            left = Binary(op, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while op := self.accept_any("*", "/", "%"):
            left = Binary(op, left, self._unary())
        return left

    def _unary(self) -> Expression:
        if op := self.accept_any("-", "+", "~"):
            operand = self._unary()
            if op == "-" and isinstance(operand, Literal) and operand.text[:1].isdigit():
                return Literal(operand.kind, "-" + operand.text)
            return operand if op == "+" else Unary(op, operand)
        operand = self._primary()
        while self.accept("COLLATE"):
            operand = Collate(operand, self.identifier())
        return operand

    def expressions(self) -> tuple[Expression, ...]:
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        return tuple(found)

    def _primary(self) -> Expression:
        token = self.token
        if token.kind in ("string", "nstring", "hex"):
            self.advance()
            return Literal(token.kind, token.text)
        if token.kind == "number":
            self.advance()
            exponent = "e" in token.text.lower()
            return Literal(
                "float" if exponent else "decimal" if "." in token.text else "int", token.text
            )
        if token.kind == "variable":
            self.advance()
            return Variable(token.text.lower())
        if self.accept("("):
            if self.peek("SELECT") or self.peek("WITH"):
                query = self.query()
                self.expect(")")
                return Subquery(query)
            inner = self.expression()
            self.expect(")")
            return inner
        if self.accept("?"):
            raise syntax_error("?")
        if token.kind == "name" and (special := self._special()) is not None:
            return special
        if token.kind in ("name", "quoted"):
            return self._name_or_call()
        raise self.error()

    def _special(self) -> Expression | None:
        if self.accept("NULL"):
            return Literal("null", "")
        if self.accept("DEFAULT"):
            return Literal("default", "")
        if self.accept("CASE"):
            return self._case()
        if self.accept("EXISTS"):
            self.expect("(")
            query = self.query()
            self.expect(")")
            return Exists(query)
        if self.token.upper in _BARE and self.ahead().upper != "(":
            return Call((self.advance().upper,), ())
        if self.ahead().upper != "(":
            return None
        if word := self.accept_any("CAST", "TRY_CAST"):
            self.expect("(")
            operand = self.expression()
            self.expect("AS")
            kind = self.type_name()
            self.expect(")")
            return Cast(operand, kind, tries=word == "TRY_CAST")
        if word := self.accept_any("CONVERT", "TRY_CONVERT"):
            self.expect("(")
            kind = self.type_name()
            self.expect(",")
            operand = self.expression()
            style = self.expression() if self.accept(",") else None
            self.expect(")")
            return Cast(operand, kind, style, tries=word == "TRY_CONVERT")
        return None

    def _case(self) -> Expression:
        operand = None if self.peek("WHEN") else self.expression()
        branches = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            branches.append((condition, self.expression()))
        otherwise = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        return Case(operand, tuple(branches), otherwise)

    def _name_or_call(self) -> Expression:
        parts = self.parts()
        if not self.accept("("):
            return Name(parts)
        distinct = self.accept("DISTINCT")
        star = self.accept("*")
        args: tuple[Expression, ...] = ()
        if not star and not self.peek(")"):
            args = self.expressions()
        self.expect(")")
        return Call(parts, args, star, distinct, self._window())

    def _window(self) -> Window | None:
        if not self.accept("OVER"):
            return None
        self.expect("(")
        partition: tuple[Expression, ...] = ()
        if self.accept("PARTITION", "BY"):
            partition = self.expressions()
        order = self.order_by()
        self.expect(")")
        return Window(partition, order)

    def order_by(self) -> tuple[Order, ...]:
        """The ORDER BY that may come next."""
        if not self.accept("ORDER", "BY"):
            return ()
        found = []
        while True:
            expression = self.expression()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            found.append(Order(expression, descending))
            if not self.accept(","):
                return tuple(found)

    def query(self) -> Query:
        """A query, which parse_queries knows."""
        raise NotImplementedError
