"""The connections of one worker: to the source and to the warehouse."""

from __future__ import annotations

from extract.catalog import Feed
from extract.settings import Connection
from extract.sources import FeedSource, Source, open_source
from extract.targets.postgres import PostgresTarget

__all__ = ["Session"]


class Session:
    """A source and a target, opened when they are asked for, and anew after `drop`."""

    def __init__(self, feed: Feed, source: Connection, warehouse: Connection) -> None:
        self.feed = feed
        self.connection = source
        self.warehouse = warehouse
        self._source: Source | None = None
        self._target: PostgresTarget | None = None

    @property
    def source(self) -> Source:
        """The open source."""
        if self._source is None:
            self._source = open_source(self.connection, self.feed.extract.database)
            if isinstance(self._source, FeedSource):
                self._source.choose(self.feed.extract)
        return self._source

    @property
    def target(self) -> PostgresTarget:
        """The open warehouse."""
        if self._target is None:
            self._target = PostgresTarget(self.warehouse)
        return self._target

    def drop(self) -> None:
        """Closes both; the next use opens them again. Never raises."""
        for opened in (self._source, self._target):
            if opened is not None:
                opened.close()
        self._source = self._target = None

    close = drop
