"""Derivations as graphs: what rests on what, in circles or on leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from llm_reasonkit.reasoning.checks.outcome import Row, known_id, texts

Edges = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Grounding:
    """What each node rests on in the end.

    leaves: for every node that is grounded, the leaves it reaches. A node is grounded when it
    rests on something and all that it rests on is a leaf or grounded; so a node in a circle, or
    above one, is not.
    """

    leaves: Mapping[str, frozenset[str]]
    circle: list[str]

    def reaches(self, node: str) -> bool:
        """Tell whether a node is grounded."""
        return node in self.leaves


def read_edges(
    nodes: Mapping[str, Row], key: str, known: Collection[str], verb: str = "names"
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the ids that each node names under a key, and what is named that is not known.

    The latter stays among the former, so that it grounds nothing.
    """
    edges: dict[str, list[str]] = {}
    unknown: list[str] = []
    for ident, row in nodes.items():
        meant = [(name, known_id(name, known)) for name in texts(row.get(key))]
        unknown += [f"{ident} {verb} {name[:40]}" for name, found in meant if found is None]
        edges[ident] = [found or name for name, found in meant]
    return edges, unknown


def find_circle(rests_on: Edges) -> list[str]:
    """Return nodes that rest on each other, the first again at the end, or an empty list."""
    try:
        TopologicalSorter(rests_on).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring[::-1]
    return []


def ground(rests_on: Edges, leaves: frozenset[str]) -> Grounding:
    """Follow every node down to the leaves."""
    reached: dict[str, frozenset[str]] = {}
    above: dict[str, list[str]] = {}
    missing = {node: len(set(below) - leaves) for node, below in rests_on.items()}
    for node, below in rests_on.items():
        for part in set(below) - leaves:
            above.setdefault(part, []).append(node)
    ready = [node for node, below in rests_on.items() if below and not missing[node]]
    while ready:
        node = ready.pop()
        parts = frozenset(rests_on[node])
        reached[node] = (parts & leaves).union(*(reached[part] for part in parts - leaves))
        for higher in above.get(node, []):
            missing[higher] -= 1
            if not missing[higher]:
                ready.append(higher)
    return Grounding(reached, find_circle(rests_on))
