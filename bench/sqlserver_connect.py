"""Bare connections to the SQL Server that STAIRWAY_TEST_SQLSERVER_URL names, by either driver."""

from __future__ import annotations

import os
from typing import Any

import pymssql

from extract.settings import Connection
from extract.sources.sqlserver import by_mssql_python
from extract.sources.sqlserver.session import Login

__all__ = ["URL_VARIABLE", "connection", "mssql_python_connection", "pymssql_connection"]

URL_VARIABLE = "STAIRWAY_TEST_SQLSERVER_URL"


def connection() -> Connection:
    """The server as a connection of ours."""
    return Connection("bench", os.environ[URL_VARIABLE])


def mssql_python_connection() -> Any:
    """mssql-python's own connection, by the very settings that this project uses."""
    return by_mssql_python.connect(Login.of(connection(), None))._connection


def pymssql_connection() -> Any:
    """pymssql's own connection; it commits each statement."""
    login = Login.of(connection(), None)
    return pymssql.connect(
        server=login.host,
        port="" if login.port is None else str(login.port),
        user=login.user,
        password=login.password,
        database=login.database,
        encryption="require" if login.encrypt else "off",
        tds_version="7.4",
        charset="UTF-8",
        autocommit=True,
    )
