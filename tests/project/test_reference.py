"""The generated pages of docs/reference."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES = runpy.run_path(str(REFERENCE / "generate.py"))["pages"]()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_as_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name], "run `make reference`"
