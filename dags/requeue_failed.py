"""### Sends records that Salesforce refused once more

**Schedule** none: somebody starts it when the reason of the refusals is gone. Times in the log are
UTC; KST is nine hours ahead.

**Writes** one entry into Heroku Connect's queue for each record that the parameters name and whose
last write failed, by Heroku Connect's own functions. The hc tables are not touched: a record is
sent as its row stands.

**Safe to re-run**: what is queued already isn't queued twice, and nothing is queued at all while
`dry_run` is on, which is the default: the log then says how many records would be, with the codes
of their errors and up to twenty keys.

**Parameters**, for example `airflow dags trigger requeue_failed --conf '{"object": "opportunity",
"message": "UNABLE_TO_LOCK_ROW", "dry_run": false}'`:

- `object`: the table of Heroku Connect.
- `keys`: External IDs; empty for all that failed.
- `message`: text that the error contains; empty for any.
- `dry_run`: only say what would be queued.

Runbook: docs/runbooks/requeue_failed.md
"""

from __future__ import annotations

from _stairway.rendering import DEFAULT_ARGS, dbt_operator_args
from airflow.sdk import DAG, Param
from cosmos.operators.local import DbtRunOperationLocalOperator

with DAG(
    dag_id="requeue_failed",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"retries": 0},
    tags=["salesforce"],
    params={
        "object": Param(type="string", pattern="^[a-z][a-z0-9_]*$", title="Object"),
        "keys": Param([], type="array", items={"type": "string"}, title="External IDs"),
        "message": Param("", type="string", title="Text of the error"),
        "dry_run": Param(True, type="boolean", title="Only say what would be queued"),
    },
    # The list and the boolean stay what they are.
    render_template_as_native_obj=True,
) as dag:
    DbtRunOperationLocalOperator(
        task_id="requeue",
        macro_name="requeue_failed",
        args={
            # `params.keys` would be the mapping's method.
            name: f"{{{{ params['{name}'] }}}}"
            for name in ("object", "keys", "message", "dry_run")
        },
        **dbt_operator_args(),
    )
