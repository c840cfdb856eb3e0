"""The two drivers behind one face, for tests of the stand-in and of what talks to servers."""

from __future__ import annotations

import ctypes
import os
from typing import Any

import mssql_python
import pymssql

from tests.tds.standin import StandIn

__all__ = ["DRIVERS", "connect"]

DRIVERS = ("pymssql", "mssql-python")


def connect(
    driver: str, server: StandIn, database: str = "RENTAL", *, autocommit: bool = True,
    user: str | None = None, password: str | None = None, timeout: int = 0, **options: Any,
) -> Any:  # fmt: skip
    """A connection of `driver`.

    Args:
        timeout: of a query, in seconds; 0 for none.
        options: of mssql-python's connection string, or of pymssql.connect.
    """
    user, password = user or server.user, password or server.password
    if driver == "pymssql":
        return pymssql.connect(
            server="127.0.0.1", port=str(server.port), user=user, password=password,
            database=database, autocommit=autocommit, login_timeout=10, timeout=timeout, **options,
        )  # fmt: skip
    _choose_provider()
    wanted = {"Encrypt": "no", "ConnectRetryCount": "0", **options}
    parts = [f"Server=127.0.0.1,{server.port}", f"Database={database}", f"Uid={user}"]
    parts += [f"Pwd={{{password}}}", *(f"{name}={value}" for name, value in wanted.items())]
    connection = mssql_python.connect(";".join(parts) + ";", autocommit=autocommit)
    if timeout:
        connection.timeout = timeout
    return connection


def _choose_provider() -> None:
    """Takes the driver of the package that this system can load: one needs libltdl."""
    mssql_python.pooling(enabled=False)
    if "MSSQL_PYTHON_NATIVE_PROVIDER" in os.environ:
        return
    try:
        ctypes.CDLL("libltdl.so.7")
    except OSError:
        os.environ["MSSQL_PYTHON_NATIVE_PROVIDER"] = "mssql-odbc"
