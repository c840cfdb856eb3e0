"""Which old edges the graph implies, and what to write where it doesn't. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from extract.audit.names import Names, UnknownNameError
from extract.audit.rows import Edge
from extract.manifest import Graph

__all__ = ["FAULTS", "STATES", "Finding", "judge"]

STATES = ("implied", "missing", "reversed", "unknown", "retired")
# What fails the audit. A reversed edge is a missing one, and no comment could add it.
FAULTS = ("missing", "reversed", "unknown")


@dataclass(frozen=True)
class Finding:
    """What became of an edge.

    Attributes:
        state: one of `STATES`.
        edge: the old one.
        paths: nodes from what was waited for to what waited; the other way round if reversed.
        reason: why the edge is unknown, retired or dead.
        is_dead: one of its DAGs never completed, so that it never held anything back.
        remedies: file, and the line that makes the graph imply the edge.
    """

    state: str
    edge: Edge
    paths: tuple[tuple[str, ...], ...] = ()
    reason: str = ""
    is_dead: bool = False
    remedies: tuple[tuple[str, str], ...] = ()


def judge(
    edges: Iterable[Edge], names: Names, graph: Graph, completed: Collection[str] | None = None
) -> list[Finding]:
    """A finding for each edge, in order.

    A DAG may stand for several nodes. An edge is implied if each node that was waited for has a
    node below it (or is one) among those that waited.

    Args:
        edges: of the old system.
        names: where its DAGs' names lead.
        graph: dbt's.
        completed: the DAGs that ever completed; None where nobody knows.
    """
    return [_judged(edge, names, graph, completed) for edge in edges]


def _judged(edge: Edge, names: Names, graph: Graph, completed: Collection[str] | None) -> Finding:
    found = _found(edge, names, graph)
    never = [dag for dag in dict.fromkeys(edge) if completed is not None and dag not in completed]
    if not never:
        return found
    reason = "; ".join(filter(None, (found.reason, f"{' and '.join(never)} never completed")))
    return replace(found, reason=reason, is_dead=True)


def _found(edge: Edge, names: Names, graph: Graph) -> Finding:
    retired = [dag for dag in dict.fromkeys(edge) if dag in names.retired]
    if retired:
        reason = "; ".join(f"{dag}: {names.retired[dag]}" for dag in retired)
        return Finding("retired", edge, reason=reason)
    try:
        below, above = (names.nodes(dag, graph) for dag in edge)
    except UnknownNameError as error:
        return Finding("unknown", edge, reason=str(error))
    paths = {name: graph.path(name, below) for name in above}
    apart = [name for name, path in paths.items() if not path]
    if not apart:
        return Finding("implied", edge, tuple(paths.values()))
    backwards = tuple(path for name in below if (path := graph.path(name, apart)))
    if backwards:
        return Finding("reversed", edge, backwards)
    return Finding("missing", edge, remedies=tuple(_remedy(graph, n, below[0]) for n in apart))


def _remedy(graph: Graph, parent: str, child: str) -> tuple[str, str]:
    node = graph.nodes[child]
    if node.kind in ("source", "seed"):
        # No SQL file builds it; a source's extraction can wait for a model.
        return node.file, f"# {child}: config.meta.extract.after: [{parent}]"
    if graph.nodes[parent].kind == "source":
        source, _, table = parent.partition(".")
        return node.file, f"-- depends_on: {{{{ source('{source}', '{table}') }}}}"
    return node.file, f"-- depends_on: {{{{ ref('{parent}') }}}}"
