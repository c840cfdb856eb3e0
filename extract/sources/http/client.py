"""Asks a web API; the only module that imports httpx."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

import httpx

from extract.errors import ConfigurationError, SourceError, TransientError
from extract.settings import Connection

__all__ = ["Client", "Reply"]

# The largest page that is taken into memory.
_MOST_BYTES = 64 << 20
_TRANSIENT = (408, 425, 429)

# httpx logs every URL, and with it the key.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)


@dataclass(frozen=True)
class Reply:
    """An answer that came whole."""

    status: int
    charset: str | None
    body: bytes


class Client:
    """Asks the API of a connection.

    Args:
        connection: `url` begins each URL; `key` is the secret; `timeout` and `connect_timeout` are
            times to wait for the next bytes, and for a connection.

    Raises:
        ConfigurationError: the URL or an option is of no use.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        parts = urlsplit(connection.url)
        self._base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        if not parts.hostname:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: the URL {connection.where} names no host."
            )
        self._http = httpx.Client(
            timeout=httpx.Timeout(
                connection.seconds("timeout", 60), connect=connection.seconds("connect_timeout", 15)
            ),
            headers={"User-Agent": "stairway"},
            # No proxy leads to this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

    def place(self, path: str) -> str:
        """Where `path` is, for messages."""
        return f"{self._connection.where.rstrip('/')}/{path.lstrip('/')}"

    def get(self, path: str, parameters: Mapping[str, str], secret_parameter: str | None) -> Reply:
        """The answer to one question, whatever its status, but for those that are worth a wait.

        Args:
            path: behind the connection's URL.
            parameters: of the question.
            secret_parameter: the one with the connection's key; None: the API takes none.

        Raises:
            TransientError: no whole answer came, or the API is busy.
            ConfigurationError: the connection has no key, or the server's certificate is refused.
            SourceError: the answer is too large, or garbled.
        """
        question = dict(parameters)
        if secret_parameter is not None:
            question[secret_parameter] = self._key()
        place = self.place(path)
        url = f"{self._base}/{quote(path.lstrip('/'), safe='/:@!$&()*+,;=~')}"
        try:
            with self._http.stream("GET", url, params=question) as response:
                reply = Reply(response.status_code, response.charset_encoding, _body(response))
        except httpx.TransportError as error:
            text = self.redacted(f"{type(error).__name__} {error}".strip().rstrip("."))
            if "CERTIFICATE_VERIFY_FAILED" in text:
                raise ConfigurationError(
                    f"{place}: the server's certificate is refused: {text}."
                ) from None
            raise TransientError(f"{place}: no whole answer: {text}.") from None
        except (httpx.InvalidURL, httpx.DecodingError, _TooLargeError) as error:
            raise SourceError(f"{place}: {self.redacted(str(error))}.") from None
        if reply.status in _TRANSIENT or reply.status >= 500:
            asked = _wait(response.headers.get("Retry-After"))
            more = f", and asks to wait for {asked:,.0f} s" if asked else ""
            raise TransientError(
                f"{place}: the API answers with status {reply.status}{more}.", wait_seconds=asked
            )
        return reply

    def redacted(self, text: str) -> str:
        """`text` without the key."""
        key = self._connection.option("key") or ""
        for secret in filter(None, (key, quote(key), quote(key, safe=""), quote_plus(key))):
            text = text.replace(secret, "***")
        return self._connection.redacted(text)

    def close(self) -> None:
        """Closes the connections; never raises."""
        with suppress(Exception):
            self._http.close()

    def _key(self) -> str:
        key = self._connection.option("key")
        if not key:
            raise ConfigurationError(
                f"connections.yml: `{self._connection.name}` has no `key`, which the API asks for. "
                "Give it one by an environment variable: key: \"{{ env_var('...') }}\"."
            )
        return key


class _TooLargeError(Exception):
    """An answer is more than a page."""


def _body(response: httpx.Response) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > _MOST_BYTES:
            raise _TooLargeError(
                f"the answer has more than {_MOST_BYTES >> 20} MB; lower `http.page_size`"
            )
        pieces.append(piece)
    return b"".join(pieces)


def _wait(header: str | None) -> float:
    """The seconds that Retry-After asks for, as a number or as a time; 0 for none."""
    if header is None:
        return 0.0
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0
