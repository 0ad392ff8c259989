"""Commands that pages name can be pasted into a shell, and are about the home that the page is of."""

from __future__ import annotations

import shlex
from importlib import import_module
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from beastmode.dashboard.commands import OF_A_HOME, Commands

HERE = "--home '/srv/my beast'"


def test_a_command_names_the_home_where_it_is_not_the_usual_one() -> None:
    assert (
        Commands(HERE).line("keys add", "NAME", right="bodies")
        == f"beast keys add NAME --right bodies {HERE}"
    )
    assert Commands().line("serve", check="") == "beast serve --check"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_an_id_stays_one_word_and_is_never_an_option(task: str) -> None:
    words = shlex.split(Commands(HERE).line("diff", task, run="r1"))
    assert words.count(task) >= 1
    assert words[-1] == task if task.startswith("-") else words[2] == task
    assert words[words.index("--home") + 1] == "/srv/my beast"


@pytest.mark.parametrize(
    ("tip", "told"),
    [
        ("Look, then: beast approve r1 'a b'", f"Look, then: beast approve {HERE} r1 'a b'"),
        (
            "See what broke with `beast review`: it is red",
            f"See what broke with `beast review {HERE}`: it is red",
        ),
        ("beast keys set NAME --budget … for a key", f"beast keys set {HERE} NAME --budget … for a key"),
        ("Open the link that beast printed", "Open the link that beast printed"),
        ("Log in: `beast agents`", "Log in: `beast agents`"),
        ("beast retry r1 --home x", "beast retry r1 --home x"),
    ],
)
def test_a_tip_names_it_too(tip: str, told: str) -> None:
    assert Commands(HERE).within(tip) == told
    assert Commands().within(tip) == tip


def test_all_of_them_take_a_home() -> None:
    for name in OF_A_HOME:
        file, *below = name.split()
        command: Any = typer.main.get_command(import_module(f"beastmode.cli.{file}").app)
        for word in below:
            command = command.commands[word]
        assert any("--home" in option.opts for option in command.params), name
