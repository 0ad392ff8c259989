"""`auto` at servers whose capacity nobody knows, halved half-way: as good as the best number, and hardly ever refused.

Each story is 600 virtual seconds. `-m slow` plays 100 seeds of each, and `-s` prints the table of docs/adaptive.md.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pytest

from beastmode.safeguards.adaptive import Adaptive
from tests.safeguards.capacity import Client, Controller, Fixed, Server, Tally, Work, answers, even

FOR_S, HALVED_AT_S = 600.0, 300.0


@dataclass(frozen=True, slots=True)
class Story:
    """calls, refuses_above: see `Server`.   by_tokens: what is measured of a call."""

    name: str
    calls: int
    refuses_above: int | None
    shape: Callable[[random.Random], Work]
    by_tokens: bool = True

    def play(self, seed: int, controller: Controller, *, halved: bool = True, oracle: bool = False) -> Tally:
        server = Server(float(self.calls), self.refuses_above)
        client = Client(server, controller, self.shape, seed, by_tokens=self.by_tokens, oracle=oracle)
        return client.run(FOR_S, HALVED_AT_S if halved else None)


STORIES = [
    Story("12, even, refuses above 12", 12, 12, even),
    Story("12, even, refuses above 20", 12, 20, even),
    Story("12, even, never refuses", 12, None, even),
    Story("12, answers, refuses above 12", 12, 12, answers),
    Story("12, answers, refuses above 20", 12, 20, answers),
    Story("12, answers, tokens unknown, refuses above 20", 12, 20, answers, by_tokens=False),
    Story("12, answers, never refuses", 12, None, answers),
    Story("3, even, refuses above 3", 3, 3, even),
    Story("3, even, refuses above 5", 3, 5, even),
    Story("3, even, never refuses", 3, None, even),
    Story("3, answers, refuses above 3", 3, 3, answers),
    Story("3, answers, refuses above 5", 3, 5, answers),
    Story("20, answers, refuses above 20", 20, 20, answers),
]


def hold(story: Story, seeds: range, *, halved: bool) -> None:
    """At least 85 % of the best, at most 1 % refused, with every seed."""
    goodput, refused = list[float](), list[float]()
    for seed in seeds:
        best = story.play(seed, Fixed(story.calls), halved=halved, oracle=True)
        own = story.play(seed, Adaptive(), halved=halved)
        goodput.append(own.done / best.done)
        refused.append(own.refused_share)
        assert best.refused_share < 0.005, f"seed={seed}: the best fixed number is not the best"
        assert goodput[-1] >= 0.85, f"seed={seed}: {goodput[-1]:.1%} of the best"
        assert refused[-1] <= 0.01, f"seed={seed}: {refused[-1]:.2%} refused"
    print(
        f"\n| {story.name}{', halved' if halved else ''} | {min(goodput):.1%} | {median(goodput):.1%} "
        f"| {median(refused):.2%} | {max(refused):.2%} |"
    )


@pytest.mark.parametrize("halved", [False, True], ids=["steady", "halved"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_auto_is_nearly_as_good_as_who_knows(story: Story, halved: bool) -> None:
    hold(story, range(2), halved=halved)


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_auto_over_a_hundred_seeds(story: Story) -> None:
    hold(story, range(100), halved=True)


def test_what_nothing_learns_from_does_not_hold() -> None:
    """The check finds what is wrong: a number that is too low, one too high, and who hears no refusal."""
    story = STORIES[0]
    for wrong in (Fixed(3), Fixed(32), Deaf()):
        with pytest.raises(AssertionError):
            own, best = story.play(1, wrong), story.play(1, Fixed(12), oracle=True)
            assert own.done >= 0.85 * best.done
            assert own.refused_share <= 0.01


class Deaf(Adaptive):
    def dropped(self, now: float, left_at: float, at_once: int) -> None:
        """It does not hear."""


def test_a_server_that_is_away_for_a_while_is_used_again_in_full() -> None:
    server = Server(12.0, 12)
    client = Client(server, Adaptive(), even, 1)
    client.at(100, lambda now: setattr(server, "refuses_above", 0))
    client.at(105, lambda now: setattr(server, "refuses_above", 12))
    tally = client.run(300)
    assert tally.done > 0.9 * 12 * 295
    assert max(limit for at, limit in tally.limits if at > 200) >= 12
