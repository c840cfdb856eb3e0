"""### Brings Salesforce's ids of products and promotions back: hc -> lv1

**Schedule** every day at 22:00 KST (13:00 UTC): Salesforce has answered what elt_nightly published,
and the ids are there before the next night begins. Nights that were missed are not made up for.

**Writes** lv1.product and lv1.promotion_master, by difference: the id of each record that has one,
by the ERP's key. hc is only read.

**Safe to re-run** at any time.

**Parameters** none. `airflow dags trigger return_ids_nightly` runs it now.

Runbook: docs/runbooks/return_ids_nightly.md
"""

from __future__ import annotations

from _stairway.manifest import require_current_manifest
from _stairway.project import MANIFEST, PROJECT_DIR
from _stairway.rendering import DEFAULT_ARGS, RETURN_IDS, rendered
from airflow.sdk import CronTriggerTimetable, get_parsing_context
from cosmos import DbtDag

in_task = get_parsing_context().task_id is not None
digest = require_current_manifest(PROJECT_DIR, MANIFEST, compare=not in_task)

dag = DbtDag(
    dag_id="return_ids_nightly",
    doc_md=f"{__doc__}\ndbt project: `{digest}`",
    schedule=CronTriggerTimetable("0 22 * * *", timezone="Asia/Seoul"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["erp", "salesforce"],
    **rendered(select=[RETURN_IDS]),
)
