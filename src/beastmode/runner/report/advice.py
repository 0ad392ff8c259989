"""What failed and what to do about it, with the exact commands."""

from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path
from typing import Any

from beastmode.amounts import counted
from beastmode.runner.formats.asked import file_of
from beastmode.runner.gates import AT_GATE
from beastmode.runner.home import log_path, run_folder
from beastmode.runner.progress import Progress
from beastmode.runner.report.tasks import cut
from beastmode.runner.report.words import utc
from beastmode.runner.summary import Summary
from beastmode.runner.views import TaskView

Plain = dict[str, Any]

MOST_CAUSES = 3
"""Causes that the next steps name one by one; the others stand under what failed."""
MOST_NAMES = 3


def failures_of(progress: Progress, journal: Path) -> list[Plain]:
    """Tasks that failed or need a person; those with the same class, cause and tip together, most first.

    journal: the home's, beside which the logs lie.
    """
    folder = run_folder(journal.parent, progress.run)
    groups: dict[tuple[str, str, str], list[Plain]] = defaultdict(list)
    for view in progress.tasks.values():
        if view.state not in ("failed", "needs_person"):
            continue
        failure = view.failure or {}
        alike = (failure.get("class", ""), failure.get("cause", ""), failure.get("tip", ""))
        task = {"task": view.id, "title": cut(view.title), "attempts": view.attempts}
        groups[alike].append(task | {"log": _log(folder, view)})
    return [
        {"class": class_, "cause": cut(cause), "tip": cut(tip), "count": len(tasks), "tasks": tasks}
        for (class_, cause, tip), tasks in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _log(folder: Path, view: TaskView) -> str:
    """Where the output of a task's last attempt is: of its verification where that failed; "" for no output."""
    work = log_path(folder, view.id, view.attempts)
    verification = work.with_suffix(".verify.log")
    of_verification = (view.failure or {}).get("class") == "verify_failed"
    for path in (verification, work) if of_verification else (work, verification):
        if path.exists():
            return str(path)
    return ""


def next_steps(progress: Progress, summary: Summary, journal: Path, failures: list[Plain]) -> list[Plain]:
    """What to do now, in order: what, and the command for it, "" where there is none."""
    words = list_of(progress)
    again = command("run", words, journal) if words else ""
    steps = [
        *_fixes(progress, journal, failures),
        *_repeat(summary, again),
        *_going_on(progress, summary, again, journal),
        *_about_rest(progress, summary, journal),
    ]
    check = ["python", "scripts/check_report.py", str(journal), str(Path(summary.report) / "report.json")]
    what = "Check this report against the journal (in a checkout of beastmode)"
    nothing = [] if steps else [_step("Nothing is left to do")]
    return [*steps, *nothing, _step(what, shlex.join(check))]


def _step(what: str, command: str = "") -> Plain:
    return {"what": what, "command": command}


def _fixes(progress: Progress, journal: Path, failures: list[Plain]) -> list[Plain]:
    """A step for each of the most frequent causes. A gate of the list is none: nothing failed there."""
    steps = []
    failures = [group for group in failures if group["class"] != AT_GATE]
    for group in failures[:MOST_CAUSES]:
        tasks = group["tasks"]
        told = next((task["task"] for task in tasks if task["log"]), "")
        look = f"{command('logs', [told], journal)} --run r{progress.run}" if told else ""
        names = _names([task["task"] for task in tasks])
        what = f"Mend what made {names} fail ({group['class'] or 'no class'}). {group['tip']}".strip()
        steps.append(_step(what, look))
    if len(failures) > MOST_CAUSES:
        more = counted(len(failures) - MOST_CAUSES, "more cause")
        steps.append(_step(f"Mend {more}: see what failed"))
    return steps


def _repeat(summary: Summary, again: str) -> list[Plain]:
    """again: "" where the roadmap was made by a program."""
    if not summary.tasks["failed"] or summary.state in ("running", "paused"):
        return []
    if not again:
        return [_step("Then run what failed again: the same program, with run(…, failed=True)")]
    what = "Then run what failed again, with the same options as before; what is done is not repeated"
    return [_step(what, f"{again} --retry-failed")]


def _going_on(progress: Progress, summary: Summary, again: str, journal: Path) -> list[Plain]:
    """What is still to do, and when it can go on."""
    waits = [_step("It is paused: let it go on", command("resume", [progress.name], journal))]
    if summary.state == "paused":
        return waits
    if summary.state == "running":
        look = command("status", [progress.name], journal)
        return [_step("The run is still at work: look again", look)]
    if not summary.tasks["waiting"]:
        return []
    because = {
        "budget": ": the budget of attempts of this session is used up, and each session has it anew",
        "spent": ": the budget of the run is used up; give a higher --budget",
        "time": ": the time of this session is used up, and each session has it anew",
        "held": ": the server could not be used for longer than --max-wait",
    }.get(summary.reason, "")
    killed = "The runner was killed. " if summary.state == "killed" else ""
    after = f" from {utc(summary.until_unix)} on" if summary.until_unix else ""
    left = f"{counted(summary.tasks['waiting'], 'task')} still to do{because}"
    go_on = _step(f"{killed}{left}. Go on with the same command and the same options{after}", again)
    return [*(waits if progress.people.paused else []), go_on]


def _about_rest(progress: Progress, summary: Summary, journal: Path) -> list[Plain]:
    """What waits for a person's decision, or for what failed."""
    counts, steps = summary.tasks, list[Plain]()
    gates = summary.gates or []
    for task in gates[:MOST_NAMES]:
        what = f"Look at what {cut(task)} waits for, and let it begin; then the same command again"
        steps.append(_step(what, command("approve", [progress.name, task], journal)))
    if others := counts["needs_person"] - len(gates[:MOST_NAMES]):
        steps.append(
            _step(f"{counted(others, 'task')} to be decided by a person, then the same command again")
        )
    if counts["blocked"]:
        blocked = [view for view in progress.tasks.values() if view.state == "blocked"]
        causes = list(dict.fromkeys(view.reason for view in blocked if view.reason))
        are = "is" if len(causes) == 1 else "are"
        until = f"{_names(causes)} {are} done" if causes else "what they need is done"
        names = _names([view.id for view in blocked])
        steps.append(_step(f"Blocked until {until}, then they start by themselves: {names}"))
    if counts["cancelled"]:
        cancelled = counted(counts["cancelled"], "task")
        again = command("retry", [progress.name], journal)
        steps.append(_step(f"{cancelled} cancelled for good; to have them after all", again))
    return steps


def _names(names: list[str]) -> str:
    shown = ", ".join(cut(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def list_of(progress: Progress) -> list[str]:
    """The words behind `beast run` that name the list, as a person here would type them; [] for a roadmap that a
    program made."""
    key = str(progress.started.data.get("roadmap", "")) if progress.started else ""
    if not key.startswith("/"):
        return []
    file, asked = file_of(key)
    near = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return [str(near), *(["--tag", asked.tag] if asked.tag else [])]


def command(name: str, arguments: list[str], journal: Path) -> str:
    """A command line about a run, with its home where that is not the usual one."""
    words = ["beast", name, *arguments]
    if journal.parent.resolve() != Path(".beast").resolve():
        words += ["--home", str(journal.parent)]
    return shlex.join(words)
