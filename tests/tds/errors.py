"""What a statement raises, with SQL Server's number and severity."""

from __future__ import annotations

__all__ = ["BEYOND", "SqlError", "beyond", "syntax_error"]

# A number of nobody's: the stand-in lacks something that a server has.
BEYOND = 40999


class SqlError(Exception):
    """An error that goes to the client as an ERROR token."""

    def __init__(self, number: int, text: str, *, severity: int = 16, state: int = 1) -> None:
        super().__init__(text)
        self.number = number
        self.text = text
        self.severity = severity
        self.state = state


def beyond(text: str) -> SqlError:
    """What the stand-in can't do, though a server could."""
    return SqlError(BEYOND, f"The stand-in {text}.")


def syntax_error(near: str) -> SqlError:
    return SqlError(102, f"Incorrect syntax near '{near}'.", severity=15)
