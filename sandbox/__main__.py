"""`python -m sandbox`: what the Makefile's targets call."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from extract.errors import ExtractError
from sandbox import airflow, heroku_connect, rounds
from sandbox.api import StubApi
from sandbox.job import in_sandbox, run_job
from sandbox.postgres import SandboxError
from sandbox.stack import WAREHOUSE, Stack

_NEXT = """\
What to look at next:
  make change && make run   change the ERP, then see exactly that arrive in hc
  make docs                 the models' manual, with lineage from the legacy table to the hc field
  make airflow              the same graph in Airflow, on loopback
  make psql                 the tables themselves: select * from hc.opportunity limit 5
"""


def main() -> int:
    """Runs one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sandbox")
    commands = parser.add_subparsers(required=True)
    for name, command in _COMMANDS.items():
        sub = commands.add_parser(name, help=command.__doc__)
        sub.set_defaults(command=command)
        if command is _run:
            sub.add_argument("--rows", type=_positive, help="size of the sample ERP, in orders")
        if command in (_run, _salesforce):
            sub.add_argument(
                "--refuse",
                action="append",
                default=[],
                metavar="OBJECT:EXTERNAL_ID",
                help="let Salesforce refuse this record",
            )
        if command is _exec:
            sub.add_argument("command_line", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        return int(options.command(Stack(Path.cwd()), options) or 0)
    except (SandboxError, ExtractError, heroku_connect.MappingsError) as error:
        print(f"error: {error}", file=sys.stderr)
    except psycopg.Error as error:
        print(f"error: {str(error).splitlines()[0]}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. `make run` goes on from what is committed.", file=sys.stderr)
        return 130
    return 1


def _run(stack: Stack, options: argparse.Namespace) -> None:
    """Carry the sample ERP up to hc and print what changed."""
    print("- embedded Postgres, sample ERP, web APIs, Heroku Connect simulator", flush=True)
    stack.up(options.rows)
    port, usual = stack.postgres.port, stack.postgres.preferred_port
    done = run_job(stack, _refused(options))
    print(f"\n{done.to_text()}\n")
    print(_NEXT)
    if port != usual:
        print(f"The usual port is taken: `export STAIRWAY_PORT={port}` before bare dbt commands.")


def _up(stack: Stack, options: argparse.Namespace) -> None:
    """Start the embedded services."""
    stack.up()


def _change(stack: Stack, options: argparse.Namespace) -> None:
    """Change the sample ERP and print what was changed."""
    stack.postgres.start()
    changed = rounds.change(stack.postgres, stack.api)
    (stack.home / "last_change.json").write_text(json.dumps(changed.to_dict(), indent=2) + "\n")
    print(changed.to_text())


def _salesforce(stack: Stack, options: argparse.Namespace) -> None:
    """Send what hc has queued to the simulated Salesforce."""
    stack.postgres.start()
    drained = heroku_connect.drain(stack.warehouse_url, _refused(options))
    for name in sorted({*drained.accepted, *drained.refused}):
        accepted, refused = drained.accepted.get(name, 0), drained.refused.get(name, 0)
        print(f"{name}: {accepted:,} accepted, {refused:,} refused")


def _stop(stack: Stack, options: argparse.Namespace) -> None:
    """Stop the embedded services."""
    airflow.stop(stack.home / "airflow")
    StubApi(stack.home / "api").stop()
    stack.postgres.stop()


def _airflow(stack: Stack, options: argparse.Namespace) -> None:
    """Run a real Airflow on loopback until Ctrl-C."""
    stack.up()
    airflow.run(stack.postgres, stack.home / "airflow", stack.root, stack.api.environment())


def _docs(stack: Stack, options: argparse.Namespace) -> int:
    """Write dbt's docs as one HTML page."""
    stack.up()
    status = in_sandbox(stack, "dbt", "docs", "generate", "--static", "--quiet")
    if status == 0:
        print(f"Open {stack.root / 'target' / 'static_index.html'} in a browser.")
    return status


def _exec(stack: Stack, options: argparse.Namespace) -> int:
    """Run a command, like `dbt build`, in .venv and against the sandbox."""
    stack.up()
    return in_sandbox(stack, *options.command_line)


def _clean(stack: Stack, options: argparse.Namespace) -> None:
    """Stop the services and remove all that they and dbt made."""
    _stop(stack, options)
    for folder in (stack.home, stack.root / "target", stack.root / "logs"):
        shutil.rmtree(folder, ignore_errors=True)


def _psql(stack: Stack, options: argparse.Namespace) -> None:
    """Open psql on the warehouse."""
    stack.postgres.start()
    command = [argument for argument in stack.postgres.psql(WAREHOUSE) if argument != "-q"]
    os.execv(command[0], command)


def _refused(options: argparse.Namespace) -> dict[str, set[str]]:
    """The external ids to refuse, by object."""
    refuse: dict[str, set[str]] = {}
    for pair in options.refuse:
        name, colon, external_id = pair.partition(":")
        if not colon:
            raise SandboxError(f"--refuse takes OBJECT:EXTERNAL_ID, not {pair!r}.")
        refuse.setdefault(name, set()).add(external_id)
    return refuse


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


_COMMANDS: dict[str, Callable[[Stack, argparse.Namespace], int | None]] = {
    "run": _run,
    "up": _up,
    "change": _change,
    "salesforce": _salesforce,
    "stop": _stop,
    "airflow": _airflow,
    "docs": _docs,
    "exec": _exec,
    "psql": _psql,
    "clean": _clean,
}

if __name__ == "__main__":
    sys.exit(main())
