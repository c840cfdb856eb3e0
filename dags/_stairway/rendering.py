"""How the DAGs run dbt: the project, its profile, and what Cosmos makes of the graph."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cosmos import (
    DbtResourceType,
    ExecutionConfig,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    ProfileConfig,
    ProjectConfig,
    RenderConfig,
    SourceRenderingBehavior,
    TestBehavior,
)

from _stairway.faults import fail_at_once_unless_transient
from _stairway.project import MANIFEST, PROFILE, PROJECT_DIR, TARGET
from _stairway.sources import source_group, task_id

__all__ = [
    "ANSWERS",
    "DEFAULT_ARGS",
    "HC_SWITCHES",
    "RETURN_IDS",
    "dbt_operator_args",
    "dbt_profile",
    "rendered",
]

# What reads the answers of Salesforce; of these, what return_ids_nightly builds.
ANSWERS = "tag:answers"
RETURN_IDS = "tag:return_ids"
# What people may switch off or let through (docs/adr/0003), as dbt's environment.
HC_SWITCHES = {
    "STAIRWAY_HC_PAUSE": "{{ var.value.get('hc_pause', '') }}",
    "STAIRWAY_HC_ALLOW_LARGE_CHANGE": "{{ params.hc_allow_large_change | join(',') }}",
}
DEFAULT_ARGS = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
}


def dbt_profile() -> ProfileConfig:
    """The warehouse, as profiles.yml says."""
    return ProfileConfig(
        profile_name=PROFILE, target_name=TARGET, profiles_yml_filepath=PROJECT_DIR / "profiles.yml"
    )


def dbt_operator_args() -> dict[str, Any]:
    """The arguments of a dbt operator that stands beside what is rendered."""
    return {
        "project_dir": PROJECT_DIR,
        "profile_config": dbt_profile(),
        "invocation_mode": InvocationMode.DBT_RUNNER,
        "install_deps": False,
    }


def rendered(
    *,
    select: list[str] | None = None,
    exclude: list[str] | None = None,
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The arguments of a `DbtDag` that renders that part of the graph.

    Args:
        select: dbt's selectors of what to render; default: all.
        exclude: of what to leave out.
        env: templates of variables that dbt finds in its environment, beside Airflow's own.
    """
    return {
        "project_config": ProjectConfig(
            PROJECT_DIR,
            models_relative_path="dbt_project/models",
            seeds_relative_path="seeds",
            snapshots_relative_path="dbt_project/snapshots",
            manifest_path=MANIFEST,
            project_name=PROFILE,
            install_dbt_deps=False,
            env_vars=env,
        ),
        "profile_config": dbt_profile(),
        "execution_config": ExecutionConfig(
            execution_mode=ExecutionMode.LOCAL, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        "render_config": RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            emit_datasets=False,
            select=select or [],
            exclude=exclude or [],
            test_behavior=TestBehavior.BUILD,
            should_detach_multiple_parents_tests=True,
            source_rendering_behavior=SourceRenderingBehavior.ALL,
            node_converters={DbtResourceType.SOURCE: source_group},
            normalize_task_id=task_id,
            normalize_task_display_name=task_id,
        ),
        "operator_args": {"callback": fail_at_once_unless_transient},
    }
