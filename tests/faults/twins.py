"""Two feeds that read one table in the same way: one meets a fault, the other doesn't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from extract.runs import RunResult
from tests.extract_support import Stand

__all__ = ["Twins"]


@dataclass(frozen=True)
class Twins:
    """Feeds `s.<name>`, which meets the fault, and `s.<name>_twin`, over one source table."""

    stand: Stand
    name: str

    @classmethod
    def of(cls, stand: Stand, name: str, table: str = "t", **extract: Any) -> Twins:
        """Writes the catalogue: both feeds read `table`, as `extract` says."""
        entry = {"table": table, **extract}
        stand.feeds(**{name: entry, f"{name}_twin": entry})
        return cls(stand, name)

    @property
    def feed(self) -> str:
        return f"s.{self.name}"

    def run(self, **options: Any) -> RunResult:
        """Runs the one that meets the fault."""
        return self.stand.run(self.name, **options)

    def run_twin(self, **options: Any) -> RunResult:
        return self.stand.run(f"{self.name}_twin", **options)

    def lv0(self, table: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of lv0, those marked as deleted too, whenever they were written."""
        return self.stand.rows(
            "select content, is_there from (select to_jsonb(t) - '{_extracted_at,_deleted_at}'"
            "::text[] as content, _deleted_at is null as is_there"
            f' from lv0."{table or self.name}" as t) as t order by content::text, is_there'
        )

    def assert_alike(self, **options: Any) -> None:
        """Runs the twin: both are equal then, and another run of the faulted one writes nothing.

        `options` are for all runs.
        """
        self.run_twin(**options)
        assert self.lv0() == self.lv0(f"{self.name}_twin")
        written = f'select * from lv0."{self.name}" as t order by t::text collate "C"'
        before = self.stand.rows(written)
        assert not self.run(**options).changed
        assert self.stand.rows(written) == before

    def notes(self) -> list[str]:
        """The lines in the record of the latest run."""
        query = f"select notes from ops.runs where feed = '{self.feed}' order by started_at desc"
        found: list[str] = self.stand.rows(query)[0][0]
        return found

    def pages(self) -> tuple[int, int]:
        """How many pages were committed in all runs, and how many rows they have."""
        found: tuple[int, int] = self.stand.rows(
            "select count(*), coalesce(sum(rows), 0)::int from ops.pages natural join ops.runs"
            f" where feed = '{self.feed}'"
        )[0]
        return found
