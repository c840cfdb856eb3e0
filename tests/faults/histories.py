"""Random histories: a source that changes, runs that are killed and cut, and rest at the end.

`python -m tests.faults.histories --count 2000` plays as many as one likes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from extract import retry
from extract.api import open_feed
from extract.errors import ExtractError
from sandbox.postgres import EmbeddedPostgres
from tests.extract_support import Children, Stand, children
from tests.faults.proxy import Proxy, proxy

__all__ = ["Bench", "History", "play"]

MODES = ("snapshot", "incremental", "incremental", "append", "window", "keyless")
# Each identifies a row.
KEYS = (("a",), ("b",), ("b", "a"))
PREFIXES = ("02", "82", "HI", "K2", "ON")
EPOCH = "timestamp '2024-01-01'"
# What a run may end with while it is being cut and killed.
_EXPECTED = ("doesn't answer, or broke off", "is being extracted by run", "was taken over")


class HistoryError(AssertionError):
    """A history did not end as it must."""


@dataclass
class History:
    """What happens to one table, all of it drawn from the seed."""

    seed: int
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        draw = self.random
        self.table = f"h{self.seed}"
        self.mode = draw.choice(MODES)
        self.key = draw.choice(KEYS)
        self.is_view = self.mode in ("snapshot", "incremental") and draw.random() < 0.15
        self.is_proven = self.mode != "keyless" and not self.is_view and draw.random() < 0.85
        self.cursor = draw.choice((("u",), ("u",), ("u", "s")))
        if self.mode == "window":
            self.cursor = ("u",)
        self.is_cursor_indexed = draw.random() < 0.6
        self.has_undated = self.mode == "incremental" and draw.random() < 0.3
        self.sweep_every = draw.choice(("0s", "0s", "1d"))
        self.ranges = draw.choice((1, 1, 3))
        self.clock, self.ticks = 1000, 0
        self.columns = ["a", "b", "v", "n", "u", "s"]
        self.kills = self.cuts = 0
        self.next_key = self.first_unseen = 1

    # -- the table --------------------------------------------------------------------------

    def creation(self) -> list[str]:
        """The statements that make the table and its first rows."""
        draw, name = self.random, f"dbo.{self.table}"
        collation = draw.choice(("", ' collate "C"'))
        key = ", ".join(self.key)
        made = [
            f"create table {name} (a integer not null, b varchar(9){collation} not null, v text,"
            " n numeric(9,2), u timestamp, s integer)",
            *self.inserts(draw.randrange(0, 50)),
        ]
        if self.is_proven:
            made.append(f"alter table {name} add primary key ({key})")
        if self.is_cursor_indexed:
            made.append(f"create index on {name} ({', '.join(self.cursor)})")
        made.append(f"analyze {name}")
        if self.is_view:
            made.append(f"create view {name}_view as select * from {name} where a >= 0")
        return made

    def feed(self) -> dict[str, Any]:
        """How the table is extracted, from now on."""
        draw = self.random
        extract: dict[str, Any] = {
            "table": f"{self.table}_view" if self.is_view else self.table,
            "page_rows": draw.choice((1, 2, 3, 4, 5, 6, 7, 7)),
            "max_delete_share": 1,
            "ranges": self.ranges,
        }
        if self.mode != "keyless" and (not self.is_proven or draw.random() < 0.1):
            extract["key"] = list(draw.choice((self.key, self.key, *KEYS)))
        if self.mode in ("incremental", "append", "window"):
            extract |= {"mode": self.mode, "cursor": list(self.cursor)}
        if self.mode == "incremental":
            extract |= {"sweep_every": self.sweep_every, "overlap": draw.choice(("0s", "10m"))}
        if self.mode == "window":
            extract["window"] = "3h"
        return extract

    def redefine(self) -> list[str]:
        """Gives the table another mode, or another column; what the source has to do for it."""
        draw = self.random
        if self.mode != "keyless" and draw.random() < 0.4:
            if not self.is_view:
                # Not append: it keeps what is gone, so that a source may forget old rows.
                self.mode = draw.choice(("snapshot", "incremental", "window"))
                self.cursor = self.cursor[:1]
                # Only an incremental pass looks at rows without a cursor each time.
                self.has_undated = self.has_undated and self.mode == "incremental"
        elif not self.is_view and "w" not in self.columns:
            self.columns.append("w")
            return [f"alter table dbo.{self.table} add w integer"]
        return []

    # -- changes ----------------------------------------------------------------------------

    def inserts(self, rows: int) -> list[str]:
        """Statements that add so many rows, with new keys."""
        statements = []
        for _ in range(rows):
            number, self.next_key = self.next_key, self.next_key + 1
            prefix = self.random.choice(PREFIXES)
            statements.append(
                f"insert into dbo.{self.table} (a, b, v, n, u, s)"
                f" values ({number}, '{prefix}{number:03}',"
                f" {self.value()}, {self.random.randrange(1000)}, {self.moment()}, {self.tick()})"
            )
        return statements

    def some_key(self) -> int:
        """One that was given out, or the next one."""
        return self.random.randrange(1, self.next_key + 1)

    def value(self) -> str:
        """A text that formats stumble over."""
        return self.random.choice(
            ("null", "''", "E'\\\\N'", "E'a\\tb\\nc'", "'한글'", "E'\\\\'", "'\"''%s{}'", "'x'")
        )

    def moment(self, *, old: bool = False) -> str:
        """The cursor of what is written now: it grows, with ties."""
        if self.has_undated and self.random.random() < 0.2:
            return "null"
        if self.random.random() < 0.7:
            self.clock += 1
        clock = self.random.randrange(1000) if old else self.clock
        return f"{EPOCH} + interval '{clock} minutes'"

    def tick(self) -> int:
        """The cursor's second column: it grows too, with ties."""
        self.ticks += self.random.random() < 0.5
        return self.ticks

    def change(self) -> list[str]:
        """Statements of one random change."""
        draw, name = self.random, f"dbo.{self.table}"
        if self.mode == "append":
            return self.inserts(draw.randrange(1, 4))
        if self.mode == "keyless":
            return self.keyless_change()
        kinds = ["insert", "update", "update", "bulk"]
        if self.mode in ("snapshot", "window") or self.sweep_every == "0s":
            kinds += ["delete", "move", "swap"]
        if self.mode == "incremental" and self.sweep_every == "0s":
            kinds.append("old")
        if self.mode == "window":
            kinds.append("leave")
        kind = draw.choice(kinds)
        # A window sees what happens to late rows only.
        late = f" and u >= {EPOCH} + interval '{self.clock - 60} minutes'"
        scope = late if self.mode == "window" else ""
        some = f"a % {draw.randrange(2, 9)} = {draw.randrange(2)}{scope}"
        stamp = f"u = {self.moment()}, s = {self.tick()}"
        if kind == "insert":
            return self.inserts(draw.randrange(1, 4))
        if kind == "update":
            return [
                f"update {name} set v = {self.value()}, {stamp} where a = {self.some_key()}{scope}"
            ]
        if kind == "bulk":
            return [f"update {name} set n = n + 1, {stamp} where {some}"]
        if kind == "delete":
            return [f"delete from {name} where {some}"]
        if kind == "move":
            # The key moves ahead of a page or behind it.
            number, self.next_key = self.next_key, self.next_key + 1
            new = draw.choice((number, -number)) if not self.is_view else number
            return [
                f"update {name} set a = {new}, b = '{draw.choice(PREFIXES)}{number:03}', {stamp}"
                f" where a = {self.some_key()}{scope}"
            ]
        if kind == "swap":
            return [
                f"delete from {name} where a = {self.some_key()}{scope}",
                *self.inserts(1),
            ]
        if kind == "leave":
            # A row that leaves the window before any run has seen it is a complete pass's.
            return [
                f"update {name} set u = u - interval '9 days', v = 'left'"
                f" where a = {self.some_key()}{scope} and abs(a) < {self.first_unseen}"
            ]
        number, self.next_key = self.next_key, self.next_key + 1
        return [
            f"insert into {name} (a, b, v, n, u, s) values ({number}, 'HI{number:03}', 'old', 0,"
            f" {self.moment(old=True)}, 0)"
        ]

    def keyless_change(self) -> list[str]:
        """Doubles that are added, changed and removed."""
        draw, name = self.random, f"dbo.{self.table}"
        number = self.some_key()
        one = f"ctid in (select ctid from {name} where a = {number} limit 1)"
        return draw.choice(
            (
                self.inserts(draw.randrange(1, 3)),
                [f"insert into {name} select * from {name} where a % 5 = {draw.randrange(5)}"],
                [f"delete from {name} where {one}"],
                [f"update {name} set v = {self.value()} where {one}"],
                [f"delete from {name} where a = {number}"],
            )
        )

    def changes(self) -> list[str]:
        """Statements of some random changes."""
        return [line for _ in range(self.random.randrange(0, 4)) for line in self.change()]

    # -- faults -----------------------------------------------------------------------------

    def child(self) -> dict[str, Any]:
        """What a run does to itself, and what is written while it reads."""
        draw = self.random
        writes = {
            str(page): lines
            for page in sorted(draw.sample(range(1, 12), draw.randrange(0, 4)))
            if (lines := self.changes())
        }
        options: dict[str, Any] = {"writes": writes}
        if draw.random() < 0.55:
            options |= {"die_at": draw.randrange(1, 90), "after": draw.random() < 0.5}
        return options

    def arm(self, proxies: Sequence[Proxy]) -> str:
        """Arms a cut now and then; what it is."""
        draw = self.random
        if draw.random() < 0.4:
            return ""
        side = draw.randrange(2)
        direction = draw.choice(("up", "down"))
        after = draw.randrange(draw.choice((2_000, 12_000, 40_000)))
        times = draw.choice((1, 1, 2))
        proxies[side].cut(direction, after, times)
        return f"cut {('source', 'warehouse')[side]} {direction} after {after} x{times}"


@dataclass(frozen=True)
class Bench:
    """What histories are played on: one source, one warehouse, a proxy before each."""

    stand: Stand
    forks: Children
    proxies: tuple[Proxy, Proxy]

    @classmethod
    @contextmanager
    def made(cls, home: Path, cluster: EmbeddedPostgres) -> Iterator[Bench]:
        """A bench that is gone with the block."""
        stand = Stand.make(home, cluster)
        stand.source("create schema dbo")
        with (
            children(home) as forks,
            proxy(cluster.port) as left,
            proxy(cluster.port) as right,
            mock.patch.object(retry, "FIRST_WAIT_SECONDS", 0.01),
        ):
            yield cls(stand, forks, (left, right))

    def connect(self, driver: str, *, through_proxies: bool) -> None:
        """Writes the project so that it leads straight to the servers, or through the proxies."""
        source, warehouse = (
            (self.proxies[0].port, self.proxies[1].port)
            if through_proxies
            else (self.stand.cluster.port,) * 2
        )
        self.stand.write_project(
            source_url=f"postgresql://stairway@127.0.0.1:{source}/postgres?driver={driver}",
            warehouse={"port": warehouse},
        )


def play(bench: Bench, seed: int) -> History:
    """Plays the history of `seed`.

    Raises:
        HistoryError: lv0 is not the source at rest, or a run at rest wrote something.
    """
    history = History(seed)
    try:
        _play(bench, history)
    except (AssertionError, ExtractError) as error:
        told = "\n  ".join([f"{type(error).__name__}: {error}", *history.log])
        raise HistoryError(
            f"history {seed}: {told}\n"
            f"again: python -m tests.faults.histories --count 1 --first-seed {seed}"
        ) from error
    finally:
        for side in bench.proxies:
            side.clear()
        bench.stand.source(f"drop table dbo.{history.table} cascade")
        bench.stand.warehouse(
            f"drop table if exists lv0.{history.table}",
            f'drop table if exists stage."s.{history.table}.rows"',
            f'drop table if exists stage."s.{history.table}.keys"',
            f"delete from lv0._rejected where feed = 's.{history.table}'",
            "delete from ops.segments; delete from ops.feeds; delete from ops.runs",
        )
    return history


def _play(bench: Bench, history: History) -> None:
    stand, draw, table = bench.stand, history.random, history.table
    history.log.append(
        f"{history.mode} key={','.join(history.key)} proven={history.is_proven}"
        f" view={history.is_view} cursor={','.join(history.cursor)}"
        f" indexed={history.is_cursor_indexed} undated={history.has_undated}"
        f" sweep={history.sweep_every} ranges={history.ranges}"
    )
    stand.source(*history.creation())
    driver = draw.choice(("copy", "adbc"))
    feed = history.feed()
    for _ in range(draw.randrange(1, 4)):
        if draw.random() < 0.3:
            stand.source(*history.redefine())
            driver, feed = draw.choice(("copy", "adbc")), history.feed()
        stand.feeds(**{table: feed})
        stand.source(*history.changes())
        bench.connect(driver, through_proxies=True)
        _one_run(bench, history, driver, feed)
    for side in bench.proxies:
        side.clear()
    bench.connect(driver, through_proxies=False)
    _rest(stand, history)


def _one_run(bench: Bench, history: History, driver: str, feed: dict[str, Any]) -> None:
    """A run that may be killed and cut, while the source changes."""
    draw, table = history.random, history.table
    first_unseen = history.next_key
    jobs = draw.choice((1, 3)) if history.ranges > 1 else 1
    options = history.child()
    armed = history.arm(bench.proxies)
    is_shared = history.ranges > 1 and draw.random() < 0.4
    history.log.append(f"{driver} {feed} jobs={jobs} {options} {armed} shared={is_shared}")
    if is_shared:
        _share(bench, history)
    hooks = _hooks(bench, options)
    run = bench.forks.start("run", f"s.{table}", "--jobs", str(jobs), prepare=hooks)
    status, told = run.wait()
    history.kills += status < 0
    if status == 0:
        history.first_unseen = first_unseen
    errors = [line for line in told.splitlines() if line.startswith("error:")]
    history.log.append(f"-> {status} {' '.join(errors)}")
    for side in bench.proxies:
        history.cuts += side.faults
        side.faults = 0
        side.clear()
    if "Traceback" in told or (status > 0 and not _is_expected(errors)):
        raise HistoryError(f"a run ended with status {status}: {told}")


def _hooks(bench: Bench, options: dict[str, Any]) -> list[Any]:
    source = bench.stand.cluster.url(_escaped(bench.stand.source_name))
    return ["tests.faults.hooks:install", {**options, "source": source}]


def _share(bench: Bench, history: History) -> None:
    """Workers read segments of an open pass; some of them die."""
    try:
        numbers = open_feed(f"s.{history.table}", bench.stand.home)
    except ExtractError as error:
        if not _is_expected([str(error)]):
            raise
        return
    chosen = [(number, history.child()) for number in numbers if history.random.random() < 0.8]
    history.log.append(f"workers {chosen}")
    workers = [
        bench.forks.work(f"s.{history.table}", number, prepare=_hooks(bench, options))
        for number, options in chosen
    ]
    for worker in workers:
        status, told = worker.wait()
        history.kills += status < 0
        history.log.append(f"-> worker {status} {told.strip()[-120:]}")
        if "Traceback" in told or (status > 0 and not _is_expected([told])):
            raise HistoryError(f"a worker ended with status {status}: {told}")


def _is_expected(errors: Sequence[str]) -> bool:
    return bool(errors) and all(any(told in error for told in _EXPECTED) for error in errors)


def _rest(stand: Stand, history: History) -> None:
    """No faults any more: at most two runs, and lv0 is the source; a third one writes nothing."""
    table = history.table
    needs_all = history.mode == "incremental" and history.sweep_every != "0s"
    state = f"select t.*, t.ctid::text from lv0.{table} as t order by ctid"
    stand.run(table, complete=needs_all)
    source, lv0 = _both(stand, history)
    if lv0 != source:
        stand.run(table)
        source, lv0 = _both(stand, history)
    if lv0 != source:
        lost, extra = [r for r in source if r not in lv0], [r for r in lv0 if r not in source]
        raise HistoryError(f"lv0 lacks {lost}, has {extra}, {len(lv0)} for {len(source)} rows")
    before = stand.rows(state)
    result = stand.run(table)
    if result.changed or stand.rows(state) != before:
        raise HistoryError(f"a run at rest wrote something: {result}")


def _both(stand: Stand, history: History) -> tuple[list[Any], list[Any]]:
    source = f"{history.table}_view" if history.is_view else history.table
    columns = ", ".join(history.columns)
    query = f'select {columns} from {{}} order by a, b collate "C", v collate "C", n, u, s'
    return (
        stand.source_rows(query.format(f"dbo.{source}")),
        stand.rows(query.format(f"lv0.{history.table} where _deleted_at is null")),
    )


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace(" ", "%20")


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays histories and tells of those that fail; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.histories", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many; default: 200")
    parser.add_argument("--first-seed", type=int, default=1, help="default: 1")
    options = parser.parse_args(arguments)
    failed: list[int] = []
    kills = cuts = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        cluster = EmbeddedPostgres(Path(home) / "postgres", preferred_port=0)
        cluster.start()
        try:
            with Bench.made(Path(home) / "project", cluster) as bench:
                for played, seed in enumerate(
                    range(options.first_seed, options.first_seed + options.count), start=1
                ):
                    try:
                        history = play(bench, seed)
                        kills, cuts = kills + history.kills, cuts + history.cuts
                    except HistoryError as error:
                        failed.append(seed)
                        print(f"\n{error}\n")
                    rate = (time.monotonic() - began) / played
                    print(
                        f"\r{played} of {options.count}, {len(failed)} failed, {rate:.2f} s each",
                        end="",
                        file=sys.stderr,
                        flush=True,
                    )
        finally:
            cluster.stop()
    print(file=sys.stderr)
    last = options.first_seed + options.count - 1
    print(
        f"seeds {options.first_seed} to {last}: {kills:,} kills, {cuts:,} cuts,"
        f" {len(failed)} failed {failed or ''}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
