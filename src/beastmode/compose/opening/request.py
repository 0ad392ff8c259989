"""Request: what a person asked for who wants a run, or its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beastmode.compose.opening.code import Code
from beastmode.compose.opening.code_choice import Said
from beastmode.runner.formats.addresses import is_live
from beastmode.runner.formats.asked import ALL, Asked
from beastmode.runner.home import HOME
from beastmode.runner.resume import Selection
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.work import Command
from beastmode.settings import RunSettings

Confirm = Callable[[Code, Sequence[Task], RunSettings], None]
"""Is told of a run that writes code, and of the tasks that it is to run, before anything of it is recorded. Raises
BeastError where it shall not begin."""


@dataclass(slots=True)
class Request:
    """What a person asked for.

    source: a roadmap's file, or a Roadmap.   flags: settings given by name (`RunSettings`), which win over the
    roadmap's.   command: for tasks whose list says what but not how.   home: where the journal lives.
    report: where reports go; None: below the home.   fresh: begin a new run.   coding: what is said of how code is
    written; None where nobody could: then only what the list itself gives to an agent is code.   confirm: told of a
    run that writes code before anything is recorded; may raise.   asked: what of the file.   write_back: what is done
    is ticked in the file.
    """

    source: Path | Roadmap
    flags: Mapping[str, Any] = field(default_factory=dict)
    command: Command | None = None
    home: Path = Path(HOME)
    report: Path | None = None
    fresh: bool = False
    selection: Selection = field(default_factory=Selection)
    coding: Said | None = None
    confirm: Confirm = lambda code, tasks, settings: None
    asked: Asked = ALL
    write_back: bool = False

    @property
    def list_file(self) -> Path | None:
        """The file of the roadmap, or its folder; None where Python made it, or it is asked live."""
        return self.source.resolve() if isinstance(self.source, Path) and not is_live(self.source) else None
