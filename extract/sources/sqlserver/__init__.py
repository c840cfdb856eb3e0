"""SQL Server and servers that are compatible with it; one module for each driver."""

from __future__ import annotations

from extract.sources.sqlserver.source import SqlServerSource, connect

__all__ = ["SqlServerSource", "connect"]
