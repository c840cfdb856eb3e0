"""Imports dbt and Cosmos in the scheduler and in workers, so that the tasks they fork inherit them.

Airflow imports this module by its name from $AIRFLOW_HOME/config. A task that imports them itself
spends some seconds of processor time before its model starts.
"""

import sys

__all__: list[str] = []

if {"scheduler", "celery"} & set(sys.argv):
    import cosmos.airflow.dag
    import cosmos.operators.local  # noqa: F401
    import dbt.adapters.postgres
    import dbt.cli.main  # noqa: F401
