"""An answer's bytes as a tree of dicts, lists and texts. Pure.

XML and JSON give the same tree: an element with children is a dict, one that comes more than once
a list, any other its text. JSON's numbers stay as they are written.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn
from xml.parsers import expat

__all__ = ["Node", "ParseError", "parse"]

Node = Any
"""A dict of nodes by name, a list of nodes, a text, True, False or None."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class ParseError(Exception):
    """The bytes aren't what they claim to be; the text names no value."""


def parse(body: bytes, charset: str | None) -> tuple[str, Node]:
    """The format that an answer is in, `xml` or `json`, and the answer as a tree.

    Args:
        body: of any format; its first character tells which.
        charset: what the Content-Type says; what the body says of itself wins.

    Raises:
        ParseError: it is neither, or isn't in its encoding.
    """
    text = _decoded(body, charset)
    if text.startswith("<"):
        return "xml", _xml(text)
    if text.startswith(("{", "[")):
        return "json", _json(text)
    raise ParseError("is neither XML nor JSON" if text else "is empty")


def _decoded(body: bytes, charset: str | None) -> str:
    declared = _DECLARED.match(body[:200])
    named = next((encoding for bom, encoding in _BOMS if body.startswith(bom)), None)
    named = named or (declared[1].decode("ascii") if declared else charset) or "utf-8"
    try:
        encoding = codecs.lookup(named).name
    except LookupError:
        raise ParseError(f"is in an encoding that Python doesn't know, {named}") from None
    # Whoever declares EUC-KR mostly writes what Windows calls so.
    encoding = "cp949" if encoding == "euc_kr" else encoding
    try:
        return body.decode(encoding).strip("\ufeff \t\r\n")
    except UnicodeDecodeError:
        raise ParseError(f"isn't in the encoding {encoding} that it is said to be in") from None


def _json(text: str) -> Node:
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise ParseError(f"breaks off or is no JSON (character {error.pos})") from None
    except RecursionError:
        raise ParseError("is nested too deeply") from None


@dataclass
class _Element:
    name: str
    children: dict[str, Node] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def add(self, name: str, node: Node) -> None:
        if name not in self.children:
            self.children[name] = node
        elif isinstance(self.children[name], _Several):
            self.children[name].append(node)
        else:
            self.children[name] = _Several((self.children[name], node))

    def as_node(self) -> Node:
        return self.children or "".join(self.texts)


class _Several(list[Node]):
    """An element that came more than once."""


def _xml(text: str) -> Node:
    # By expat itself: ElementTree can't refuse a document type, by which entities come, and the
    # encodings that expat lacks (EUC-KR) are decoded before it.
    root = _Element("")
    open_elements = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        open_elements.append(_Element(name))

    def end(name: str) -> None:
        element = open_elements.pop()
        open_elements[-1].add(element.name, element.as_node())

    def refuse(*_: object) -> NoReturn:
        raise ParseError("has a document type, whose entities may stand for anything")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: open_elements[-1].texts.append(data)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ParseError(f"breaks off or is no XML (line {error.lineno})") from None
    return root.children
