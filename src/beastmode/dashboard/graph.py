"""The dependency graph of a run as shapes: layers from left to right, every edge forward. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NODE_WIDTH, NODE_HEIGHT = 168.0, 26.0
_GAP_X, _GAP_Y, _EDGE = 64.0, 10.0, 4.0
_SWEEPS = 6
"""After so many, neighbours hardly change places any more."""


@dataclass(frozen=True, slots=True)
class Node:
    """x, y: of its upper left corner."""

    id: str
    layer: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Edge:
    """path: the `d` of an SVG path, from the right side of `before` to the left side of `after`."""

    before: str
    after: str
    path: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Nodes and edges within width x height."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    width: float
    height: float


def layout(ids: Sequence[str], edges: Iterable[tuple[str, str]]) -> Layout:
    """Places for all ids, in layers by the longest way to them.   edges: (before, after); those with an end that is not
    among the ids are left out. Raises ValueError for a cycle.

    Within a layer nodes stand near what they are tied to (barycentres, swept to and fro), and else in the order given.
    """
    known = {id_: place for place, id_ in enumerate(ids)}
    tied = sorted(
        {(a, b) for a, b in edges if a in known and b in known}, key=lambda e: (known[e[0]], known[e[1]])
    )
    before: dict[str, list[str]] = {id_: [] for id_ in ids}
    after: dict[str, list[str]] = {id_: [] for id_ in ids}
    for one, other in tied:
        before[other].append(one)
        after[one].append(other)
    layers = _layers(ids, before, after)
    _swept(layers, before, after)
    nodes = _placed(layers)
    at = {node.id: node for node in nodes}
    height = max((len(layer) for layer in layers), default=0) * (NODE_HEIGHT + _GAP_Y)
    width = len(layers) * (NODE_WIDTH + _GAP_X) - _GAP_X if layers else 0.0
    shapes = [Edge(one, other, _path(at[one], at[other])) for one, other in tied]
    return Layout(nodes, shapes, width + 2 * _EDGE, height + 2 * _EDGE)


def _layers(
    ids: Sequence[str], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    missing = {id_: len(before[id_]) for id_ in ids}
    depth = dict.fromkeys(ids, 0)
    turn = [id_ for id_ in ids if not missing[id_]]
    for id_ in turn:  # grows while it is read: a queue
        for other in after[id_]:
            depth[other] = max(depth[other], depth[id_] + 1)
            missing[other] -= 1
            if not missing[other]:
                turn.append(other)
    if len(turn) < len(ids):
        raise ValueError("these tasks wait for each other")
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for id_ in ids:
        layers[depth[id_]].append(id_)
    return layers


def _swept(
    layers: Sequence[list[str]], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> None:
    """Orders each layer by where its neighbours stand."""
    at = {id_: _share(place, layer) for layer in layers for place, id_ in enumerate(layer)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        ties = before if forward else after
        for layer in layers if forward else reversed(layers):
            wanted = {id_: _mean([at[tied] for tied in ties[id_]], at[id_]) for id_ in layer}
            layer.sort(key=wanted.__getitem__)
            at |= {id_: _share(place, layer) for place, id_ in enumerate(layer)}


def _share(place: int, layer: Sequence[str]) -> float:
    """Where a place is within its layer, 0 to 1."""
    return (place + 0.5) / len(layer)


def _mean(values: Sequence[float], other: float) -> float:
    return sum(values) / len(values) if values else other


def _placed(layers: Sequence[Sequence[str]]) -> list[Node]:
    """A column for each layer, in the middle of the height."""
    tallest = max((len(layer) for layer in layers), default=0)
    nodes = []
    for column, layer in enumerate(layers):
        x = _EDGE + column * (NODE_WIDTH + _GAP_X)
        top = _EDGE + (tallest - len(layer)) * (NODE_HEIGHT + _GAP_Y) / 2
        nodes += [Node(id_, column, x, top + row * (NODE_HEIGHT + _GAP_Y)) for row, id_ in enumerate(layer)]
    return nodes


def _path(one: Node, other: Node) -> str:
    begin, y1 = one.x + NODE_WIDTH, one.y + NODE_HEIGHT / 2
    end, y2 = other.x, other.y + NODE_HEIGHT / 2
    bend = _GAP_X * 0.6
    return f"M{begin:g},{y1:g} C{begin + bend:g},{y1:g} {end - bend:g},{y2:g} {end:g},{y2:g}"
