"""The transaction of one session."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg

from tests.tds import tokens
from tests.tds.errors import SqlError
from tests.tds.events import Environment, Events

__all__ = ["Transactions"]

_BEGUN, _COMMITTED, _ROLLED_BACK = 8, 9, 10
_STABLE = ("snapshot", "repeatable read", "serializable")


class Transactions:
    """BEGIN, COMMIT and ROLLBACK with T-SQL's counter.

    A failed statement is undone alone and leaves its transaction open, as XACT_ABORT OFF does.
    Levels above READ COMMITTED are Postgres's repeatable read.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._descriptors = count(1)
        self._descriptor = b""
        self.depth = 0
        self.level = "read committed"
        self.begun_as = ""
        self.implicit = False

    def begin(self, level: str | None = None) -> Events:
        if level:
            self.level = level
        self.depth += 1
        if self.depth == 1:
            stable = self.level in _STABLE
            self._execute("begin isolation level " + (
                "repeatable read" if stable else "read committed"))  # fmt: skip
            self.begun_as = self.level
            self._descriptor = struct.pack("<Q", next(self._descriptors))
            yield Environment(tokens.environment_bytes(_BEGUN, self._descriptor, b""))

    def commit(self) -> Events:
        if not self.depth:
            raise SqlError(
                3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."
            )
        self.depth -= 1
        if not self.depth:
            self._execute("commit")
            yield Environment(tokens.environment_bytes(_COMMITTED, b"", self._descriptor))

    def rollback(self, savepoint: str | None = None) -> Events:
        if not self.depth:
            raise SqlError(
                3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."
            )
        if savepoint:
            try:
                self._execute(f'rollback to savepoint "u_{savepoint}"')
            except psycopg.Error:
                raise SqlError(6401, f"Cannot roll back {savepoint}.") from None
            return
        self.depth = 0
        self._execute("rollback")
        yield Environment(tokens.environment_bytes(_ROLLED_BACK, b"", self._descriptor))

    def save(self, name: str) -> None:
        self._execute(f'savepoint "u_{name}"')

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Undoes the block alone where it fails inside a transaction."""
        if not self.depth:
            yield
            return
        self._execute("savepoint s")
        try:
            yield
        except (psycopg.Error, SqlError, GeneratorExit):
            if not self._connection.closed:
                self._execute("rollback to savepoint s")
                self._execute("release savepoint s")
            raise
        self._execute("release savepoint s")

    def _execute(self, sql: str) -> None:
        self._connection.execute(sql.encode())
