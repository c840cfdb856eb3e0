"""An Airflow for reading DAG files: no server, no database, a home of its own."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"

# Airflow and Cosmos read these once, when they are imported.
_lines = (DAGS / "config" / "airflow.env").read_text().splitlines()
os.environ |= dict(line.split("=", 1) for line in _lines if line and not line.startswith("#"))


@pytest.fixture(scope="session", autouse=True)
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("airflow")
    os.environ["AIRFLOW_HOME"] = str(home)
    os.environ["AIRFLOW__COSMOS__CACHE_DIR"] = str(home / "cosmos")
    sys.path.insert(0, str(DAGS))
    with warnings.catch_warnings():
        # Cosmos imports DAG from where Airflow 3.3 no longer wants it.
        warnings.simplefilter("ignore")
        from cosmos import DbtDag  # noqa: F401
    yield
    sys.path.remove(str(DAGS))


@pytest.fixture(scope="session")
def manifest_path(airflow_home: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of the project as it is."""
    from _stairway.manifest import build_manifest

    path = tmp_path_factory.mktemp("manifest") / "manifest.json"
    build_manifest(ROOT, path, profile="stairway", target="warehouse")
    return path


@pytest.fixture(scope="session")
def read_dags(airflow_home: None) -> Callable[[Path, Path], Any]:
    """Reads the DAG files of a folder as the DAG processor does, with a given manifest."""

    def forget() -> None:
        # Each folder of DAG files brings modules of this name.
        for name in [name for name in sys.modules if name.split(".")[0] == "_stairway"]:
            del sys.modules[name]

    def read(dags: Path, manifest: Path) -> Any:
        from airflow.dag_processing.dagbag import BundleDagBag

        forget()
        path = list(sys.path)
        os.environ["STAIRWAY_MANIFEST"] = str(manifest)
        sys.path.insert(0, str(dags))
        try:
            return BundleDagBag(dags, bundle_path=dags, bundle_name="dags")
        finally:
            sys.path[:] = path
            forget()
            del os.environ["STAIRWAY_MANIFEST"]

    return read


@pytest.fixture(scope="session")
def bag(read_dags: Callable[[Path, Path], Any], manifest_path: Path) -> Any:
    """The project's DAGs."""
    return read_dags(DAGS, manifest_path)
