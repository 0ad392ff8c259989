"""How code is written, as a native roadmap says it: for all tasks of a phase at once, or for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from beastmode.runner.code.coding import parse_agent
from beastmode.runner.formats.native_model import PhaseEntry, RoadmapEntry, TaskEntry
from beastmode.runner.work import GENERATE, Coding, Command


@dataclass(frozen=True, slots=True)
class Said:
    """What holds for a task: its own words, else those of the nearest phase. Variables of all of them are joined."""

    agent: str = ""
    model: str = ""
    prompt: str = ""
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] | str = ()
    copies: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    budget: float | None = None

    def below(self, entry: TaskEntry | PhaseEntry | RoadmapEntry) -> Said:
        """What holds once `entry` has said its part. Itself where that says nothing: most of a long list shares one."""
        keys = entry.model_fields_set & _KEYS
        if not keys:
            return self
        own = {key: getattr(entry, key) for key in keys}
        if "env" in own:
            own["env"] = {**self.env, **own["env"]}
        return replace(self, **own)

    def coding(self, kind: str | None) -> Coding | None:
        """The work of a task that names no other. None where nothing is said of how its code is written."""
        if kind not in (None, "agent", GENERATE):
            return None
        if kind is None and self == replace(NOTHING_SAID, touches=self.touches):
            return None
        named = parse_agent(self.agent) if self.agent else Coding()
        return replace(
            Coding(agent=GENERATE) if kind == GENERATE else named,
            model=self.model,
            prompt=self.prompt,
            cwd=self.cwd,
            env=self.env,
            setup=command_of(self.setup) if self.setup else None,
            copy=self.copies,
            budget_usd=self.budget,
        )


NOTHING_SAID = Said()
_KEYS = {"agent", "model", "prompt", "cwd", "env", "setup", "copies", "touches", "budget"}


def command_of(
    written: tuple[str, ...] | str, env: Mapping[str, str] | None = None, cwd: str = ""
) -> Command:
    """A command as it stands in the file: a list of arguments, or a shell line."""
    if isinstance(written, str):
        return Command(shell=written, env=env or {}, cwd=cwd)
    return Command(arguments=written, env=env or {}, cwd=cwd)
