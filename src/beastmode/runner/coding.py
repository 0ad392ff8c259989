"""Settings of a run that writes code: what a person asked for, as one value. What is "" or None follows the default."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from beastmode.runner.work import Coding, Work
from beastmode.settings import Rate, TokenRate


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
    for none.   verify: a shell line that says a task is done, for tasks without their own.   merge: `queue`, or `none`:
    every task keeps its branch.   base: what the run begins from, as git names it.   budget_usd, task_budget_usd: None
    for no limit.   permissions: what an agent may do unasked.   sandbox: `auto`: bubblewrap where there is one.
    check_at_once: checks and verifications at once; 0: by cores.   template: of the prompt.   red_base, no_proof,
    stash: a person allowed it.
    """

    work: Coding = field(default_factory=Coding)
    server: ModelServer | None = field(default_factory=ModelServer)
    check: str = ""
    verify: str = ""
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


def work_of(own: Work | None, settings: CodingSettings) -> Coding:
    """What a task says, and for the rest what the run has for tasks that say nothing else."""
    usual = settings.work
    if not isinstance(own, Coding):
        return usual
    named = bool(own.agent or own.command)
    return replace(
        own,
        agent=own.agent if named else usual.agent,
        command=own.command if named else usual.command,
        model=own.model or usual.model,
        cwd=own.cwd or usual.cwd,
        env={**usual.env, **own.env},
        setup=own.setup or usual.setup,
        copy=(*usual.copy, *own.copy),
    )
