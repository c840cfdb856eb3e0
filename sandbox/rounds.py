"""One round of changes to all that the sandbox extracts from: the sample ERP and the web APIs."""

from __future__ import annotations

from dataclasses import replace

from sandbox import erp
from sandbox.api import StubApi, changes_of
from sandbox.postgres import EmbeddedPostgres

__all__ = ["change"]


def change(postgres: EmbeddedPostgres, api: StubApi) -> erp.ErpChange:
    """Applies the next round; the report tells of the web APIs, too.

    Raises:
        SandboxError: there is no sample ERP.
    """
    changed = erp.change(postgres)
    api.set_round(changed.round)
    institutions = {
        feed: erp.TableChange(*counts) for feed, counts in changes_of(changed.round).items()
    }
    # An institution that opens, moves its telephone or closes is a write each.
    touched = sum(sum(vars(counts).values()) for counts in institutions.values())
    return replace(
        changed,
        tables={**changed.tables, **institutions},
        hc_writes={**changed.hc_writes, "public_institution": touched},
    )
