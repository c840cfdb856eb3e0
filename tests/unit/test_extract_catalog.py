"""The catalogue: read from the dbt sources, and told exactly where it is wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import pytest
import yaml

from extract.catalog import Extract, LookupFeed, json_schema, read_catalog, select
from extract.catalog_http import HttpApi
from extract.errors import ConfigurationError
from extract.settings import Project

# Left open, for more fields.
HTTP = "{format: json, page_parameter: p, items: a, columns: [a]"
DEFAULTS = "{connection: erp, database: RENTAL, schema: dbo, page_rows: 5}"


def catalog(home: Path, **files: str) -> dict[str, Any]:
    (home / "models").mkdir(exist_ok=True)
    (home / "dbt_project.yml").write_text("model-paths: [models]")
    for name, text in files.items():
        (home / "models" / f"{name}.yml").write_text(dedent(text), encoding="utf-8")
    return dict(read_catalog(Project(home)))


def source(table: str, *, name: str = "rental", defaults: str = DEFAULTS) -> str:
    return (
        f"sources: [{{name: {name}, schema: lv0, config: {{meta: {{extract: {defaults}}}}},"
        f" tables: [{table}]}}]"
    )


def table(extract: str, more: str = "") -> str:
    return f"{{name: t, config: {{meta: {{extract: {extract}}}}}{more}}}"


def test_a_table_s_own_settings_win_over_those_of_its_source(tmp_path: Path) -> None:
    found = catalog(tmp_path, a=source(table("{table: T, database: UNIERP5, key: K}")))
    extract = found["rental.t"].extract
    assert (extract.connection, extract.database, extract.schema_name) == ("erp", "UNIERP5", "dbo")
    assert (extract.key, extract.page_rows) == (("K",), 5)
    assert found["rental.t"].source_relation == "UNIERP5.dbo.T"


def test_a_table_lands_where_dbt_reads_it(tmp_path: Path) -> None:
    found = catalog(tmp_path, a=source(table("{table: T}", ", identifier: other")))["rental.t"]
    assert (found.target_schema, found.target_table, found.file.name) == ("lv0", "other", "a.yml")


def test_a_cursor_may_have_one_column_or_several(tmp_path: Path) -> None:
    for text, expected in (("U", ("U",)), ("[U, V]", ("U", "V"))):
        found = catalog(
            tmp_path, a=source(table(f"{{table: T, mode: incremental, cursor: {text}}}"))
        )
        assert found["rental.t"].extract.cursor == expected


def test_each_mode_is_taken_with_what_it_needs(tmp_path: Path) -> None:
    for text, seconds in (
        ("mode: window, cursor: U, window: 3h", 10800),
        ("mode: append, cursor: U, overlap: 1h", 0),
        ("mode: snapshot, ranges: 64", 0),
    ):
        found = catalog(tmp_path, a=source(table(f"{{table: T, {text}}}")))["rental.t"]
        assert found.extract.window == seconds


def test_columns_marked_as_personal_are_known_in_lower_case(tmp_path: Path) -> None:
    columns = (
        ", columns: [{name: TEL_NO, config: {meta: {pii: true}}}, {name: K, config: {meta: {}}},"
        " {name: V, config: {meta: {pii: false}}}, {name: W}, {name: X, config: null}]"
    )
    assert catalog(tmp_path, a=source(table("{table: T}", columns)))["rental.t"].pii == ("tel_no",)
    assert catalog(tmp_path, a=source(table("{table: T}")))["rental.t"].pii == ()


def test_sources_without_extract_are_none_of_ours(tmp_path: Path) -> None:
    assert catalog(tmp_path, a="sources: [{name: ops, tables: [{name: runs}]}]", b="") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table("{table: T, tabel: X}"), "`config.meta.extract.tabel` is not a field; the fields"),
        (table("{key: K}"), "`config.meta.extract.table` is missing"),
        (table("{table: T, mode: full}"), "`config.meta.extract.mode` Input should be"),
        (table("{table: T, page_rows: 0}"), "`config.meta.extract.page_rows` Input should be"),
        (table("{table: T, overlap: 1 hour}"), "overlap` must be a whole number and a unit"),
        (table("{table: T, overlap: 60}"), "overlap` must be a whole number and a unit"),
        (table("{table: T, overlap: yes}"), "overlap` must be a whole number and a unit"),
        (table("{table: T, mode: incremental}"), "mode `incremental` needs `cursor`"),
        (table("{table: T, cursor: U}"), "mode `snapshot` takes no `cursor`"),
        (table("{table: T, include: A, exclude: B}"), "take `include` or `exclude`, not both"),
        (table("{table: T, key: [A, b, a]}"), "`key` names a column twice: A, b, a"),
        (table("{table: T, max_delete_share: 2}"), "extract.max_delete_share` Input should be"),
        (table("{table: T, mode: append}"), "mode `append` needs `cursor`"),
        (table("{table: T, mode: window, cursor: U}"), "`window` belongs to mode `window`"),
        (table("{table: T, window: 3h}"), "`window` belongs to mode `window`, which needs it"),
        (
            table("{table: T, mode: window, cursor: U, window: 0s}"),
            "`window` belongs to mode `window`, which needs it",
        ),
        (
            table("{table: T, mode: window, cursor: [U, V], window: 3h}"),
            "mode `window` takes one `cursor` and no `overlap`",
        ),
        (
            table("{table: T, mode: window, cursor: U, window: 3h, overlap: 1h}"),
            "mode `window` takes one `cursor` and no `overlap`",
        ),
        (table("{table: T, mode: incremental, cursor: [U, u]}"), "`cursor` names a column twice"),
        (table("{table: T, window: 3}"), "window` must be a whole number and a unit"),
        (table("{table: T, ranges: 0}"), "`config.meta.extract.ranges` Input should be"),
        (table("{table: T, ranges: 65}"), "`config.meta.extract.ranges` Input should be"),
        (table("{table: T, cursor: 5}"), "`config.meta.extract.cursor` Input should be"),
        (table("{table: T}", ", columns: [{config: {}}]"), "columns must be a list of mappings"),
        (
            table(f"{{table: T, mode: incremental, cursor: U, key: K, http: {HTTP}}}}}"),
            "a web API is read whole: it takes mode `snapshot`, and needs `key`",
        ),
        (table(f"{{table: T, http: {HTTP}}}}}"), "a web API is read whole"),
        (
            table(f"{{table: T, key: K, exclude: A, http: {HTTP}}}}}"),
            "the columns of a web API are `http.columns`",
        ),
        (
            table(f"{{table: T, key: K, http: {HTTP}, page: 1}}}}"),
            "`config.meta.extract.http.page` is not a field; the fields are format, page_parameter",
        ),
        (
            table(f"{{table: T, key: K, http: {HTTP}, result: {{code: a}}}}}}"),
            "`config.meta.extract.http.result.ok` is missing",
        ),
        (
            table("{table: T, key: K, http: {format: csv, columns: [a]}}"),
            "`config.meta.extract.http.format` Input should be",
        ),
        (
            table(f"{{table: T, key: K, http: {HTTP}, columns: [{{path: a, type: int}}]}}}}"),
            "`int` is no type of a column; the types are text, smallint",
        ),
        (
            table(f"{{table: T, key: K, http: {HTTP}, columns: [a.b, A_B]}}}}"),
            "`columns` has a_b twice; give one of them a `name`",
        ),
        (table("[T]"), "`config.meta.extract` must be a mapping"),
        ("{name: t, config: {meta: T}}", "`config.meta` must be a mapping"),
        ("{name: t, config: T}", "`config` must be a mapping"),
    ],
)
def test_a_typo_is_told_with_its_file_source_and_field(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        catalog(tmp_path, lv0_rental=source(text))
    message = str(error.value)
    assert message.startswith("lv0_rental.yml: source `rental`, table `t`: ")
    assert told in message and "\n" not in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [a, b]", "sources must be a list of mappings with a `name`"),
        ("sources: rental", "sources must be a list of mappings"),
        ("sources: [{schema: x}]", "sources must be a list of mappings"),
        (source("r_goods"), "source `rental`: tables must be a list of mappings"),
        ("sources: [", "bad.yml is not valid YAML: "),
    ],
)
def test_a_file_of_another_form_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        catalog(tmp_path, bad=text)
    assert "bad.yml" in str(error.value) and told in str(error.value)
    assert "\n" not in str(error.value)


LOOKUP = "{lookup: address, connection: a, reads: lv1.raw, after: [m]}"


def test_a_lookup_is_a_feed_of_its_own_kind(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m.sql").touch()
    found = catalog(tmp_path, a=source(table(LOOKUP), defaults="{}"))["rental.t"]
    assert isinstance(found, LookupFeed)
    assert (found.extract.reads, found.extract.after) == (("lv1.raw",), ("m",))
    assert (found.extract.ask_again, found.extract.log_days) == (90 * 86400, 30)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{table: T, after: n}", "after` names `n`, which is no model of this project."),
        ("{table: T, after: [m_two]}", "`m_two`, which is no model of this project; did you mean"),
        ("{table: T, after: [m_one, m_one]}", "after` names a model twice: m_one, m_one."),
        (
            LOOKUP.replace("lv1.raw", "raw"),
            "extract.reads` must be relations, like lv1",
        ),
        (LOOKUP.replace("address", "phone"), "`config.meta.extract.lookup` Input should be"),
        (LOOKUP.replace("{", "{mode: append, "), "mode` is not a field; the fields are connection"),
        (LOOKUP.replace("after: [m]", "log_days: 0"), "`config.meta.extract.after` is missing."),
    ],
)
def test_what_a_feed_waits_for_or_asks_is_checked(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m_one.sql").touch()
    with pytest.raises(ConfigurationError) as error:
        catalog(tmp_path, lv0_rental=source(table(text), defaults="{connection: erp}"))
    message = str(error.value)
    assert message.startswith("lv0_rental.yml: source `rental`, table `t`: ")
    assert told in message and "\n" not in message


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    catalog(tmp_path)
    (tmp_path / "models/bad.yml").write_bytes("이름".encode("cp949"))
    with pytest.raises(ConfigurationError, match=r"bad\.yml is not valid YAML"):
        read_catalog(Project(tmp_path))


def test_a_name_or_a_target_that_is_taken_is_refused(tmp_path: Path) -> None:
    own = table("{table: T}")
    with pytest.raises(ConfigurationError, match=r"b\.yml: `rental\.t` is already defined in a"):
        catalog(tmp_path, a=source(own), b=source(own))
    with pytest.raises(ConfigurationError, match=r"`z\.t` and `rental\.t` both land in lv0\.t"):
        catalog(tmp_path, b=source(own, name="z"))


def test_feeds_are_chosen_by_name_and_unknown_ones_are_told_all_at_once(tmp_path: Path) -> None:
    found = catalog(tmp_path, a=source(table("{table: T}")))
    assert [feed.name for feed in select(found, [])] == ["rental.t"]
    assert [feed.name for feed in select(found, ["rental.t"] * 2)] == ["rental.t"]
    with pytest.raises(ConfigurationError, match=r"`a\.b`, `c`; the catalogue has rental\.t"):
        select(found, ["a.b", "c"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("90s", 90), ("15m", 900), (" 1 h", 3600), ("7d", 604800)]
)
def test_durations_are_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert Extract(connection="c", table="t", overlap=text).overlap == seconds


def test_a_column_of_a_web_api_is_its_path_or_says_more() -> None:
    columns = ["XPos", "location.addr", {"path": "주소", "name": "address", "type": "date"}]
    api = HttpApi.model_validate(
        {"format": "xml", "page_parameter": "p", "items": "a.b", "columns": columns}
    )
    assert [(column.name, column.path, column.type) for column in api.columns] == [
        ("xpos", ("XPos",), "text"),
        ("location_addr", ("location", "addr"), "text"),
        ("address", ("주소",), "date"),
    ]


@pytest.mark.parametrize(
    ("block", "accepted"),
    [
        ({"table": "T"}, True),
        ({"table": "T", "after": "m"}, True),
        ({"lookup": "address", "reads": "lv1.a", "after": ["m"], "ask_again": "90d"}, True),
        ({"lookup": "address", "mode": "snapshot"}, False),
        ({"lookup": "phone"}, False),
        ({"table": "T", "reads": "lv1.a"}, False),
        ({"connection": "c", "schema": "dbo", "key": "K"}, True),
        ({"key": ["K", "L"], "overlap": "1h", "expressions": {"A": "f(B)"}}, True),
        ({"cursor": "U", "mode": "append"}, True),
        ({"cursor": ["U", "V"], "ranges": 8}, True),
        ({"cursor": "U", "window": "3h", "mode": "window"}, True),
        ({"tabel": "T"}, False),
        ({"ranges": 65}, False),
        ({"window": 3}, False),
        ({"mode": "full"}, False),
        ({"overlap": 60}, False),
        ({"page_rows": 0}, False),
        ({"key": [1]}, False),
    ],
)
def test_the_json_schema_takes_what_the_catalogue_takes(
    block: dict[str, Any], accepted: bool
) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(block) == accepted


def test_the_project_s_own_catalogue_is_valid() -> None:
    project = Project(Path(__file__).resolve().parents[2])
    found = read_catalog(project)
    assert "rental.r_order_contract" in found
    schema = jsonschema.Draft202012Validator(json_schema())
    for feed in found.values():
        assert project.has_connection(feed.extract.connection)
        written = yaml.safe_load(feed.file.read_text())
        for node in written["sources"]:
            for one in node["tables"]:
                schema.validate(one["config"]["meta"]["extract"])
