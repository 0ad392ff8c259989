"""How code is written, as native roadmaps say it: at the top, at a phase, at a task; the nearest counts."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import native
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command


def tasks(text: str) -> dict[str, Task]:
    """The tasks of a roadmap by their ids."""
    return {task.id: task for task in native.read(textwrap.dedent(text), Path("r.yaml")).tasks()}


def test_the_nearest_word_counts_and_variables_are_joined() -> None:
    read = tasks("""
        agent: claude
        env: {A: top, B: top}
        setup: npm ci
        phases:
          - agent: codex
            env: {B: phase}
            copy: .env
            touches: src/
            tasks:
              - {id: a, env: {C: task}}
              - {id: b, agent: gemini, touches: [docs/], budget: 2usd, model: m, prompt: Be brief, cwd: api}
        tasks: [{id: c}]
    """)
    env = {"A": "top", "B": "phase"}
    setup = Command(shell="npm ci")
    assert read["a"].work == Coding(agent="codex", env={**env, "C": "task"}, setup=setup, copy=(".env",))
    assert read["b"].work == Coding("gemini", (), "m", "Be brief", "api", env, setup, (".env",), 2.0)
    assert read["c"].work == Coding("claude", env={"A": "top", "B": "top"}, setup=Command(shell="npm ci"))
    assert [read[name].options.touches for name in "abc"] == [("src/",), ("docs/",), ()]


def test_kind_generate_is_our_own_whatever_stands_above() -> None:
    read = tasks("{agent: claude, tasks: [{id: a, kind: generate}, {id: b}, {id: c, agent: generate}]}")
    assert [task.work.agent for task in read.values() if isinstance(task.work, Coding)] == [
        "generate",
        "claude",
        "generate",
    ]


def test_an_agent_may_be_any_command_with_the_prompt_in_it() -> None:
    read = tasks("tasks: [{id: a, agent: 'my-agent --ask {prompt_file} --fast'}]")
    assert read["a"].work == Coding(command=("my-agent", "--ask", "{prompt_file}", "--fast"))


def test_a_task_that_says_nothing_of_code_says_only_what() -> None:
    read = tasks("tasks: [{id: a}, {id: b, touches: src/}, {id: c, command: [make]}, {id: d, model: m}]")
    assert [task.work for task in read.values()] == [
        None,
        None,
        Command(arguments=("make",)),
        Coding(model="m"),
    ]


def test_what_a_phase_says_of_code_leaves_its_commands_as_they_are() -> None:
    read = tasks(
        "{agent: claude, env: {A: x}, cwd: api, tasks: [{id: a, command: [make]}, {id: b, url: 'http://h/'}]}"
    )
    assert read["a"].work == Command(arguments=("make",), env={"A": "x"}, cwd="api")


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("{id: a, command: [make], agent: claude}", "this task has a command"),
        ("{id: a, url: 'http://h/', setup: make}", "this task has a url"),
        ("{id: a, call: 'm:f', env: {A: x}}", "this task has a call"),
        ("{id: a, command: [make], kind: generate}", "kind generate contradicts command"),
        ("{id: a, agent: claude, kind: generate}", "kind generate contradicts agent claude"),
        ("{id: a, agent: claud}", "no agent is known as 'claud'"),
        ("{id: a, agent: claude, cwd: ../x}", "outside of the worktree"),
        ("{id: a, agent: claude, copy: /etc/passwd}", "outside the project"),
        ("{id: a, agent: claude, budget: 0}", "is no amount of money"),
        ("{id: a, agent: claude, budget: 5eur}", "is no amount of money"),
    ],
)
def test_what_does_not_fit_is_named(task: str, what: str) -> None:
    with pytest.raises(RoadmapError, match=what):
        tasks(f"tasks: [{task}]")
