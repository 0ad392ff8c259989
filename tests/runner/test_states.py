"""The table of legal moves: closed, honest about what is final, and obeyed by whole simulated runs."""

from __future__ import annotations

from typing import get_args

import pytest

from beastmode.runner.progress import Progress
from beastmode.runner.states import FINAL, MOVES, STATE_AFTER, AttemptEnd, TaskState
from tests.simulation.world import Parts, World

UNRECORDED: set[TaskState] = {"ready"}
"""States that a task passes through without an event of its own: a move recorded may lead through them."""


def legal(old: TaskState, new: TaskState) -> bool:
    """May a task go from old to new, seen through the journal's events alone?"""
    through: set[TaskState] = {old}
    while fresh := {after for state in through for after in MOVES[state] if after in UNRECORDED} - through:
        through |= fresh
    return any(new in MOVES[state] for state in through)


def test_every_state_has_its_moves_and_every_end_of_an_attempt_its_state() -> None:
    assert set(MOVES) == set(get_args(TaskState))
    assert set(STATE_AFTER) == set(get_args(AttemptEnd))
    assert {state for moves in MOVES.values() for state in moves} <= set(MOVES)
    assert all(new in MOVES["running"] for new in STATE_AFTER.values())


def test_a_final_state_is_left_only_by_a_new_session_or_a_person() -> None:
    by_a_person: set[TaskState] = {"ready", "done", "cancelled"}
    for state in FINAL:
        beyond = MOVES[state] - {"pending"}
        assert beyond <= (by_a_person if state in ("needs_person", "blocked", "failed") else set()), state


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_every_event_of_every_simulated_run_obeys_the_table(first: int) -> None:
    for seed in range(first, first + 100):
        world = World(seed, Parts())
        world.play()
        progress = Progress(1)
        for event in world.journal.events:
            before = {name: view.state for name, view in progress.tasks.items()}
            progress.apply(event)
            for name, view in progress.tasks.items():
                old = before.get(name, "pending")
                assert old == view.state or legal(old, view.state), f"{seed=} {event}: {old} -> {view.state}"


@pytest.mark.parametrize(("old", "new"), [("done", "failed"), ("failed", "running"), ("pending", "done")])
def test_what_the_table_does_not_allow_is_no_legal_move(old: TaskState, new: TaskState) -> None:
    assert not legal(old, new)
