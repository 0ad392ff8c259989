"""`beastmode.run`: what `beast run` does, for a program."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from beastmode.compose.opening.request import Request
from beastmode.compose.run.notifying import Way
from beastmode.compose.run.performing import perform
from beastmode.errors import RoadmapError
from beastmode.runner.command_line import as_arguments
from beastmode.runner.fields import problems_of_arguments
from beastmode.runner.home import HOME
from beastmode.runner.resume import Selection
from beastmode.runner.roadmap import Roadmap
from beastmode.runner.summary import Summary
from beastmode.runner.work import Command
from beastmode.settings import RunSettings, parse_concurrency, parse_rates


def run(
    source: str | Path | Roadmap,
    *,
    command: str | list[str] | None = None,
    home: str | Path = HOME,
    report: str | Path | None = None,
    fresh: bool = False,
    only: tuple[str, ...] = (),
    phase: str = "",
    failed: bool = False,
    until_done: bool = False,
    notify: Sequence[str] = (),
    write_back: bool = False,
    **settings: Any,
) -> Summary:
    """Run a roadmap to its end, as `beast run` does, and return the summary.

    source: a file, or a Roadmap made in Python: known again by the program that runs and its title, so give two of one
    program titles of their own, or `fresh=True`.   command: for tasks that say only what; a text is split like a shell
    would.   until_done, notify, write_back: as the flags of these names.   settings: fields of `settings.RunSettings`,
    like `concurrency=5` or `"auto"`, `rates="8/s"`.   Raises BeastError where `beast` would end with 2 or 74; failed
    tasks are in the summary. Inside a running event loop it raises RuntimeError: use a thread there.
    """
    _refuse_a_running_loop()
    flags = dict(settings)
    if isinstance(flags.get("rates"), str):
        flags["rates"] = parse_rates(flags["rates"])
    if isinstance(flags.get("concurrency"), str):
        flags["concurrency"] = parse_concurrency(flags["concurrency"])
    unknown = set(flags) - {setting.name for setting in fields(RunSettings)}
    if unknown:
        raise TypeError(
            f"run() has no setting {', '.join(sorted(unknown))}; see beastmode.settings.RunSettings"
        )
    request = Request(
        source if isinstance(source, Roadmap) else Path(source),
        flags,
        _as_command(command),
        Path(home),
        Path(report) if report else None,
        fresh,
        Selection(only, phase, failed),
        write_back=write_back,
    )
    return perform(request, notify=_ways(notify), until_done=until_done)


def _ways(notify: Sequence[str]) -> list[Way]:
    if not notify:
        return []
    from beastmode.compose.run.notice_ways import way_of  # urllib: most runs do without

    return [way_of(text) for text in notify]


def _refuse_a_running_loop() -> None:
    """Before a run is begun that could not be driven."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "run() cannot wait inside an event loop; write `await asyncio.to_thread(run, ...)` there"
    )


def _as_command(command: str | list[str] | None) -> Command | None:
    if command is None:
        return None
    if isinstance(command, str):
        return as_arguments(command)
    if problems := problems_of_arguments(command):
        raise RoadmapError("command", problems)
    return Command(tuple(command))
