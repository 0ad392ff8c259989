"""Real agents in two runs of a list: the second is answered from memory, and nothing that a person may mean is lost."""

from __future__ import annotations

import pytest

from beastmode.cache.key import key_of
from beastmode.cache.recipes import recipe_for
from tests.cache.recordings import DIALECTS, Change, Recorded, recorded, the_next_day

EVERY = pytest.mark.parametrize("agent", DIALECTS)


def key(one: Recorded, *, in_run: bool) -> bytes:
    recipe = recipe_for(one.dialect, one.headers, in_run=in_run)
    assert recipe is not None
    return key_of(
        tenant=b"t",
        upstream="u",
        dialect=one.dialect,
        path="/v1/x",
        query="",
        stream=True,
        headers=one.headers,
        body=one.body,
        recipe=recipe,
    )


def keys(agent: str, run: int, change: Change = str, *, in_run: bool = True) -> list[bytes]:
    return [key(one, in_run=in_run) for one in recorded(agent, run, change)]


@EVERY
def test_a_run_asks_what_the_one_before_has_asked(agent: str) -> None:
    assert recorded(agent, 1) != recorded(agent, 2)
    assert keys(agent, 1) == keys(agent, 2)
    assert len(set(keys(agent, 1))) == 2


@EVERY
def test_on_another_day_as_well(agent: str) -> None:
    assert keys(agent, 1, the_next_day) == keys(agent, 1)


@EVERY
def test_outside_of_a_run_the_day_counts(agent: str) -> None:
    one, other = (keys(agent, 1, change, in_run=False) for change in (str, the_next_day))
    assert set(one).isdisjoint(other)
    assert set(one).isdisjoint(keys(agent, 1))


def differs(agent: str, old: str, new: str) -> bool:
    """Whether another text in its place makes every request another one; it stands in all of them."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return set(keys(agent, 1, change)).isdisjoint(keys(agent, 1))


CLAUDE, CODEX, _ = DIALECTS


@pytest.mark.parametrize(
    ("agent", "old", "new"),
    [
        (CLAUDE, "beast/r1/task/lru", "beast/r1/task/docs"),
        (CLAUDE, "beast/r1/task/lru", "feature/lru"),
        (CLAUDE, "Status:\\n(clean)", "Status:\\nM a.py"),
        (CLAUDE, "Make the file made.txt.", "Make the file other.txt."),
        (CLAUDE, "Main branch (you will usually use this for PRs): main", "Main branch: trunk"),
        (CODEX, "<cwd>/home/u", "<cwd>/home/v"),
        (CODEX, "<timezone>Etc/UTC", "<timezone>Asia/Tokyo"),
        (CODEX, "Make the file made.txt.", "Make the file other.txt."),
    ],
)
def test_all_else_counts_in_a_run_too(agent: str, old: str, new: str) -> None:
    assert differs(agent, old, new)


def test_on_a_branch_of_a_persons_own_its_history_counts() -> None:
    def own(text: str) -> str:
        return text.replace("beast/r1/task/lru", "main").replace("beast/r2/task/lru", "main")

    assert set(keys(CLAUDE, 1, own)).isdisjoint(keys(CLAUDE, 2, own))


def test_a_date_in_the_words_of_a_task_counts() -> None:
    for agent in DIALECTS:

        def dated(text: str, day: str) -> str:
            return text.replace("Make the file made.txt.", f"Today's date is {day}. <current_date>{day}")

        first = keys(agent, 1, lambda text: dated(text, "2026-01-01"))
        assert set(first).isdisjoint(keys(agent, 1, lambda text: dated(text, "2026-01-02")))
