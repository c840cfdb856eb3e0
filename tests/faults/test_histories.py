"""Random histories end with lv0 equal to the source, and a further run then writes nothing."""

from __future__ import annotations

import pytest

from sandbox.postgres import EmbeddedPostgres
from tests.faults.histories import Bench, History, HistoryError, play


def test_whatever_happened_lv0_equals_the_source_at_rest_and_then_nothing_is_written(
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> None:
    # Where all suites are run the options of this one are not known yet.
    count = pytestconfig.getoption("histories", default=200)
    first = pytestconfig.getoption("first_seed", default=1)
    failed: list[str] = []
    kills = cuts = 0
    with Bench.made(tmp_path_factory.mktemp("histories"), postgres) as bench:
        for seed in range(first, first + count):
            try:
                history = play(bench, seed)
            except HistoryError as error:
                failed.append(str(error))
            else:
                kills, cuts = kills + history.kills, cuts + history.cuts
    assert not failed, "\n\n".join([f"{len(failed)} of {count} failed", *failed[:3]])
    # They are no histories of quiet days.
    assert kills >= count // 2 and cuts >= count // 2


def test_a_history_is_the_same_whenever_it_is_played() -> None:
    def told(seed: int) -> list[object]:
        history = History(seed)
        return [history.creation(), history.feed(), history.changes(), history.child()]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_histories_differ_in_every_setting() -> None:
    histories = [History(seed) for seed in range(200)]
    for setting in ("mode", "key", "is_view", "is_proven", "cursor", "has_undated", "ranges"):
        assert len({getattr(history, setting) for history in histories}) > 1, setting
    assert {history.mode for history in histories} == {
        "snapshot", "incremental", "append", "window", "keyless",
    }  # fmt: skip
