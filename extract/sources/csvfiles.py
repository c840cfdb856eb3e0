"""What the first line of a CSV file says, and its SQL in DuckDB."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from extract.errors import ConfigurationError, SourceError
from extract.settings import Connection
from extract.sources.recoded import PREFIX, not_in, opened

__all__ = ["CsvFormat", "literal", "paths"]

_HEAD_BYTES = 1 << 20
# Also the size of DuckDB's buffers, which by themselves would be 32 times as large.
_LONGEST_LINE = 16 << 20
_LINE_ENDS = {"\r\n": r"'\r\n'", "\r": r"'\r'", "\n": r"'\n'"}


@dataclass(frozen=True)
class CsvFormat:
    """How a connection's CSV files are written; `delimiter` None: as the file's name says."""

    encoding: str
    delimiter: str | None
    has_names: bool

    @classmethod
    def of(cls, connection: Connection) -> CsvFormat:
        """The options `encoding`, `delimiter` and `header` of connections.yml.

        Raises:
            ConfigurationError: one of them is of no use.
        """
        encoding = connection.option("encoding") or "utf-8"
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: `{encoding}` is no encoding that Python "
                "knows; Korean files are mostly cp949 or utf-8."
            ) from None
        delimiter = connection.option("delimiter")
        delimiter = "\t" if delimiter in ("tab", "\\t") else delimiter
        if delimiter is not None and len(delimiter) != 1:
            raise ConfigurationError(
                f"connections.yml: `{connection.name}`: option `delimiter` must be one character, "
                "or `tab`."
            )
        return cls(name, delimiter, connection.flag("header") is not False)

    @property
    def is_utf8(self) -> bool:
        """Whether DuckDB reads the files as they are."""
        return self.encoding in ("utf-8", "utf-8-sig", "ascii")

    def relation(self, files: Sequence[Path]) -> str:
        """The files as one relation of texts; those of other columns are joined by name.

        Raises:
            SourceError: a file has no usable first line.
        """
        heads = [(self._head(path), path) for path in files]
        prefix, packing = ("", "auto") if self.is_utf8 else (PREFIX, "none")
        parts = [
            f"select * from read_csv([{paths([path for _, path in group], prefix)}], {head},"
            f" compression = '{packing}')"
            for head, group in groupby(heads, key=lambda pair: pair[0])
        ]
        return f"({' union all by name '.join(parts)})"

    def _head(self, path: Path) -> str:
        """The options of read_csv. None is left to be guessed: a guess changes with the data."""
        with opened(path) as file:
            start = file.read(_HEAD_BYTES)
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            text = decoder.decode(start).removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise SourceError(not_in(path, self.encoding)) from None
        delimiter = self.delimiter or ("\t" if ".tsv" in path.suffixes else ",")
        lines = io.StringIO(text, newline="").readlines()
        reader = csv.reader(lines, delimiter=delimiter)
        names = next(reader, [])
        if not names:
            raise SourceError(
                f"{path.name} is empty: it has no line with the names of its columns."
            )
        if not self.has_names:
            names = [f"column{place}" for place in range(len(names))]
        doubtful = [name for name in names if not name or names.count(name) > 1]
        if doubtful:
            raise SourceError(
                f"{path.name}: the first line must name every column once; `{doubtful[0]}` is "
                "empty or comes twice. If it holds no names, set `header: no` in connections.yml."
            )
        last = lines[reader.line_num - 1]
        line_end = next((end for end in ("\r\n", "\r") if last.endswith(end)), "\n")
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
        return (
            f"columns = {{{columns}}}, auto_detect = false, header = {self.has_names},"
            f" delim = {literal(delimiter)}, quote = '\"', escape = '\"', nullstr = '',"
            f" allow_quoted_nulls = false, new_line = {_LINE_ENDS[line_end]},"
            f" max_line_size = {_LONGEST_LINE}, buffer_size = {_LONGEST_LINE}"
        )


def paths(files: Sequence[Path], prefix: str = "") -> str:
    """The files as a list of SQL literals that name them and no others."""
    named = [str(path) if prefix else _without_patterns(str(path)) for path in files]
    return ", ".join(literal(prefix + name) for name in named)


def literal(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _without_patterns(path: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)
