"""The catalogue: which tables are extracted, and how; read from the dbt sources.

A feed is one table of a dbt source that has `config.meta.extract`, on the source (defaults of
its tables) or on the table: a copy of a table, or the answers to a lookup. The files are read
directly, so the extraction needs no dbt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import yaml

from extract.catalog_http import HttpApi, HttpColumn, HttpResult
from extract.errors import ConfigurationError
from extract.settings import YAML_LOADER, Project

__all__ = [
    "AnyFeed",
    "Extract",
    "Feed",
    "Lookup",
    "LookupFeed",
    "json_schema",
    "read_catalog",
    "select",
]

_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_BLOCK = ("config", "meta", "extract")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(value: object) -> object:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a whole number and a unit, like 90s, 15m, 1h or 7d")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Seconds = Annotated[
    int,
    pydantic.BeforeValidator(_seconds, json_schema_input_type=str),
    pydantic.Field(ge=0),
]
Names = Annotated[
    tuple[str, ...], pydantic.BeforeValidator(_as_list, json_schema_input_type=str | list[str])
]


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError(f"names a model twice: {', '.join(names)}")
    return names


def _relations(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(name.count(".") == 1 and all(name.split(".")) for name in names):
        raise ValueError("must be relations, like lv1.customer_address")
    return names


Models = Annotated[Names, pydantic.AfterValidator(_once)]


class _Block(pydantic.BaseModel):
    """What both kinds of feeds have."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    connection: str = pydantic.Field(description="A connection of connections.yml.")
    after: Models = pydantic.Field(
        (),
        description="Models that have to be built before the feed runs: an edge of the graph that "
        "no `ref` or `source` says; set it on the table.",
    )


class Extract(_Block):
    """`config.meta.extract`: how one table is fetched."""

    database: str | None = pydantic.Field(None, description="Database; else the connection's.")
    schema_name: str | None = pydantic.Field(
        None, alias="schema", description="Schema; else the driver's default."
    )
    table: str = pydantic.Field(
        description="Table or view as the source names it; of a web API the path."
    )
    key: Names = pydantic.Field(
        (), description="Columns that identify a row; default: the table's primary key."
    )
    mode: Literal["snapshot", "incremental", "window", "append"] = pydantic.Field(
        "snapshot",
        description="snapshot reads all rows each time; incremental those whose cursor moved; "
        "window replaces the latest stretch of time; append adds rows that are never changed.",
    )
    cursor: Names = pydantic.Field(
        (),
        description="Columns that grow with every change of a row, compared as a row; "
        "in mode window the time of the row.",
    )
    window: Seconds = pydantic.Field(
        0, description="How far the window reaches back from the latest row, e.g. 3h."
    )
    ranges: int = pydantic.Field(
        1,
        ge=1,
        le=64,
        description="Key ranges of a complete pass that may be read at once; set it on the table.",
    )
    overlap: Seconds = pydantic.Field(
        0, description="How far behind the last mark an incremental pass starts, e.g. 1h."
    )
    full_every: Seconds = pydantic.Field(
        7 * 86400, description="How often an incremental table is read in full, e.g. 7d."
    )
    sweep_every: Seconds = pydantic.Field(
        20 * 3600,
        description="How often an incremental pass compares the source's keys with lv0 itself; in "
        "between with the sum that the runs keep of lv0's, and with lv0 where that differs. "
        "0s: every time.",
    )
    include: Names = pydantic.Field((), description="The only columns to take; default: all.")
    exclude: Names = pydantic.Field((), description="Columns to leave out.")
    expressions: dict[str, str] = pydantic.Field(
        {}, description="Further columns, computed by the source: name -> expression."
    )
    page_rows: int | None = pydantic.Field(
        None,
        ge=1,
        description="Rows per page and transaction; default: 20,000, or 100,000 where rows are "
        "copied through undecoded, which takes no memory for them.",
    )
    max_rejects: int = pydantic.Field(
        100, ge=0, description="Rows that may be set aside before the run fails."
    )
    max_delete_share: float = pydantic.Field(
        0.2, ge=0, le=1, description="Share of lv0's rows that a pass may mark as deleted."
    )
    http: HttpApi | None = pydantic.Field(
        None, description="How a paged web API is asked, and what its answers look like."
    )

    @pydantic.model_validator(mode="after")
    def _agree(self) -> Extract:
        if self.mode != "snapshot" and not self.cursor:
            raise ValueError(f"mode `{self.mode}` needs `cursor`")
        if self.mode == "snapshot" and self.cursor:
            raise ValueError("mode `snapshot` takes no `cursor`")
        if (self.mode == "window") != bool(self.window):
            raise ValueError("`window` belongs to mode `window`, which needs it")
        if self.mode == "window" and (self.overlap or len(self.cursor) > 1):
            raise ValueError("mode `window` takes one `cursor` and no `overlap`")
        for field, names in (("key", self.key), ("cursor", self.cursor)):
            if len({name.lower() for name in names}) < len(names):
                raise ValueError(f"`{field}` names a column twice: {', '.join(names)}")
        if self.include and self.exclude:
            raise ValueError("take `include` or `exclude`, not both")
        if self.http is not None and (self.mode != "snapshot" or not self.key):
            raise ValueError("a web API is read whole: it takes mode `snapshot`, and needs `key`")
        if self.http is not None and (self.include or self.exclude or self.expressions):
            raise ValueError(
                "the columns of a web API are `http.columns`; "
                "`include`, `exclude` and `expressions` are for tables"
            )
        return self


class Lookup(_Block):
    """`config.meta.extract` with `lookup`: what a service is asked, once for each value."""

    lookup: Literal["address"] = pydantic.Field(
        description="address: an address search, asked about the column `raw_address`; set it on "
        "the table."
    )
    after: Models = pydantic.Field(
        min_length=1,
        description="Models that find what to ask about. The lookup waits for them to end; where "
        "one fails, it asks about what there is.",
    )
    reads: Annotated[Names, pydantic.AfterValidator(_relations)] = pydantic.Field(
        description="Relations of the warehouse, `schema.table`, that these models build."
    )
    ask_again: Seconds = pydantic.Field(
        90 * 86400, description="After how long what had no answer is asked again, e.g. 90d."
    )
    page_rows: int = pydantic.Field(
        100, ge=1, le=10_000, description="Values per page and transaction."
    )
    max_rejects: int = pydantic.Field(
        100, ge=0, description="Values that the service may refuse before the run fails."
    )
    log_days: int = pydantic.Field(
        30, ge=1, description="For how many days the daily copies of the table are kept."
    )


@dataclass(frozen=True)
class _Table:
    """A table of a dbt source."""

    source: str
    table: str
    target_schema: str
    target_table: str
    file: Path

    @property
    def name(self) -> str:
        """`source.table`, as in `source('rental', 'r_goods')`."""
        return f"{self.source}.{self.table}"


@dataclass(frozen=True)
class LookupFeed(_Table):
    """One table of a dbt source that a lookup fills."""

    extract: Lookup


@dataclass(frozen=True)
class Feed(_Table):
    """One table of a dbt source and how it is fetched.

    `pii` are the columns marked as personal, in lower case.
    """

    extract: Extract
    pii: tuple[str, ...] = ()

    @property
    def source_relation(self) -> str:
        """The table as the source names it, for messages."""
        parts = (self.extract.database, self.extract.schema_name, self.extract.table)
        return ".".join(part for part in parts if part)


AnyFeed = Feed | LookupFeed


def read_catalog(project: Project) -> dict[str, AnyFeed]:
    """All feeds of the project by name, in order of name.

    Raises:
        ConfigurationError: a file isn't valid; the text names file, source and field.
    """
    feeds: dict[str, AnyFeed] = {}
    targets: dict[tuple[str, str], str] = {}
    for path in _files(project, "*.yml", "*.yaml"):
        for feed in _read_file(path):
            if feed.name in feeds:
                raise ConfigurationError(
                    f"{path.name}: `{feed.name}` is already defined in "
                    f"{feeds[feed.name].file.name}. Rename or remove one of them."
                )
            target = (feed.target_schema, feed.target_table)
            if target in targets:
                raise ConfigurationError(
                    f"{path.name}: `{feed.name}` and `{targets[target]}` both land in "
                    f"{'.'.join(target)}. Give one of them an `identifier`."
                )
            feeds[feed.name] = feed
            targets[target] = feed.name
    _check_after(project, feeds.values())
    return dict(sorted(feeds.items()))


def select(catalog: dict[str, AnyFeed], names: list[str]) -> list[AnyFeed]:
    """The feeds called `names`, or all of them where no name is given.

    Raises:
        ConfigurationError: a name is not in the catalogue.
    """
    unknown = [name for name in names if name not in catalog]
    if unknown:
        raise ConfigurationError(
            f"Unknown feed {', '.join(f'`{name}`' for name in unknown)}; the catalogue has "
            f"{', '.join(catalog) or 'none'}. A feed is called `source.table`, as in dbt."
        )
    return [catalog[name] for name in dict.fromkeys(names)] if names else list(catalog.values())


def json_schema() -> dict[str, Any]:
    """The JSON schema of `config.meta.extract`, so that editors complete and check it."""
    blocks = {kind: kind.model_json_schema(by_alias=True) for kind in (Lookup, Extract)}
    definitions: dict[str, Any] = {}
    for schema in blocks.values():
        # The source gives defaults to its tables, so no single block has to be complete.
        schema.pop("required", None)
        definitions |= schema.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.meta.extract",
        "type": "object",
        "if": {"required": ["lookup"]},
        "then": blocks[Lookup],
        "else": blocks[Extract],
        "$defs": definitions,
    }


def _check_after(project: Project, feeds: Iterable[AnyFeed]) -> None:
    models: set[str] | None = None
    for feed in feeds:
        for name in feed.extract.after:
            models = models or {path.stem for path in _files(project, "*.sql")}
            if name not in models:
                near = get_close_matches(name, models, n=1)
                meant = f"; did you mean `{near[0]}`?" if near else "."
                raise ConfigurationError(
                    f"{feed.file.name}: source `{feed.source}`, table `{feed.table}`: "
                    f"`config.meta.extract.after` names `{name}`, which is no model of this "
                    f"project{meant}"
                )


def _files(project: Project, *patterns: str) -> list[Path]:
    folders = project.read().get("model-paths") or ["models"]
    return sorted(
        path
        for folder in folders
        for pattern in patterns
        for path in (project.root / folder).rglob(pattern)
    )


def _read_file(path: Path) -> list[AnyFeed]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), YAML_LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise ConfigurationError(f"{path.name} is not valid YAML: {line}") from None
    sources = content.get("sources") if isinstance(content, dict) else None
    feeds: list[AnyFeed] = []
    for source in _named_nodes(sources, path, "sources"):
        where = f"source `{source['name']}`"
        defaults = _extract_of(source, path, where)
        for table in _named_nodes(source.get("tables"), path, f"{where}: tables"):
            where = f"source `{source['name']}`, table `{table['name']}`"
            own = _extract_of(table, path, where)
            if defaults is None and own is None:
                continue
            place = (
                str(source["name"]),
                str(table["name"]),
                str(source.get("schema") or source["name"]),
                str(table.get("identifier") or table["name"]),
                path,
            )
            extract = _validated({**(defaults or {}), **(own or {})}, path, where)
            if isinstance(extract, Lookup):
                feeds.append(LookupFeed(*place, extract))
            else:
                feeds.append(Feed(*place, extract, _marked_pii(table, path, where)))
    return feeds


def _named_nodes(nodes: object, path: Path, where: str) -> list[dict[str, Any]]:
    listed = [] if nodes is None else nodes
    if not isinstance(listed, list) or not all(
        isinstance(node, dict) and node.get("name") for node in listed
    ):
        raise ConfigurationError(f"{path.name}: {where} must be a list of mappings with a `name`.")
    return listed


def _extract_of(node: dict[str, Any], path: Path, where: str) -> dict[str, Any] | None:
    block: Any = node
    for depth, name in enumerate(_BLOCK, start=1):
        block = block.get(name)
        if block is None:
            return None
        if not isinstance(block, dict):
            field = ".".join(_BLOCK[:depth])
            raise ConfigurationError(f"{path.name}: {where}: `{field}` must be a mapping.")
    found: dict[str, Any] = block
    return found


def _marked_pii(table: dict[str, Any], path: Path, where: str) -> tuple[str, ...]:
    """The columns with `config.meta.pii: true`."""
    return tuple(
        str(column["name"]).lower()
        for column in _named_nodes(table.get("columns"), path, f"{where}: columns")
        if ((column.get("config") or {}).get("meta") or {}).get("pii") is True
    )


def _validated(block: dict[str, Any], path: Path, where: str) -> Extract | Lookup:
    model: type[Extract | Lookup] = Lookup if "lookup" in block else Extract
    try:
        return model.model_validate(block)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        known = ", ".join(_fields_at(model, first["loc"][:-1]))
        reason = {
            "extra_forbidden": f"is not a field; the fields are {known}",
            "missing": "is missing",
        }.get(first["type"], first["msg"].removeprefix("Value error, "))
        name = f"`config.meta.extract.{field}` " if field else "`config.meta.extract`: "
        raise ConfigurationError(f"{path.name}: {where}: {name}{reason}.") from None


def _fields_at(block: type[pydantic.BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The fields of the block at `place` in `config.meta.extract`."""
    models: dict[tuple[str, ...], type[pydantic.BaseModel]] = {
        (): block,
        ("http",): HttpApi,
        ("http", "result"): HttpResult,
        ("http", "columns"): HttpColumn,
    }
    model = models[tuple(name for name in place if isinstance(name, str))]
    return [info.alias or name for name, info in model.model_fields.items()]
