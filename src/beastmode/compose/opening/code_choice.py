"""How a run writes code: what flags and list say, and what is found out where they say nothing. All that is missing is
told in one go, with the flag for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beastmode.errors import PreconditionError, Problem, RoadmapError
from beastmode.runner.code.coding import CodingSettings, ModelServer, work_of
from beastmode.runner.code.detect import check_of
from beastmode.runner.code.prompt import problems_of_template
from beastmode.runner.roadmap import Roadmap, Task
from beastmode.runner.work import GENERATE, Coding
from beastmode.settings import RunSettings

Said = Mapping[str, Any]
"""What flags say, by their names with underscores; see `cli/coding_flags.py`."""
_DEFAULT_BUDGET_USD = 20.0
_ESTIMATES_A_BUDGET = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """How code is written in this run.

    settings: what holds.   notes: what was found out, one line each, said before anything begins.   template: the
    words of the prompt's template; "" for our own.
    """

    settings: CodingSettings
    notes: tuple[str, ...] = ()
    template: str = ""

    def work_of(self, task: Task) -> Coding | None:
        """The work of a task that writes code, with all that the run says; None for a task that does something else."""
        return work_of(task.work, self.settings) if is_code(task) else None


def is_code(task: Task) -> bool:
    """Whether a task of a run that writes code is one of those that do."""
    return task.options.gate != "only" and (task.work is None or isinstance(task.work, Coding))


def writes_code(roadmap: Roadmap, said: Said | None, *, has_command: bool) -> bool:
    """Whether any task of a run writes code.   said: None where nobody could name an agent, as from Python: none is
    started then that the list does not name.   has_command: tasks that say only what are done by a command."""
    to_run = [task for task in roadmap.tasks() if task.state == "pending" and task.options.gate != "only"]
    if any(isinstance(task.work, Coding) for task in to_run):
        return True
    if said is None:
        return False
    return "agent" in said or (not has_command and any(task.work is None for task in to_run))


def choose(
    roadmap: Roadmap,
    said: Said,
    settings: RunSettings,
    *,
    top: Path,
    ready: Callable[[], Sequence[str]],
    where: str = "",
) -> Chosen:
    """How this run writes code. Raises BeastError for what is missing.

    top: the root of the repository.   ready: the agents that are installed and logged in.
    where: what the list is called.
    """
    tasks = [task for task in roadmap.tasks() if task.state == "pending" and is_code(task)]
    work, note = _work(tasks, said, ready, where)
    check, check_note = _check(said, top)
    _see_proof(tasks, check, settings.verify, said)
    coding = _settings(said, work, check, _server(said, settings))
    _see_merge(tasks, coding)
    _see_server(tasks, coding)
    _see_budgets(tasks, coding.server)
    return Chosen(coding, tuple(filter(None, (note, check_note))), read_template(coding.template))


def _settings(said: Said, work: Coding, check: str, server: ModelServer | None) -> CodingSettings:
    """What was said, and the defaults of the rest."""
    return CodingSettings(
        work=work,
        server=server,
        check=check,
        merge=said.get("merge", "queue"),
        base=said.get("base", "HEAD"),
        budget_usd=said.get("budget"),
        task_budget_usd=said.get("task_budget"),
        permissions=said.get("permissions", "edits"),
        sandbox=said.get("sandbox", "auto"),
        check_at_once=said.get("check_concurrency", 0),
        template=said.get("prompt_template"),
        red_base="allow_red_base" in said,
        no_proof="no_proof" in said,
        stash="stash" in said,
    )


def with_budget(chosen: Chosen, said: Said, estimated_usd: float) -> Chosen:
    """With the default of the budget: 20 USD, or three times the estimate where that is less."""
    server = chosen.settings.server
    if "budget" in said or server is None or server.gateway:
        return chosen
    usd = min(_DEFAULT_BUDGET_USD, max(0.01, round(_ESTIMATES_A_BUDGET * estimated_usd, 2)))
    return replace(chosen, settings=replace(chosen.settings, budget_usd=usd))


def _work(
    tasks: Sequence[Task], said: Said, ready: Callable[[], Sequence[str]], where: str
) -> tuple[Coding, str]:
    """What tasks have that say nothing else, and what was found out for it."""
    more = {"model": said.get("model", ""), "setup": said.get("setup"), "copy": said.get("copy", ())}
    if "agent" in said:
        return replace(said["agent"], **more), ""
    if all(isinstance(task.work, Coding) and (task.work.agent or task.work.command) for task in tasks):
        return Coding(**more), ""
    found = ready()
    if len(found) == 1:
        return Coding(
            agent=found[0], **more
        ), f"{found[0]} is the one agent that is ready here: it writes the code"
    first = next(task for task in tasks if not (isinstance(task.work, Coding) and task.work.agent))
    what = f"{first.id!r} says what is to be done, but not by whom, and no agent is ready on this machine"
    tip = (
        f"Install and log in one (`beast agents` shows them), or take --agent {GENERATE} with --upstream URL"
    )
    if found:
        what = f"{first.id!r} says what is to be done, but not by whom; several agents are ready: {', '.join(found)}"
        tip = f"Name one: --agent {found[0]}"
    raise PreconditionError(what, where=where, tip=f"{tip}. For what no agent does: --command 'make {{id}}'.")


def _check(said: Said, top: Path) -> tuple[str, str]:
    if "check" in said:
        return ("" if said["check"] == "none" else said["check"]), ""
    found = check_of(top)
    return found, f"`{found}` was found: it is the check (--check none for none)" if found else ""


def _see_proof(tasks: Sequence[Task], check: str, verify: str, said: Said) -> None:
    """Done means verified: without any proof it would be the agent's word."""
    unproven = [task for task in tasks if task.options.verify is None]
    if check or verify or "no_proof" in said or not unproven:
        return
    first = unproven[0]
    what = f"nothing would prove that {first.id!r} is done, nor {len(unproven) - 1} more"
    if len(unproven) == 1:
        what = f"nothing would prove that {first.id!r} is done"
    tip = (
        "Give --check 'make test' or --verify 'pytest tests/{id}', or take the agent's word with --no-proof."
    )
    raise PreconditionError(what, where="--check", tip=tip)


def _see_merge(tasks: Sequence[Task], coding: CodingSettings) -> None:
    needing = next((task for task in tasks if task.needs), None)
    if coding.merge == "none" and needing is not None:
        what = f"{needing.id!r} needs {needing.needs[0]!r}, whose work it would never see"
        tip = "Leave out --merge none, or take the needs out of the list."
        raise RoadmapError("--merge", [Problem(needing.line, what, tip)])


def _server(said: Said, settings: RunSettings) -> ModelServer | None:
    gateway = said.get("gateway", "")
    if gateway == "none":
        _refuse(
            said, (*_OF_A_GATEWAY, "upstream_key_env"), _NO_GATEWAY, "Leave out --gateway none, or {first}."
        )
        return None
    if gateway:
        _refuse(said, ("rate", *_OF_A_GATEWAY), _GATEWAY_ELSEWHERE, _GIVE_IT_THERE)
    return ModelServer(
        upstream=said.get("upstream", ""),
        key_env=said.get("upstream_key_env", ""),
        gateway=gateway,
        rates=settings.rates,
        tokens=said.get("tokens", ()),
        concurrency=said.get("upstream_concurrency", 3),
    )


_OF_A_GATEWAY = ("upstream", "tokens", "upstream_concurrency", "budget", "task_budget")
"""What only a gateway can keep that the run starts. A key is shown to the one that runs already, too."""
_NO_GATEWAY = "without a gateway nobody keeps {flags}"
_GATEWAY_ELSEWHERE = "a gateway that runs already has limits of its own, and {flags} would not hold"
_GIVE_IT_THERE = "Give it to that gateway: `beast serve` has flags for limits, `beast keys add` for budgets."


def _refuse(said: Said, names: Sequence[str], what: str, tip: str) -> None:
    """What nobody would keep is not promised."""
    flags = [f"--{name.replace('_', '-')}" for name in names if said.get(name) is not None]
    if flags:
        words = what.format(flags=", ".join(flags))
        raise PreconditionError(words, where="--gateway", tip=tip.format(first=flags[0]))


def _see_budgets(tasks: Sequence[Task], server: ModelServer | None) -> None:
    """One that the list gives a task is refused like a flag."""
    if server is not None and not server.gateway:
        return
    for task in tasks:
        if isinstance(task.work, Coding) and task.work.budget_usd is not None:
            words = (_NO_GATEWAY if server is None else _GATEWAY_ELSEWHERE).format(flags="a `budget`")
            tip = "Leave out --gateway none, or the `budget`." if server is None else _GIVE_IT_THERE
            raise RoadmapError("--gateway", [Problem(task.line, f"{task.id!r}: {words}", tip)])


def _see_server(tasks: Sequence[Task], coding: CodingSettings) -> None:
    """Our own generation has no provider of its own."""
    server = coding.server
    if server is not None and (server.upstream or server.gateway):
        return
    own = next((task for task in tasks if work_of(task.work, coding).agent == GENERATE), None)
    if own is not None:
        what = f"{own.id!r} is written by our own generation, and no model server is named"
        tip = "Name one with --upstream http://127.0.0.1:8000/v1, and its key's variable with --upstream-key-env."
        raise PreconditionError(what, where="--upstream", tip=tip)


def read_template(path: Path | None) -> str:
    """The words of a template; "" without one. Raises BeastError where it cannot be read or would not do."""
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        tip = "Name a file that can be read with --prompt-template."
        raise PreconditionError(f"it cannot be read: {reason}", where=str(path), tip=tip) from None
    problems_of_template(text, str(path))
    return text
