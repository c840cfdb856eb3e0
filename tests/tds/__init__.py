"""A stand-in for SQL Server: TDS 7.4 in front, Postgres behind."""

from tests.tds.standin import Faults, Stall, StandIn

__all__ = ["Faults", "Stall", "StandIn"]
