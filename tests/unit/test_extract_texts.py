"""The texts: SQL that publishes, errors, help."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import replace

import adbc_driver_manager
import psycopg
import psycopg.errors
import pytest

from extract import cli, errors
from extract.errors import (
    ConfigurationError,
    ExtractError,
    RowError,
    SourceError,
    TargetError,
    TransientError,
)
from extract.plan import Checkpoint, Sweep
from extract.postgres import translated
from extract.settings import Connection
from extract.shape import Column
from extract.targets.publish import Publish, key_record
from tests.unit.extract_samples import column, feed

K, V, J = column("K", "text"), column("V"), column("J", "json")
N, U = column("N", "numeric", stage="text"), column("U", "timestamp without time zone")
AT = "'2026-02-02'::timestamptz"
SOURCE = Connection("erp", "postgresql://u:geheim@h:5/RENTAL")
WAREHOUSE = Connection("warehouse", "postgresql://u:geheim@h:6/wh")


def publish(
    *columns: Column,
    key: Column = K,
    sweep: Sweep | None = None,
    kinds: tuple[str, ...] = ("rows",),
    pii: tuple[str, ...] = (),
    upper: tuple[str, ...] | None = None,
) -> Publish:
    checkpoint = Checkpoint(
        fingerprint="f", started_at="2026-01-02", rejected_since="2026-01-01",
        is_complete=kinds == ("rows",), straight=False, kinds=kinds, sweep=sweep, upper=upper,
    )  # fmt: skip
    return Publish(
        target='"lv0"."t"',
        rows='"rows"',
        keys='"keys"' if "keys" in kinds else None,
        columns=columns,
        key=(key,),
        cursor=(U,),
        feed=replace(
            feed(mode="window", cursor="U", window="3h"), source="s", table="o'b", pii=pii
        ),
        checkpoint=checkpoint,
        stamp="2026-02-02",
        hashing="md5",
    )


def test_an_update_writes_rows_that_differ_or_come_back_and_no_other() -> None:
    text = publish(K, V, J).update()
    assert f'set "v" = new."v", "j" = new."j", _extracted_at = {AT}, _deleted_at = null' in text
    assert (
        "and (old._deleted_at is not null or"
        ' row(old."v", cast(old."j" as text)) is distinct from'
        ' row(new."v", cast(new."j" as text)))' in text
    )


def test_a_table_that_is_all_key_can_come_back_too() -> None:
    text = publish(K).update()
    assert f"set _extracted_at = {AT}, _deleted_at = null" in text
    assert text.endswith("and (old._deleted_at is not null)")


def test_keys_that_are_staged_as_text_are_compared_as_what_they_are() -> None:
    assert 'cast(old."n" as numeric) = cast(new."n" as numeric)' in publish(N, key=N).insert()
    assert 'group by cast(new."n" as numeric)' in publish(N, key=N).doubles()[0]


@pytest.mark.parametrize(
    ("kind", "as_text"),
    [
        ("json", True), ("json[]", True), ("interval", True), ("interval(0)", True),
        ("point", True), ("numeric(9,2)[]", True), ("jsonb", False), ("text", False),
        ("numeric(9,2)", False), ("timestamp(3) without time zone", False), ("inet", False),
    ],
)  # fmt: skip
def test_types_whose_equality_is_not_that_of_their_values_are_compared_as_text(
    kind: str, as_text: bool
) -> None:
    assert ('cast(new."x" as text)' in publish(K, column("X", kind)).update()) == as_text


def test_what_was_set_aside_is_not_gone() -> None:
    deleting = publish(K, V, kinds=("keys", "changed"))
    text = deleting.find_gone()
    assert text.count("not exists") == 3
    assert "r.feed = 's.o''b'" in text and "r.rejected_at >= '2026-01-02'" in text
    assert f"_deleted_at = {AT}, _extracted_at = {AT}" in deleting.delete()
    with pytest.raises(ValueError, match="a complete pass misses nothing"):
        publish(K).missing()


def test_a_sweep_of_some_buckets_deletes_from_those_only() -> None:
    swept = publish(K, V, kinds=("keys", "changed"), sweep=Sweep("md5", 64, (1, 5), 9)).find_gone()
    assert "& 63 = any('{1,5}'::bigint[])" in swept
    for sweep in (None, Sweep("md5", 64, None, 9)):
        whole = publish(K, V, kinds=("keys", "changed"), sweep=sweep).find_gone()
        assert "bigint[]" not in whole


def test_a_window_deletes_within_itself_only() -> None:
    window = publish(K, V, kinds=("window", "strays"), upper=("2026-01-01 12:00",))
    inside = (
        "old.\"u\" >= cast('2026-01-01 12:00' as timestamp without time zone)"
        " - interval '10800 seconds'"
    )
    assert inside in window.find_gone() and inside in window.strays(None, 5)
    assert inside not in publish(K, V).find_gone()
    assert "(old.\"k\") > (cast('a''b' as text))" in window.strays(("a'b",), 5)


def test_a_key_that_is_personal_is_kept_as_its_md5_and_found_by_it() -> None:
    assert key_record(feed(), {"k": "Kim"}) == {"k": "Kim"}
    masked = key_record(replace(feed(), pii=("k",)), {"k": "Kim", "n": "1"})
    assert masked == {"k": hashlib.md5(b"Kim").hexdigest(), "n": "1"}
    text = publish(K, V, pii=("k",)).find_gone()
    assert "(r.key ->> 'k') = md5(cast(old.\"k\" as text))" in text


def test_rows_without_a_key_are_told_apart_by_what_they_hold_and_their_number() -> None:
    columns = publish(K, N)
    for text in (columns.multiset_gone(), columns.multiset_delete(), columns.multiset_insert()):
        assert 'md5(cast(row(t."k", t."n") as text))' in text
        assert 'md5(cast(row(t."k", cast(t."n" as numeric)) as text))' in text
        assert text.count("row_number() over (partition by md5(") == 2
    assert "where t._deleted_at is null" in columns.multiset_gone()


def told(error: Exception, connection: Connection = SOURCE) -> ExtractError:
    with pytest.raises(ExtractError) as found, translated(connection, "s.t"):
        raise error
    assert found.value.feed == "s.t"
    assert "\n" not in str(found.value)
    return found.value


def adbc(text: str, state: str) -> Exception:
    code = adbc_driver_manager.AdbcStatusCode.INTERNAL
    return adbc_driver_manager.InternalError(text, status_code=code, sqlstate=state)


@pytest.mark.parametrize(
    ("error", "connection", "kind"),
    [
        (psycopg.errors.InvalidPassword("no"), SOURCE, ConfigurationError),
        (
            psycopg.OperationalError('FATAL: database "X" does not exist'),
            SOURCE,
            ConfigurationError,
        ),
        (psycopg.errors.UndefinedColumn("no column"), SOURCE, SourceError),
        (psycopg.errors.UndefinedColumn("no column"), WAREHOUSE, TargetError),
        (psycopg.errors.DiskFull("could not extend file"), WAREHOUSE, TargetError),
        (adbc("could not extend file: No space left on device", "53100"), WAREHOUSE, TargetError),
        (psycopg.errors.DeadlockDetected("deadlock detected"), WAREHOUSE, TransientError),
        (psycopg.errors.AdminShutdown("terminating"), SOURCE, TransientError),
        (psycopg.errors.SerializationFailure("retry"), SOURCE, TransientError),
        (psycopg.OperationalError("connection refused"), SOURCE, TransientError),
        (OSError("[libpq] server closed the connection unexpectedly"), SOURCE, TransientError),
        (OSError("[libpq] ERROR:  division by zero\n"), SOURCE, SourceError),
        (psycopg.errors.DivisionByZero("division by zero"), SOURCE, RowError),
        (psycopg.errors.RaiseException("no key for this row"), SOURCE, RowError),
        (psycopg.errors.InvalidTextRepresentation("invalid input"), SOURCE, RowError),
        (psycopg.errors.DivisionByZero("division by zero"), WAREHOUSE, TargetError),
        (adbc("could not begin COPY: ERROR: no key", "P0001"), SOURCE, RowError),
        (psycopg.errors.LockNotAvailable("lock timeout"), WAREHOUSE, TransientError),
        (psycopg.errors.TooManyConnections("too many clients"), SOURCE, TransientError),
        (psycopg.errors.InsufficientPrivilege("denied"), SOURCE, SourceError),
    ],
)
def test_a_driver_s_error_becomes_the_one_that_says_whether_to_try_again(
    error: Exception, connection: Connection, kind: type[ExtractError]
) -> None:
    found = told(error, connection)
    assert type(found) is kind
    assert connection.where in str(found)


def test_an_error_shows_neither_rows_nor_the_query_nor_the_password() -> None:
    text = (
        "INVALID_DATA: [libpq] Failed to execute query: could not begin COPY: ERROR:  invalid "
        'input syntax for type integer: "Kim "Min" Su"\nDETAIL: Key (Kim)\n\nQuery was: COPY Kim'
    )
    found = str(told(adbc(text, "22P02")))
    assert found.endswith(': invalid input syntax for type integer: "...".')
    assert "geheim" not in str(told(psycopg.OperationalError('missing "=" after "u:geheim@h"')))


def test_a_full_disk_is_told_with_what_happens_next() -> None:
    found = str(told(psycopg.errors.DiskFull("could not extend file"), WAREHOUSE))
    assert "has no disk space left" in found
    assert "the next run goes on from the last committed page" in found


def test_all_errors_have_one_base_and_are_drawn_in_the_tree() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, ExtractError)
        assert name in (errors.__doc__ or "")
    assert ExtractError("text", feed="s.t").feed == "s.t"


def test_nobody_at_the_port_is_transient() -> None:
    with pytest.raises(TransientError), translated(SOURCE), socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        psycopg.connect(host="127.0.0.1", port=nobody.getsockname()[1], connect_timeout=2)


@pytest.mark.parametrize("command", ["run", "plan", "status", "verify"])
def test_the_help_shows_examples_that_the_parser_takes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        cli.main([command, "--help"])
    out = capsys.readouterr().out
    assert done.value.code == 0
    examples = re.findall(r"^  python -m extract (.+)$", out, flags=re.MULTILINE)
    assert examples
    for example in examples:
        words = re.match(r"\S+(?: \S+\.\S+)*(?: --\S+(?: \d+)?)*", example)
        assert words is not None and words[0].startswith(command)
        assert cli._parser().parse_args(words[0].split()).command


def test_the_help_names_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert "exit status: 0 done, 1 a feed failed or differs, 2 a setting is wrong" in out


def test_a_command_that_does_not_exist_ends_with_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as done:
        cli.main(["extract"])
    assert done.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
