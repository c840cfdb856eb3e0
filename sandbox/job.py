"""The main job on the sandbox: extraction, dbt, Salesforce, and a summary of what changed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from pathlib import Path

from extract.api import run_feed
from extract.catalog import Feed, read_catalog
from extract.errors import ExtractError
from extract.progress import Bars, Lines
from extract.runs import RunResult
from extract.settings import Project
from sandbox import heroku_connect, summary
from sandbox.postgres import SandboxError
from sandbox.stack import Stack

__all__ = ["in_sandbox", "run_job"]

# What the DAG return_ids_nightly builds: it reads what Salesforce has answered.
RETURN_IDS = "tag:return_ids"


def run_job(stack: Stack, refuse: Mapping[str, Collection[str]] | None = None) -> summary.Summary:
    """Carries the sample ERP up to hc, once; returns what that changed.

    Salesforce refuses the records of `refuse`: external ids by object.

    What depends on a feed that fails is left out, as in the DAG; the rest is carried on.

    Raises:
        SandboxError: a feed, a model or a test failed.
    """
    began = time.monotonic()
    os.environ.update(stack.environment())
    results, errors = _extract(stack)
    before = heroku_connect.hc_writes(stack.warehouse_url)
    _say("dbt: lv1, lv2, hc, and their tests")
    rows = summary.extracted(
        stack.warehouse_url,
        [(feed.target_schema, feed.target_table, result) for feed, result in results],
    )
    dbt_failed = not _build(stack, rows, "--exclude", RETURN_IDS, *_downstream(errors))
    after = heroku_connect.hc_writes(stack.warehouse_url)
    drained = heroku_connect.drain(stack.warehouse_url, refuse)
    _say("dbt: the ids that Salesforce gave")
    dbt_failed |= not _build(stack, rows, "--select", RETURN_IDS)
    done = summary.Summary(
        rows=rows,
        hc_writes={name: count - before.get(name, 0) for name, count in after.items()},
        accepted=sum(drained.accepted.values()),
        refused=sum(drained.refused.values()),
        seconds=time.monotonic() - began,
    )
    done.write(stack.home / "last_run.json")
    if errors or dbt_failed:
        print(done.to_text(), flush=True)
        failed = [*errors, *(["dbt build (see above)"] if dbt_failed else [])]
        raise SandboxError(f"Failed: {', '.join(failed)}. What didn't depend on it is done.")
    return done


def in_sandbox(stack: Stack, tool: str, *arguments: str) -> int:
    """Runs a tool of the environment on the project and the sandbox; returns its exit status."""
    return subprocess.run(
        [str(Path(sys.executable).parent / tool), *arguments],
        cwd=stack.root,
        env={**os.environ, **stack.environment()},
        check=False,
    ).returncode


def _extract(stack: Stack) -> tuple[list[tuple[Feed, RunResult]], Mapping[str, ExtractError]]:
    catalog = read_catalog(Project(stack.root))
    results: list[tuple[Feed, RunResult]] = []
    errors: dict[str, ExtractError] = {}
    _say(f"extraction: {len(catalog)} feeds into lv0")
    bars = Bars() if sys.stderr.isatty() else None
    with bars if bars is not None else nullcontext():
        for feed in catalog.values():
            with bars.bar() if bars is not None else Lines() as observer:
                try:
                    results.append((feed, run_feed(feed.name, stack.root, observer=observer)))
                except ExtractError as error:
                    errors[feed.name] = error
                    print(f"error: {error}", file=sys.stderr)
    return results, errors


def _build(stack: Stack, rows: list[summary.Row], *selection: str) -> bool:
    """Builds and adds a row for each model to `rows`; says whether all succeeded."""
    run_results = stack.root / "target" / "run_results.json"
    run_results.unlink(missing_ok=True)
    succeeded = in_sandbox(stack, "dbt", "build", "--quiet", *selection) == 0
    if run_results.exists():
        rows += summary.modelled(stack.warehouse_url, run_results)
    return succeeded


def _downstream(failed: Mapping[str, ExtractError]) -> list[str]:
    return [f"source:{name}+" for name in failed]


def _say(text: str) -> None:
    print(f"- {text}", flush=True)
