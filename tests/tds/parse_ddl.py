"""Definitions: CREATE, ALTER and DROP."""

from __future__ import annotations

from tests.tds.parse_queries import QueryParser
from tests.tds.tree import (
    AlterColumn,
    AlterDatabase,
    AlterTableAdd,
    AlterTableDrop,
    ColumnDefinition,
    Constraint,
    CreateFunction,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateView,
    Drop,
    Parts,
    Statement,
)  # fmt: skip

__all__ = ["DefinitionParser"]


class DefinitionParser(QueryParser):
    """Adds definitions."""

    def create(self) -> Statement:
        start = self.token.start
        self.expect("CREATE")
        alter = self.accept("OR", "ALTER")
        if self.accept("SCHEMA"):
            name = self.identifier()
            if self.accept("AUTHORIZATION"):
                self.identifier()
            return CreateSchema(name)
        if self.accept("DATABASE"):
            name = self.identifier()
            return AlterDatabase(
                name, "create", self.identifier() if self.accept("COLLATE") else ""
            )
        if self.accept("TABLE"):
            return self._create_table()
        if self.accept("VIEW"):
            return self._create_view(start, alter)
        if self.accept("FUNCTION"):
            return self._create_function(start)
        unique = self.accept("UNIQUE")
        clustered = self._clustered()
        self.expect("INDEX")
        return self._create_index(unique, bool(clustered))

    def _clustered(self) -> bool | None:
        if self.accept("CLUSTERED"):
            return True
        return False if self.accept("NONCLUSTERED") else None

    def _create_table(self) -> Statement:
        name = self.parts()
        self.expect("(")
        columns, constraints = self._table_elements()
        self.expect(")")
        while self.accept("ON") or self.accept("TEXTIMAGE_ON"):
            self.identifier()
        if self.accept("WITH"):
            self._skip_parentheses()
        return CreateTable(name, columns, constraints)

    def _table_elements(self) -> tuple[tuple[ColumnDefinition, ...], tuple[Constraint, ...]]:
        columns: list[ColumnDefinition] = []
        constraints: list[Constraint] = []
        while not self.peek(")"):
            if (constraint := self._constraint(None)) is not None:
                constraints.append(constraint)
            else:
                columns.append(self._column())
            if not self.accept(","):
                break
        return tuple(columns), tuple(constraints)

    def _constraint(self, column: str | None) -> Constraint | None:
        name = self.identifier() if self.accept("CONSTRAINT") else None
        own = ((column, False),) if column else ()
        if self.accept("PRIMARY", "KEY") or (unique := self.accept("UNIQUE")):
            kind = "unique" if "unique" in locals() and unique else "primary key"
            clustered = self._clustered()
            columns = self._key_columns() if self.peek("(") else own
            if self.accept("WITH"):
                self._skip_parentheses()
            return Constraint(kind, name, columns, clustered)
        if self.accept("CHECK"):
            self._skip_parentheses()
            return Constraint("check", name)
        if self.accept("FOREIGN", "KEY") or self.peek("REFERENCES"):
            if self.peek("("):
                self.names()
            self.expect("REFERENCES")
            self.parts()
            if self.peek("("):
                self.names()
            return Constraint("foreign key", name)
        return None

    def _key_columns(self) -> tuple[tuple[str, bool], ...]:
        self.expect("(")
        found = []
        while True:
            name = self.identifier()
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            found.append((name, descending))
            if not self.accept(","):
                self.expect(")")
                return tuple(found)

    def _column(self) -> ColumnDefinition:
        name = self.identifier()
        if self.accept("AS"):
            start = self.token.start
            self.expression()
            computed = self.text[start : self.token.start].strip()
            self.accept("PERSISTED")
            return ColumnDefinition(name, None, computed=computed)
        if self.token.upper in ("TIMESTAMP", "ROWVERSION") or self.token.kind != "op":
            kind = self.type_name()
        else:
            raise self.error()
        nullable: bool | None = None
        collation = default = None
        identity = False
        constraints = []
        while True:
            if self.accept("NOT", "NULL"):
                nullable = False
            elif self.accept("NULL"):
                nullable = True
            elif self.accept("COLLATE"):
                collation = self.identifier()
            elif self.accept("IDENTITY"):
                identity = True
                if self.peek("("):
                    self._skip_parentheses()
            elif self.accept("DEFAULT") or (self.accept("CONSTRAINT") and self._named_default()):
                default = self.expression()
            elif (constraint := self._constraint(name)) is not None:
                constraints.append(constraint)
            else:
                break
        return ColumnDefinition(
            name, kind, nullable, collation, identity, default, None, tuple(constraints)
        )

    def _named_default(self) -> bool:
        """After CONSTRAINT: whether its name and DEFAULT follow; otherwise steps back."""
        if self.ahead().upper == "DEFAULT":
            self.identifier()
            self.advance()
            return True
        self._at -= 1
        return False

    def _create_view(self, start: int, alter: bool) -> Statement:
        name = self.parts()
        columns = self.names() if self.peek("(") else ()
        if self.accept("WITH"):
            self.identifier()
        self.expect("AS")
        query = self.query()
        return CreateView(name, columns, query, self.text[start : self.token.start], alter)

    def _create_function(self, start: int) -> Statement:
        name = self.parts()
        self.expect("(")
        parameters = []
        while not self.accept(")"):
            variable = self.advance().text.lower()
            self.accept("AS")
            parameters.append((variable, self.type_name()))
            self.accept(",")
        self.expect("RETURNS")
        returns = self.type_name()
        if self.accept("WITH"):
            self.identifier()
        self.accept("AS")
        self.expect("BEGIN", "RETURN")
        body = self.expression()
        self.accept(";")
        self.expect("END")
        text = self.text[start : self.token.start]
        return CreateFunction(name, tuple(parameters), returns, body, text)

    def _create_index(self, unique: bool, clustered: bool) -> Statement:
        name = self.identifier()
        self.expect("ON")
        table = self.parts()
        columns = self._key_columns()
        included = self.names() if self.accept("INCLUDE") else ()
        where = self.expression() if self.accept("WHERE") else None
        if self.accept("WITH"):
            self._skip_parentheses()
        return CreateIndex(name, table, columns, included, unique, clustered, where)

    def drop(self) -> Statement:
        self.expect("DROP")
        kind = self.identifier().lower()
        if_exists = self.accept("IF", "EXISTS")
        names: list[Parts] = [self.parts()]
        while self.accept(","):
            names.append(self.parts())
        table = self.parts() if kind == "index" and self.accept("ON") else None
        return Drop(kind, tuple(names), if_exists, table)

    def alter(self) -> Statement:
        start = self.token.start
        self.expect("ALTER")
        if self.accept("VIEW"):
            return self._create_view(start, True)
        if self.accept("DATABASE"):
            return self._alter_database()
        self.expect("TABLE")
        table = self.parts()
        if self.accept("WITH"):
            self.identifier()
        if self.accept("ADD"):
            return AlterTableAdd(table, *self._table_elements())
        if self.accept("ALTER", "COLUMN"):
            return AlterColumn(table, self._column())
        self.expect("DROP")
        if self.accept("COLUMN"):
            self.accept("IF", "EXISTS")
            columns = [self.identifier()]
            while self.accept(","):
                self.accept("COLUMN")
                columns.append(self.identifier())
            return AlterTableDrop(table, tuple(columns), ())
        self.accept("CONSTRAINT")
        constraints = [self.identifier()]
        while self.accept(","):
            constraints.append(self.identifier())
        return AlterTableDrop(table, (), tuple(constraints))

    def _alter_database(self) -> Statement:
        name = self.identifier()
        current = None if name.upper() == "CURRENT" else name
        if self.accept("COLLATE"):
            return AlterDatabase(current, "collate", self.identifier())
        self.expect("SET")
        option = self.identifier().lower()
        value = self.identifier().lower()
        if self.accept("WITH"):
            while self.token.kind == "name":
                self.advance()
        return AlterDatabase(current, option, value)
