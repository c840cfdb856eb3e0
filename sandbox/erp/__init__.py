"""The sample ERP: a generated stand-in for uniERP's databases, and rounds of changes to it."""

from sandbox.erp.changes import FEEDS, ErpChange, TableChange, change
from sandbox.erp.sample import DEFAULT_ROWS, DEFAULT_SEED, Sample, build, read_marker

__all__ = [
    "DEFAULT_ROWS",
    "DEFAULT_SEED",
    "FEEDS",
    "ErpChange",
    "Sample",
    "TableChange",
    "build",
    "change",
    "read_marker",
]
