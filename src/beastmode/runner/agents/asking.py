"""Asking: what one attempt asks of its agent, and the folder of its own in which that is written down."""

from __future__ import annotations

import os
import shlex
import shutil
import uuid
from pathlib import Path
from string import Template

from beastmode.runner.agents.protocol import Ask, Launch
from beastmode.runner.code.coding import CodingSettings
from beastmode.runner.code.workspace import Place
from beastmode.runner.fields import fill
from beastmode.runner.kinds.environment import field_values
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.model_access import Access
from beastmode.runner.work import Coding, Command

_SESSIONS = uuid.UUID("6f1d0f0e-7f9b-5d0c-9a53-6a0e5f6f2b11")
"""The space in which task and attempt name a session: the same ones in every run."""


def asked(
    attempt: Attempt, work: Coding, place: Place, access: Access, settings: CodingSettings, prompt: str
) -> Ask:
    """All of it but the agent. What it derives is the same in every run of the same list."""
    home = home_of(place)
    return Ask(
        prompt=prompt,
        prompt_file=home / "prompt.md",
        folder=place.folder,
        access=access,
        session=str(uuid.uuid5(_SESSIONS, f"{attempt.task.id}\0{attempt.number}")),
        home=home,
        model=work.model,
        permissions=settings.permissions,
        allowed=proofs_of(attempt, settings),
        root=os.geteuid() == 0,
    )


def variables_of(attempt: Attempt) -> dict[str, str]:
    """`BEAST_*` for each field of the task, but for the feedback, which stands in the prompt; those of the attempt."""
    fields = {f"BEAST_{name.upper()}": value for name, value in field_values(attempt).items()}
    del fields["BEAST_FEEDBACK"]
    return {**fields, **attempt.env}


def proofs_of(attempt: Attempt, settings: CodingSettings) -> tuple[str, ...]:
    """The shell lines that will prove the work, with their fields filled in."""
    check = Command(shell=settings.check) if settings.check else None
    proofs = (check, attempt.task.options.verify)
    return tuple(_line(proof, attempt) for proof in proofs if proof is not None)


def _line(command: Command, attempt: Attempt) -> str:
    if command.shell:
        return Template(command.shell).safe_substitute(variables_of(attempt))
    return shlex.join(fill(command.arguments, field_values(attempt)))


def home_of(place: Place) -> Path:
    """Beside the worktree, not within: nothing of it can be committed."""
    return place.path.parent / ".agents" / place.path.name


def furnish(ask: Ask, launch: Launch) -> None:
    """Write what the agent finds in its home, for this user only, and nothing else. Raises OSError."""
    shutil.rmtree(ask.home, ignore_errors=True)  # of an attempt that was killed
    ask.home.mkdir(parents=True, mode=0o700)
    for path, words in {**launch.files, ask.prompt_file: ask.prompt}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="replace", opener=_for_this_user) as file:
            file.write(words)


def _for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
