"""The native format as a pydantic model: every key, what may stand there, and what an editor says about it.

The values come from `yaml_lines`, so every leaf is a `Scalar`; the types below say what its text means. Each
key is looked at alone here; what keys of one mapping mean together stands in `native.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from beastmode.errors import Problem, SettingError
from beastmode.runner.fields import problems_of_arguments, problems_of_script, problems_of_shell
from beastmode.runner.formats.yaml_lines import Entries, Items, Scalar, shown
from beastmode.settings import parse_concurrency, parse_rates, parse_timeout

DIGITS = 9
"""Whole numbers are at most this long: what is stored and counted with them fits everywhere."""

NUMBER_LENGTH = 60
"""A number in a body is at most this long. Python refuses to read whole numbers of 4,300 digits and more."""

_JSON_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_AMBIGUOUS = re.compile(
    r"[-+]?(?:0[0-9_]+|0[xob][0-9a-f_]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?|\.inf|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?)"
    r"|\.nan|yes|no|on|off",
    re.IGNORECASE,
)
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_HOST_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]?#]+):([0-9]{1,5})")
_FUNCTION = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_URL_TIP = "Write an address like http://127.0.0.1:9000/health."


def wrong(what: str, tip: str, line: int = 0) -> PydanticCustomError:
    """A problem in our own words.   line: where it is nearer than the line of the key or item."""
    return PydanticCustomError("native", "{what}", {"what": what, "tip": tip, "line": line})


def found(value: object) -> str:
    """What stands in the file, for a message."""
    if isinstance(value, Scalar):
        return (
            "nothing"
            if value.is_null
            else shown(value.text)
            if value.plain
            else f"the text {shown(value.text)}"
        )
    return "a list" if isinstance(value, Items) else "a mapping"


def text(value: object) -> str:
    """The text as it stands in the file: `yes`, `010` and `2024-01-01` too. Nothing is no text."""
    if isinstance(value, Scalar):
        if value.is_null:
            raise wrong("nothing stands there", 'Write a text, "" for an empty one, or leave the key out.')
        return value.text
    if isinstance(value, Entries) and len(value) == 1 and found(next(iter(value.values()))) == "nothing":
        name = next(iter(value))
        raise wrong(f"{{{name}}} without quotes is a mapping in YAML", f'Put quotes around it: "{{{name}}}".')
    raise wrong(f"found {found(value)} instead of a text", "Write one text here, in quotes where in doubt.")


def filled_text(value: object) -> str:
    """A text with something in it."""
    written = text(value)
    if not written.strip():
        raise wrong("the text is empty", "Write something, or leave the key out.")
    return written


def one_line(value: object) -> str:
    """A text as a title: on one line, without blanks around it."""
    return " ".join(text(value).split())


def task_id(value: object) -> str:
    """A text that can name a task: one printable line, not empty."""
    written = text(value)
    if not written or written != written.strip() or not written.isprintable():
        raise wrong(
            f"{found(value)} cannot be an id", "Write a short unique text on one line, like fix-login."
        )
    return written


def argument(value: object) -> str:
    """One argument of a command that is filled per task."""
    return _checked(text(value), lambda written: problems_of_arguments([written]))


def arguments(written: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments of a command together: what none of them shows alone."""
    if problems := problems_of_script(written):
        raise wrong(problems[0].what, problems[0].tip)
    return written


def shell_line(value: object) -> str:
    """A line for /bin/sh, or the explanation that a list would do too."""
    return _checked(plain_shell_line(value), problems_of_shell)


def plain_shell_line(value: object) -> str:
    """A line for /bin/sh that is not about a task, so that braces mean nothing of ours."""
    if not isinstance(value, Scalar) or value.is_null or not value.text.strip():
        tip = "Write a list of arguments, like [make, test], or a shell line, like make test > log."
        raise wrong(f"found {found(value)} instead of a command", tip)
    return value.text


def _checked(written: str, problems_of: Callable[[str], list[Problem]]) -> str:
    problems = problems_of(written)
    if problems:
        raise wrong("; ".join(problem.what for problem in problems), problems[0].tip)
    return written


def truth(value: object) -> bool:
    """True or false, in the words YAML has for them."""
    if isinstance(value, Scalar) and value.plain and value.text.lower() in _TRUTHS:
        return _TRUTHS[value.text.lower()]
    raise wrong(f"{found(value)} is neither true nor false", "Write true or false, without quotes.")


def whole(least: int, most: int = 10**DIGITS - 1) -> BeforeValidator:
    """A whole number in a range, written without quotes."""

    def number(value: object) -> int:
        written = value.text if isinstance(value, Scalar) and value.plain else ""
        if re.fullmatch(rf"[-+]?[0-9]{{1,{DIGITS}}}", written) and least <= int(written) <= most:
            if re.match(r"[-+]?0[0-9]", written):
                raise wrong(
                    f"{found(value)} is not the same number for all readers", "Leave out the leading zeros."
                )
            return int(written)
        span = (
            f"from {least} to {most}" if most < 1000 else f"from {least}" if least >= 0 else "like -5 or 10"
        )
        raise wrong(
            f"{found(value)} is not a whole number {span}", f"Write a whole number {span}, without quotes."
        )

    return BeforeValidator(number)


def one_of(*words: str) -> BeforeValidator:
    """One of a few words."""

    def word(value: object) -> str:
        written = text(value)
        if written in words:
            return written
        near = get_close_matches(written.lower(), words, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise wrong(f"{found(value)} is not known here", f"{guess}Write one of: {', '.join(words)}.")

    return BeforeValidator(word)


def setting(parse: Callable[[object], Any], keep: Callable[[str], Any] | None = None) -> BeforeValidator:
    """What `settings` understands; `keep` says what is kept instead of the parsed value."""

    def parsed(value: object) -> Any:
        written = text(value)
        try:
            # Longer texts are no setting, and some have numbers in them that are infinite as a float.
            understood = parse(written if len(written) <= NUMBER_LENGTH else shown(written))
        except SettingError as error:
            raise wrong(error.what, error.tip) from None
        return keep(written) if keep else understood

    return BeforeValidator(parsed)


def _limit(written: str) -> int | str:
    return "none" if written.strip().lower() == "none" else int(written)


def url(value: object) -> str:
    """An http or https address."""
    written = text(value)
    if not _is_url(written):
        raise wrong(f"{found(value)} is not an http or https address", _URL_TIP)
    return written


def server(value: object) -> str:
    """An address, or host:port."""
    written = text(value)
    if not _is_url(written) and not _is_host_port(written):
        raise wrong(f"{found(value)} is neither an address nor host:port", f"{_URL_TIP} Or 127.0.0.1:9000.")
    return written


def host_port(value: object) -> str:
    """Host and port of a TCP server."""
    written = text(value)
    if not _is_host_port(written):
        raise wrong(f"{found(value)} is not host:port", 'Write something like "127.0.0.1:9000".')
    return written


def _is_url(written: str) -> bool:
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return False
    plain = written.isprintable() and " " not in written
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _is_host_port(written: str) -> bool:
    match = _HOST_PORT.fullmatch(written)
    return match is not None and 1 <= int(match[1]) <= 65535


def method(value: object) -> str:
    """An HTTP method, in capitals."""
    return str(_matching(value, _TOKEN, "an HTTP method", "Write GET, POST, PUT, PATCH or DELETE.")).upper()


def header_name(value: object) -> str:
    """The name of an HTTP header; keys of mappings are texts already."""
    return _matching(value, _TOKEN, "the name of a header", "Write it like Content-Type, without blanks.")


def header_value(value: object) -> str:
    """The value of an HTTP header: one line."""
    return _matching(value, re.compile(r"[^\r\n]*"), "the value of a header", "Write it on one line.")


def variable(value: object) -> str:
    """The name of an environment variable."""
    return _matching(value, re.compile(r"[^=\s]+"), "the name of a variable", "Write it like LOG_LEVEL.")


def function(value: object) -> str:
    """`module:function`."""
    return _matching(value, _FUNCTION, "a function", "Write package.module:function.")


def _matching(value: object, pattern: re.Pattern[str], what: str, tip: str) -> str:
    written = value if isinstance(value, str) else text(value)
    if pattern.fullmatch(written) is None:
        raise wrong(f"{shown(written)} is not {what}", tip)
    return written


def path_inside(value: object) -> str:
    """A path relative to the project that does not leave it."""
    written = filled_text(value)
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts:
        raise wrong(
            f"{found(value)} is outside the project", "Write a path relative to the project, like src/."
        )
    return written


def listed(value: object) -> object:
    """One text where a list is wanted stands for a list of one."""
    return Items([value], value.line) if isinstance(value, Scalar) and not value.is_null else value


def json_value(value: object) -> Any:
    """What a body or an expectation means as JSON. Words that YAML readers disagree about need quotes."""
    if isinstance(value, Scalar):
        return _json_scalar(value)
    if isinstance(value, Items):
        return [json_value(item) for item in value]
    if isinstance(value, Entries):
        return {key: json_value(item) for key, item in value.items()}
    return value


def body(value: object) -> Any:
    """A JSON value that says something: null would mean no body, which leaving the key out says better."""
    if isinstance(value, Scalar) and value.is_null:
        raise wrong("nothing stands there", "Write a value, or leave the key out.")
    return json_value(value)


def _json_scalar(value: Scalar) -> Any:
    written = value.text
    if not value.plain:
        return written
    if value.is_null:
        return None
    if written in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return _TRUTHS[written.lower()]
    if _JSON_NUMBER.fullmatch(written):
        return _json_number(value)
    if _AMBIGUOUS.fullmatch(written):
        what = f"{shown(written)} is a number or a truth for some YAML readers and a text for others"
        raise wrong(what, f'Write "{written}" if you mean the text.', value.line)
    return written


def _json_number(value: Scalar) -> int | float:
    written = value.text
    number = float(written) if re.search(r"[.eE]", written) else None
    if len(written) > NUMBER_LENGTH or (number is not None and not math.isfinite(number)):
        raise wrong(
            f"{shown(written)} is too large for a number", "Put quotes around it if it is a text.", value.line
        )
    return int(written) if number is None else number


def _list_or_line(value: object) -> str:
    return "list" if isinstance(value, Items) else "line"


_TEXT_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|min|s|m|h|d)\s*)+$|^\s*\d+(\.\d+)?\s*$"},
    ]
}
_CONCURRENCY_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "none"}]}
_NAMES_SCHEMA: dict[str, Any] = {"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]}
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_STATUS_SCHEMA: dict[str, Any] = {"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}]}
_COMMAND_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}, {"type": "string", "minLength": 1}]
}

Text = Annotated[str, BeforeValidator(text), WithJsonSchema(_TEXT_SCHEMA)]
Title = Annotated[str, BeforeValidator(one_line), WithJsonSchema(_TEXT_SCHEMA)]
Id = Annotated[str, BeforeValidator(task_id), WithJsonSchema(_TEXT_SCHEMA)]
Name = Annotated[str, BeforeValidator(filled_text), WithJsonSchema(_TEXT_SCHEMA)]
Truth = Annotated[bool, BeforeValidator(truth), WithJsonSchema({"type": "boolean"})]
Url = Annotated[str, BeforeValidator(url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Server = Annotated[str, BeforeValidator(server), WithJsonSchema({"type": "string"})]
HostPort = Annotated[
    str, BeforeValidator(host_port), WithJsonSchema({"type": "string", "pattern": ":[0-9]+$"})
]
Concurrency = Annotated[
    int | str | None, setting(parse_concurrency, _limit), WithJsonSchema(_CONCURRENCY_SCHEMA)
]
RateText = Annotated[str | None, setting(parse_rates, str.strip), WithJsonSchema({"type": "string"})]
Timeout = Annotated[float | None, setting(parse_timeout), WithJsonSchema(_DURATION_SCHEMA)]
Retries = Annotated[int | None, whole(0), WithJsonSchema({"type": "integer", "minimum": 0})]
Priority = Annotated[int, whole(-(10**DIGITS) + 1), WithJsonSchema({"type": "integer"})]
Statuses = Annotated[
    tuple[Annotated[int, whole(100, 599)], ...],
    BeforeValidator(listed),
    Field(min_length=1),
    WithJsonSchema(_STATUS_SCHEMA),
]
Json = Annotated[Any, BeforeValidator(body)]
Method = Annotated[str, BeforeValidator(method), WithJsonSchema({"type": "string"})]
HeaderName = Annotated[str, BeforeValidator(header_name)]
HeaderValue = Annotated[str, BeforeValidator(header_value), WithJsonSchema(_TEXT_SCHEMA)]
Variable = Annotated[str, BeforeValidator(variable)]
Function = Annotated[str, BeforeValidator(function), WithJsonSchema({"type": "string", "pattern": ":"})]
Ids = Annotated[tuple[Id, ...], BeforeValidator(listed), WithJsonSchema(_NAMES_SCHEMA)]
PathInside = Annotated[str, BeforeValidator(path_inside)]
Paths = Annotated[tuple[PathInside, ...], BeforeValidator(listed), WithJsonSchema(_NAMES_SCHEMA)]
Argument = Annotated[str, BeforeValidator(argument)]
KindWord = Annotated[
    Literal["command", "http", "python"] | None,
    one_of("command", "http", "python"),
    WithJsonSchema({"enum": ["command", "http", "python"]}),
]
OrderWord = Annotated[
    Literal["needs", "sequence", "phases"],
    one_of("needs", "sequence", "phases"),
    WithJsonSchema({"enum": ["needs", "sequence", "phases"]}),
]
ShellOrArguments = Annotated[
    Annotated[Annotated[tuple[Argument, ...], Field(min_length=1), AfterValidator(arguments)], Tag("list")]
    | Annotated[str, BeforeValidator(shell_line), Tag("line")],
    Discriminator(_list_or_line),
    WithJsonSchema(_COMMAND_SCHEMA),
]
HealthCommand = Annotated[
    Annotated[Annotated[tuple[Text, ...], Field(min_length=1)], Tag("list")]
    | Annotated[str, BeforeValidator(plain_shell_line), Tag("line")],
    Discriminator(_list_or_line),
    WithJsonSchema(_COMMAND_SCHEMA),
]


_CONTRADICTIONS = (("command", "url"), ("command", "call"), ("url", "call"))


def _not_both(first: str, second: str) -> JsonDict:
    return {"not": {"required": [first, second]}}


class _Mapping(BaseModel):
    """What all mappings of the format share: a key that nobody knows is a slip, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Mapping):
    """What the run may ask of the server. Flags of the command line win over it."""

    concurrency: Concurrency = Field(
        default=None, description="Tasks at once, at least 1; none for no limit. Default: 3."
    )
    rate: RateText = Field(
        default=None,
        description="Starts per time: 8/s, 60/min, 500/h, several with a comma, or none. Default: 8/s.",
    )
    server: Server = Field(
        default="",
        description="URL or host:port. Runs of this host that name the same server share its limits.",
    )


class Health(_Mapping):
    """How to see that the server is well before a task starts. Exactly one of the three."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    http: Url = Field(default="", description="Well while this address answers with success.")
    tcp: HostPort = Field(default="", description="Well while this host:port takes a connection.")
    command: HealthCommand = Field(
        default=(), description="Well while this ends with 0: a list of arguments, or a shell line."
    )


class Expect(_Mapping):
    """What the answer to an HTTP task must be; any 2xx where nothing is said."""

    status: Statuses = Field(default=(), description="The status, or the statuses, that mean success.")
    answer: Json = Field(
        default=None,
        alias="json",
        description="What the JSON answer must contain: objects by their keys, lists and values whole.",
    )


class TaskEntry(_Mapping):
    """One thing to do: a command, an HTTP request or a Python function."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_not_both(*pair) for pair in _CONTRADICTIONS]})

    id: Id = Field(description="Unique in the file; `needs` of other tasks name it.")
    title: Title = Field(default="", description="For people. Default: the id.")
    kind: KindWord = Field(default=None, description="Follows from command, url or call.")
    command: ShellOrArguments = Field(
        default=(),
        description="A list of arguments, in which {id}, {title} and others are filled, or a shell line.",
    )
    env: dict[Variable, Text] = Field(
        default_factory=dict, description="Variables for the command, besides those of `beast` itself."
    )
    cwd: Name = Field(default="", description="Where the command runs. Default: the folder of the run.")
    method: Method = Field(default="", description="Default: GET, or POST where there is a body.")
    url: Url = Field(default="", description="What is called over HTTP.")
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="HTTP headers.")
    body: Json = Field(default=None, description="A text is sent as it is, anything else as JSON.")
    expect: Expect = Field(default_factory=Expect, description="What the answer must be. Default: any 2xx.")
    call: Function = Field(default="", description="A Python function: package.module:function.")
    needs: Ids = Field(default=(), description="Ids of the tasks that must be done before this one starts.")
    timeout: Timeout = Field(
        default=None,
        description="For one attempt: seconds, or 500ms, 30s, 10m, 1h30m. Default: the run's, 1h.",
    )
    retries: Retries = Field(default=None, description="Attempts after the first. Default: the run's, 2.")
    priority: Priority = Field(default=0, description="Higher starts first.")
    category: Title = Field(
        default="", description="improvement, optimization, test, docs or any other word."
    )
    touches: Paths = Field(default=(), description="Paths it changes, relative to the project.")
    verify: ShellOrArguments = Field(
        default=(),
        description="Must end with 0 for the task to be done: a list of arguments, or a shell line.",
    )
    details: Text = Field(default="", description="What is to be done, at length.")
    done: Truth = Field(default=False, description="Done already: not run, and what needs it may start.")
    parallel: Truth = Field(default=False, description="In a sequence: may run beside parallel neighbours.")


class _Group(_Mapping):
    """What the file and each of its phases share."""

    title: Title = Field(default="", description="For people.")
    order: OrderWord = Field(
        default="needs",
        description="How what stands directly below waits: needs (only for what `needs` names), sequence "
        "(each for the one before), phases (each phase for the phase before).",
    )
    tasks: list[TaskEntry] = Field(default_factory=list, description="Tasks that stand directly here.")


class PhaseEntry(_Group):
    """A month, a week, a story: tasks and phases under one title."""

    phases: list[PhaseEntry] = Field(default_factory=list, description="Phases inside this one.")


class RoadmapEntry(_Group):
    """A roadmap for `beast run`: phases and tasks, with the limits they run under."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["tasks"]}, {"required": ["phases"]}]}
    )

    limits: Limits = Field(default_factory=Limits, description="What the run may ask of the server.")
    health: Health = Field(default_factory=Health, description="Looked at before tasks start. Default: none.")
    phases: list[PhaseEntry] = Field(
        default_factory=list, description="Months, weeks or other parts, to any depth."
    )
