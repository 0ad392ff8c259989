"""The dependency graph of a run as shapes: layers from left to right, every edge forward. Pure and deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

NODE_WIDTH, NODE_HEIGHT = 168.0, 26.0
_GAP_X, _GAP_Y, _EDGE = 64.0, 10.0, 4.0
_LANE_HEIGHT = 2.0
"""Of an edge that passes a layer."""
_SWEEPS = 6
"""After so many, neighbours hardly change places any more."""
_MOST_LANES = 1_500
"""Of a graph in which more edges pass more layers, these go behind the nodes: lanes for all would leave no room."""


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
    Edges that pass a layer have a lane of their own in it.
    """
    known = {id_: place for place, id_ in enumerate(ids)}
    tied = sorted({(known[one], known[other]) for one, other in edges if one in known and other in known})
    depth = _depths(len(ids), tied)
    grid = _Grid([[] for _ in range(max(depth, default=-1) + 1)])
    for place, column in enumerate(depth):
        grid.add(place, column)
    ways = _ways(grid, tied, depth)
    grid.sweep()
    return _drawn(ids, grid, ways, depth)


def _depths(size: int, tied: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each."""
    after: list[list[int]] = [[] for _ in range(size)]
    missing = [0] * size
    for one, other in tied:
        after[one].append(other)
        missing[other] += 1
    depth, turn = [0] * size, [place for place in range(size) if not missing[place]]
    for place in turn:  # grows while it is read: a queue
        for other in after[place]:
            depth[other] = max(depth[other], depth[place] + 1)
            missing[other] -= 1
            if not missing[other]:
                turn.append(other)
    if len(turn) < size:
        raise ValueError("these tasks wait for each other")
    return depth


@dataclass(slots=True)
class _Grid:
    """Cells in layers: nodes by their numbers, and behind them the lanes of edges.   before, after: the neighbours of
    each, in the layers beside it."""

    layers: list[list[int]]
    before: dict[int, list[int]] = field(default_factory=dict)
    after: dict[int, list[int]] = field(default_factory=dict)

    def add(self, cell: int, column: int) -> None:
        self.layers[column].append(cell)
        self.before[cell], self.after[cell] = [], []

    def tie(self, one: int, other: int) -> None:
        self.after[one].append(other)
        self.before[other].append(one)

    def sweep(self) -> None:
        """Order each layer by where its neighbours stand."""
        at = {cell: _share(place, layer) for layer in self.layers for place, cell in enumerate(layer)}
        for sweep in range(_SWEEPS):
            forward = sweep % 2 == 0
            ties = self.before if forward else self.after
            for layer in self.layers if forward else reversed(self.layers):
                wanted = {cell: _mean([at[tied] for tied in ties[cell]], at[cell]) for cell in layer}
                layer.sort(key=wanted.__getitem__)
                at |= {cell: _share(place, layer) for place, cell in enumerate(layer)}


def _ways(
    grid: _Grid, tied: Sequence[tuple[int, int]], depth: Sequence[int]
) -> dict[tuple[int, int], list[int]]:
    """The cells that each edge goes through, its ends included."""
    has_lanes = sum(depth[other] - depth[one] - 1 for one, other in tied) <= _MOST_LANES
    ways, next_cell = dict[tuple[int, int], list[int]](), len(depth)
    for one, other in tied:
        way = [one]
        for column in range(depth[one] + 1, depth[other] if has_lanes else 0):
            grid.add(next_cell, column)
            way.append(next_cell)
            next_cell += 1
        ways[one, other] = way = [*way, other]
        for cell, beside in pairwise(way):
            grid.tie(cell, beside)
    return ways


def _share(place: int, layer: Sequence[int]) -> float:
    """Where a place is within its layer, 0 to 1."""
    return (place + 0.5) / len(layer)


def _mean(values: Sequence[float], other: float) -> float:
    return sum(values) / len(values) if values else other


def _drawn(
    ids: Sequence[str], grid: _Grid, ways: Mapping[tuple[int, int], Sequence[int]], depth: Sequence[int]
) -> Layout:
    """A column for each layer, in the middle of the height."""
    size = len(ids)

    def height(cell: int) -> float:
        return NODE_HEIGHT if cell < size else _LANE_HEIGHT

    heights = [sum(height(cell) + _GAP_Y for cell in layer) - _GAP_Y for layer in grid.layers]
    tallest, middles = max(heights, default=0.0), dict[int, tuple[float, float]]()
    for column, layer in enumerate(grid.layers):
        x, y = _EDGE + column * (NODE_WIDTH + _GAP_X), _EDGE + (tallest - heights[column]) / 2
        for cell in layer:
            middles[cell] = x, y + height(cell) / 2
            y += height(cell) + _GAP_Y
    corners = [(middles[place][0], middles[place][1] - NODE_HEIGHT / 2) for place in range(size)]
    nodes = [Node(id_, column, *corner) for id_, column, corner in zip(ids, depth, corners, strict=True)]
    paths = {ends: _path([middles[cell] for cell in way]) for ends, way in ways.items()}
    shapes = [Edge(ids[one], ids[other], path) for (one, other), path in paths.items()]
    width = len(grid.layers) * (NODE_WIDTH + _GAP_X) - _GAP_X if grid.layers else 0.0
    return Layout(nodes, shapes, width + 2 * _EDGE, tallest + 2 * _EDGE)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """From the right side of the first to the left side of the last, along the layers that lie between.   points: left
    end and middle of each."""
    (x, y), *rest = points
    path, bend = f"M{x + NODE_WIDTH:g},{y:g}", _GAP_X * 0.6
    begin = x + NODE_WIDTH
    for place, (x, at) in enumerate(rest, 1):
        path += f" C{begin + bend:g},{y:g} {x - bend:g},{at:g} {x:g},{at:g}"
        if place < len(rest):
            path += f" H{x + NODE_WIDTH:g}"
        begin, y = x + NODE_WIDTH, at
    return path
