"""Agents of this machine, looked at: for `beast agents`, and as findings for `beast doctor --agent`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from beastmode.doctor.findings import Fact, Finding
from beastmode.runner.agents.find import KNOWN, Seen, agent_of, see
from beastmode.runner.code.coding import parse_agent
from beastmode.runner.work import GENERATE

_ALONE = "without a gateway, under task limits only: --gateway none"


def all_agents(environment: Mapping[str, str]) -> list[Seen]:
    """Every agent that is known by name, in their order."""

    async def look() -> list[Seen]:
        return await asyncio.gather(
            *(see(agent, environment, _home(environment)) for agent in KNOWN.values())
        )

    return asyncio.run(look())


def as_object(seen: Seen) -> dict[str, Any]:
    """One line of `beast agents --json`."""
    login = seen.login
    return {
        "agent": seen.agent.name,
        "program": str(seen.program or ""),
        "version": seen.version,
        "login": login.how,
        "login_in": login.where,
        "passes_gateway": login.passes_gateway,
        "why": login.why,
        "speaks": list(seen.agent.speaks),
        "trouble": seen.trouble,
        "install": seen.agent.install,
    }


def look_at_agent(
    text: str, environment: Mapping[str, str], key_variable: str = ""
) -> Iterator[Finding | Fact]:
    """What one agent lacks.   text: as `--agent` takes it.   key_variable: holds a key that is shown in its place.

    Raises SettingError for a name that nobody has.
    """
    work = parse_agent(text)
    if work.agent == GENERATE:
        yield Fact("agent", "generate is our own: it needs no program, but an --upstream")
        return
    seen = asyncio.run(see(agent_of(work), environment, _home(environment)))
    name = seen.agent.name
    if seen.program is None:
        tip = (
            f"Install it: {seen.agent.install}"
            if seen.agent.install
            else f"Install {name}, or correct its name."
        )
        yield Finding("agent", f"{name} is not on PATH", tip, "agent_failed")
        return
    yield Fact("agent", f"{name} {seen.version}".rstrip() + f" is {seen.program}")
    if key_variable:
        yield Fact("login", f"{name} needs no login: the gateway shows the key that is in {key_variable}")
    else:
        yield from _login(seen)
    yield from _bounds(seen)


def _bounds(seen: Seen) -> Iterator[Finding | Fact]:
    name = seen.agent.name
    if seen.trouble:
        what = f"{name} has no sandbox of the kernel here, which --permissions edits needs: {seen.trouble}"
        tip = "Allow user namespaces; or, where this machine is itself a sandbox, take --permissions all."
        yield Finding("sandbox", what, tip, "agent_failed")
    elif seen.agent.sandbox:
        yield Fact("sandbox", f"{name} has a sandbox of the kernel to keep to --permissions edits")
    if seen.contained:
        yield Fact(
            "sandbox", "bubblewrap keeps agents from the system, your checkout and each other's worktrees"
        )
    else:
        yield Fact("sandbox", "there is no bubblewrap that works: an agent can write wherever you can")


def _login(seen: Seen) -> Iterator[Finding | Fact]:
    name, login = seen.agent.name, seen.login
    where = f" ({login.where})" if login.where else ""
    if login.how == "none" and seen.agent.install:
        tip = f"Log in with {name} by hand, set its key, or name a key for all with --upstream-key-env."
        yield Finding(
            "login", f"{name} is not logged in, and no variable holds a key for it", tip, "agent_login"
        )
    elif login.how != "none" and not login.passes_gateway:
        what = (
            f"{name} is logged in by {login.how}{where}, which cannot pass through the gateway: {login.why}"
        )
        yield Finding("login", what, f"Name a key with --upstream-key-env, or run it {_ALONE}", "agent_login")
    elif login.how != "none":
        yield Fact("login", f"{name} is logged in by {login.how}{where}; that passes through the gateway too")


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or Path.home())
