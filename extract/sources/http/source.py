"""A web API as the extraction sees it: a table, once all of its pages are read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from extract.catalog import Extract
from extract.catalog_http import HttpApi, HttpColumn
from extract.dialects.duckdb import DuckdbDialect
from extract.errors import ConfigurationError, SourceError, TransientError
from extract.paging import Statement
from extract.retry import persist
from extract.settings import Connection
from extract.shape import Column, TableShape
from extract.sources.engine import Engine, column_of
from extract.sources.http.answers import Answer, read_answer, refusal, value_of
from extract.sources.http.client import Client
from extract.sources.http.pages import MovedError, pages

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["HttpSource", "connect"]

logger = logging.getLogger(__name__)

# How often an API is read whose items move while it is read.
_READINGS = 3
_NATIVE = {
    "text": "VARCHAR",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_WHOLE = r"[+-]?\d+"
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass
class HttpSource:
    """Implements `extract.sources.Source`, and `FeedSource`: what it reads is one feed's API.

    The pages are read when the first row is asked for, into a table of DuckDB's in `scratch`. From
    then on the source answers from there, so that all of a run sees the same rows.
    """

    connection: Connection
    client: Client
    engine: Engine
    scratch: TemporaryDirectory[str]
    dialect: DuckdbDialect = field(default_factory=DuckdbDialect)
    _extract: Extract | None = None
    _is_filled: bool = False

    def choose(self, extract: Extract) -> None:
        """Says of which feed the following statements are.

        Raises:
            ConfigurationError: the catalogue doesn't say how to ask the API.
        """
        if extract.http is None:
            raise ConfigurationError(
                f"{self.client.place(extract.table)}: `config.meta.extract.http` is missing, which "
                "says how to ask the API and what its answers look like."
            )
        if extract.database or extract.schema_name:
            raise ConfigurationError(
                f"{self.client.place(extract.table)}: a web API has neither `database` nor "
                "`schema`. Remove them from `config.meta.extract`."
            )
        self._extract = extract
        self._is_filled = False

    def describe(self, extract: Extract) -> TableShape:
        """The columns of the catalogue; asks nobody."""
        self.choose(extract)
        api = self._api
        columns = tuple(self._column(column) for column in api.columns)
        return TableShape(self._relation, columns, (), (), None)

    def read(self, statement: Statement, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """Streams what DuckDB computes from the API's items."""
        self._fill()
        return self.engine.read(statement, columns)

    def texts(self, statement: Statement) -> list[tuple[str | None, ...]]:
        """A small result, whole: every value as text."""
        self._fill()
        return self.engine.texts(statement)

    def boundaries(self, shape: TableShape, column: Column, parts: int) -> list[str]:
        """None: an API has no index."""
        return []

    def close(self) -> None:
        """Closes the connections and removes what was read."""
        self.client.close()
        self.engine.close()
        with suppress(Exception):
            self.scratch.cleanup()

    @property
    def _chosen(self) -> Extract:
        assert self._extract is not None  # the session chooses before it asks
        return self._extract

    @property
    def _api(self) -> HttpApi:
        assert self._chosen.http is not None
        return self._chosen.http

    @property
    def _place(self) -> str:
        return self.client.place(self._chosen.table)

    @property
    def _relation(self) -> str:
        # With the parameters: an answer to other ones is another table.
        parameters = self._api.parameters
        asked = f"?{urlencode(parameters)}" if parameters else ""
        return self.dialect.quote(self._chosen.table + asked)

    def _column(self, column: HttpColumn) -> Column:
        """Texts as they are; a value that is none of its type fails for its row."""
        reference = self.dialect.quote(column.name)
        native = _native(column.type)
        if native == "VARCHAR":
            return column_of(column.name, native, reference)
        text = f"nullif(trim({reference}), '')"
        value = f"cast({text} as {native})"
        pattern = _pattern(column.type)
        if pattern is not None:
            # A cast would round.
            value = (
                f"case when {text} is null or regexp_full_match({text}, '{pattern}') then {value}"
                f" else error('not of its type: ' || {text}) end"
            )
        return column_of(column.name, native, f"({value})", computed=True)

    def _fill(self) -> None:
        """Reads the API, unless that is done.

        Raises:
            TransientError: it changed each time while it was read.
            SourceError: its items don't add up, or a key comes twice.
        """
        if self._is_filled:
            return
        faults: list[str] = []
        while True:
            try:
                self._read_pages()
                break
            except MovedError as error:
                faults.append(str(error))
                if len(faults) == _READINGS:
                    raise self._unsteady(faults) from None
                logger.warning("%s: %s; reading it again", self._place, error)
        self._is_filled = True

    def _read_pages(self) -> None:
        import pyarrow as pa

        api = self._api
        names = [column.name for column in api.columns]
        relation = _unescaped(self._relation)
        listed = ", ".join(f"{self._name(name)} varchar" for name in names)
        with self.engine.translated():
            self.engine.all(f"create or replace table {relation} ({listed})")
        seen: set[str] = set()
        has_items = False
        for items in pages(self._ask, api, self._place):
            has_items = True
            arrays = []
            for column in api.columns:
                found = [value_of(item, column) for item in items]
                arrays.append(pa.array([value for _, value in found], pa.string()))
                if any(is_there for is_there, _ in found):
                    seen.add(column.name)
            self.engine.add(relation, pa.table(arrays, names))
        if has_items:
            self._check_columns(seen)
        self._check_keys(relation)

    def _ask(self, number: int) -> Answer:
        """The page with this number, at the latest at the sixth try."""
        try:
            return persist(lambda: self._ask_once(number), lambda: None)
        except TransientError as error:
            raise TransientError(str(error), is_spent=True) from None

    def _ask_once(self, number: int) -> Answer:
        api = self._api
        parameters = {**api.parameters, api.page_parameter: str(number)}
        if api.size_parameter is not None:
            parameters[api.size_parameter] = str(api.page_size)
        reply = self.client.get(self._chosen.table, parameters, api.secret_parameter)
        if reply.status != 200:
            raise SourceError(self._refused(reply.status, refusal(reply.body, reply.charset, api)))
        try:
            place = f"{self._place}, page {number}"
            return read_answer(reply.body, reply.charset, api, place)
        except (SourceError, TransientError) as error:
            # An API may say what it was asked.
            raise type(error)(self.client.redacted(str(error))) from None

    def _refused(self, status: int, said: str) -> str:
        more = f" ({self.client.redacted(said)})" if said else ""
        if status in (401, 403):
            advice = f"Is `key` of `{self.connection.name}` in connections.yml right?"
        else:
            advice = "Fix `config.meta.extract`, or the URL in connections.yml."
        return f"{self._place}: the API answers with status {status}{more}. {advice}"

    def _unsteady(self, faults: Sequence[str]) -> SourceError | TransientError:
        where = f"{self._place}: {_READINGS} readings, and none is whole: {faults[-1]}."
        if len(set(faults)) > 1:
            return TransientError(f"{where} lv0 is as it was.", is_spent=True)
        return SourceError(
            f"{where} lv0 is as it was. Where the API's own total is wrong, leave out "
            "`http.total`; where a row has more to its key, name it in `key`."
        )

    def _check_columns(self, seen: set[str]) -> None:
        expected = [column for column in self._api.columns if not column.optional]
        missing = [".".join(column.path) for column in expected if column.name not in seen]
        if missing:
            raise SourceError(
                f"{self._place}: no item has {', '.join(missing)}. lv0 is as it was. Where the API "
                "has renamed it, fix `http.columns`; where it may be missing, say `optional: true` "
                "there."
            )

    def _check_keys(self, relation: str) -> None:
        """A key that comes twice is of a row that went to another page meanwhile."""
        names = [self._name(name) for name in self._chosen.key]
        known = " and ".join(f"{name} is not null" for name in names)
        with self.engine.translated():
            [(double,)] = self.engine.all(
                f"select count(*) from (select 1 from {relation} where {known}"
                f" group by {', '.join(names)} having count(*) > 1)"
            )
        if double:
            key = ", ".join(self._chosen.key)
            raise MovedError(f"the key ({key}) comes more than once for {double:,} of its values")

    def _name(self, name: str) -> str:
        return _unescaped(self.dialect.quote(name))


def connect(connection: Connection, database: str | None) -> HttpSource:
    """A source on the API that the URL begins; nothing is asked yet.

    Raises:
        ConfigurationError: the URL or an option is of no use.
    """
    client = Client(connection)
    scratch = TemporaryDirectory(prefix="stairway_")
    try:
        engine = Engine.start(connection, scratch.name, str(Path(scratch.name) / "items.duckdb"))
    except BaseException:
        scratch.cleanup()
        client.close()
        raise
    return HttpSource(connection, client, engine, scratch)


def _native(lv0: str) -> str:
    numeric = _NUMERIC.fullmatch(lv0)
    return f"DECIMAL({numeric[1]},{numeric[2]})" if numeric else _NATIVE[lv0]


def _pattern(lv0: str) -> str | None:
    if lv0 in ("smallint", "integer", "bigint"):
        return _WHOLE
    numeric = _NUMERIC.fullmatch(lv0)
    return rf"[+-]?\d*(\.\d{{0,{numeric[2]}}}0*)?" if numeric else None


def _unescaped(text: str) -> str:
    """SQL for a call without placeholders, where a percent is a percent."""
    return text.replace("%%", "%")
