"""What an attempt comes to: whose word is taken, where the agent, its model and its worktree tell different things."""

from __future__ import annotations

from typing import Any

import pytest

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.runner.agents.judging import Result, facts_of, failure_of
from beastmode.runner.agents.protocol import Said
from beastmode.runner.code.workspace import Saved
from beastmode.runner.model_access import Usage

QUOTA = classify.from_status(429, {"Retry-After": "90"}, "slow down", now_unix=0.0)
WRONG_KEY = classify.from_status(401, {}, "Incorrect API key provided", now_unix=0.0)
GAVE_UP = classify.of_coding("agent_failed", "claude: I give up", where="claude")
GONE = classify.of_coding("workspace", "it is gone", passing=True)
WORK, NOTHING = Saved("c0ffee", True, ("made.txt",)), Saved("c0ffee", False, ())


def result(said: Said, saved: Saved | None = WORK, **about: Any) -> Result:
    return Result("claude", said, about.pop("usage", Usage()), saved=saved, **about)


@pytest.mark.parametrize(
    ("ended", "class_"),
    [
        pytest.param(result(Said()), "", id="done"),
        pytest.param(result(Said(), usage=Usage(failure=QUOTA)), "", id="done, though a last request failed"),
        pytest.param(result(Said(refused=("Bash: curl",))), "", id="done, without what was refused"),
        pytest.param(result(Said(), NOTHING), "no_change", id="says done, nothing changed"),
        pytest.param(result(Said(refused=("Bash: curl",)), NOTHING), "agent_refused", id="for want of leave"),
        pytest.param(
            result(Said(GAVE_UP, refused=("Bash: curl",))), "agent_refused", id="gave up for want of leave"
        ),
        pytest.param(
            result(Said(QUOTA, refused=("Bash: curl",)), NOTHING), "rate_limit", id="a throttle stays one"
        ),
        pytest.param(
            result(Said(), NOTHING, usage=Usage(failure=QUOTA)), "rate_limit", id="a liar without a model"
        ),
        pytest.param(
            result(Said(GAVE_UP), usage=Usage(failure=QUOTA)), "rate_limit", id="the gateway knows better"
        ),
        pytest.param(result(Said(GAVE_UP)), "agent_failed", id="gave up, though it changed something"),
        pytest.param(result(Said(WRONG_KEY)), "auth", id="the key of the gateway is wrong"),
        pytest.param(result(Said(WRONG_KEY), own_login=True), "agent_login", id="its own key is wrong"),
        pytest.param(result(Said(), None, unsaved=GONE), "workspace", id="its worktree is gone"),
        pytest.param(result(Said(GAVE_UP), None, unsaved=GONE), "agent_failed", id="gave up, worktree gone"),
    ],
)
def test_whose_word_is_taken(ended: Result, class_: str) -> None:
    failure = failure_of(ended)
    assert (failure.class_ if failure else "") == class_


def test_what_is_recorded_is_what_is_known_and_no_more() -> None:
    said = Said(None, "Done\nwith \x1b[31mcolour", ("Bash: curl",) * 30, 0.02, 3)
    usage = Usage(requests=4, cost_usd=0.03, known=True)
    facts = facts_of(result(said, usage=usage))
    assert facts["agent"] == {
        "name": "claude",
        "result": "Done with colour",
        "cost_usd": 0.02,
        "turns": 3,
        "refused": ["Bash: curl"] * 20,
    }
    assert (facts["commit"], facts["usage"]["requests"]) == ("c0ffee", 4)
    assert facts_of(result(Said(), None)) == {"agent": {"name": "claude"}}


def test_a_failure_of_the_agent_always_says_what_to_do() -> None:
    failures: list[Failure | None] = [failure_of(result(Said(), NOTHING)), failure_of(result(Said(GAVE_UP)))]
    assert all(failure is not None and "claude" in failure.tip for failure in failures)
