"""The manifest that the DAGs are rendered from: made at deployment, checked when a DAG is read.

`python dags/_stairway/manifest.py` makes it; see docs/adr/0006-rendering-by-cosmos.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["ManifestError", "build_manifest", "digest_of_project", "require_current_manifest"]

_FOLDERS = ("dbt_project", "seeds", "tests/dbt")
_SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".csv", ".py"}
_REMEDY = "Make it: `python dags/_stairway/manifest.py`."


class ManifestError(Exception):
    """The manifest is missing, is not that of the project's files, or cannot be made."""


def build_manifest(project_dir: Path, manifest: Path, *, profile: str, target: str) -> bool:
    """Parses the dbt project into `manifest`, in one step; says whether it had to.

    A manifest that this dbt made from the same files is left as it is.

    Raises:
        ManifestError: the project doesn't parse; the text ends with dbt's message.
    """
    digest = digest_of_project(project_dir)
    wanted = {"project_digest": digest, "dbt_version": version("dbt-core")}
    if wanted.items() <= _metadata(manifest).items():
        return False
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=manifest.parent) as folder:
        _parse(project_dir, Path(folder), profile, target)
        content = json.loads((Path(folder) / "manifest.json").read_text())
        content["metadata"]["project_digest"] = digest
        # No task stands for an exposure; Cosmos would warn of each of them at every parse.
        content["exposures"] = {}
        fresh = Path(folder) / "fresh.json"
        fresh.write_text(json.dumps(content))
        fresh.replace(manifest)
    return True


def require_current_manifest(project_dir: Path, manifest: Path, *, compare: bool = True) -> str:
    """The digest of the project's files that `manifest` was made from.

    Args:
        project_dir: the project's root.
        manifest: as `build_manifest` made it.
        compare: whether the files must still be the same. Not in a task: a release that lands
            during a run would fail the tasks that are left.

    Raises:
        ManifestError: there is no manifest, or the files have changed since it was made.
    """
    if not manifest.exists():
        raise ManifestError(f"The manifest {manifest} is missing. {_REMEDY}")
    made_from = _metadata(manifest).get("project_digest")
    if made_from is None:
        raise ManifestError(f"{manifest} is not a manifest that this project made. {_REMEDY}")
    if compare and made_from != (digest := digest_of_project(project_dir)):
        raise ManifestError(
            f"The manifest {manifest} was made from other files ({made_from}) than the dbt project "
            f"now has ({digest}). {_REMEDY}"
        )
    return str(made_from)


def digest_of_project(project_dir: Path) -> str:
    """A short digest of the names and contents of the files that dbt parses.

    Contents rather than times: checkouts and image layers set times as they please.
    """
    digest = hashlib.sha256()
    for path in _files(project_dir):
        digest.update(path.relative_to(project_dir).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _metadata(manifest: Path) -> dict[str, Any]:
    """The manifest's metadata; empty where the file is missing or isn't a manifest."""
    try:
        metadata = json.loads(manifest.read_text())["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _files(project_dir: Path) -> Iterator[Path]:
    yield project_dir / "dbt_project.yml"
    for folder in _FOLDERS:
        for path in sorted((project_dir / folder).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path


def _parse(project_dir: Path, folder: Path, profile: str, target: str) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "parse",
            "--project-dir", str(project_dir), "--profiles-dir", str(project_dir),
            "--profile", profile, "--target", target,
            "--target-path", str(folder), "--log-path", str(folder),
        ],
        cwd=project_dir, env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        text = (done.stdout + done.stderr).strip()
        raise ManifestError(f"`dbt parse` failed in {project_dir}:\n{text}")


def _main() -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from _stairway.project import MANIFEST, PROFILE, PROJECT_DIR, TARGET

    try:
        changed = build_manifest(PROJECT_DIR, MANIFEST, profile=PROFILE, target=TARGET)
    except ManifestError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{MANIFEST}: {'made' if changed else 'unchanged'}")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
