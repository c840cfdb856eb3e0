"""The few calls of Airflow's REST API that the sandbox makes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AirflowApi", "ApiError"]

# The first call of a kind makes the api-server import what it needs for it.
_TIMEOUT_SECONDS = 60


class ApiError(Exception):
    """Airflow refused a call or didn't answer; `status` is None where it didn't."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class AirflowApi:
    """A client of the Airflow at `url`, as the user whose name and password are given."""

    url: str
    user: str
    password: str = field(repr=False)
    _token: str | None = field(default=None, init=False, repr=False)

    def health(self) -> dict[str, Any]:
        """The state of each component by name, as Airflow sees it; needs no login."""
        return self._request("GET", "/api/v2/monitor/health")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer of `/api/v2<path>`.

        Raises:
            ApiError: the status isn't 2xx, or there is no answer.
        """
        if self._token is None:
            login = {"username": self.user, "password": self.password}
            self._token = str(self._request("POST", "/auth/token", login)["access_token"])
        return self._request(method, f"/api/v2{path}", body, self._token)

    def _request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            self.url + path,
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            with error:
                detail = error.read().decode(errors="replace")
            raise ApiError(f"{method} {path}: {error.code} {detail}", error.code) from None
        except (OSError, ValueError) as error:
            raise ApiError(f"{method} {path}: {error}") from None
        return json.loads(content) if content else {}
