"""The native format as a pydantic model: every key, what may stand there, and what an editor says about it.

The types below say which function of `native_values` reads a value and what an editor's schema allows. Each key is
looked at alone here; what keys of one mapping mean together stands in `native_problems`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

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

from beastmode.runner.code.coding import parse_usd
from beastmode.runner.formats import native_json
from beastmode.runner.formats import native_values as values
from beastmode.runner.formats.yaml_lines import Items
from beastmode.settings import parse_concurrency, parse_rates, parse_timeout


def _list_or_line(value: object) -> str:
    return "list" if isinstance(value, Items) else "line"


_TEXT_SCHEMA: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|min|s|m|h|d)\s*)+$|^\s*\d+(\.\d+)?\s*$"},
    ]
}
_CONCURRENCY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": "^(none|auto(:[1-9][0-9]*)?)$"},
    ]
}
_NAMES_SCHEMA: dict[str, Any] = {"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]}
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_STATUS_SCHEMA: dict[str, Any] = {"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}]}
_COMMAND_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}, {**_TEXT_SCHEMA, "minLength": 1}]
}

Text = Annotated[str, BeforeValidator(values.text), WithJsonSchema(_TEXT_SCHEMA)]
Title = Annotated[str, BeforeValidator(values.one_line), WithJsonSchema(_TEXT_SCHEMA)]
Id = Annotated[str, BeforeValidator(values.task_id), WithJsonSchema(_TEXT_SCHEMA)]
Name = Annotated[str, BeforeValidator(values.filled_text), WithJsonSchema(_TEXT_SCHEMA)]
Truth = Annotated[bool, BeforeValidator(values.truth), WithJsonSchema({"type": "boolean"})]
Url = Annotated[str, BeforeValidator(values.url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Server = Annotated[str, BeforeValidator(values.server), WithJsonSchema({"type": "string"})]
HostPort = Annotated[
    str, BeforeValidator(values.host_port), WithJsonSchema({"type": "string", "pattern": ":[0-9]+$"})
]
Concurrency = Annotated[
    int | str | None, values.setting(parse_concurrency, values.limit), WithJsonSchema(_CONCURRENCY_SCHEMA)
]
RateText = Annotated[str | None, values.setting(parse_rates, str.strip), WithJsonSchema({"type": "string"})]
Timeout = Annotated[float | None, values.setting(parse_timeout), WithJsonSchema(_DURATION_SCHEMA)]
Retries = Annotated[int | None, values.whole(0), WithJsonSchema({"type": "integer", "minimum": 0})]
Priority = Annotated[int, values.whole(-(10**values.DIGITS) + 1), WithJsonSchema({"type": "integer"})]
Statuses = Annotated[
    tuple[Annotated[int, values.whole(100, 599)], ...],
    BeforeValidator(values.listed),
    Field(min_length=1),
    WithJsonSchema(_STATUS_SCHEMA),
]
Json = Annotated[Any, BeforeValidator(native_json.body)]
Method = Annotated[str, BeforeValidator(values.method), WithJsonSchema(_TEXT_SCHEMA)]
HeaderName = Annotated[str, BeforeValidator(values.header_name)]
HeaderValue = Annotated[str, BeforeValidator(values.header_value), WithJsonSchema(_TEXT_SCHEMA)]
Variable = Annotated[str, BeforeValidator(values.variable)]
Function = Annotated[
    str, BeforeValidator(values.function), WithJsonSchema({"type": "string", "pattern": ":"})
]
Ids = Annotated[tuple[Id, ...], BeforeValidator(values.listed), WithJsonSchema(_NAMES_SCHEMA)]
PathInside = Annotated[str, BeforeValidator(values.path_inside)]
Paths = Annotated[tuple[PathInside, ...], BeforeValidator(values.listed), WithJsonSchema(_NAMES_SCHEMA)]
Argument = Annotated[str, BeforeValidator(values.argument)]
Agent = Annotated[str, BeforeValidator(values.agent), WithJsonSchema({"type": "string", "minLength": 1})]
Usd = Annotated[float | None, values.setting(parse_usd), WithJsonSchema({"type": ["string", "number"]})]
KINDS = ("command", "http", "python", "agent", "generate")
KindWord = Annotated[
    Literal["command", "http", "python", "agent", "generate"] | None,
    values.one_of(*KINDS),
    WithJsonSchema({"enum": list(KINDS)}),
]
OrderWord = Annotated[
    Literal["needs", "sequence", "phases"],
    values.one_of("needs", "sequence", "phases"),
    WithJsonSchema({"enum": ["needs", "sequence", "phases"]}),
]
GateWord = Annotated[
    Literal["person", "checkpoint"] | None,
    values.one_of("person", "checkpoint"),
    WithJsonSchema({"enum": ["person", "checkpoint"]}),
]
ShellOrArguments = Annotated[
    Annotated[
        Annotated[tuple[Argument, ...], Field(min_length=1), AfterValidator(values.arguments)], Tag("list")
    ]
    | Annotated[str, BeforeValidator(values.shell_line), Tag("line")],
    Discriminator(_list_or_line),
    WithJsonSchema(_COMMAND_SCHEMA),
]
HealthCommand = Annotated[
    Annotated[Annotated[tuple[Text, ...], Field(min_length=1)], Tag("list")]
    | Annotated[str, BeforeValidator(values.plain_shell_line), Tag("line")],
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


class _Code(_Mapping):
    """How code is written: of a task, or of every task below that says nothing else."""

    agent: Agent = Field(
        default="",
        description="Who writes the code: claude, codex, gemini, opencode, aider, mini, generate (our own), or a "
        "command with {prompt} or {prompt_file} in it. Default: the run's.",
    )
    model: Text = Field(default="", description="The model that is asked. Default: the agent's own.")
    prompt: Text = Field(default="", description="What is asked of the agent beside the task's own words.")
    cwd: Name = Field(
        default="",
        description="Folder to work in: of a command, or of an agent inside its worktree. Default: the run's.",
    )
    env: dict[Variable, Text] = Field(
        default_factory=dict,
        description="Variables for the command or the agent, besides those of `beast` itself.",
    )
    setup: ShellOrArguments = Field(
        default=(), description="Run once in a new worktree: a list of arguments, or a shell line."
    )
    copies: Paths = Field(
        default=(),
        alias="copy",
        description="Files and folders that a worktree gets from the checkout and no commit ever holds, like .env.",
    )
    touches: Paths = Field(
        default=(),
        description="Paths it changes, relative to the project. Tasks that share some do not run at once.",
    )
    budget: Usd = Field(
        default=None, description="What the models of a task may cost, like 2usd. Default: the run's."
    )


class TaskEntry(_Code):
    """One thing to do: a command, an HTTP request, a Python function, or code to be written."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_not_both(*pair) for pair in _CONTRADICTIONS]})

    id: Id = Field(description="Unique in the file; `needs` of other tasks name it.")
    title: Title = Field(default="", description="For people. Default: the id.")
    kind: KindWord = Field(default=None, description="Follows from command, url, call or agent.")
    command: ShellOrArguments = Field(
        default=(),
        description="A list of arguments, in which {id}, {title} and others are filled, or a shell line.",
    )
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
    verify: ShellOrArguments = Field(
        default=(),
        description="Must end with 0 for the task to be done: a list of arguments, or a shell line.",
    )
    details: Text = Field(default="", description="What is to be done, at length.")
    done: Truth = Field(default=False, description="Done already: not run, and what needs it may start.")
    parallel: Truth = Field(default=False, description="In a sequence: may run beside parallel neighbours.")
    gate: GateWord = Field(
        default=None,
        description="person: begins once a person has approved it. checkpoint: that is all there is to do.",
    )


class _Group(_Code):
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
