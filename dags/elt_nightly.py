"""### Carries the ERP up the stair: legacy -> lv0 -> lv1 -> lv2 -> hc

**Schedule** every day at 00:00 KST (15:00 UTC), when the day that the ERP books is over. Nights
that were missed are not made up for: each run reads what changed since the last one.

**Writes** lv0 (by extraction), lv1, lv2 (by dbt) and Heroku Connect's tables in hc, from where
Salesforce takes them. Only rows that differ are written.

**The graph** is dbt's own. A source is a group `lv0_<source>__<table>`: `extract`, then the
source's tests. Beside it `lv0_<source>__<table>_verify` compares a complete pass with the source,
and nothing waits for that. A model is one task that builds and tests it. A failing test stops what
is below it and nothing else.

**Safe to re-run**, as a whole or from any task on: every step writes the difference only. A
lost connection is tried again twice; whatever would fail again fails at once.

**Parameters** none. `airflow dags trigger elt_nightly` runs it now.

Runbook: docs/runbooks/elt_nightly.md
"""

from __future__ import annotations

from datetime import timedelta

from _stairway.faults import fail_at_once_unless_transient
from _stairway.gates import add_gates
from _stairway.manifest import require_current_manifest
from _stairway.project import MANIFEST, PROFILE, PROJECT_DIR, TARGET
from _stairway.sources import source_group, task_id
from airflow.sdk import CronTriggerTimetable, get_parsing_context
from cosmos import (
    DbtDag,
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

in_task = get_parsing_context().task_id is not None
digest = require_current_manifest(PROJECT_DIR, MANIFEST, compare=not in_task)

dag = DbtDag(
    dag_id="elt_nightly",
    doc_md=f"{__doc__}\ndbt project: `{digest}`",
    # A trigger, not an interval: what a run reads follows from the state that the last one left,
    # and unpausing the DAG in the afternoon doesn't start last night's run.
    schedule=CronTriggerTimetable("0 0 * * *", timezone="Asia/Seoul"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "data-platform",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
    },
    tags=["elt", "erp", "salesforce"],
    project_config=ProjectConfig(
        PROJECT_DIR,
        models_relative_path="dbt_project/models",
        seeds_relative_path="seeds",
        snapshots_relative_path="dbt_project/snapshots",
        manifest_path=MANIFEST,
        project_name=PROFILE,
        install_dbt_deps=False,
    ),
    profile_config=ProfileConfig(
        profile_name=PROFILE, target_name=TARGET, profiles_yml_filepath=PROJECT_DIR / "profiles.yml"
    ),
    execution_config=ExecutionConfig(
        execution_mode=ExecutionMode.LOCAL, invocation_mode=InvocationMode.DBT_RUNNER
    ),
    render_config=RenderConfig(
        load_method=LoadMode.DBT_MANIFEST,
        emit_datasets=False,
        test_behavior=TestBehavior.BUILD,
        should_detach_multiple_parents_tests=True,
        source_rendering_behavior=SourceRenderingBehavior.ALL,
        node_converters={DbtResourceType.SOURCE: source_group},
        normalize_task_id=task_id,
        normalize_task_display_name=task_id,
    ),
    operator_args={"callback": fail_at_once_unless_transient},
)
add_gates(dag.dbt_graph.filtered_nodes, dag.tasks_map)
