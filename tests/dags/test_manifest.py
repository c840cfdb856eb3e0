"""The manifest that the DAGs are rendered from."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project of one model."""
    models = tmp_path / "dbt_project" / "models"
    models.mkdir(parents=True)
    (tmp_path / "dbt_project.yml").write_text(
        "{name: small, version: '1.0.0', profile: stairway, model-paths: [dbt_project/models]}\n"
    )
    shutil.copy(ROOT / "profiles.yml", tmp_path)
    (models / "one.sql").write_text("select 1 as one\n")
    return tmp_path


def made_for(project: Path) -> Path:
    from _stairway.manifest import digest_of_project

    path = project / "manifest.json"
    path.write_text(json.dumps({"metadata": {"project_digest": digest_of_project(project)}}))
    return path


def test_a_missing_manifest_is_one_line_that_says_how_to_make_it(tmp_path: Path) -> None:
    from _stairway.manifest import ManifestError, require_current_manifest

    with pytest.raises(ManifestError, match=r"manifest\.json is missing\. Make it: `.*`\.$") as got:
        require_current_manifest(ROOT, tmp_path / "manifest.json")
    assert "\n" not in str(got.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"metadata": {}}', '{"metadata": '])
def test_a_manifest_that_is_not_ours_is_refused(tmp_path: Path, text: str) -> None:
    from _stairway.manifest import ManifestError, require_current_manifest

    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(ManifestError, match="is not a manifest that this project made"):
        require_current_manifest(ROOT, path)


def test_a_manifest_is_stale_after_any_change_of_the_project(project: Path) -> None:
    from _stairway.manifest import ManifestError, require_current_manifest

    manifest = made_for(project)
    model = project / "dbt_project" / "models" / "one.sql"
    before = model.read_text()

    def stale() -> bool:
        try:
            require_current_manifest(project, manifest)
        except ManifestError as error:
            assert "was made from other files" in str(error)
            return True
        return False

    assert not stale()
    model.write_text(before + "\n")
    assert stale()
    model.write_text(before)
    assert not stale()
    (model.parent / "another.sql").write_text("select 1 as one")
    assert stale()
    (model.parent / "another.sql").unlink()
    model.rename(model.with_name("renamed.sql"))
    assert stale()


def test_a_task_of_a_run_under_way_does_not_mind_a_new_release(project: Path) -> None:
    from _stairway.manifest import require_current_manifest

    manifest = made_for(project)
    (project / "dbt_project" / "models" / "one.sql").write_text("select 2 as one\n")
    require_current_manifest(project, manifest, compare=False)


def test_a_checkout_that_only_sets_new_times_leaves_the_manifest_current(project: Path) -> None:
    from _stairway.manifest import require_current_manifest

    manifest = made_for(project)
    for path in project.rglob("*"):
        os.utime(path, (1, 1))
    require_current_manifest(project, manifest)


def test_a_manifest_is_made_again_only_for_another_project(project: Path) -> None:
    from _stairway.manifest import ManifestError, build_manifest, require_current_manifest

    path = project / "out" / "manifest.json"

    def build() -> bool:
        return build_manifest(project, path, profile="stairway", target="warehouse")

    assert build()
    assert list(path.parent.iterdir()) == [path]
    require_current_manifest(project, path)
    made = path.read_bytes()
    assert not build()
    assert path.read_bytes() == made

    (project / "dbt_project" / "models" / "broken.sql").write_text("select {{ ref('nowhere') }}")
    with pytest.raises(ManifestError, match="nowhere"):
        build()
    assert path.read_bytes() == made


def test_a_dag_file_says_in_one_line_that_the_manifest_is_missing(
    read_dags: Any, tmp_path: Path
) -> None:
    bag = read_dags(ROOT / "dags", tmp_path / "manifest.json")
    assert {Path(path).stem for path in bag.import_errors} == {
        "checks_daily", "elt_nightly", "return_ids_nightly",
    }  # fmt: skip
    for error in bag.import_errors.values():
        assert error.strip().splitlines()[-1].startswith("_stairway.manifest.ManifestError: ")
        assert "is missing. Make it: " in error
