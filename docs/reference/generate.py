"""Writes the reference pages that are derived from the code: `make reference`."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from extract.catalog import json_schema

__all__ = ["main", "pages"]

_HERE = Path(__file__).resolve().parent
_DAGS = _HERE.parents[1] / "dags"


def pages() -> dict[str, str]:
    """The content of each generated file, by its name."""
    return {"dags.md": _dags(), "extract.schema.json": _schema()}


def main() -> None:
    """Writes them."""
    for name, content in pages().items():
        (_HERE / name).write_text(content, encoding="utf-8")


def _dags() -> str:
    parts = ["# DAGs\n\nGenerated from the DAG files by `make reference`."]
    for path in sorted(_DAGS.glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        parts.append(f"## {path.stem}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def _schema() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
