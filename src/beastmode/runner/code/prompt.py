"""Prompt: what an agent is told of its task. Pure; the same task gives the same words in every run.

So there is nothing in it that differs from run to run: no number of a run or an attempt, no path outside of the
repository, no time. An answer to it can then be used again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.kinds.environment import last_bytes
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Coding, Command

FIELDS = ("id", "title", "details", "prompt", "files", "place", "proof", "note", "feedback", "default")
"""What a template may name: `{default}` is all of our own prompt."""
_FIELD = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")
_ANY = re.compile(r"(?<![{$])\{([A-Za-z_]\w*)\}(?!\})")
_MOST_FEEDBACK_BYTES = 16 * 1024
"""Of a failed verification, the end: there stands what went wrong, and a model reads all that it is given."""
_CLOSING = (
    "Work only inside the current folder, which is a checkout of your own. You need not commit: everything that you\n"
    "change is committed when you have ended. Do not ask anything back: nobody is there to answer."
)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a prompt is made of.

    phases: titles above the task, the outermost first.   roadmap: its title.   check, verify: what has to succeed
    once the agent has ended.   note: a person's word on this task.   feedback: why the attempt before did not succeed.
    has_work: its changes are still in the worktree.
    """

    task: Task
    work: Coding
    phases: tuple[str, ...] = ()
    roadmap: str = ""
    check: Command | None = None
    verify: Command | None = None
    note: str = ""
    feedback: str = ""
    has_work: bool = False


def prompt_of(brief: Brief, template: str = "") -> str:
    """The prompt.   template: its own words, with `{title}` and other FIELDS in them; "" for ours."""
    parts = _parts(brief)
    whole = "\n\n".join(part for part in (*_ordered(parts), _CLOSING) if part) + "\n"
    if not template:
        return whole
    return _FIELD.sub(lambda match: {**parts, "default": whole}[match[1]], template)


def problems_of_template(template: str, name: str) -> None:
    """Raises RoadmapError for fields that do not exist, and for a template that tells nothing of the task."""
    lines = template.splitlines()
    problems = [
        Problem(number, f"there is no field {{{field}}}", f"Known fields: {', '.join(FIELDS)}.")
        for number, line in enumerate(lines, 1)
        for field in _ANY.findall(line)
        if field not in FIELDS
    ]
    if not problems and not _FIELD.search(template):
        problems = [Problem(0, "it names nothing of the task", "Write {default}, or {title} and {details}.")]
    if problems:
        raise RoadmapError(name, problems)


def _parts(brief: Brief) -> dict[str, str]:
    task = brief.task
    return {
        "id": task.id,
        "title": task.title or task.id,
        "details": task.details.strip("\n"),
        "prompt": brief.work.prompt.strip(),
        "files": _files(task.options.touches),
        "place": _place(brief),
        "proof": _proof(brief.check, brief.verify or task.options.verify),
        "note": f"A person says about this task:\n{brief.note.strip()}" if brief.note.strip() else "",
        "feedback": _feedback(brief.feedback, has_work=brief.has_work),
    }


def _ordered(parts: dict[str, str]) -> Sequence[str]:
    """Our own order: what is to be done first, what went wrong last."""
    names = ("details", "prompt", "files", "place", "proof", "note", "feedback")
    return [f"# {parts['title']}", *(parts[name] for name in names)]


def _files(touches: Sequence[str]) -> str:
    if not touches:
        return ""
    named = "\n".join(f"- {path}" for path in touches)
    return f"Change only these files and folders; others are at work on the rest:\n{named}"


def _place(brief: Brief) -> str:
    """Where the task stands in its list."""
    above = " > ".join(part for part in (brief.roadmap, *brief.phases) if part)
    stands = f"This task is `{brief.task.id}`" + (f" of: {above}." if above else ".")
    needs = ", ".join(f"`{need}`" for need in brief.task.needs)
    return f"{stands} What it needs is done and is in this checkout: {needs}." if needs else stands


def _proof(check: Command | None, verify: Command | None) -> str:
    lines = []
    if check is not None:
        lines.append(f"- nothing else is broken: `{shown(check)}`")
    if verify is not None:
        lines.append(f"- this task is done: `{shown(verify)}`")
    if not lines:
        return ""
    many = "these commands must" if len(lines) > 1 else "this command must"
    return "\n".join([f"When you have ended, {many} succeed in the current folder:", *lines])


def shown(command: Command) -> str:
    """A command as a person would type it."""
    return command.shell or shlex.join(command.arguments)


def _feedback(feedback: str, *, has_work: bool) -> str:
    if not feedback.strip():
        return ""
    end = last_bytes(feedback.strip("\n"), _MOST_FEEDBACK_BYTES)
    here = "its changes are still here" if has_work else "nothing of it is here"
    return f"The attempt before did not succeed; {here}. The end of what was said of it:\n\n{end}"
