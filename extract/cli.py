"""`python -m extract`: runs feeds, says what a run would do and what runs have done."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import TYPE_CHECKING, Any

from extract.address import run as address
from extract.api import run_any, source_connection
from extract.audit.cli import add_parser as add_audit
from extract.catalog import AnyFeed, LookupFeed, json_schema, read_catalog, select
from extract.errors import ConfigurationError, ExtractError
from extract.migrate import migrate
from extract.parity.cli import add_parser as add_parity
from extract.plan import Plan
from extract.progress import Bars, Lines
from extract.run import Options, explain
from extract.runs import RunResult, Runs
from extract.settings import Project
from extract.verify.cli import add_parser as add_verify

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["main"]

logger = logging.getLogger(__name__)

_EPILOG = """\
A feed is a table of a dbt source, called `source.table`. Connections come from connections.yml,
the warehouse from dbt's profiles.yml. Each command's --help has examples.

exit status: 0 done, 1 a feed failed or differs, 2 a setting is wrong (nothing was touched).
"""
_RUN_EXAMPLES = """\
examples:
  python -m extract run                                 every feed
  python -m extract run rental.r_goods unierp5.b_minor  two of them
  python -m extract run rental.v_customer --complete    all rows, whatever the mode says
  python -m extract run rental.r_goods --allow-deletes  the source has really shrunk that much
  python -m extract run --jobs 4                        four tables or key ranges at once
"""
_PLAN_EXAMPLES = """\
examples:
  python -m extract plan                                what a run of every feed would do
  python -m extract plan rental.r_order_contract        one of them
"""
_STATUS_EXAMPLES = """\
examples:
  python -m extract status                              the last run of each feed, and its notes

state: published; running; failed (the note says why); interrupted (another run went on); dead
(killed: the next run goes on after its committed pages).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    # On SIGTERM the page in flight is rolled back and the lease given up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.WARNING if sys.stderr.isatty() else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    try:
        status: int = options.command(Project.find(options.project_dir), options)
    except ConfigurationError as error:
        return _complain(error, 2)
    except ExtractError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("Interrupted. Committed pages are kept; the next run goes on there.", 130)
    return status


def _complain(error: ExtractError | str, status: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return status


def _run(project: Project, options: argparse.Namespace) -> int:
    feeds = select(read_catalog(project), options.feeds)
    warehouse = project.warehouse()
    sources = {feed.name: source_connection(project, feed) for feed in feeds}
    bars = Bars() if sys.stderr.isatty() else None
    slots, stop = BoundedSemaphore(options.jobs), Event()
    results: list[RunResult] = []
    failed = 0

    def extract(feed: AnyFeed) -> RunResult | ExtractError:
        with bars.bar() if bars is not None else Lines() as observer:
            chosen = Options(
                options.complete, options.allow_deletes, options.jobs, observer, slots, stop
            )
            try:
                return run_any(feed, sources[feed.name], warehouse, chosen)
            except ExtractError as error:
                return error

    with bars if bars is not None else nullcontext(), _several(options.jobs, stop) as spread:
        for ended in spread(extract, feeds):
            if isinstance(ended, ExtractError):
                failed += 1
                _complain(ended, 1)
            else:
                results.append(ended)
    if options.json:
        print(json.dumps([_as_mapping(result) for result in results], indent=2))
    elif results:
        _print(_results_table(results))
    return 1 if failed else 0


@contextmanager
def _several(jobs: int, stop: Event) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` that makes so many calls at once; whatever ends the block stops them."""
    if jobs == 1:
        yield map
        return
    with ThreadPoolExecutor(jobs, thread_name_prefix="feed") as pool:
        try:
            yield pool.map
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _plan(project: Project, options: argparse.Namespace) -> int:
    warehouse = project.warehouse()
    table = _table("feed", "reads", "in order of", "pages", "rows (estimate)", "drift")
    failed = 0
    for feed in select(read_catalog(project), options.feeds):
        try:
            source = source_connection(project, feed)
            if isinstance(feed, LookupFeed):
                row = _lookup_row(feed, address.explain(feed, source, warehouse))
            else:
                row = _plan_row(explain(feed, source, warehouse))
        except ExtractError as error:
            failed += 1
            _complain(error, 1)
            continue
        table.add_row(*row)
    if table.row_count:
        _print(table)
    return 1 if failed else 0


def _status(project: Project, options: argparse.Namespace) -> int:
    runs = Runs(project.warehouse())
    with closing(runs):
        runs.check_schema()
        rows = runs.latest()
    if not rows:
        print("No feed has run yet. Start with `python -m extract run`.")
        return 0
    table = _table(
        "feed",
        "last run",
        "state",
        "pages",
        "read",
        "ins",
        "upd",
        "del",
        "rejected",
        "note",
    )
    for row in rows:
        table.add_row(*_status_row(row))
    _print(table)
    return 0


def _migrate(project: Project, options: argparse.Namespace) -> int:
    schemas = sorted({feed.target_schema for feed in read_catalog(project).values()})
    warehouse = project.warehouse()
    for name in migrate(warehouse, schemas) or ["nothing to do"]:
        print(f"{warehouse.where}: {name}")
    return 0


def _schema(project: Project, options: argparse.Namespace) -> int:
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0


def _table(*headings: str) -> Table:
    # Here, as it takes a tenth of a short run to load.
    from rich.table import Table

    return Table(*headings, box=None)


def _print(table: Table) -> None:
    from rich.console import Console

    # Into a file or a pipe a table keeps its lines whole.
    Console(width=None if sys.stdout.isatty() else 240).print(table)


def _results_table(results: list[RunResult]) -> Table:
    table = _table("feed", "pass")
    for heading in ("pages", "read", "ins", "upd", "same", "del", "rejected", "seconds"):
        table.add_column(heading, justify="right")
    for result in results:
        table.add_row(
            result.feed,
            "complete" if result.is_complete else "incremental",
            f"{result.pages:,}",
            f"{result.rows_read:,}",
            f"{result.rows_inserted:,}",
            f"{result.rows_updated:,}",
            f"{result.rows_unchanged:,}",
            f"{result.rows_deleted:,}",
            f"{result.rows_rejected:,}",
            f"{result.seconds:.1f}",
        )
    return table


def _plan_row(plan: Plan) -> list[str]:
    orders = dict.fromkeys(
        ", ".join(column.name for column in segment.order) for segment in plan.segments()
    )
    estimate = plan.shape.estimated_rows
    paged = all(segment.paged for segment in plan.segments())
    return [
        plan.feed.name,
        plan.reason,
        "; ".join(orders),
        f"of {plan.page_rows:,}" if paged else "one stream (no unique index)",
        "unknown" if estimate is None else f"{estimate:,}",
        "; ".join(plan.drift.lines()) or "none",
    ]


def _lookup_row(feed: LookupFeed, due: address.Due) -> list[str]:
    return [
        feed.name,
        f"asks about {', '.join(feed.extract.reads)}: {due.new:,} new, {due.again:,} again",
        "raw_address",
        f"of {feed.extract.page_rows:,}",
        f"{due.new + due.again:,}",
        "none",
    ]


def _status_row(row: dict[str, Any]) -> list[str]:
    state = row["state"]
    note = "; ".join(filter(None, (row["error"], *row["drift"], *row["notes"])))
    if row["kept_pages"] is not None:
        kept = f"{row['kept_pages']} pages kept for the next run"
        note = f"{note} ({kept})" if note else kept
    if state == "running" and not row["is_held"]:
        state = "dead"
    return [
        row["feed"],
        f"{row['started_at']:%Y-%m-%d %H:%M:%S}",
        state,
        *(f"{row[name]:,}" for name in ("pages", "rows_read")),
        *(f"{row[f'rows_{name}']:,}" for name in ("inserted", "updated", "deleted", "rejected")),
        note,
    ]


def _as_mapping(result: RunResult) -> dict[str, Any]:
    return {**vars(result), "run_id": str(result.run_id)}


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 32:
        raise argparse.ArgumentTypeError("a number from 1 to 32")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m extract",
        description="Lands the rows of the source systems in lv0.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--project-dir", type=Path, help="folder of dbt_project.yml")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, text: str, examples: str | None = None) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    run_parser = command("run", "extract feeds into lv0", _RUN_EXAMPLES)
    run_parser.add_argument(
        "--complete", action="store_true", help="read all rows; ask again what had no answer"
    )
    run_parser.add_argument(
        "--allow-deletes", action="store_true", help="publish however many rows are gone"
    )
    run_parser.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="feeds read at once, and key ranges of each (`ranges` in the catalogue); default: 1",
    )
    run_parser.add_argument("--json", action="store_true", help="print the results as JSON")
    run_parser.set_defaults(command=_run)
    plan_parser = command("plan", "say what a run would do; touches nothing", _PLAN_EXAMPLES)
    plan_parser.set_defaults(command=_plan)
    for with_feeds in (run_parser, plan_parser):
        with_feeds.add_argument(
            "feeds", nargs="*", metavar="SOURCE.TABLE", help="default: every feed"
        )
    status_parser = command("status", "show the last run of each feed", _STATUS_EXAMPLES)
    status_parser.set_defaults(command=_status)
    migrate_parser = command("migrate", "set the warehouse up: schemas and state tables")
    migrate_parser.set_defaults(command=_migrate)
    schema_parser = command("schema", "print the JSON schema of `config.meta.extract`")
    schema_parser.set_defaults(command=_schema)
    add_verify(commands)
    add_audit(commands)
    add_parity(commands)
    return parser
