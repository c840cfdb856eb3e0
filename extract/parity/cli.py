"""`python -m extract parity`: is ours what the old system has?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from extract.errors import ConfigurationError, SourceError, TargetError
from extract.parity.compare import LIMIT, Request, compare
from extract.parity.marks import personal_columns
from extract.parity.report import KINDS, Parity
from extract.parity.statements import Normal
from extract.settings import Connection, Project

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_EXAMPLES = """\
examples:
  python -m extract parity old.v_customer lv1.v_customer --key customer_no \\
    --columns cust_no=customer_no cust_nm=customer_name --trim --empty-is-null
  python -m extract parity public.product lv2.product --old-from data_hub --key goods_code \\
    --columns columns.yml --old-zone Asia/Seoul --new-where 'not is_deleted' --json

Both are read in one transaction, and joined by key in the warehouse. An old relation of another
Postgres (--old-from) is copied into a temporary table there first. Columns of one name meet by
themselves, others by --columns; those without a partner are named and not compared. Nothing is
normalised unless an option says so, but char(n) loses its padding. Values of columns that are
marked `pii` are not shown, and keys of such columns as digits of their md5; where no yml describes
the new relation, nothing is shown.

exit status: 0 equal, 1 different, or a database doesn't answer, 2 a relation, column, key or
option is wrong.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "parity",
        help="compare a relation of the old system with ours",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", metavar="OLD", help="schema.table")
    parser.add_argument("new", metavar="NEW", help="schema.table in the warehouse")
    parser.add_argument("--key", required=True, metavar="COLUMN,...", help="columns of the new one")
    parser.add_argument(
        "--old-from", metavar="DSN", help="URL or connection of the old one; default: the warehouse"
    )
    parser.add_argument(
        "--columns", nargs="+", default=[], metavar="OLD=NEW", help="columns that meet, or a yml"
    )
    parser.add_argument("--trim", action="store_true", help="white space at the ends is nothing")
    parser.add_argument("--empty-is-null", action="store_true", help="'' is null")
    for side in ("old", "new"):
        parser.add_argument(f"--{side}-zone", metavar="ZONE", help=f"zone of the {side} times")
        parser.add_argument(f"--{side}-where", metavar="SQL", help=f"which {side} rows count")
    parser.add_argument("--limit", type=_count, default=LIMIT, help="rows to show (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    parser.set_defaults(command=_parity)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def _parity(project: Project, options: argparse.Namespace) -> int:
    schema, _, table = options.new.partition(".")
    request = Request(
        old=options.old,
        new=options.new,
        key=tuple(name.strip() for name in options.key.split(",")),
        mapping=_mapping(options.columns),
        normal=Normal(options.trim, options.empty_is_null, options.old_zone, options.new_zone),
        old_where=options.old_where,
        new_where=options.new_where,
        personal=personal_columns(project, schema, table),
        limit=options.limit,
    )
    try:
        found = compare(request, project.warehouse(), _other(project, options.old_from))
    except (SourceError, TargetError) as error:
        # A condition that fails for some row, a relation that isn't ours to read.
        raise ConfigurationError(str(error)) from None
    if options.json:
        print(json.dumps(found.as_mapping(), indent=2, ensure_ascii=False))
    else:
        _print(found)
    return 0 if found.state == "equal" else 1


def _other(project: Project, place: str | None) -> Connection | None:
    if place is None:
        return None
    other = Connection("old", place) if "://" in place else project.connection(place)
    if other.scheme not in ("postgres", "postgresql"):
        raise ConfigurationError(
            f"--old-from: {other.where} is not Postgres. Tables of other servers are feeds: "
            "`python -m extract verify` compares those with lv0."
        )
    return other


def _mapping(given: list[str]) -> dict[str, str]:
    if len(given) == 1 and "=" not in given[0]:
        return _mapping_of_file(Path(given[0]))
    pairs = [text.partition("=") for text in given]
    if not all(old and new for old, _, new in pairs) or len({p[0] for p in pairs}) < len(pairs):
        raise ConfigurationError(
            f"--columns takes OLD=NEW for each old column once, not `{' '.join(given)}`."
        )
    return {old: new for old, _, new in pairs}


def _mapping_of_file(path: Path) -> dict[str, str]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"--columns: {path}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ConfigurationError(f"--columns: {path} is not valid YAML: {line}") from None
    if not isinstance(content, dict) or not all(
        isinstance(name, str) for pair in content.items() for name in pair
    ):
        raise ConfigurationError(f"--columns: {path} must map old columns to new ones.")
    return content


def _print(found: Parity) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Into a file or a pipe a table keeps its lines whole.
    console = Console(width=None if sys.stdout.isatty() else 240)
    said = "; ".join(found.normalised) or "nothing is normalised"
    print(
        f"{found.old} ({found.old_rows:,} rows) and {found.new} ({found.new_rows:,} rows); {said}."
    )
    for side, names in found.not_compared.items():
        if names:
            print(f"Not compared, only in the {side} one: {', '.join(names)}.")
    if found.as_text:
        print(f"Compared as texts, since of different kinds: {', '.join(found.as_text)}.")
    if found.masked:
        print(f"No yml describes {found.new}, so no value is shown.")
    if found.columns:
        columns = Table("column", box=None)
        columns.add_column("rows that differ", justify="right")
        for name, count in found.columns.items():
            columns.add_row(escape(name), f"{count:,}")
        console.print(columns)
    if found.samples:
        samples = Table("row", "key", "old > new", box=None)
        for sample in found.samples:
            key = ", ".join(f"{name}={value}" for name, value in sample.key.items())
            values = "; ".join(f"{name}: {a!r} > {b!r}" for name, (a, b) in sample.values.items())
            samples.add_row(KINDS[sample.kind], escape(key), escape(values))
        console.print(samples)
    counts = ", ".join(f"{getattr(found, kind):,} {words}" for kind, words in KINDS.items())
    print(f"{found.state}: {counts}.")
