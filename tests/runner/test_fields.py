"""Fields of a command: one argument stays one argument, whatever a title says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.fields import FIELDS, fill, find_fields, problems_of_arguments, problems_of_shell

VALUES = {name: f"<{name}>" for name in FIELDS}


def test_fields_are_filled_within_their_own_argument() -> None:
    title = 'two words; rm -rf "$HOME"'
    filled = fill(["agent", "--task={id}: {title}", "plain"], {"id": "a", "title": title})
    assert filled == ["agent", f"--task=a: {title}", "plain"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("{{id}}", "{id}"),
        ("{{{id}}}", "{{id}}"),
        ("{ id }", "{ id }"),
        ("${id}", "${id}"),
        ("{}", "{}"),
        ('{"a": {id}}', '{"a": <id>}'),
        ("{{.Names}}", "{{.Names}}"),
        ("{id}{attempt}", "<id><attempt>"),
        ("{unknown}", "{unknown}"),
    ],
)
def test_what_is_a_field_and_what_is_not(argument: str, expected: str) -> None:
    assert fill([argument], VALUES) == [expected]


def test_a_value_is_not_filled_again() -> None:
    assert fill(["{title}"], {"title": "{id} {{id}}", "id": "secret"}) == ["{id} {{id}}"]


def test_a_field_without_a_value_stays_as_it_is() -> None:
    assert fill(["{feedback}"], {"id": "a"}) == ["{feedback}"]


def test_find_fields_names_known_and_unknown_ones_in_order() -> None:
    assert find_fields("{title} {{id}} ${x} {nope} {title}") == ["title", "nope", "title"]


def test_an_unknown_field_is_named_once_with_the_known_ones() -> None:
    [problem] = problems_of_arguments(["{nope}", "{nope} {id}"], line=4)
    assert problem.line == 4
    assert problem.what == "there is no field {nope}"
    assert all(f"{{{name}}}" in problem.tip for name in FIELDS)
    assert "{{nope}}" in problem.tip


@pytest.mark.parametrize(
    "arguments",
    [
        ["sh", "-c", "echo {title}"],
        ["/bin/bash", "-lc", "echo '{title}'"],
        ["env", "A=1", "zsh", "-ec", "x {title} {title}"],
        ["bash", "-euo", "pipefail", "-c", "x {title}"],
        ["bash", "--norc", "-o", "pipefail", "-ce", "x {title}", "bash", "{id}"],
    ],
)
def test_a_field_in_the_script_of_a_shell_would_be_code(arguments: list[str]) -> None:
    [problem] = problems_of_arguments(arguments, line=3)
    assert problem.line == 3
    assert "{title} in the script of" in problem.what
    assert '"$BEAST_TITLE"' in problem.tip


@pytest.mark.parametrize(
    "arguments",
    [
        ["sh", "-c", 'echo "$1"', "sh", "{title}"],
        ["sh", "-c", "echo {{title}} ${title}"],
        ["sh", "script.sh", "-c", "{title}"],
        ["sh", "-c"],
        ["sh", "-e", "{title}"],
        ["python", "-c", "import sys", "{title}"],
    ],
)
def test_a_field_behind_the_script_of_a_shell_is_an_argument(arguments: list[str]) -> None:
    assert problems_of_arguments(arguments) == []


@pytest.mark.parametrize("shell", ["echo ${HOME}", "f() { id; }", "echo { id }", "echo {a,b}", "echo {1..3}"])
def test_braces_of_the_shell_are_left_alone(shell: str) -> None:
    assert problems_of_shell(shell) == []


def test_a_field_in_a_shell_line_is_pointed_to_its_variable() -> None:
    [problem] = problems_of_shell("echo {title} && echo {title}", line=7)
    assert problem.line == 7
    assert '"$BEAST_TITLE"' in problem.tip
    assert "{ title }" in problem.tip


def test_an_unknown_word_in_a_shell_line_gets_all_variables() -> None:
    [problem] = problems_of_shell("awk '{print}'")
    assert problem.what == "a shell line gets no {print}"
    assert "$BEAST_ID" in problem.tip


@given(st.lists(st.text()), st.dictionaries(st.sampled_from(FIELDS), st.text()))
def test_filling_never_changes_the_number_of_arguments(arguments: list[str], values: dict[str, str]) -> None:
    assert len(fill(arguments, values)) == len(arguments)


@given(st.text(), st.sampled_from(FIELDS))
def test_any_value_arrives_whole(value: str, name: str) -> None:
    assert fill([f"a {{{name}}} b"], {name: value}) == [f"a {value} b"]


@given(st.lists(st.text(alphabet="{}$id ")))
def test_arguments_without_problems_are_filled_without_fields_left(arguments: list[str]) -> None:
    if not problems_of_arguments(arguments):
        for argument in arguments:
            assert all(name in FIELDS for name in find_fields(argument))
