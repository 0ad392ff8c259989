"""Strays as they are recorded: a few of very many, and names that are no text."""

from __future__ import annotations

import json

from beastmode.runner.worktrees.strays import Stray, as_facts


def test_nothing_is_recorded_where_there_is_nothing() -> None:
    assert as_facts([]) == {}


def test_of_very_many_the_first_are_recorded_and_how_many_more_there_are() -> None:
    recorded = as_facts([Stray("tag", "deleted", f"v{number}", "1" * 40) for number in range(3000)])
    facts = recorded["elsewhere"]
    assert [facts[0]["name"], facts[19]["name"], len(facts)] == ["v0", "v19", 21]
    assert (facts[20]["told"], facts[20]["kind"], facts[20]["show"]) == ("2,980 more like these", "more", "")
    assert {frozenset(fact) for fact in facts} == {frozenset(facts[0])}


def test_a_name_that_is_no_text_is_told_and_has_no_command_that_would_mean_another() -> None:
    (fact,) = as_facts([Stray("files", "changed", "a\udcff", show="git status -- a\udcff", back="x")])[
        "elsewhere"
    ]
    json.dumps(fact).encode()
    assert fact["name"] == "a\N{REPLACEMENT CHARACTER}"
    assert (fact["show"], fact["back"]) == ("", "x")
