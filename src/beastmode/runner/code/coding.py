"""Settings of a run that writes code: what a person asked for, as one value. What is "" or None follows the default."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from beastmode.errors import SettingError
from beastmode.runner.work import GENERATE, Coding, Work
from beastmode.settings import Rate, TokenRate

AGENTS = ("claude", "codex", "gemini", "opencode", "aider", "mini")
"""The coding agents that are known by name; see `runner/agents`."""
_USD = re.compile(r"\$?\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?:usd|\$)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The model server of a run, and what it bears.

    upstream: its base URL; "" for the provider that the agent asks by itself.   key_env: variable that holds its key,
    which then replaces the agents' own.   gateway: URL of a gateway that runs already; it paces, and so nothing here
    does.   rates, tokens, concurrency: as `beast serve` takes them.
    """

    upstream: str = ""
    key_env: str = ""
    gateway: str = ""
    rates: tuple[Rate, ...] = (Rate(8, 1.0),)
    tokens: tuple[TokenRate, ...] = ()
    concurrency: int | None = 3


@dataclass(frozen=True, slots=True)
class CodingSettings:
    """How code is written, proven and merged.

    work: what tasks have that say nothing else: agent, model, setup, copy, env.   server: None: no gateway, agents ask
    as they always do.   check: a shell line that must be green on the base, after each task and after each merge; ""
    for none.   merge: `queue`, or `none`: every task keeps its branch.   base: what the run begins from, as git names
    it.   budget_usd, task_budget_usd: None for no limit.   permissions: what an agent may do unasked.   sandbox:
    `auto`: bubblewrap where there is one.   check_at_once: checks and verifications at once; 0: by cores.   template:
    of the prompt.   red_base, no_proof, stash: a person allowed it.
    """

    work: Coding = field(default_factory=Coding)
    server: ModelServer | None = field(default_factory=ModelServer)
    check: str = ""
    merge: Literal["queue", "none"] = "queue"
    base: str = "HEAD"
    budget_usd: float | None = None
    task_budget_usd: float | None = None
    permissions: Literal["edits", "all"] = "edits"
    sandbox: Literal["auto", "none"] = "auto"
    check_at_once: int = 0
    template: Path | None = None
    red_base: bool = False
    no_proof: bool = False
    stash: bool = False


def parse_agent(text: str) -> Coding:
    """The agent that a text names: one of AGENTS, `generate`, or the command line of any other, with `{prompt}` or
    `{prompt_file}` in it. Raises SettingError.
    """
    if "{prompt}" in text or "{prompt_file}" in text:
        try:
            return Coding(command=tuple(shlex.split(text)))
        except ValueError as error:
            tip = "Check its quotes; it is split like a shell would."
            raise SettingError(f"{text!r} cannot be split: {error}", tip=tip) from None
    name = text.strip()
    if name in (*AGENTS, GENERATE):
        return Coding(agent=name)
    near = get_close_matches(name.lower(), (*AGENTS, GENERATE), n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    tip = f"{guess}Write one of {', '.join(AGENTS)}, {GENERATE}, or a command with {{prompt}} or {{prompt_file}} in it."
    raise SettingError(f"no agent is known as {text!r}", tip=tip)


def parse_usd(value: object) -> float | None:
    """Dollars, more than 0, from `2`, `2usd`, `$2.50`; None for `none`, no limit. Raises SettingError."""
    text = str(value).strip()
    if text.lower() == "none":
        return None
    match = _USD.fullmatch(text)
    if match is None or not float(match[1]):
        raise SettingError(
            f"{value!r} is no amount of money", tip="Write dollars, like 2usd or 0.50usd, or none."
        )
    return float(match[1])


def work_of(own: Work | None, settings: CodingSettings) -> Coding:
    """What a task says of how its code is written, and what the run says where the task does not."""
    usual = settings.work
    if not isinstance(own, Coding):
        return usual
    named = bool(own.agent or own.command)
    return replace(
        own,
        agent=own.agent if named else usual.agent,
        command=own.command if named else usual.command,
        model=own.model or ("" if named and usual.agent not in ("", own.agent) else usual.model),
        setup=own.setup or usual.setup,
        copy=tuple(dict.fromkeys((*usual.copy, *own.copy))),
        env={**usual.env, **own.env},
        budget_usd=usual.budget_usd if own.budget_usd is None else own.budget_usd,
    )
