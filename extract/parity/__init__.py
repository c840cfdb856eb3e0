"""Compares a relation of the old system with ours, row by row: docs/switching.md."""

from extract.parity.compare import Request, compare
from extract.parity.report import Parity, Sample

__all__ = ["Parity", "Request", "Sample", "compare"]
