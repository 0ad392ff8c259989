"""Opening a run that writes code: the repository is looked at, and how code is written is chosen. Nothing is begun."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from beastmode.compose.opening.code_choice import Chosen, Said, choose, with_budget
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.runner.code.landing import Landed, landed_in
from beastmode.runner.code.repository import Repository, repository_of
from beastmode.runner.foreseeing.estimate import NOTHING, Estimate
from beastmode.runner.plain_limits import plain_server
from beastmode.runner.progress import Progress
from beastmode.runner.roadmap import Roadmap
from beastmode.settings import RunSettings

_RUN_OF = re.compile(r"^refs/(?:heads/)?beast/r([0-9]{1,9})/", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Code:
    """What a run that writes code begins from.   estimate: of all that this session is to run."""

    chosen: Chosen
    repository: Repository
    estimate: Estimate = NOTHING

    @property
    def settings(self) -> CodingSettings:
        """How code is written."""
        return self.chosen.settings

    def with_server(self, server: ModelServer) -> Code:
        """With other limits of its model server."""
        settings = replace(self.chosen.settings, server=server)
        return replace(self, chosen=replace(self.chosen, settings=settings))


def open_code(
    roadmap: Roadmap,
    said: Said,
    settings: RunSettings,
    list_file: Path | None = None,
) -> Code:
    """Look and choose. Raises BeastError for what is missing.   list_file: of the roadmap; it may be changed."""
    from beastmode.runner.agents.find import ready_on  # other runs do without

    ready = partial(ready_on, os.environ, Path.home(), logged_in="upstream" not in said)
    here = Path.cwd()
    chosen = choose(
        roadmap,
        said,
        settings,
        top=top_of(here),
        ready=ready,
        where=list_file.name if list_file else roadmap.title,
    )
    repository = asyncio.run(repository_of(here, chosen.settings, list_file))
    return Code(chosen, repository)


def estimated(code: Code, told: Estimate, said: Said, spent_usd: float = 0.0) -> Code:
    """With an estimate of what is to be run, and the budget that follows from it.   spent_usd: by earlier sessions of
    the run; a budget is of all of them."""
    usd = told.usd.median if told.usd else 0.0
    return Code(with_budget(code.chosen, said, spent_usd + usd), code.repository, told)


def noted(code: Code, note: str) -> Code:
    """With one more thing to be said before it begins; "" for none."""
    chosen = code.chosen
    return replace(code, chosen=replace(chosen, notes=(*chosen.notes, note))) if note else code


def landed_by(code: Code, progress: Progress) -> dict[str, Landed]:
    """Tasks whose work a runner that was killed had merged without being able to say so, by their ids."""
    if not progress.run:
        return {}
    return asyncio.run(landed_in(code.repository.git, progress.name, progress))


def highest_run(code: Code) -> int:
    """The highest number of a run that has refs in this repository, whatever became of its journal; 0 for none. A new
    run must not go on from another's result."""
    names = asyncio.run(
        code.repository.git("for-each-ref", "--format=%(refname)", "refs/heads/beast/", "refs/beast/")
    )
    return max((int(number) for number in _RUN_OF.findall(names)), default=0)


def as_runner(settings: RunSettings, code: Code) -> RunSettings:
    """The settings of the tasks themselves: where a gateway paces the model server, starts of tasks need no rate."""
    return settings if code.settings.server is None else replace(settings, rates=())


def recorded(code: Code) -> dict[str, Any]:
    """For the journal: how code is written, without a secret in it."""
    server = code.settings.server
    return {
        "repository": str(code.repository.top),
        "inside": code.repository.inside,
        "base": code.repository.base,
        "check": code.settings.check,
        "merge": code.settings.merge,
        "agent": code.settings.work.agent or " ".join(code.settings.work.command),
        "model": code.settings.work.model,
        "upstream": server.upstream if server else "",
        "gateway": server.gateway if server else "none",
        "limits": plain_server(server) if server and not server.gateway else None,
        "budget_usd": code.settings.budget_usd,
    }


def top_of(folder: Path) -> Path:
    """The root of the checkout, where files speak of its tests; the folder itself outside of one."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
