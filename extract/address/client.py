"""The address-search service: GET /v2/local/search/address.json, as Kakao's local API has it.

Source: developers.kakao.com, Local API, "search by address"; error codes of its REST API.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from extract.address.pace import Pace
from extract.address.words import Place
from extract.errors import (
    ConfigurationError,
    ExtractError,
    QuotaError,
    RowError,
    SourceError,
    TransientError,
)
from extract.settings import Connection

__all__ = ["AddressSearch"]

_PATH = "/v2/local/search/address.json"
_TIMEOUT_SECONDS = 10
_PER_SECOND = 50
_CONCURRENCY = 4
_QUOTA_USED_UP = -10
_MOST_BYTES = 1 << 20


class AddressSearch:
    """A client that several threads may use; each has a connection of its own.

    Neither the key nor what is asked is ever in an error or a log.

    Args:
        service: with the options `key` (else the URL's password), `per_second` (requests, 50),
            `concurrency` (4), `timeout` (10s) and `max_requests` (no end).

    Attributes:
        concurrency: how many threads may ask at once.
        max_requests: after how many requests a run leaves the rest to the next; it is for who
            calls to heed.
        requests: made so far, repeated ones included.

    Raises:
        ConfigurationError: the URL is no http, there is no key, or an option can't be read.
    """

    def __init__(self, service: Connection) -> None:
        parts = urlsplit(service.url)
        self._key = service.option("key") or unquote(parts.password or "")
        self._at = f"{service.name} ({service.where})"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                f"connections.yml: `{service.name}` has the URL {service.where}; an address search "
                "is at https://host or http://host:port."
            )
        if not self._key:
            raise ConfigurationError(
                f"connections.yml: `{service.name}` has no `key`. Give it that of the address "
                "search, by env_var()."
            )
        self.concurrency = int(_number(service, "concurrency", most=64) or _CONCURRENCY)
        self.max_requests = _number(service, "max_requests", most=1_000_000_000)
        self.requests = 0
        self._pace = Pace(_number(service, "per_second", most=1_000_000) or _PER_SECOND)
        self._timeout = service.seconds("timeout", _TIMEOUT_SECONDS)
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + _PATH
        self._secure = parts.scheme == "https"
        self._lock = threading.Lock()
        self._own = threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def search(self, query: str) -> Place | None:
        """The place that fits `query` best; None where there is none.

        Raises:
            QuotaError: the service takes no more requests for now.
            RowError: it refuses this query.
            ConfigurationError: it refuses the key.
            TransientError: it doesn't answer, or not now.
            SourceError: it answers something else.
        """
        self._pace.wait()
        status, body = self._get(f"{self._path}?{urlencode({'query': query, 'size': 1})}")
        content = _content(body)
        if status != http.client.OK:
            raise self._fault(status, content)
        try:
            return _place(content["documents"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SourceError(
                f"{self._at} answers, but not as an address search does. Check its URL."
            ) from None

    def close(self) -> None:
        """Closes the connections of all threads."""
        for connection in self._all:
            connection.close()

    def _get(self, target: str) -> tuple[int, bytes]:
        connection = self._connection()
        with self._lock:
            self.requests += 1
        try:
            connection.request("GET", target, headers={"Authorization": f"KakaoAK {self._key}"})
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            # The next request opens it again.
            connection.close()
            raise TransientError(
                f"{self._at} doesn't answer, or broke off: {type(error).__name__}."
            ) from None

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if found is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            found = self._own.connection = kind(self._host, self._port, timeout=self._timeout)
            with self._lock:
                self._all.append(found)
        return found

    def _fault(self, status: int, content: Any) -> ExtractError:
        code = content.get("code") if isinstance(content, dict) else None
        kind = content.get("errorType") if isinstance(content, dict) else None
        # The message may quote what was asked, or the key; the kind is one word.
        named = (
            f" {kind}" if isinstance(kind, str) and re.fullmatch(r"[A-Za-z]{1,60}", kind) else ""
        )
        told = f"{self._at} answers {status}{named}"
        if status == http.client.TOO_MANY_REQUESTS or code == _QUOTA_USED_UP:
            return QuotaError(f"{told}: its quota is used up.")
        if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            return ConfigurationError(
                f"{told}: it refuses the key. Check `key` in connections.yml, and that the service "
                "is switched on for it."
            )
        if status == http.client.BAD_REQUEST:
            return RowError(f"{told}: it refuses an address.")
        if status >= http.client.INTERNAL_SERVER_ERROR or status == http.client.REQUEST_TIMEOUT:
            return TransientError(f"{told}.")
        return SourceError(f"{told}. Check its URL in connections.yml.")


def _number(service: Connection, name: str, most: int) -> int | None:
    given = service.option(name)
    if given is None:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise ConfigurationError(
            f"connections.yml: `{service.name}`: option `{name}` must be a whole number from 1 to "
            f"{most:,}, not `{given}`."
        )
    return int(given)


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _place(documents: list[dict[str, Any]]) -> Place | None:
    if not documents:
        return None
    found = documents[0]
    address, road = found.get("address") or {}, found.get("road_address") or {}
    # A place with a road address alone has its regions there.
    region = address or road
    return Place(
        road_address=bool(road),
        address_name=_text(found.get("address_name")),
        region_1depth_name=_text(region.get("region_1depth_name")),
        region_2depth_name=_text(region.get("region_2depth_name")),
        region_3depth_name=_text(region.get("region_3depth_name")),
        region_3depth_h_name=_text(region.get("region_3depth_h_name")),
        building_name=_text(road.get("building_name")),
        zone_no=_text(road.get("zone_no")),
        x=float(found["x"]) if found.get("x") else None,
        y=float(found["y"]) if found.get("y") else None,
    )


def _text(value: object) -> str | None:
    # Postgres takes no NUL character in a text.
    return str(value).replace("\0", "").strip() or None if value is not None else None
