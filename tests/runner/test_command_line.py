"""`--command`: split like a shell would, then filled; what cannot be is refused before anything runs."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import BeastError, RoadmapError, SettingError
from beastmode.runner.command_line import as_arguments, as_verify
from beastmode.runner.fields import fill
from beastmode.runner.work import Command


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("make {id}", ("make", "{id}")),
        ("agent --task '{id}: {title}'", ("agent", "--task", "{id}: {title}")),
        ('a "b c" \'d "e"\' f\\ g', ("a", "b c", 'd "e"', "f g")),
        ("echo $HOME | wc > x # y", ("echo", "$HOME", "|", "wc", ">", "x", "#", "y")),
        ("printf ''", ("printf", "")),
    ],
)
def test_a_text_is_split_as_a_shell_would_and_no_shell_is_involved(
    text: str, arguments: tuple[str, ...]
) -> None:
    assert as_arguments(text) == Command(arguments)


def test_a_field_with_blanks_in_it_stays_one_argument() -> None:
    command = as_arguments("make {title} --id={id}")
    assert command
    filled = fill(command.arguments, {"title": "two words; rm -rf ~", "id": "-x '"})
    assert filled == ["make", "two words; rm -rf ~", "--id=-x '"]


@pytest.mark.parametrize("text", ["make '{id}", 'say "', "end\\"])
def test_quotes_that_do_not_close_are_named_with_the_text(text: str) -> None:
    with pytest.raises(SettingError) as refused:
        as_arguments(text)
    assert refused.value.where == "--command"
    assert repr(text) in refused.value.what
    assert "quotes" in refused.value.tip


@pytest.mark.parametrize("text", ["", "  ", "''", "'' make"])
def test_a_text_without_a_program_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="names no program"):
        as_arguments(text)


@pytest.mark.parametrize(("text", "says"), [("make {ide}", "{ide}"), ("sh -c 'make {id}'", '"$BEAST_ID"')])
def test_fields_that_are_unknown_or_would_be_code_are_refused(text: str, says: str) -> None:
    with pytest.raises(RoadmapError) as refused:
        as_arguments(text)
    assert str(refused.value).startswith("--command: ")
    assert says in str(refused.value)


@given(st.lists(st.text(st.characters(exclude_characters="{}\0", exclude_categories=["Cs"])), min_size=1))
def test_what_shlex_quotes_comes_back_whole(arguments: list[str]) -> None:
    text = " ".join(shlex.quote(argument) for argument in ["program", *arguments])
    assert as_arguments(text) == Command(("program", *arguments))


def test_a_verification_is_a_shell_line_unless_it_names_a_field() -> None:
    assert as_verify("pytest | tee log") == Command(shell="pytest | tee log")
    assert as_verify("pytest 'tests/{id}' -q") == Command(("pytest", "tests/{id}", "-q"))


@pytest.mark.parametrize(
    ("text", "says"),
    [("pytest {id} | tee log", '"$BEAST_ID"'), ("pytest {ide}", "{ide}"), ("a '{id}", "quotes")],
)
def test_a_field_in_a_shell_line_is_refused_by_the_name_of_its_flag(text: str, says: str) -> None:
    with pytest.raises(BeastError, match="--verify") as caught:
        as_verify(text)
    assert says in str(caught.value)
