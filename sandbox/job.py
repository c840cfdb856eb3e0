"""The main job on the sandbox: extraction, dbt, Salesforce, and a summary of what changed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

from extract.api import run_feed
from extract.catalog import AnyFeed, LookupFeed, read_catalog
from extract.errors import ExtractError
from extract.progress import Bars, Lines
from extract.runs import RunResult
from extract.settings import Project
from sandbox import heroku_connect, summary
from sandbox.builds import Builds
from sandbox.postgres import SandboxError
from sandbox.stack import Stack

__all__ = ["in_sandbox", "run_job"]

# What reads the answers of Salesforce: the DAGs return_ids_nightly and checks_daily build it.
ANSWERS = "tag:answers"


def run_job(stack: Stack, refuse: Mapping[str, Collection[str]] | None = None) -> summary.Summary:
    """Carries the sample ERP up to hc, once; returns what that changed.

    Salesforce refuses the records of `refuse`: external ids by object.

    What depends on a feed that fails is left out, as in the DAG; the rest is carried on.

    Raises:
        SandboxError: a feed, a model or a test failed.
    """
    began = time.monotonic()
    os.environ.update(stack.environment())
    rows: list[summary.Row] = []
    errors: dict[str, ExtractError] = {}
    catalog = read_catalog(Project(stack.root))
    builds = Builds(
        stack.root / "target",
        lambda arguments: in_sandbox(stack, "dbt", *arguments),
        lambda results: rows.extend(summary.modelled(stack.warehouse_url, results)),
        postponed=ANSWERS,
    )

    def extract(feeds: Collection[AnyFeed]) -> None:
        for feed, ended in _extracted(stack, feeds):
            if isinstance(ended, ExtractError):
                errors[feed.name] = ended
                builds.leave_out(feed)
            else:
                rows.extend(summary.extracted(stack.warehouse_url, [(feed, ended)]))

    extract([feed for feed in catalog.values() if not feed.extract.after])
    before = heroku_connect.hc_writes(stack.warehouse_url)
    _say("dbt: lv1, lv2, hc, and their tests")
    waiting = [feed for feed in catalog.values() if feed.extract.after]
    while waiting:
        # A lookup waits for its models to end, and asks about what there is.
        ready = builds.before(waiting) or [each for each in waiting if _is_lookup(each)]
        if not ready:
            break
        extract(ready)
        waiting = [feed for feed in waiting if feed not in ready]
    for feed in waiting:
        errors[feed.name] = _not_built(feed)
        builds.leave_out(feed)
    builds.rest()
    after = heroku_connect.hc_writes(stack.warehouse_url)
    drained = heroku_connect.drain(stack.warehouse_url, refuse)
    _say("dbt: what Salesforce answered")
    builds.later()
    done = summary.Summary(
        rows=rows,
        hc_writes={name: count - before.get(name, 0) for name, count in after.items()},
        accepted=sum(drained.accepted.values()),
        refused=sum(drained.refused.values()),
        seconds=time.monotonic() - began,
    )
    done.write(stack.home / "last_run.json")
    if errors or builds.failed:
        print(done.to_text(), flush=True)
        failed = [*errors, *(["dbt build (see above)"] if builds.failed else [])]
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


def _extracted(
    stack: Stack, feeds: Collection[AnyFeed]
) -> Iterator[tuple[AnyFeed, RunResult | ExtractError]]:
    lookups = [feed for feed in feeds if isinstance(feed, LookupFeed)]
    if len(feeds) > len(lookups):
        _say(f"extraction: {len(feeds) - len(lookups)} feeds into lv0")
    for lookup in lookups:
        _say(f"lookup: {lookup.name} about {', '.join(lookup.extract.reads)}")
    bars = Bars() if sys.stderr.isatty() else None
    with bars if bars is not None else nullcontext():
        for feed in feeds:
            with bars.bar() if bars is not None else Lines() as observer:
                try:
                    yield feed, run_feed(feed.name, stack.root, observer=observer)
                except ExtractError as error:
                    print(f"error: {error}", file=sys.stderr)
                    yield feed, error


def _is_lookup(feed: AnyFeed) -> bool:
    return isinstance(feed, LookupFeed)


def _not_built(feed: AnyFeed) -> ExtractError:
    error = ExtractError(
        f"{feed.name} did not run: it comes after {', '.join(feed.extract.after)}, which was not "
        "built, or whose tests failed (see above).",
        feed=feed.name,
    )
    print(f"error: {error}", file=sys.stderr)
    return error


def _say(text: str) -> None:
    print(f"- {text}", flush=True)
