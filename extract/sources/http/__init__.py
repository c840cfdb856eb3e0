"""Reads paged web APIs, as `config.meta.extract.http` describes them.

`client` asks (the only module that imports httpx), `parse` reads an answer's bytes, `answers` says
what is in it, `pages` when all of it is read, and `source` is what the extraction sees.
"""

from extract.sources.http.source import HttpSource, connect

__all__ = ["HttpSource", "connect"]
