"""How many random histories are played, and from which seed on."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/faults --histories 2000 --first-seed 1`."""
    parser.addoption("--histories", type=int, default=200, help="random histories to play")
    parser.addoption("--first-seed", type=int, default=1, help="seed of the first history")
