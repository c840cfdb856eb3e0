"""What is in an answer: its result, its items, the values of an item. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from extract.catalog_http import HttpApi, HttpColumn
from extract.errors import SourceError, TransientError
from extract.sources.http.parse import Node, ParseError, parse

__all__ = ["Answer", "MissingPathError", "at", "read_answer", "refusal", "value_of"]

_LONGEST_TEXT = 200
_NOTHING: tuple[Node, ...] = ("", None, {}, [])


class MissingPathError(Exception):
    """A path leads nowhere; the text says where it ends, and what is there."""


@dataclass(frozen=True)
class Answer:
    """A page: its items, and how many the API says that there are in all."""

    items: list[dict[str, Node]]
    total: int | None


def read_answer(body: bytes, charset: str | None, api: HttpApi, place: str) -> Answer:
    """What an answer with status 200 holds.

    Args:
        body: of the answer.
        charset: of its Content-Type.
        api: what the catalogue says of it.
        place: where it comes from, for messages.

    Raises:
        TransientError: a code that the catalogue calls so.
        SourceError: the API refuses, or answers in another shape.
    """
    try:
        found, tree = parse(body, charset)
    except ParseError as error:
        raise SourceError(f"{place}: the answer {error}.") from None
    code = _first(tree, api.result.code) if api.result else None
    if api.result is not None and code is not None:
        if code in api.result.empty:
            return Answer([], 0 if api.total else None)
        if code not in api.result.ok:
            said = f"{place}: the API refuses: {_said(tree, api)}."
            if code in api.result.transient:
                raise TransientError(said)
            raise SourceError(
                f"{said} If that is about the key, fix `key` in connections.yml; if about the "
                "quota, run again when there is a new one."
            )
    if found != api.format:
        raise SourceError(
            f"{place}: the answer is {found}, not {api.format}; it has {_names(tree)}. "
            "Fix `http.format`, or tell the API by `http.parameters`."
        )
    return _answer(tree, api, place)


def refusal(body: bytes, charset: str | None, api: HttpApi) -> str:
    """What an answer with another status says, as far as the catalogue knows where; else ''."""
    try:
        return _said(parse(body, charset)[1], api)
    except ParseError:
        return ""


def at(tree: Node, path: Sequence[str]) -> Node:
    """The node at `path`; '' where the path ends in one that holds nothing.

    Raises:
        MissingPathError: a node that holds something has no such part.
    """
    node = tree
    for depth, step in enumerate(path):
        if node in _NOTHING:
            return ""
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            before = f"`{'.'.join(path[:depth])}`" if depth else "the answer"
            raise MissingPathError(f"{before} has no `{step}`; it has {_names(node)}")
    return node


def value_of(item: dict[str, Node], column: HttpColumn) -> tuple[bool, str | None]:
    """Whether the item has the column, and its value as text: nested ones as JSON."""
    node: Node = item
    for step in column.path:
        if not isinstance(node, dict) or step not in node:
            return False, None
        node = node[step]
    if node is None or isinstance(node, str):
        return True, node
    return True, json.dumps(node, ensure_ascii=False)


def _answer(tree: Node, api: HttpApi, place: str) -> Answer:
    total = _total(tree, api, place)
    try:
        node = at(tree, api.items)
    except MissingPathError as error:
        if total == 0:
            return Answer([], 0)
        raise SourceError(f"{place}: {error}. Fix `http.items`.") from None
    # A single item is an item, no list of one.
    items = node if isinstance(node, list) else [node]
    items = [item for item in items if item not in _NOTHING]
    if not all(isinstance(item, dict) for item in items):
        raise SourceError(
            f"{place}: what is at `{'.'.join(api.items)}` has no fields. Fix `http.items`."
        )
    return Answer(items, total)


def _total(tree: Node, api: HttpApi, place: str) -> int | None:
    if api.total is None:
        return None
    try:
        text = str(at(tree, api.total)).strip()
    except MissingPathError as error:
        raise SourceError(f"{place}: {error}. Fix `http.total`.") from None
    if not text.isdecimal():
        raise SourceError(
            f"{place}: `{'.'.join(api.total)}` is no number of items. Fix `http.total`."
        )
    return int(text)


def _said(tree: Node, api: HttpApi) -> str:
    """Code and text of a result, in one line."""
    if api.result is None:
        return ""
    parts = (_first(tree, api.result.code), _first(tree, api.result.message))
    text = " ".join(" ".join(part for part in parts if part).split())
    return text[:_LONGEST_TEXT].rstrip(". ")


def _first(tree: Node, paths: Sequence[Sequence[str]]) -> str | None:
    for path in paths:
        try:
            node = at(tree, path)
        except MissingPathError:
            continue
        if isinstance(node, str) and node.strip():
            return node.strip()
    return None


def _names(node: Node) -> str:
    if isinstance(node, dict):
        return ", ".join(list(node)[:10])
    return f"{len(node)} members" if isinstance(node, list) else "a text"
