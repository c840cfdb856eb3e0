"""What the server's error numbers mean for a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from extract.errors import (
    ConfigurationError,
    ExtractError,
    RowError,
    SourceError,
    TransientError,
)
from extract.settings import Connection
from extract.sources.sqlserver.session import DriverError

__all__ = ["NO_SNAPSHOT", "translated"]

_LOGIN = frozenset(
    (911, 916, 4060, 4062, 4064, 18450, 18451, 18452, 18456, 18458, 18459, 18470, 18486, 18487)
    + (18488, 40532, 40615, 47073)
)
# The connection or the server is gone or busy, or another transaction stood in the way.
_TRANSIENT = frozenset(
    (64, 121, 233, 596, 601, 615, 617, 701, 802, 921, 922, 924, 976, 978, 983, 1204, 1205, 1222)
    + (3960, 3961, 3966, 4221, 6005, 8628, 8645, 8651, 10053, 10054, 10060, 10922, 10928, 10929)
    + (10936, 14355, 17142, 17197, 18401, 40143, 40197, 40501, 40540, 40613, 41301, 41302, 41305)
    + (41325, 41839, 42108, 42109, 49918, 49919, 49920)
)
# FreeTDS's own: it can't connect, read or write, or waited too long.
_FREETDS = range(20000, 20100)
# A value of some row: it doesn't convert, is out of range, or an expression fails on it.
_ROW = frozenset(
    (220, 232, 234, 236, 237, 238, 241, 242, 244, 245, 246, 247, 248, 293, 294, 295, 296, 298, 512)
    + (517, 535, 536, 537, 1007, 2628, 3606, 3607, 3623, 6522, 6532, 6551, 6552, 6569, 8114, 8115)
    + (8134, 8152, 8169, 9810, 9813, 9819, 9823, 9833, 9835, 9836, 9837, 15466)
)
_XML, _JSON = range(9400, 9500), range(13602, 13630)
_USER = 50000
# Texts that name objects, not values.
_NAMES_OBJECTS = {
    207: "fix `include`, `exclude` or `expressions` in `config.meta.extract`",
    208: "fix `table`, `schema` or `database` in `config.meta.extract`",
    209: "qualify the column in `config.meta.extract.expressions`",
    195: "fix `config.meta.extract.expressions`",
    229: "grant the login select on it",
    230: "grant the login select on the column, or name it in `config.meta.extract.exclude`",
    4104: "fix `config.meta.extract.expressions`",
    4121: "fix `config.meta.extract.expressions`",
    4413: "repair the view (sp_refreshview)",
}
# A view reads from a database, or a kind of table, that has no snapshots.
NO_SNAPSHOT = frozenset((3951, 3952, 3953, 3954, 3957, 3963, 3964, 3971, 3988, 41332, 41333))
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_MOST_CHARACTERS = 300


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Turns `DriverError` into ours: one line, without a row's values or the password."""
    try:
        yield
    except DriverError as error:
        raise _translate(error, connection) from None


def _translate(error: DriverError, connection: Connection) -> ExtractError:
    number = error.number
    at = f"{connection.name} ({connection.where})"
    text = connection.redacted(_one_line(error.text))
    if number in _LOGIN or error.kind == "login":
        return ConfigurationError(
            f"{at} refuses the connection: {text}. Check the user, the password, the database and "
            "`encrypt` or `trust_server_certificate` in connections.yml or its environment."
        )
    if number in _TRANSIENT or number in _FREETDS or (not number and error.kind == "lost"):
        return TransientError(f"{at} doesn't answer, or broke off: {text}.")
    if (
        number in _ROW
        or number in _XML
        or number in _JSON
        or number >= _USER
        or (not number and error.kind == "row")
    ):
        # The server's text quotes the value.
        told = f"error {number}" if number else "no number told"
        return RowError(f"{at}: a value of some row can't be converted or computed ({told}).")
    if number in _NAMES_OBJECTS:
        return SourceError(f"{at}: {text}. To do: {_NAMES_OBJECTS[number]}.")
    told = f" (error {number})" if number else ""
    text = _QUOTED.sub("'...'", text)
    return SourceError(f"{at}: {text}{told}.")


def _one_line(text: str) -> str:
    """The server's own words."""
    text = re.sub(r"DB-Lib error message 20018.*", "", text, flags=re.DOTALL)
    text = re.sub(r"^(\[[^\]]*\])+", "", text.strip())
    text = " ".join(text.replace("\0", "").split()).rstrip(".")
    return text[:_MOST_CHARACTERS] or "no reason given"
