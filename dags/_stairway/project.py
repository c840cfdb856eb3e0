"""Where the project is, seen from a DAG file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["MANIFEST", "PROFILE", "PROJECT_DIR", "TARGET"]

PROJECT_DIR = Path(__file__).resolve().parents[2]
PROFILE = "stairway"
TARGET = os.environ.get("STAIRWAY_TARGET", "warehouse")
# Apart from target/manifest.json, which every dbt command rewrites, whatever it was called with.
MANIFEST = Path(
    os.environ.get("STAIRWAY_MANIFEST") or PROJECT_DIR / "target" / "airflow" / "manifest.json"
)

# Airflow puts the folder of the DAG files on the path, not the folder above it that holds extract/.
if str(PROJECT_DIR) not in sys.path:
    sys.path.append(str(PROJECT_DIR))
