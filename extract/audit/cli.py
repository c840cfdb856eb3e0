"""`python -m extract audit-dependencies`: is each old dependency still there?"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extract.audit.judge import FAULTS, STATES, Finding, judge
from extract.audit.names import Names, read_names
from extract.audit.rows import read_completed, read_edges
from extract.manifest import manifest_path, read_manifest
from extract.settings import Project

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_EXAMPLES = """\
examples:
  python -m extract audit-dependencies --table dependency_manager.csv
  python -m extract audit-dependencies --table data_hub --log data_hub --names old_names.yml
  python -m extract audit-dependencies --table postgresql://reader@hub/hub --json

Read are the rows of dependency_manager (tobe_dag waited for asis_dag) and of dag_log. A DAG called
<from>_to_<schema>_<table> is the node that makes schema.table; --names has the others. Each edge is

  implied   the graph has a path: the nodes are named
  missing   it has none: the comment that adds one is printed, to paste at the top of the file
  reversed  it has one the other way round
  unknown   a name leads nowhere
  retired   --names says that a DAG has no successor

and dead besides where dag_log has no completion of one of its DAGs.

exit status: 0 all implied or retired, 1 some missing, reversed or unknown, 2 something can't be
read.
"""


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "audit-dependencies",
        help="hold the old list of dependencies against dbt's graph",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--table", required=True, metavar="DSN|CSV", help="where dependency_manager is"
    )
    parser.add_argument("--log", metavar="DSN|CSV", help="where dag_log is")
    parser.add_argument("--names", type=Path, metavar="YML", help="names that follow no rule")
    parser.add_argument(
        "--manifest", type=Path, metavar="JSON", help="dbt's; default: that of the DAGs"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(command=_audit)


def _audit(project: Project, options: argparse.Namespace) -> int:
    graph = read_manifest(project, manifest_path(project, options.manifest))
    names = read_names(options.names, graph) if options.names else Names()
    edges = read_edges(project, options.table)
    completed = read_completed(project, options.log) if options.log else None
    findings = judge(edges, names, graph, completed)
    counts = Counter(finding.state for finding in findings)
    if options.json:
        print(json.dumps(_as_mapping(findings, counts), indent=2, ensure_ascii=False))
    else:
        _print(findings, counts)
    return 1 if any(counts[state] for state in FAULTS) else 0


def _as_mapping(findings: Sequence[Finding], counts: Counter[str]) -> dict[str, Any]:
    return {
        "edges": len(findings),
        "counts": {state: counts[state] for state in STATES},
        "dead": sum(finding.is_dead for finding in findings),
        "findings": [{**vars(finding), "edge": finding.edge._asdict()} for finding in findings],
    }


def _print(findings: Sequence[Finding], counts: Counter[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Into a file or a pipe a table keeps its lines whole.
    console = Console(width=None if sys.stdout.isatty() else 240)
    table = Table("state", "tobe_dag", "waited for asis_dag", "path, or why", box=None)
    for finding in sorted(findings, key=lambda finding: STATES.index(finding.state)):
        paths = "; ".join(" > ".join(path) for path in finding.paths)
        why = "; ".join(filter(None, (paths, finding.reason)))
        state = f"{finding.state}, dead" if finding.is_dead else finding.state
        table.add_row(state, *finding.edge, escape(why))
    console.print(table)
    remedies: dict[str, list[str]] = {}
    for finding in findings:
        for file, line in finding.remedies:
            remedies.setdefault(file, []).append(line)
    for file, lines in sorted(remedies.items()):
        print("\n".join(["", f"-- {file}", *dict.fromkeys(lines)]))
    each = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    dead = sum(finding.is_dead for finding in findings)
    print(f"\n{len(findings)} edges: {each}{f'; {dead} of them dead' if dead else ''}.")
