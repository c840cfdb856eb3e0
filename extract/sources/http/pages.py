"""Reads an API page by page, and says when it has read all of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator

from extract.catalog_http import HttpApi
from extract.errors import SourceError
from extract.sources.http.answers import Answer
from extract.sources.http.parse import Node

__all__ = ["MovedError", "pages"]

logger = logging.getLogger(__name__)


class MovedError(Exception):
    """The items moved between pages while they were read; the text says what shows it."""


def pages(
    ask: Callable[[int], Answer], api: HttpApi, place: str
) -> Iterator[list[dict[str, Node]]]:
    """The items of each page that has any, from the first to the last.

    The last page is the one that brings as many items as the API says that there are; where it
    doesn't say, the one before the first that has none. A short page is no end: an API may give
    fewer items than it is asked for.

    Args:
        ask: for the page with this number.
        api: what the catalogue says of it.
        place: where it is, for messages.

    Raises:
        MovedError: the number of all items changed, or isn't what the pages add up to.
        SourceError: the API gives the same page again, or never ends.
    """
    total: int | None = None
    count = 0
    before = b""
    for number in range(api.first_page, api.first_page + api.max_pages):
        answer = ask(number)
        if number == api.first_page:
            total = answer.total
        elif answer.total != total and (answer.items or answer.total):
            raise MovedError(f"the total went from {total} to {answer.total}")
        if not answer.items:
            if total is not None and count < total:
                raise MovedError(f"page {number} is empty after {count:,} of {total:,} items")
            return
        shown = hashlib.sha256(repr(answer.items).encode()).digest()
        if shown == before:
            raise SourceError(
                f"{place}: page {number} is page {number - 1} again. "
                f"Is `{api.page_parameter}` the API's parameter? Fix `http.page_parameter`."
            )
        before = shown
        count += len(answer.items)
        yield answer.items
        if total is not None and count >= total:
            if count > total:
                raise MovedError(f"there are {count:,} items on the pages, and {total:,} in all")
            return
    raise SourceError(
        f"{place}: page {number} still has items, and `http.max_pages` is {api.max_pages:,}. "
        "Raise it, if the API is that large."
    )
