"""Holds the old system's list of dependencies against dbt's graph: docs/switching.md."""

from extract.audit.judge import Finding, judge
from extract.audit.names import Names, read_names
from extract.audit.rows import Edge, read_completed, read_edges

__all__ = ["Edge", "Finding", "Names", "judge", "read_completed", "read_edges", "read_names"]
