"""### Carries the ERP up the stair: legacy -> lv0 -> lv1 -> lv2 -> hc

**Schedule** every day at 00:00 KST (15:00 UTC), when the day that the ERP books is over. Nights
that were missed are not made up for: each run reads what changed since the last one.

**Writes** lv0 (by extraction), lv1, lv2 (by dbt) and Heroku Connect's tables in hc, from where
Salesforce takes them. Only rows that differ are written.

**The graph** is dbt's own. A source is a group `lv0_<source>__<table>`: `extract`, then the
source's tests. Beside it `lv0_<source>__<table>_verify` compares a complete pass with the source,
and nothing waits for that. A model is one task that builds and tests it. A failing test stops what
is below it and nothing else. `lookup_address__address_master` asks an address search about the
addresses that are new; it is a source, too, and waits for the end of the models that find them.

**Safe to re-run**, as a whole or from any task on: every step writes the difference only. A
lost connection is tried again twice; whatever would fail again fails at once.

**Parameters** of one run:

- `hc_allow_large_change`: objects of Salesforce of which more than 30% may be updated, once:
  `airflow dags trigger elt_nightly --conf '{"hc_allow_large_change": ["account"]}'`.

The Airflow Variable `hc_pause` names objects that are not published for now, with commas between
them.

Runbook: docs/runbooks/elt_nightly.md
"""

from __future__ import annotations

from _stairway.gates import add_gates
from _stairway.manifest import require_current_manifest
from _stairway.project import MANIFEST, PROJECT_DIR
from _stairway.rendering import ANSWERS, DEFAULT_ARGS, HC_SWITCHES, rendered
from _stairway.sources import add_after
from airflow.sdk import CronTriggerTimetable, Param, get_parsing_context
from cosmos import DbtDag

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
    default_args=DEFAULT_ARGS,
    tags=["elt", "erp", "salesforce"],
    params={
        "hc_allow_large_change": Param(
            [], type="array", items={"type": "string"}, title="Objects that may change at large"
        ),
    },
    **rendered(exclude=[ANSWERS], env=HC_SWITCHES),
)
add_after(dag.dbt_graph.filtered_nodes, dag.tasks_map)
add_gates(dag.dbt_graph.filtered_nodes, dag.tasks_map)
