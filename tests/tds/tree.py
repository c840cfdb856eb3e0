"""The syntax tree of the part of T-SQL that the stand-in knows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AlterColumn", "AlterDatabase", "AlterTableAdd", "AlterTableDrop", "Between", "Binary", "Block",
    "Call", "Case", "Cast", "Collate", "ColumnDefinition", "Compound", "Constraint",
    "CreateFunction", "CreateIndex", "CreateSchema", "CreateTable", "CreateView", "Declare",
    "Delete", "Derived", "Drop", "Execute", "Exists", "Expression", "FunctionSource", "If", "In",
    "Insert", "IsNull", "Join", "Like", "Literal", "Logical", "Name", "Not", "Order", "Parts",
    "Print", "Query", "Return", "Select", "SelectItem", "SetOption", "SetVariable", "Source",
    "Star", "Statement", "Subquery", "Table", "Transaction", "Truncate", "TypeName", "Unary",
    "Update", "Use", "ValuesSource", "Variable", "WaitFor", "While", "Window",
]  # fmt: skip

Parts = tuple[str, ...]


@dataclass(frozen=True)
class TypeName:
    """A declared type: `nvarchar(max)` is ("nvarchar", ("max",))."""

    name: str
    args: tuple[str, ...] = ()


# Expressions


@dataclass(frozen=True)
class Literal:
    """`kind` is int, decimal, float, string, nstring, hex, null or default."""

    kind: str
    text: str


@dataclass(frozen=True)
class Name:
    parts: Parts


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Unary:
    op: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    """Arithmetic and comparisons."""

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Logical:
    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Not:
    operand: Expression


@dataclass(frozen=True)
class IsNull:
    operand: Expression
    negated: bool


@dataclass(frozen=True)
class In:
    operand: Expression
    items: tuple[Expression, ...]
    query: Query | None
    negated: bool


@dataclass(frozen=True)
class Between:
    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True)
class Like:
    operand: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True)
class Exists:
    query: Query


@dataclass(frozen=True)
class Subquery:
    query: Query


@dataclass(frozen=True)
class Case:
    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True)
class Cast:
    """CAST and CONVERT; `tries` for TRY_CAST and TRY_CONVERT."""

    operand: Expression
    type: TypeName
    style: Expression | None = None
    tries: bool = False


@dataclass(frozen=True)
class Collate:
    operand: Expression
    collation: str


@dataclass(frozen=True)
class Window:
    partition: tuple[Expression, ...]
    order: tuple[Order, ...]


@dataclass(frozen=True)
class Call:
    """A function; `star` for COUNT(*)."""

    parts: Parts
    args: tuple[Expression, ...]
    star: bool = False
    distinct: bool = False
    window: Window | None = None


Expression = (
    Literal | Name | Variable | Unary | Binary | Logical | Not | IsNull | In | Between | Like
    | Exists | Subquery | Case | Cast | Collate | Call
)  # fmt: skip

# Queries


@dataclass(frozen=True)
class Order:
    expression: Expression
    descending: bool = False


@dataclass(frozen=True)
class Star:
    parts: Parts


@dataclass(frozen=True)
class SelectItem:
    """`variable` for SELECT @x = ..."""

    expression: Expression | Star
    alias: str | None = None
    variable: str | None = None


@dataclass(frozen=True)
class Table:
    parts: Parts
    alias: str | None


@dataclass(frozen=True)
class Derived:
    query: Query
    alias: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FunctionSource:
    parts: Parts
    args: tuple[Expression, ...]
    alias: str | None


@dataclass(frozen=True)
class ValuesSource:
    rows: tuple[tuple[Expression, ...], ...]
    alias: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Join:
    """`kind` is inner, left, right, full, cross, cross apply or outer apply."""

    left: Source
    kind: str
    right: Source
    on: Expression | None


Source = Table | Derived | FunctionSource | ValuesSource | Join


@dataclass(frozen=True)
class Select:
    items: tuple[SelectItem, ...]
    source: Source | None = None
    where: Expression | None = None
    group: tuple[Expression, ...] = ()
    having: Expression | None = None
    order: tuple[Order, ...] = ()
    top: Expression | None = None
    distinct: bool = False
    offset: Expression | None = None
    fetch: Expression | None = None
    ctes: tuple[tuple[str, tuple[str, ...], Query], ...] = ()
    into: Parts | None = None


@dataclass(frozen=True)
class Compound:
    """`op` is union, union all, except or intersect."""

    op: str
    left: Query
    right: Query
    order: tuple[Order, ...] = ()
    ctes: tuple[tuple[str, tuple[str, ...], Query], ...] = ()


Query = Select | Compound

# Statements


@dataclass(frozen=True)
class Insert:
    target: Parts
    columns: tuple[str, ...]
    rows: tuple[tuple[Expression, ...], ...]
    query: Query | None
    defaults: bool = False


@dataclass(frozen=True)
class Update:
    target: Parts
    sets: tuple[tuple[str, Expression], ...]
    source: Source | None
    where: Expression | None
    top: Expression | None = None


@dataclass(frozen=True)
class Delete:
    target: Parts
    source: Source | None
    where: Expression | None
    top: Expression | None = None


@dataclass(frozen=True)
class Constraint:
    """`kind` is primary key, unique, check or foreign key."""

    kind: str
    name: str | None
    columns: tuple[tuple[str, bool], ...] = ()
    clustered: bool | None = None


@dataclass(frozen=True)
class ColumnDefinition:
    """`computed` is the text of its expression."""

    name: str
    type: TypeName | None
    nullable: bool | None = None
    collation: str | None = None
    identity: bool = False
    default: Expression | None = None
    computed: str | None = None
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class CreateTable:
    name: Parts
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class CreateIndex:
    name: str
    table: Parts
    columns: tuple[tuple[str, bool], ...]
    included: tuple[str, ...]
    unique: bool
    clustered: bool
    where: Expression | None


@dataclass(frozen=True)
class CreateView:
    name: Parts
    columns: tuple[str, ...]
    query: Query
    text: str
    alter: bool = False


@dataclass(frozen=True)
class CreateFunction:
    """A scalar function whose body is one RETURN."""

    name: Parts
    parameters: tuple[tuple[str, TypeName], ...]
    returns: TypeName
    body: Expression
    text: str


@dataclass(frozen=True)
class CreateSchema:
    name: str


@dataclass(frozen=True)
class Drop:
    kind: str
    names: tuple[Parts, ...]
    if_exists: bool
    table: Parts | None = None


@dataclass(frozen=True)
class AlterTableAdd:
    table: Parts
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class AlterTableDrop:
    table: Parts
    columns: tuple[str, ...]
    constraints: tuple[str, ...]


@dataclass(frozen=True)
class AlterColumn:
    table: Parts
    column: ColumnDefinition


@dataclass(frozen=True)
class AlterDatabase:
    """`name` is None for the current one; `create` and `drop` for CREATE and DROP DATABASE."""

    name: str | None
    action: str
    value: str


@dataclass(frozen=True)
class Truncate:
    table: Parts


@dataclass(frozen=True)
class Execute:
    procedure: Parts
    args: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class Use:
    database: str


@dataclass(frozen=True)
class SetOption:
    name: str
    value: str


@dataclass(frozen=True)
class SetVariable:
    name: str
    value: Expression


@dataclass(frozen=True)
class Declare:
    variables: tuple[tuple[str, TypeName, Expression | None], ...]


@dataclass(frozen=True)
class Transaction:
    """`action` is begin, commit, rollback or save."""

    action: str
    name: str | None


@dataclass(frozen=True)
class If:
    condition: Expression
    then: Statement
    otherwise: Statement | None


@dataclass(frozen=True)
class While:
    condition: Expression
    body: Statement


@dataclass(frozen=True)
class Block:
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Print:
    value: Expression
    severity: Expression | None = None
    number: Expression | None = None


@dataclass(frozen=True)
class WaitFor:
    delay: Expression


@dataclass(frozen=True)
class Return:
    pass


Statement = (
    Select | Compound | Insert | Update | Delete | CreateTable | CreateIndex | CreateView
    | CreateFunction | CreateSchema | Drop | AlterTableAdd | AlterTableDrop | AlterColumn
    | AlterDatabase | Truncate | Execute | Use | SetOption | SetVariable | Declare | Transaction
    | If | While | Block | Print | WaitFor | Return
)  # fmt: skip
