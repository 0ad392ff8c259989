"""Find: which agents there are, which of them this machine has, and in what version."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from beastmode.failures.words import last_lines
from beastmode.runner.agents.aider import Aider
from beastmode.runner.agents.claude import Claude
from beastmode.runner.agents.codex import Codex
from beastmode.runner.agents.containing import PROBE
from beastmode.runner.agents.environment import environment_for
from beastmode.runner.agents.gemini import Gemini
from beastmode.runner.agents.mini import Mini
from beastmode.runner.agents.opencode import OpenCode
from beastmode.runner.agents.protocol import Agent, Login
from beastmode.runner.agents.template import Template
from beastmode.runner.code.coding import parse_agent
from beastmode.runner.work import Coding

KNOWN: Mapping[str, Agent] = {
    agent.name: agent for agent in (Claude(), Codex(), Gemini(), OpenCode(), Aider(), Mini())
}
"""By the name that `--agent` takes."""
_PATIENCE_S = 20.0
_VERSION = re.compile(r"\d+(?:\.\d+)+(?:[-+]\w+)*")
_VERSION_OF = {"mini": "--help"}
"""It has no option for its version, and says it at the top of its help."""


def agent_of(work: Coding) -> Agent:
    """The agent that a task names. Raises SettingError for a name that nobody has."""
    if not work.command and work.agent not in KNOWN:
        work = parse_agent(work.agent)
    return Template(work.command) if work.command else KNOWN[work.agent]


def program_of(agent: Agent, environment: Mapping[str, str]) -> Path | None:
    """Where its program is; None where it is not on PATH, or not at its path."""
    found = shutil.which(agent.program, path=environment.get("PATH"))
    return Path(found) if found else None


def ready_on(environment: Mapping[str, str], home: Path, *, logged_in: bool = True) -> list[str]:
    """The names of those that are on PATH and logged in, as far as files and variables show.

    home: of the user.   logged_in: False where a model server of the run's own asks for no login of theirs.
    """
    there = [agent for agent in KNOWN.values() if program_of(agent, environment)]
    return [agent.name for agent in there if not logged_in or agent.login(environment, home).how != "none"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An agent on this machine.   program: None where it is not on PATH.   version: "" where it does not say.
    trouble: why it cannot keep to `edits` here; "" where it can.   contained: bubblewrap is here and works."""

    agent: Agent
    program: Path | None
    version: str
    login: Login
    trouble: str = ""
    contained: bool = False


async def see(agent: Agent, environment: Mapping[str, str], home: Path) -> Seen:
    """Look at one agent: it is started to ask for its version, and asks nobody for anything."""
    login, program = agent.login(environment, home), program_of(agent, environment)
    if program is None or not agent.install:
        return Seen(agent, program, "", login)
    own = environment_for(environment, agent.own, {}, ())
    _, said = await said_by([str(program), _VERSION_OF.get(agent.name, "--version")], own)
    version = _VERSION.search(said)
    code, words = await said_by(list(agent.sandbox), own) if agent.sandbox else (0, "")
    trouble = last_lines(words) if code else ""
    uncontained, _ = await said_by(list(PROBE), own)
    return Seen(agent, program, version[0] if version else "", login, trouble, uncontained == 0)


async def said_by(arguments: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a short program and what it printed; -1 where it could not be run or did not end in 20 s."""
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return -1, str(error)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return -1, f"it did not end within {_PATIENCE_S:g} s"
    return process.returncode or 0, output.decode("utf-8", "replace").strip()
