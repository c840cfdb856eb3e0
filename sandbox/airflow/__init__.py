"""A real Airflow on loopback: api-server, scheduler and DAG processor with the project's DAGs."""

from sandbox.airflow.service import RunningAirflow, prepare, run, start, stop

__all__ = ["RunningAirflow", "prepare", "run", "start", "stop"]
