"""What a run that writes code is told: agents, amounts, and whose word holds for a task."""

from __future__ import annotations

import pytest

from beastmode.errors import SettingError
from beastmode.runner.agents import find
from beastmode.runner.code.coding import AGENTS, CodingSettings, parse_agent, parse_usd, work_of
from beastmode.runner.work import Coding, Command


def test_a_task_has_its_own_words_and_the_runs_where_it_has_none() -> None:
    run = Coding(
        "claude", model="opus", setup=Command(shell="s"), copy=("a",), env={"A": "1"}, budget_usd=1.0
    )
    settings = CodingSettings(work=run)
    assert work_of(None, settings) == run
    own = work_of(Coding(prompt="p", copy=("b",), env={"B": "2"}), settings)
    assert (own.agent, own.model, own.prompt, own.copy, own.env) == (
        "claude",
        "opus",
        "p",
        ("a", "b"),
        {"A": "1", "B": "2"},
    )
    other = work_of(Coding(agent="codex"), settings)
    assert (other.agent, other.model) == ("codex", "")  # a model of one agent is none of another's
    assert work_of(Coding(agent="claude"), settings).model == "opus"


def test_a_model_that_is_named_for_a_run_without_an_agent_is_that_of_all_its_tasks() -> None:
    settings = CodingSettings(work=Coding(model="opus"))
    assert work_of(Coding(agent="claude"), settings).model == "opus"


def test_the_agents_that_are_known_are_those_that_there_are() -> None:
    assert set(AGENTS) == set(find.KNOWN)


def test_an_agent_is_a_name_or_a_command_with_the_prompt_in_it() -> None:
    assert parse_agent(" claude ") == Coding(agent="claude")
    assert parse_agent("my 'a b' {prompt}") == Coding(command=("my", "a b", "{prompt}"))


@pytest.mark.parametrize("text", ["", "claud", "my-agent --fast", "my '{prompt}"])
def test_any_other_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_agent(text)
    assert caught.value.tip


@pytest.mark.parametrize(
    ("text", "usd"), [("2", 2.0), ("2usd", 2.0), ("$0.50", 0.5), ("1.5 USD", 1.5), (3, 3.0), ("none", None)]
)
def test_money_is_dollars(text: object, usd: float | None) -> None:
    assert parse_usd(text) == usd


@pytest.mark.parametrize("text", ["", "0", "0usd", "-1", "2eur", "1e9", "nan", "inf", "1,5"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        parse_usd(text)
