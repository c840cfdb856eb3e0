"""`config.meta.extract.http`: how a paged web API is asked, and what its answers look like."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pydantic

__all__ = ["HttpApi", "HttpColumn", "HttpResult"]

_TYPES = re.compile(
    r"text|smallint|integer|bigint|numeric\(\d{1,2},\d{1,2}\)|double precision|boolean|date"
    r"|timestamp"
)


def _steps(value: object) -> object:
    return tuple(value.split(".")) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_column(value: object) -> object:
    """`location.addr` is the column location_addr at that path."""
    return {"path": value} if isinstance(value, str) else value


Path = Annotated[
    tuple[Annotated[str, pydantic.Field(min_length=1)], ...],
    pydantic.BeforeValidator(_steps, json_schema_input_type=str),
]
Paths = Annotated[
    tuple[Path, ...], pydantic.BeforeValidator(_listed, json_schema_input_type=str | list[str])
]
Codes = Annotated[
    tuple[str, ...], pydantic.BeforeValidator(_listed, json_schema_input_type=str | list[str])
]


class _Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class HttpColumn(_Model):
    """One column of the table in lv0, and where in an item its value is."""

    path: Path = pydantic.Field(description="The value's path in an item, e.g. location.addr.")
    name: str = pydantic.Field(
        "", description="The column in lv0; default: the path in lower case, with _ for each dot."
    )
    type: str = pydantic.Field(
        "text",
        description="text (each value as it is written), smallint, integer, bigint, numeric(p,s), "
        "double precision, boolean, date, timestamp.",
    )
    optional: bool = pydantic.Field(
        False, description="An answer in which no item has it is still the same API's."
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("path"), str):
            return {"name": value["path"].replace(".", "_").lower(), **value}
        return value

    @pydantic.field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        if not _TYPES.fullmatch(value):
            raise ValueError(
                f"`{value}` is no type of a column; the types are text, smallint, integer, bigint, "
                "numeric(p,s), double precision, boolean, date, timestamp"
            )
        return value


class HttpResult(_Model):
    """Where an answer says whether it is one."""

    code: Paths = pydantic.Field(
        description="Path of the result's code; of several, the first that an answer has."
    )
    message: Paths = pydantic.Field((), description="Path of its text, likewise.")
    ok: Codes = pydantic.Field(description="Codes of an answer with items.")
    empty: Codes = pydantic.Field((), description="Codes of an answer without any.")
    transient: Codes = pydantic.Field(
        (), description="Codes after which the same question may be answered."
    )


class HttpApi(_Model):
    """How a paged web API is asked, and what its answers look like."""

    format: Literal["json", "xml"] = pydantic.Field(description="What the API answers in.")
    page_parameter: str = pydantic.Field(description="The parameter with the page's number.")
    first_page: int = pydantic.Field(1, ge=0, description="The first page's number.")
    size_parameter: str | None = pydantic.Field(
        None, description="The parameter with the number of items per page."
    )
    page_size: int = pydantic.Field(
        100, ge=1, description="Items per page to ask for; an API may give fewer."
    )
    max_pages: int = pydantic.Field(
        10_000, ge=1, description="An API that still gives items by then is taken for endless."
    )
    secret_parameter: str | None = pydantic.Field(
        None, description="The parameter with the key, which is `key` of the connection."
    )
    parameters: dict[str, str] = pydantic.Field({}, description="Further ones, always the same.")
    items: Path = pydantic.Field(
        description="Path of the items, e.g. response.body.items.item; a number is a place in a "
        "list, from 0."
    )
    total: Path | None = pydantic.Field(
        None, description="Path of the number of all items; then the pages must add up to it."
    )
    result: HttpResult | None = pydantic.Field(
        None, description="Where an answer says whether it is one; default: the status alone."
    )
    columns: tuple[
        Annotated[
            HttpColumn,
            pydantic.BeforeValidator(_as_column, json_schema_input_type=str | HttpColumn),
        ],
        ...,
    ] = pydantic.Field(
        min_length=1,
        description="Columns to take: a path, or path, name, type, optional.",
    )

    @pydantic.model_validator(mode="after")
    def _agree(self) -> HttpApi:
        names = [column.name.lower() for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"`columns` has {', '.join(twice)} twice; give one of them a `name`")
        return self
