"""The dependency graph as shapes: whatever the list, every edge goes forward and nothing lies on anything else."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.graph import NODE_HEIGHT, NODE_WIDTH, Layout, layout

Dag = tuple[list[str], list[tuple[str, str]]]


@st.composite
def dags(draw: st.DrawFn, most: int = 150) -> Dag:
    """Any graph without a cycle; ids in an order that says nothing."""
    size = draw(st.integers(0, most))
    ids = draw(st.permutations([f"t{number}" for number in range(size)]))
    pairs = st.tuples(st.integers(0, max(0, size - 1)), st.integers(0, max(0, size - 1)))
    drawn = draw(st.lists(pairs, max_size=3 * size)) if size > 1 else []
    return ids, [(f"t{min(pair)}", f"t{max(pair)}") for pair in drawn if pair[0] != pair[1]]


@given(dags())
def test_every_edge_goes_forward(dag: Dag) -> None:
    made = layout(*dag)
    at = {node.id: node for node in made.nodes}
    assert {(edge.before, edge.after) for edge in made.edges} == set(dag[1])
    for edge in made.edges:
        assert at[edge.before].layer < at[edge.after].layer
        assert at[edge.before].x + NODE_WIDTH < at[edge.after].x


@given(dags())
def test_no_two_nodes_overlap_and_all_are_within_the_picture(dag: Dag) -> None:
    made = layout(*dag)
    assert sorted(node.id for node in made.nodes) == sorted(dag[0])
    for one, other in combinations(made.nodes, 2):
        assert abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT
    for node in made.nodes:
        assert 0 <= node.x <= made.width - NODE_WIDTH
        assert 0 <= node.y <= made.height - NODE_HEIGHT


@given(dags(most=40))
def test_an_edge_that_passes_a_layer_goes_between_its_nodes(dag: Dag) -> None:
    made = layout(*dag)
    for edge in made.edges:
        for y, x in re.findall(r",([\d.]+) H([\d.]+)", edge.path):
            passed = [node for node in made.nodes if abs(node.x + NODE_WIDTH - float(x)) < 1]
            assert passed
            assert not any(node.y < float(y) < node.y + NODE_HEIGHT for node in passed)


@given(dags(), st.randoms(use_true_random=False))
def test_the_same_graph_has_the_same_picture_however_its_edges_are_told(dag: Dag, rng: object) -> None:
    ids, edges = dag
    told = [*edges, *edges]
    rng.shuffle(told)  # type: ignore[attr-defined]
    assert layout(ids, told) == layout(ids, edges)


def places(made: Layout) -> dict[str, float]:
    return {node.id: node.y for node in made.nodes}


def test_what_is_tied_together_stands_side_by_side() -> None:
    made = places(layout(["a", "b", "c", "x", "y", "z"], [("a", "z"), ("b", "y"), ("c", "x")]))
    assert [made[one] for one in "abc"] == [made[one] for one in "zyx"]


def test_an_edge_to_what_is_not_shown_is_left_out() -> None:
    assert layout(["a"], [("a", "gone"), ("gone", "a")]).edges == []


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        layout(["a", "b"], [("a", "b"), ("b", "a")])
