"""`python -m extract verify`: compares sources with lv0, and names the rows that differ."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from extract.api import source_connection
from extract.catalog import Feed, LookupFeed, read_catalog, select
from extract.errors import ConfigurationError, ExtractError
from extract.settings import Project
from extract.verify.report import KINDS, Verification
from extract.verify.run import LIMIT, verify

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_EXAMPLES = """\
examples:
  python -m extract verify                           every feed
  python -m extract verify rental.r_goods --limit 5  one of them, five rows named at most
  python -m extract verify --json                    for programs

Source and lv0 are read once each. Rows that changed since the last run are counted as newer,
rows in lv0._rejected as rejected: neither are differences. A key that is marked `pii` shows as
the first digits of its md5; no other value is shown. Each report is kept in ops.verifications.

exit status: 0 equal, 1 different or failed, 2 a setting is wrong.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "verify",
        help="prove that lv0 holds what the source holds",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "feeds", nargs="*", metavar="SOURCE.TABLE", help="default: every feed that has a source"
    )
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")
    parser.add_argument(
        "--limit", type=_count, default=LIMIT, help="rows to name per feed (%(default)s)"
    )
    parser.set_defaults(command=_verify)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def _verify(project: Project, options: argparse.Namespace) -> int:
    feeds = _compared(project, options.feeds)
    warehouse = project.warehouse()
    sources = {feed.name: source_connection(project, feed) for feed in feeds}
    reports: list[Verification] = []
    status = 0
    for feed in feeds:
        try:
            found = verify(feed, sources[feed.name], warehouse, limit=options.limit)
        except ExtractError as error:
            print(f"error: {error}", file=sys.stderr)
            status = max(status, 2 if isinstance(error, ConfigurationError) else 1)
            found = Verification(feed.name, "failed", 0.0, error=str(error))
        reports.append(found)
        if found.state == "different":
            status = max(status, 1)
    if options.json:
        print(json.dumps([found.as_mapping() for found in reports], indent=2, ensure_ascii=False))
    else:
        _print(reports)
    return status


def _compared(project: Project, names: list[str]) -> list[Feed]:
    """The feeds to compare; of all feeds, those that have a source to compare with."""
    chosen = select(read_catalog(project), names)
    lookups = [feed.name for feed in chosen if isinstance(feed, LookupFeed)]
    if names and lookups:
        raise ConfigurationError(
            f"Nothing to compare {', '.join(lookups)} with: a lookup has no source. Leave it out."
        )
    return [feed for feed in chosen if isinstance(feed, Feed)]


def _print(reports: list[Verification]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Into a file or a pipe a table keeps its lines whole.
    console = Console(width=None if sys.stdout.isatty() else 240)
    counted = ("source_rows", "lv0_rows", *KINDS, "newer", "rejected")
    table = Table("feed", "state", box=None)
    for name in counted:
        table.add_column(name.replace("_rows", "").replace("_", " "), justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("columns that differ")
    for found in reports:
        figures = vars(found) if found.state != "failed" else dict.fromkeys(counted)
        table.add_row(
            found.feed,
            found.state,
            *("" if figures[name] is None else f"{figures[name]:,}" for name in counted),
            f"{found.seconds:.1f}",
            escape(", ".join(found.columns)),
        )
    console.print(table)
    rows: list[tuple[Any, ...]] = [
        (found.feed, difference) for found in reports for difference in found.differences
    ]
    if rows:
        named = Table("feed", "kind", "key", "columns that differ", box=None)
        for feed, difference in rows:
            key = ", ".join(f"{name}={value}" for name, value in difference.key.items())
            named.add_row(feed, difference.kind, escape(key), escape(", ".join(difference.columns)))
        console.print("")
        console.print(named)
