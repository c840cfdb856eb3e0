"""Text files of any encoding, served to DuckDB as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import fsspec  # type: ignore[import-untyped]

from extract.errors import SourceError

__all__ = ["PREFIX", "Recoded", "not_in", "opened"]

PREFIX = "recoded://"
_CHUNK = 1 << 20


class Recoded(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """`recoded://<path>`: the file at `path`, decoded from `encoding`; copies go into `folder`."""

    protocol = PREFIX.removesuffix("://")
    cachable = False

    def __init__(self, encoding: str, folder: Path) -> None:
        super().__init__()
        self._encoding = encoding
        self._folder = folder
        self._copies: dict[str, Path] = {}

    def check(self, path: Path) -> None:
        """Decodes the file, so that what is wrong with it shows here and not inside of DuckDB."""
        self._copy(str(path))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """What DuckDB asks for before it opens a file, and reads no further than that size."""
        stat = self._copy(path).stat()
        return {"name": path, "size": stat.st_size, "type": "file", "mtime": stat.st_mtime}

    def glob(self, path: str, maxdepth: int | None = None, **options: Any) -> list[str]:
        """The path itself: it names one file, whatever characters are in it."""
        return [path]

    def modified(self, path: str) -> float:
        """When the file was written, as seconds since 1970."""
        return self._local(path).stat().st_mtime

    def _open(self, path: str, mode: str = "rb", **options: Any) -> IO[bytes]:
        return _Handle(io.FileIO(self._copy(path)))

    def _copy(self, path: str) -> Path:
        """The decoded file: DuckDB goes back in what it reads, and wants the size beforehand.

        Raises:
            SourceError: the file isn't in this encoding.
        """
        path = path.removeprefix(PREFIX)
        if path not in self._copies:
            copy = self._folder / f"copy_{len(self._copies)}"
            decoder = codecs.getincrementaldecoder(self._encoding)()
            local = self._local(path)
            try:
                with opened(local) as source, copy.open("wb") as target:
                    while chunk := source.read(_CHUNK):
                        target.write(decoder.decode(chunk).encode())
                    target.write(decoder.decode(b"", True).encode())
            except UnicodeDecodeError:
                raise SourceError(not_in(local, self._encoding)) from None
            self._copies[path] = copy
        return self._copies[path]

    @staticmethod
    def _local(path: str) -> Path:
        return Path(path.removeprefix(PREFIX))


class _Handle(io.BufferedReader):
    """A file that is closed with its last reference: DuckDB drops it without a word."""

    def __del__(self) -> None:
        self.close()


def not_in(path: Path, encoding: str) -> str:
    """The message for a file of another encoding."""
    return f"{path.name} is not in {encoding}. Set `encoding` in connections.yml."


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked."""
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            yield packed  # type: ignore[misc]
    else:
        with path.open("rb") as plain:
            yield plain
