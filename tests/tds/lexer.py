"""T-SQL text into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.tds.errors import syntax_error

__all__ = ["Token", "tokenize"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      |(?P<nstring>[nN]'(?:[^']|'')*')
      |(?P<string>'(?:[^']|'')*')
      |(?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
      |(?P<hex>0[xX][0-9a-fA-F]*)
      |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      |(?P<variable>@@?\w+)
      |(?P<name>[^\W\d][\w$#]*|\#\#?\w+)
      |(?P<op><>|<=|>=|!=|!<|!>|\+=|-=|::|[-+*/%=<>(),.;&|^~?{}:\$])""",
    re.X | re.S,
)


@dataclass(frozen=True)
class Token:
    """One token; `text` is its value without quotes, `upper` the keyword that a name may be."""

    kind: str
    text: str
    upper: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of a batch, with one of kind `end` after them.

    Raises:
        SqlError: 102 or 105, something can't be read.
    """
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise syntax_error(text[at])
        kind = match.lastgroup or ""
        value = match.group()
        if kind == "string":
            value = value[1:-1].replace("''", "'")
        elif kind == "nstring":
            value = value[2:-1].replace("''", "'")
        elif kind == "quoted":
            close = value[-1]
            value = value[1:-1].replace(close * 2, close)
        if kind in ("string", "nstring"):
            # A backslash at the end of a line continues the string on the next.
            value = re.sub(r"\\\r?\n", "", value)
        if kind != "space":
            upper = value.upper() if kind in ("name", "op", "variable") else ""
            tokens.append(Token(kind, value, upper, at, match.end()))
        at = match.end()
    tokens.append(Token("end", "", "", at, at))
    return tokens
