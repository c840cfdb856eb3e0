"""What is mapped: the objects of mappings/, checked when they are read.

Each is a table of schema hc: its fields, their Postgres types, and what Salesforce asks of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.postgres import SandboxError

__all__ = ["MAPPINGS", "SYSTEM_COLUMNS", "MappingsError", "ObjectMapping", "read_mappings"]

MAPPINGS = Path(__file__).with_name("mappings")
SYSTEM_COLUMNS = ("id", "sfid", "systemmodstamp", "isdeleted", "_hc_lastop", "_hc_err")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TYPES = re.compile(
    r"varchar\(([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\)"
    r"|boolean|double precision|date|timestamp without time zone|text"
)
_KEYS = ("external_id", "fields", "references", "required", "picklists", "scales")


class MappingsError(SandboxError):
    """The mappings can't be used; the text has one line per fault."""


@dataclass(frozen=True)
class ObjectMapping:
    """One Salesforce object: its fields, and what Salesforce would refuse.

    `references` leads from a field to the object whose external id it holds, `scales` from a
    double precision field to its decimal places; without a scale nothing is rounded.
    """

    name: str
    external_id: str
    fields: Mapping[str, str]
    references: Mapping[str, str]
    required: tuple[str, ...]
    picklists: Mapping[str, tuple[str, ...]]
    scales: Mapping[str, int]


def read_mappings(path: Path | None = None) -> dict[str, ObjectMapping]:
    """The mapped objects by name, in the order of their files, and of each file.

    Args:
        path: a file, or a folder whose .yml files are read as one; MAPPINGS by default.

    Raises:
        MappingsError: a file is missing, isn't YAML, or breaks a rule.
    """
    path = path or MAPPINGS
    files = sorted(path.glob("*.yml")) if path.is_dir() else [path]
    if not files:
        raise MappingsError(f"{path.name}: the folder has no .yml file.")
    documents = {file.name: _document(file) for file in files}
    mapped = Counter(name for document in documents.values() for name in document)
    faults = [
        f"{file}: {fault}"
        for file, document in documents.items()
        for fault in _faults(document, mapped)
    ]
    if faults:
        raise MappingsError("\n".join(faults))
    return {
        name: _mapping(name, body)
        for document in documents.values()
        for name, body in document.items()
    }


def _document(path: Path) -> dict[Any, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MappingsError(f"{path.name}: the file is missing.") from None
    except yaml.YAMLError as error:
        raise MappingsError(
            f"{path.name}: not valid YAML: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(document, dict) or not document:
        raise MappingsError(f"{path.name}: it must map object names to their mappings.")
    return document


def _mapping(name: str, body: dict[str, Any]) -> ObjectMapping:
    return ObjectMapping(
        name=name,
        external_id=body["external_id"],
        fields=dict(body["fields"]),
        references=dict(body.get("references") or {}),
        required=tuple(body.get("required") or ()),
        picklists={f: tuple(v) for f, v in (body.get("picklists") or {}).items()},
        scales=dict(body.get("scales") or {}),
    )


def _faults(document: dict[Any, Any], mapped: Counter[Any]) -> Iterator[str]:
    for name, body in document.items():
        if mapped[name] > 1:
            yield f"`{name}` is mapped by another file as well."
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield f"`{name}` is not a lower-case object name."
        elif not isinstance(body, dict):
            yield f"`{name}` must be a mapping with the keys {', '.join(_KEYS)}."
        else:
            shape = [f"`{name}`: {fault}" for fault in _shape_faults(body)]
            yield from shape or (f"`{name}`: {fault}" for fault in _rule_faults(body, mapped))


def _shape_faults(body: dict[Any, Any]) -> Iterator[str]:
    unknown = [str(key) for key in body if key not in _KEYS]
    if unknown:
        yield f"unknown key {', '.join(unknown)}; known are {', '.join(_KEYS)}."
    if not isinstance(body.get("external_id"), str):
        yield "`external_id` must name a field."
    if not isinstance(body.get("fields"), dict) or not body["fields"]:
        yield "`fields` must map field names to types."
    for key in ("references", "picklists", "scales"):
        if not isinstance(body.get(key) or {}, dict):
            yield f"`{key}` must be a mapping."
    if not isinstance(body.get("required") or [], list):
        yield "`required` must be a list."


def _rule_faults(body: dict[str, Any], mapped: Counter[Any]) -> Iterator[str]:
    fields = body["fields"]
    for field, kind in fields.items():
        if not isinstance(field, str) or not _NAME.fullmatch(field):
            yield f"`{field}` is not a lower-case field name."
        elif field in SYSTEM_COLUMNS:
            yield f"`{field}` is a system column, which every table has."
        if not isinstance(kind, str) or not _TYPES.fullmatch(kind):
            yield (
                f"`{field}` has the type `{kind}`; Heroku Connect has varchar(1 to 255), boolean, "
                "double precision, date, timestamp without time zone and text."
            )
    for key, named in (
        ("external_id", [body["external_id"]]),
        *((key, list(body.get(key) or [])) for key in _KEYS[2:]),
    ):
        for field in named:
            if field not in fields:
                yield f"`{key}` names `{field}`, which is not among its fields."
    for field, parent in (body.get("references") or {}).items():
        if parent not in mapped:
            yield f"`references.{field}` names the object `{parent}`, which is not mapped."
    for field, values in (body.get("picklists") or {}).items():
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            yield f"`picklists.{field}` must be a list of texts."
    for field, scale in (body.get("scales") or {}).items():
        if type(scale) is not int or not 0 <= scale <= 17:
            yield f"`scales.{field}` is `{scale}`; it must be a whole number from 0 to 17."
        elif fields.get(field, "double precision") != "double precision":
            yield f"`scales` names `{field}`, which is not double precision."
