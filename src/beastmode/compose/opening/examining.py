"""Examining: everything that a run of a roadmap would need is looked at, and nothing is run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.compose.opening.agents import look_at_agent
from beastmode.compose.opening.run import checked, settings_for
from beastmode.doctor.asking import Asker
from beastmode.doctor.findings import Diagnosis, Fact, Finding
from beastmode.doctor.home import look_at_home
from beastmode.doctor.look import Asked
from beastmode.doctor.machine import look_at_git, look_at_python
from beastmode.doctor.places import upstream_of
from beastmode.doctor.upstream import look_at_upstream
from beastmode.errors import BeastError, RoadmapError
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets, secrets_of_url
from beastmode.probes import tcp
from beastmode.probes.probe import probe_for
from beastmode.runner.formats.asked import ALL
from beastmode.runner.formats.asked import Asked as AskedOfFile
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.home import HOME
from beastmode.runner.kinds.http_request import VARIABLE
from beastmode.runner.roadmap import Roadmap
from beastmode.runner.work import Command, Http

_MOST_SERVERS = 8
_FIELD = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Examination:
    """What a person asked to have looked at.

    file: a roadmap.   upstream: URL of a model server.   key_variable: names its key.   model: that must exist.
    home: where the journal would be.   paid: one request of one token is allowed, where nothing free proves key
    and model.   timeout_s: for each question to a server.
    agent: as `--agent` takes it.   asked: what of the file.
    """

    file: Path | None = None
    upstream: str = ""
    key_variable: str = ""
    model: str = ""
    home: Path = Path(HOME)
    paid: bool = True
    timeout_s: float = 10.0
    agent: str = ""
    asked: AskedOfFile = ALL
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def examine(wanted: Examination, clock: Clock = SYSTEM_CLOCK) -> Diagnosis:
    """Look at all of it. Nothing in the result is secret.

    Raises SettingError where `upstream` is no address, or nobody has the agent's name.
    """
    asked = None
    if wanted.upstream:
        asked = Asked(upstream_of(wanted.upstream), wanted.key_variable, wanted.model, wanted.paid)
    seen = Diagnosis()
    seen.add(look_at_python(), *look_at_home(wanted.home), *look_at_git(Path.cwd(), wanted.environment))
    if wanted.agent:
        seen.add(*look_at_agent(wanted.agent, wanted.environment, wanted.key_variable))
    roadmap = _look_at_roadmap(wanted, seen) if wanted.file is not None else None
    asyncio.run(_look_at_servers(wanted, asked, roadmap, seen, clock))
    more = [wanted.environment.get(wanted.key_variable, ""), *secrets_of_url(wanted.upstream)]
    return seen.without(Secrets.of_environment(wanted.environment, *more))


def _look_at_roadmap(wanted: Examination, seen: Diagnosis) -> Roadmap | None:
    assert wanted.file is not None
    try:
        roadmap = read_roadmap(wanted.file, wanted.asked)
        settings = settings_for(roadmap, {})
        checked(roadmap, str(wanted.file), settings.order)
    except RoadmapError as error:
        for problem in error.problems:
            where = f"{error.path}:{problem.line}" if problem.line else error.path
            seen.add(Finding("roadmap", f"{where}: {problem.what}", problem.tip or "Correct that line."))
        return None
    except BeastError as error:
        seen.add(Finding("roadmap", f"{wanted.file}: {error.what}", error.tip))
        return None
    tasks = sum(1 for _ in roadmap.tasks())
    seen.add(Fact("roadmap", f"{wanted.file} ({roadmap.format}): {tasks} tasks"))
    seen.add(
        *_missing_programs(roadmap, wanted.environment), *_missing_variables(roadmap, wanted.environment)
    )
    return roadmap


def _missing_programs(roadmap: Roadmap, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Programs named without a path, whose name is no template; each once."""
    found: dict[str, str] = {}
    for task in roadmap.tasks():
        for command in (task.work, task.options.verify):
            if isinstance(command, Command) and command.arguments:
                found.setdefault(command.arguments[0], task.id)
    for name, task_id in found.items():
        bare = "/" not in name and not _FIELD.search(name)
        if bare and shutil.which(name, path=environment.get("PATH")) is None:
            what = f"task {task_id!r} needs the program {name!r}, which is not on PATH"
            yield Finding("program", what, f"Install {name}, or correct its name in the roadmap.")


def _missing_variables(roadmap: Roadmap, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that headers name and nobody has set; each once."""
    named: dict[str, str] = {}
    for task in roadmap.tasks():
        if isinstance(task.work, Http):
            for value in task.work.headers.values():
                named |= {name: task.id for name in VARIABLE.findall(value) if name not in named}
    for name, task_id in named.items():
        if name not in environment:
            what = f"task {task_id!r} needs the variable {name}, which is not set"
            yield Finding("variable", what, f"Set it where beast is started: export {name}=…", "auth")


async def _look_at_servers(
    wanted: Examination, asked: Asked | None, roadmap: Roadmap | None, seen: Diagnosis, clock: Clock
) -> None:
    if roadmap is not None:
        await _look_at_named_servers(roadmap, seen, wanted.timeout_s)
    if asked is not None:
        async with Asker(clock, wanted.timeout_s) as asker:
            await look_at_upstream(asked, asker, seen, wanted.environment)


async def _look_at_named_servers(roadmap: Roadmap, seen: Diagnosis, timeout_s: float) -> None:
    """The health check of a roadmap; and whether its other servers take connections."""
    if roadmap.health:
        try:
            failure = await probe_for(roadmap.health, timeout_s)(lambda: None)
        except BeastError as error:
            seen.add(Finding("health", error.what, error.tip))
        else:
            seen.add(_judged("health", "the roadmap's health check", failure))
    others = _servers_of(roadmap) - {_address(roadmap.health)}
    for host, port in sorted(others)[:_MOST_SERVERS]:
        failure = await tcp.probe(host, port, timeout_s, lambda: None)
        seen.add(_judged("server", f"{host} port {port}", failure))


def _judged(check: str, name: str, failure: Failure | None) -> Finding | Fact:
    if failure is None:
        return Fact(check, f"{name} is well" if check == "health" else f"{name} takes connections")
    return Finding(check, f"{name}: {failure.cause}", failure.tip, failure.class_)


def _servers_of(roadmap: Roadmap) -> set[tuple[str, int]]:
    urls = {task.work.url for task in roadmap.tasks() if isinstance(task.work, Http)}
    return {found for url in (*urls, roadmap.server) if (found := _address(url))}


def _address(url: str) -> tuple[str, int] | None:
    """Host and port; None where the text names no server: a label, a command, a broken URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return (host, port or usual) if host and usual else None
