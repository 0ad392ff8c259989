"""What a coding agent is to us: how it is started without a person, what its output says, and how it is logged in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from beastmode.failures.failure import Failure
from beastmode.runner.model_access import Access

Permissions = Literal["edits", "all"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What one attempt asks of an agent.

    prompt: the whole of it; prompt_file: a file that holds it.   folder: where it works.   model: "" for its own
    choice.   access: its way to a model.   permissions: what it may do unasked; nobody is there to be asked.
    allowed: shell lines that it may run in any case: those that prove its work.   session: a UUID, the same for the
    same attempt of the same task in every run.   home: an empty folder of its own, at a path that is the same for a
    task in every run.   root: it runs as the superuser.
    """

    prompt: str
    prompt_file: Path
    folder: Path
    access: Access
    session: str
    home: Path
    model: str = ""
    permissions: Permissions = "edits"
    allowed: tuple[str, ...] = ()
    root: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """How it is started.

    arguments: its program first.   env: beside what every agent gets.   files: to be written before, readable by this
    user only.   stdin: a file that it reads; None: nothing.   answer: a file in which it leaves what it did.
    litter: names, as patterns, of folders of its own that it leaves where it works.   over: a line that it
    prints when it begins to wait by itself for what its gateway has refused for long: it is ended then, and waited for
    without it.
    """

    arguments: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    stdin: Path | None = None
    answer: Path | None = None
    litter: tuple[str, ...] = ()
    over: re.Pattern[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it.   output: the end of all that it printed.   code: its exit code, below 0: a signal.
    answer: what the file of its answer holds, "" where there is none.   now_unix: for dates in what it says."""

    output: str
    code: int
    answer: str = ""
    now_unix: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent says of its attempt; that is its word, and no proof.

    failure: why it gave up, as far as it says so; None does not mean that it succeeded.   result: its last words.
    refused: what it was not allowed to do, a line each.   cost_usd, turns, tokens_in, tokens_out: as it counts them;
    None where it does not.
    """

    failure: Failure | None = None
    result: str = ""
    refused: tuple[str, ...] = ()
    cost_usd: float | None = None
    turns: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """How an agent is logged in, as far as files and variables show.

    how: `key`, `subscription`, `cloud`, or `none`.   where: the variable or file that says so.   passes_gateway: it
    also works when the agent is pointed at a gateway.   why: where it does not, why; a clause without a full stop.
    """

    how: Literal["key", "subscription", "cloud", "none"] = "none"
    where: str = ""
    passes_gateway: bool = False
    why: str = ""


class Agent(Protocol):
    """One coding agent. Pure: it says how to start it, and reads what came of it."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    @property
    def program(self) -> str:
        """What is started: a name that is looked for on PATH, or a path."""
        ...

    @property
    def install(self) -> str:
        """How a person installs it; a command."""
        ...

    @property
    def speaks(self) -> tuple[str, ...]:
        """The dialects in which it can ask a model, as `Access.dialects` names them; empty: unknown."""
        ...

    @property
    def own(self) -> tuple[str, ...]:
        """Patterns of variables that configure it or hold its login; it gets them only where it uses its own login."""
        ...

    @property
    def needs_model(self) -> bool:
        """At a server that is named to it, it cannot choose a model by itself."""
        ...

    @property
    def sandbox(self) -> tuple[str, ...]:
        """A command that fails where it cannot keep to `edits`; empty where it needs nothing for that."""
        ...

    def launch(self, ask: Ask) -> Launch:
        """How it is started for one attempt."""
        ...

    def read(self, heard: Heard) -> Said:
        """What it said. Never raises, whatever it printed."""
        ...

    def login(self, environment: Mapping[str, str], home: Path) -> Login:
        """How it is logged in.   home: of the user. Reads files; shows nothing of what is secret in them."""
        ...
