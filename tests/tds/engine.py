from __future__ import annotations
from dataclasses import dataclass
from typing import Any
from collections.abc import Iterator, Sequence
from tests.tds.types import Column, SqlType, INT
from tests.tds.collations import COLLATIONS

@dataclass(frozen=True)
class Rows:
    columns: Sequence[Column]
    rows: Iterator[tuple[Any, ...]]
@dataclass(frozen=True)
class Count:
    rows: int | None
@dataclass(frozen=True)
class Notice:
    number: int
    text: str
    severity: int = 0
@dataclass(frozen=True)
class Environment:
    token: bytes
@dataclass(frozen=True)
class Status:
    value: int
@dataclass(frozen=True)
class Output:
    ordinal: int
    name: str
    type: SqlType
    value: Any
Event = Rows | Count | Notice | Environment | Status | Output

class Engine:
    database='RENTAL'
    collation_wire = COLLATIONS['korean_wansung_ci_as'].wire
    def batch(self, text, params):
        print("BATCH", repr(text), params, flush=True)
        if 'select' in text.lower():
            yield Rows([Column('a', INT)], iter([(1,)]))
        else: yield Count(None)
    def begin(self, level): print('BEGIN', level); yield from ()
    def commit(self): print('commit'); yield from ()
    def rollback(self): print('rollback'); yield from ()
    def cancel(self): pass
    def reset(self): print('reset')
    def close(self): pass
    def abandon(self): pass
