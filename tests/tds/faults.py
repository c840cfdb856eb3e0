"""Faults that a test orders and a session meets."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Fault", "FaultList"]


@dataclass
class Fault:
    """What becomes of the statements that `pattern` finds: after `skip` of them, `times` of them.

    `kind` is "error" (with `number`, `severity`, `text`), "cut" (the connection is reset when
    `rows` rows are sent; -1 means before anything is executed) or "stall" (nothing is sent until
    the fault is released).
    """

    kind: str
    pattern: str
    skip: int = 0
    times: int = 1
    number: int = 0
    severity: int = 16
    text: str = ""
    rows: int = 0
    hits: int = 0
    released: threading.Event = field(default_factory=threading.Event)


class FaultList:
    """The orders, in order of arrival; shared by all sessions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[int, Fault] = {}
        self._next = 1
        self.login_error: dict[str, Any] | None = None

    def add(self, fault: Fault) -> int:
        """The number by which the order can be asked about."""
        with self._lock:
            number = self._next
            self._next += 1
            self._faults[number] = fault
        return number

    def get(self, number: int) -> Fault:
        return self._faults[number]

    def clear(self) -> None:
        """Forgets all orders and lets every stalled statement go on."""
        with self._lock:
            for fault in self._faults.values():
                fault.times = 0
                fault.released.set()
            self.login_error = None

    def meet(self, statement: str) -> Fault | None:
        """The fault that this statement meets; counts it."""
        with self._lock:
            for fault in self._faults.values():
                if not fault.times or not re.search(fault.pattern, statement, re.I | re.S):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                fault.hits += 1
                return fault
        return None

    def refuse_login(self) -> dict[str, Any] | None:
        """The error with which a login is refused, or None."""
        with self._lock:
            order = self.login_error
            if order is None or not order["times"]:
                return None
            order["times"] -= 1
            return order
