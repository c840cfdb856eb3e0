"""Which columns of a relation are personal, as the models' and sources' yml say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from extract.errors import ConfigurationError
from extract.settings import Project

__all__ = ["personal_columns"]


def personal_columns(project: Project, schema: str, table: str) -> frozenset[str] | None:
    """The columns of `schema.table` with `config.meta.pii: true`; None where no yml has the table.

    The files are read rather than a manifest, which may be older than a mark.

    Raises:
        ConfigurationError: a file isn't valid YAML.
    """
    found = [node for at, node in _described(project) if at == (schema, table)]
    if not found:
        return None
    return frozenset(
        str(column["name"]).lower()
        for node in found
        for column in node.get("columns") or ()
        if ((column.get("config") or {}).get("meta") or {}).get("pii") is True
    )


def _described(project: Project) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for folder in project.read().get("model-paths") or ["models"]:
        for path in sorted((project.root / folder).rglob("*.yml")):
            try:
                content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                line = " ".join(str(error).split())
                raise ConfigurationError(f"{path.name} is not valid YAML: {line}") from None
            for model in content.get("models") or ():
                # `lv1_rental__r_goods` is lv1.r_goods: a rule of the project.
                prefix, _, table = model["name"].partition("__")
                yield (prefix.partition("_")[0], table), model
            for source in content.get("sources") or ():
                for table in source.get("tables") or ():
                    name = table.get("identifier") or table["name"]
                    yield (source.get("schema") or source["name"], name), table
