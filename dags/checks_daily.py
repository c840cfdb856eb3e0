"""### Says in the morning what needs a person: stale feeds, refused records, contested fields

**Schedule** every day at 08:00 KST (23:00 UTC of the day before), when elt_nightly is over and
Salesforce has answered what it published. Mornings that were missed are not made up for.

**Writes** lv1.failed_write, lv1.contested_field, lv2.salesforce_error and lv2.contested_field, by
difference. `freshness` only reads: it fails where a feed was last brought up to date more than 50
hours ago, and warns after 26.

**Safe to re-run** at any time.

**Parameters** none. `airflow dags trigger checks_daily` runs it now.

Runbook: docs/runbooks/checks_daily.md
"""

from __future__ import annotations

from _stairway.gates import add_gates
from _stairway.manifest import require_current_manifest
from _stairway.project import MANIFEST, PROJECT_DIR
from _stairway.rendering import ANSWERS, DEFAULT_ARGS, RETURN_IDS, dbt_operator_args, rendered
from airflow.sdk import CronTriggerTimetable, get_parsing_context
from cosmos import DbtDag
from cosmos.operators.local import DbtSourceLocalOperator

in_task = get_parsing_context().task_id is not None
digest = require_current_manifest(PROJECT_DIR, MANIFEST, compare=not in_task)

dag = DbtDag(
    dag_id="checks_daily",
    doc_md=f"{__doc__}\ndbt project: `{digest}`",
    schedule=CronTriggerTimetable("0 8 * * *", timezone="Asia/Seoul"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["elt", "salesforce"],
    **rendered(select=[ANSWERS], exclude=[RETURN_IDS]),
)
add_gates(dag.dbt_graph.filtered_nodes, dag.tasks_map)
# It says something about every feed, and nothing waits for it.
DbtSourceLocalOperator(task_id="freshness", dag=dag, **dbt_operator_args())
