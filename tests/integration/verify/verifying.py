"""Verifies a feed, and says in short what was found."""

from __future__ import annotations

from extract.api import verify_feed
from extract.verify import Verification
from tests.extract_support import Stand

__all__ = ["check", "counts", "named"]

COUNTS = ("only_source", "only_lv0", "different", "newer", "rejected")


def check(stand: Stand, table: str) -> Verification:
    return verify_feed(f"s.{table}", stand.home)


def counts(found: Verification) -> dict[str, int]:
    return {name: getattr(found, name) for name in COUNTS if getattr(found, name)}


def named(found: Verification) -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    return [(each.kind, each.key, each.columns) for each in found.differences]
