"""What is not called a difference: rows that are newer than the last run, or set aside."""

from __future__ import annotations

import pytest

from extract.errors import RowError
from tests.extract_support import Stand
from tests.integration.verify.verifying import check, counts, named


def test_rows_written_since_the_last_run_are_newer_and_no_difference(stand: Stand) -> None:
    stand.source(
        "create table dbo.live (k integer primary key, t timestamp, v text)",
        "insert into dbo.live select i, timestamp '2024-01-01' + i * interval '1 second', 'v'"
        " from generate_series(1, 500) as i",
        "insert into dbo.live values (0, null, 'undated')",
    )
    stand.feeds(live={"mode": "incremental", "cursor": "t", "overlap": "1m"})
    stand.run("live")
    stand.source(
        "update dbo.live set v = 'new', t = timestamp '2024-01-02' where k in (5, 6)",
        "insert into dbo.live values (1000, timestamp '2024-01-02', 'x')",
        # Committed late: its cursor is within the overlap.
        "insert into dbo.live values (1001, timestamp '2024-01-01 00:08:00', 'x')",
    )

    found = check(stand, "live")
    assert (found.state, counts(found)) == ("equal", {"newer": 4})

    # The cursor is where it was, so nothing at the source has changed these.
    stand.warehouse("update lv0.live set v = 'bad' where k in (7, 499)")
    stand.source("update dbo.live set v = 'changed' where k = 0")
    found = check(stand, "live")
    assert counts(found) == {"newer": 4, "different": 3}
    assert [each.key for each in found.differences] == [{"k": "0"}, {"k": "499"}, {"k": "7"}]


def test_a_live_writer_causes_no_false_alarm(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from extract.verify import sides

    stand.source(
        "create table dbo.moving (k integer primary key, v integer)",
        "insert into dbo.moving select i, i from generate_series(1, 100) as i",
    )
    stand.feeds(moving={})
    stand.run("moving")
    look = sides.Lv0Side.look
    looks: list[int] = []

    def write_and_look(self: sides.Lv0Side, *arguments: object) -> dict[str, int]:
        looks.append(len(looks))
        stand.source("update dbo.moving set v = v + 10 where k = 1")
        return look(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sides.Lv0Side, "look", write_and_look)
    stand.source("update dbo.moving set v = -1 where k in (1, 50)")

    found = check(stand, "moving")

    # Row 50 stands still between the looks, and lv0 hasn't got it: that is a difference.
    assert len(looks) == 2
    assert [each.key for each in found.differences] == [{"k": "50"}]
    assert counts(found) == {"different": 1, "newer": 1}


def test_a_run_that_publishes_meanwhile_causes_no_false_alarm(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extract.verify import sides

    stand.source(
        "create table dbo.busy (k integer primary key, v integer)",
        "insert into dbo.busy select i, i from generate_series(1, 100) as i",
    )
    stand.feeds(busy={})
    stand.run("busy")
    sums = sides.Lv0Side.sums

    def run_after(self: sides.Lv0Side) -> sides.Sums:
        found = sums(self)
        stand.source("update dbo.busy set v = 0 where k < 20")
        stand.run("busy")
        return found

    monkeypatch.setattr(sides.Lv0Side, "sums", run_after)
    assert check(stand, "busy").state == "equal"


def test_rejected_rows_are_listed_as_such(stand: Stand) -> None:
    stand.source(
        "create table dbo.odd (k integer primary key, n text)",
        "create function dbo.strict(text) returns integer language sql immutable as"
        " 'select cast($1 as integer)'",
        "insert into dbo.odd select i, i from generate_series(1, 9) as i",
    )
    stand.feeds(odd={"expressions": {"M": "dbo.strict(n)"}})
    stand.run("odd")
    stand.source("update dbo.odd set n = 'x' where k in (4, 5)", "delete from dbo.odd where k = 6")
    stand.run("odd")
    stand.warehouse("delete from lv0.odd where k = 5", "update lv0.odd set m = 0 where k = 7")

    found = check(stand, "odd")

    assert counts(found) == {"different": 1, "rejected": 2}
    assert named(found) == [
        ("different", {"k": "7"}, ("m",)),
        ("rejected", {"k": "4"}, ()),
    ]
    stand.source("update dbo.odd set n = 'y' where k = 1")
    with pytest.raises(RowError, match="can't compute a value"):
        check(stand, "odd")


def test_rows_without_a_key_value_are_rejected_and_named_so(stand: Stand) -> None:
    stand.source(
        "create table dbo.nulls (k text, v integer)",
        "insert into dbo.nulls select nullif(nullif(i, 3), 7)::text, i"
        " from generate_series(1, 9) as i",
    )
    stand.feeds(nulls={"key": "k"})
    stand.run("nulls")

    found = check(stand, "nulls")

    assert (found.state, found.source_rows, found.lv0_rows) == ("equal", 9, 7)
    assert counts(found) == {"rejected": 2}
    assert named(found) == [("rejected", {"k": "null"}, ())]


def test_without_a_key_as_many_rows_are_rejected_as_were_set_aside(stand: Stand) -> None:
    stand.source(
        "create table dbo.loose (a integer)",
        "insert into dbo.loose select i from generate_series(1, 9) as i",
    )
    stand.feeds(loose={})
    stand.run("loose")
    stand.warehouse(
        "delete from lv0.loose where a in (1, 2)",
        "insert into lv0._rejected (feed, run_id, key, column_name, reason)"
        " values ('s.loose', gen_random_uuid(), '{}', 'a', 'not an integer value')",
    )
    assert counts(check(stand, "loose")) == {"only_source": 1, "rejected": 1}
    stand.warehouse("insert into lv0.loose values (2, now(), null)")

    found = check(stand, "loose")
    assert (found.state, counts(found), found.differences) == ("equal", {"rejected": 1}, ())
