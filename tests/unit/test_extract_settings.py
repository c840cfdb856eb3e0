"""Where things are: rendered as dbt renders it, secrets never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg.conninfo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.errors import ConfigurationError
from extract.settings import Connection, Project, _postgres_url

SECRET = "p@ss:/?#[]%20é &"
OUTPUT = {"type": "postgres", "host": "db", "port": 5432, "user": "u", "dbname": "wh"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("DBT_PROFILES_DIR", "DBT_TARGET", "STAIRWAY_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path, "dbt_project", {"profile": "p"})
    write(tmp_path, "profiles", {"p": {"target": "t", "outputs": {"t": OUTPUT}}})
    write(tmp_path, "connections", {"erp": {"url": "postgresql://u@erp:1/RENTAL"}})
    return Project(tmp_path)


def write(home: Path, name: str, content: Any) -> None:
    (home / f"{name}.yml").write_text(json.dumps(content), encoding="utf-8")


def with_output(project: Project, **fields: Any) -> Project:
    write(project.root, "profiles", {"p": {"target": "t", "outputs": {"t": OUTPUT | fields}}})
    return project


def test_the_warehouse_is_the_profile_s_target(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"t": OUTPUT, "prod": {**OUTPUT, "host": "{{ env_var('WH_HOST') | as_text }}"}}
    write(
        project.root, "profiles", {"p": {"target": "{{ env_var('T', 't') }}", "outputs": outputs}}
    )
    monkeypatch.setenv("WH_HOST", "prod.example")
    assert project.warehouse().where == "postgresql://db:5432/wh"
    monkeypatch.setenv("T", "prod")
    assert project.warehouse().where == "postgresql://prod.example:5432/wh"
    monkeypatch.setenv("DBT_TARGET", "t")
    assert project.warehouse().where == "postgresql://db:5432/wh"


@given(password=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_password_reaches_the_driver_as_it_is(password: str) -> None:
    url = _postgres_url({**OUTPUT, "password": password}, "here")
    found = psycopg.conninfo.conninfo_to_dict(Connection("w", url).url)
    assert found.get("password", "") == password
    assert (found["host"], found["user"], found["dbname"]) == ("db", "u", "wh")


def test_secrets_are_in_no_representation(project: Project) -> None:
    warehouse = with_output(project, password=SECRET).warehouse()
    password = urlsplit(warehouse.url).password or ""
    assert unquote(password) == SECRET
    for secret in (SECRET, password):
        assert secret not in f"{warehouse!r} {warehouse} {warehouse.where}"
        assert secret not in warehouse.redacted(f"libpq says {secret}!")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pa/ss@h/d",
        "postgresql://u:12?ss@h/d",
        "postgresql://u:p#ss@h/d",
        "postgresql://u:p%ss@h/d",
        "postgresql://u:p[ss@h/d",
        "postgresql://u:ss@h:port/d",
        "postgresql://u:ss@h:0/d",
    ],
)
def test_a_url_with_a_bare_special_character_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL of connection `erp` can't be read") as error:
        Connection("erp", url)
    assert "ss" not in str(error.value).replace("password", "")


def test_an_ipv6_host_is_written_in_brackets(project: Project) -> None:
    warehouse = with_output(project, host="::1").warehouse()
    assert psycopg.conninfo.conninfo_to_dict(warehouse.url)["host"] == "::1"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "duckdb"}, "target `t` is of type `duckdb`; the extraction writes to postgres"),
        ({"host": "", "user": None}, "target `t` lacks host, user"),
        ({"password": "{{ env_var('NOT_SET') }}"}, "environment variable NOT_SET is required"),
        ({"password": "{{ no_such }}"}, "'no_such' is undefined"),
        ({"password": "{{"}, "profiles.yml: "),
        ({"port": "abc"}, "port must be a number"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(
    project: Project, fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        with_output(project, **fields).warehouse()
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("profiles", "told"),
    [
        ({"q": {}}, "profiles.yml has no profile `p`"),
        ({"p": {"target": "x", "outputs": {"t": OUTPUT}}}, "has no target `x`; it has t"),
        ([], "profiles.yml must be a mapping"),
    ],
)
def test_a_profile_that_is_missing_is_told(project: Project, profiles: Any, told: str) -> None:
    write(project.root, "profiles", profiles)
    with pytest.raises(ConfigurationError) as error:
        project.warehouse()
    assert told in str(error.value)


def test_a_connection_is_rendered_alone_so_that_another_s_secret_need_not_be_set(
    project: Project,
) -> None:
    other = {"url": "{{ env_var('NOT_SET') }}"}
    write(project.root, "connections", {"erp": {"url": "x://h"}, "other": other})
    assert project.connection("erp").scheme == "x"
    with pytest.raises(ConfigurationError, match="NOT_SET"):
        project.connection("other")


@pytest.mark.parametrize("content", [{"erp": "x://h"}, {"erp": {"url": "h"}}, {"erp": {}}])
def test_a_connection_needs_a_url(project: Project, content: Any) -> None:
    write(project.root, "connections", content)
    with pytest.raises(ConfigurationError, match="`erp` needs `url: scheme://host:port/database`"):
        project.connection("erp")


def connection(query: str = "", **options: str) -> Connection:
    return Connection("erp", f"postgresql://h/d{query}", options)


def test_an_option_is_a_further_field_or_of_the_url_and_its_spelling_does_not_matter() -> None:
    for found in (
        connection(query_timeout="5s"),
        connection("?query_timeout=5s"),
        connection("?Query-Timeout=5s"),
        connection("?querytimeout=9s", **{"Query Timeout": "5s"}),
    ):
        assert found.option("query_timeout") == "5s"
    assert connection().option("query_timeout") is None


def test_the_driver_is_an_option_or_a_part_of_the_scheme() -> None:
    assert connection(driver="adbc").driver == "adbc"
    assert connection("?driver=adbc").driver == "adbc"
    assert Connection("erp", "mssql+pymssql://h/d").driver == "pymssql"
    assert connection().driver is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("yes", True), ("True", True), ("on", True), ("1", True), ("NO", False), ("0", False)],
)
def test_a_flag_is_yes_or_no(value: str, expected: bool) -> None:
    assert connection(encrypt=value).flag("encrypt") is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("15", 15), ("15s", 15), ("10m", 600), ("2h", 7200), ("0", 0)]
)
def test_a_time_is_whole_seconds_or_has_a_unit(value: str, expected: int) -> None:
    assert connection(login_timeout=value).seconds("login_timeout", 7) == expected


def test_an_option_that_is_not_given_has_its_default() -> None:
    assert (connection().flag("encrypt"), connection().seconds("x", 7)) == (None, 7)


def test_an_option_of_another_form_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"`erp`: option `encrypt` must be yes or no"):
        connection(encrypt="maybe").flag("encrypt")
    for value in ("1.5s", "-1", "1d", "", "s"):
        with pytest.raises(ConfigurationError, match="option `x` must be a time like 15s or 10m"):
            connection(x=value).seconds("x", 1)


def test_the_further_fields_of_a_connection_are_rendered_and_kept_as_text(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"url": "x://h/d", "encrypt": True, "port": 5, "none": None, "d": "{{ env_var('D') }}"}
    write(project.root, "connections", {"erp": fields})
    monkeypatch.setenv("D", "adbc")
    found = project.connection("erp")
    assert dict(found.options) == {"encrypt": "yes", "port": "5", "d": "adbc"}
    assert project.has_connection("erp") and not project.has_connection("epr")


def test_files_that_are_missing_are_told(project: Project) -> None:
    for name, ask in (
        ("connections", lambda: project.connection("erp")),
        ("profiles", project.warehouse),
    ):
        (project.root / f"{name}.yml").unlink()
        with pytest.raises(ConfigurationError, match=rf"{name}\.yml is missing in"):
            ask()


def test_the_project_is_this_folder_or_one_above_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project.root / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Project.find() == project
    with pytest.raises(ConfigurationError, match=r"No dbt_project\.yml in"):
        Project.find(below)
    monkeypatch.setenv("STAIRWAY_PROJECT_DIR", str(project.root))
    assert Project.find() == project
