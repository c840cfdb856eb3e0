"""What a route of the stub is, and how it writes its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

__all__ = ["KEY", "Answer", "Handler", "Headers", "Query", "json_answer", "xml_answer"]

# The only key that the stub's APIs take.
KEY = "sandbox"

# The parameters of the URL, decoded; the request's headers, their names in lower case.
Query = Mapping[str, str]
Headers = Mapping[str, str]
# Status, content type, body.
Answer = tuple[int, str, bytes]
Handler = Callable[[Query, Headers], Answer]


def json_answer(content: object, status: int = 200) -> Answer:
    """`content` as JSON."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return status, "application/json;charset=UTF-8", body


def xml_answer(root: str, content: object, encoding: str = "UTF-8") -> Answer:
    """`content` as XML under the element `root`; a list is its element once for each member."""
    declaration = f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?>'
    text = f"{declaration}\n{_element(root, content)}"
    return 200, f"text/xml;charset={encoding}", text.encode(encoding)


def _element(name: str, content: object) -> str:
    if isinstance(content, list):
        return "".join(_element(name, member) for member in content)
    if isinstance(content, Mapping):
        inner = "".join(_element(child, member) for child, member in content.items())
    else:
        inner = escape(str(content))
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"
