"""The old system's rows, from a CSV file or from its database."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from extract.errors import ConfigurationError, SourceError
from extract.paging import Statement
from extract.settings import Connection, Project
from extract.sources import open_source

__all__ = ["Edge", "read_completed", "read_edges"]


class Edge(NamedTuple):
    """`tobe_dag` started only when `asis_dag` had completed."""

    tobe_dag: str
    asis_dag: str


def read_edges(project: Project, place: str) -> list[Edge]:
    """The rows of `dependency_manager`, each once and in order.

    Args:
        project: whose connections.yml may name the place.
        place: a CSV file with a header, a URL, or a connection's name.

    Raises:
        ConfigurationError: there is nothing to read, or a row lacks a name.
        TransientError: the database doesn't answer.
    """
    rows = _rows(project, place, "dependency_manager", ("tobe_dag", "asis_dag"))
    if not rows:
        raise ConfigurationError(f"dependency_manager in {_shown(place)} has no rows.")
    for number, row in enumerate(rows, start=1):
        if not all(row):
            raise ConfigurationError(
                f"dependency_manager in {_shown(place)}: row {number} lacks "
                f"{'tobe_dag' if not row[0] else 'asis_dag'}."
            )
    return sorted({Edge(*(name.lower() for name in row)) for row in rows})


def read_completed(project: Project, place: str) -> frozenset[str]:
    """The DAGs that `dag_log` says have completed at least once. Arguments as `read_edges`."""
    rows = _rows(project, place, "dag_log", ("dag_id", "completion_date", "completion_datetime"))
    return frozenset(dag.lower() for dag, date, moment in rows if dag and (date or moment))


def _rows(
    project: Project, place: str, table: str, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    if "://" in place:
        return _from_database(Connection(table, place), table, columns)
    if Path(place).is_file():
        return _from_file(Path(place), columns)
    if project.has_connection(place):
        return _from_database(project.connection(place), table, columns)
    raise ConfigurationError(
        f"{place} is neither a file, nor a URL, nor a connection of connections.yml."
    )


def _from_file(path: Path, columns: Sequence[str]) -> list[tuple[str, ...]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = {name.strip().lower(): name for name in reader.fieldnames or ()}
            missing = [name for name in columns if name not in names]
            if missing:
                raise ConfigurationError(
                    f"{path} has the columns {', '.join(names) or 'none'}; it lacks "
                    f"{', '.join(missing)}."
                )
            return [tuple((row[names[name]] or "").strip() for name in columns) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} can't be read: {error}.") from None


def _from_database(
    connection: Connection, table: str, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    try:
        with closing(open_source(connection, None)) as source:
            rows = source.texts(Statement(f"select {', '.join(columns)} from {table}"))
    except SourceError as error:
        raise ConfigurationError(str(error)) from None
    return [tuple((value or "").strip() for value in row) for row in rows]


def _shown(place: str) -> str:
    return Connection("database", place).where if "://" in place else place
