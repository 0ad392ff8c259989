"""The `{fields}` of a command: which there are, how they are filled in, and what is wrong with a template.

A list of arguments is filled argument by argument, so a title with spaces or quotes stays one argument. A
shell line is never filled, nor is the script of a `sh -c` in a list: a title like `$(rm -rf ~)` would become
code. They get the fields as `$BEAST_*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from beastmode.errors import Problem

FIELDS = ("id", "title", "phase", "category", "attempt", "line", "feedback", "run")

SHELLS = frozenset(("sh", "ash", "bash", "dash", "fish", "ksh", "zsh"))

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_FIELD = re.compile(rf"\{{\{{(?P<literal>{_NAME})\}}\}}|(?<!\$)\{{(?P<field>{_NAME})\}}")
_IN_SHELL = re.compile(rf"(?<!\$)\{{({_NAME})\}}")


def find_fields(text: str) -> list[str]:
    """The names that stand as `{name}` in a text, known or not, in order; not `{{name}}` and `${name}`."""
    return [match["field"] for match in _FIELD.finditer(text) if match["field"]]


def fill(arguments: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Each `{field}` replaced by its value inside its own argument; one argument stays one argument.

    `{{name}}` becomes a literal `{name}`; `${name}`, a field without a value and all other braces stay as
    they are. A value is put in as it is: fields named inside it are not filled.
    """

    def filled(match: re.Match[str]) -> str:
        if match["literal"]:
            return f"{{{match['literal']}}}"
        return values.get(match["field"], match[0])

    return [_FIELD.sub(filled, argument) for argument in arguments]


def problems_of_arguments(arguments: Sequence[str], line: int = 0) -> list[Problem]:
    """What is wrong with the fields in a list of arguments.   line: where the list stands."""
    return _unknown(arguments, line) + problems_of_script(arguments, line)


def _unknown(arguments: Sequence[str], line: int) -> list[Problem]:
    """The fields that do not exist, each once."""
    unknown = dict.fromkeys(
        name for argument in arguments for name in find_fields(argument) if name not in FIELDS
    )
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    return [
        Problem(
            line,
            f"there is no field {{{name}}}",
            f"Known fields: {known}. Write {{{{{name}}}}} for a literal {{{name}}}.",
        )
        for name in unknown
    ]


def problems_of_script(arguments: Sequence[str], line: int = 0) -> list[Problem]:
    """The fields in the script of a `sh -c`, wherever the shell stands (`env A=1 bash -eo pipefail -c …`)."""
    return [
        Problem(
            line,
            f"{{{name}}} in the script of `{arguments[shell]} -c` would be run as code",
            f'Write "$BEAST_{name.upper()}" there instead, or pass it on behind the script.',
        )
        for shell, script in _scripts(arguments)
        for name in dict.fromkeys(find_fields(arguments[script]))
        if name in FIELDS
    ]


def _scripts(arguments: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where a shell stands that is given a script, and where that script stands."""
    for shell, program in enumerate(arguments):
        if PurePosixPath(program).name not in SHELLS:
            continue
        at, wanted = shell + 1, False
        while at < len(arguments) and arguments[at][:1] in ("-", "+"):
            letters = "" if arguments[at].startswith("--") else arguments[at]
            wanted = wanted or "c" in letters
            at += 2 if letters.endswith("o") else 1  # `-o pipefail`
        if wanted and at < len(arguments):
            yield shell, at


def problems_of_shell(shell: str, line: int = 0) -> list[Problem]:
    """The `{word}`s in a shell line, each once: they would be left as they stand, which nobody means."""
    return [
        Problem(
            line,
            f"a shell line gets no {{{name}}}",
            f"Fields reach a shell line only as variables: {_variable(name)}. "
            f"Braces that belong to the shell are left alone when written with spaces: {{ {name} }}.",
        )
        for name in dict.fromkeys(_IN_SHELL.findall(shell))
    ]


def _variable(name: str) -> str:
    if name in FIELDS:
        return f'write "$BEAST_{name.upper()}"'
    return ", ".join(f"$BEAST_{field.upper()}" for field in FIELDS)
