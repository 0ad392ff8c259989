"""The plan of a roadmap as lines for people: tasks by phase, waves, critical path, lines that were not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from beastmode.runner.plan import RoadmapPlan

Style = Callable[[str], str]

MOST_WAVES = 40
"""Waves shown; a list without phases and needs has one, a long chain has as many as tasks."""
_ID_WIDTH, _TEXT_WIDTH, _LINE_WIDTH = 30, 70, 100


@dataclass(frozen=True, slots=True)
class Look:
    """How headings and remarks stand out; plain text where nothing is given."""

    bold: Style = str
    dim: Style = str
    good: Style = str


def plan_lines(
    planned: RoadmapPlan, look: Look | None = None, told: Callable[[Look], Iterator[str]] | None = None
) -> Iterator[str]:
    """The lines of the plan, one by one, without line ends.   told: what is foreseen of it."""
    look = look or Look()
    yield from _head(planned, look)
    yield from _tasks(planned.tasks, look)
    if planned.counts["runnable"]:
        yield from _waves(planned.waves, look)
        yield from _critical(planned.critical_path, look)
        yield from told(look) if told else ()
    yield from _ignored(planned.ignored, look)


def _head(planned: RoadmapPlan, look: Look) -> Iterator[str]:
    counts = planned.counts
    yield f"{look.bold(_clean(planned.title) or 'Roadmap')}  ({planned.format})"
    parallel = f", {counts['parallel']} marked parallel" if counts["parallel"] else ""
    aside = counts["tasks"] - counts["runnable"] - counts["done"]
    left = f", {aside} that the list leaves out" if aside else ""
    yield (
        f"{_many(counts['tasks'], 'task')}: {counts['runnable']} to run, {counts['done']} done in the list"
        f"{left}{parallel}"
    )
    yield f"Order: {planned.rule}"


def _tasks(tasks: Sequence[dict[str, Any]], look: Look) -> Iterator[str]:
    """Every task below the headings of its phase; a heading that goes on is not said again."""
    width = min(_ID_WIDTH, max((len(task["id"]) for task in tasks), default=0))
    above: list[str] = []
    for number, task in enumerate(tasks):
        phase = task["phase"]
        if phase != above or not number:
            yield ""
            same = _shared(above, phase)
            for depth in range(same, len(phase)):
                yield f"{'  ' * depth}{look.bold(_clean(phase[depth]))}"
            if not phase and above:
                yield look.bold("Outside any phase")
            above = phase
        yield _task(task, "  " * len(phase), width, look)


def _task(task: dict[str, Any], indent: str, width: int, look: Look) -> str:
    box = {"done": f"[{look.good('x')}]", "pending": "[ ]"}.get(task["state"], "[-]")
    title = "" if task["title"] == task["id"] else f"  {_clean(task['title'])}"
    words = (
        task["said"],
        "optional" * (task["optional"] and not task["said"]),
        "asks a person" * bool(task["gate"]),
    )
    marks = look.dim("  [P]" * task["parallel"] + "".join(f"  ({_clean(word)})" for word in words if word))
    needs = look.dim(f"  needs {', '.join(task['needs'])}") if task["needs"] else ""
    place = look.dim(f"  line {task['line']}") if task["line"] else ""
    return f"{indent}{box} {task['id']:<{width}}{title}{marks}{needs}{place}"


def _waves(waves: Sequence[Sequence[str]], look: Look) -> Iterator[str]:
    widest = max(len(wave) for wave in waves)
    yield ""
    yield look.bold(f"{_many(len(waves), 'wave')}, at most {_many(widest, 'task')} wide")
    for number, wave in enumerate(waves[:MOST_WAVES], 1):
        yield f"  {number:>3}  {_some(wave, ', ')}"
    if len(waves) > MOST_WAVES:
        yield f"       and {_many(len(waves) - MOST_WAVES, 'more wave')} (all of them: --json)"


def _critical(path: Sequence[str], look: Look) -> Iterator[str]:
    yield ""
    yield look.bold(f"Critical path: {_many(len(path), 'task')}, one after the other")
    text = " -> ".join(path)
    if len(text) > 2 * _LINE_WIDTH and len(path) > 5:
        text = " -> ".join([*path[:3], f"({len(path) - 5} more)", *path[-2:]])
    yield f"  {text}"


def _ignored(entries: Sequence[dict[str, Any]], look: Look) -> Iterator[str]:
    """What needs a look first, then everything in the order of the file, neighbours of one reason together."""
    remarks = [entry for entry in entries if entry["look"]]
    if remarks:
        yield ""
        yield look.bold(f"{_many(len(remarks), 'line')} to look at")
        for entry in remarks:
            yield f"  {entry['line']:>9}  {_cut(entry['text'])}  {look.dim('(' + entry['reason'] + ')')}"
    rest = [entry for entry in entries if not entry["look"]]
    if rest:
        yield ""
        yield look.bold(f"{_many(len(rest), 'line')} not taken")
    for group in _neighbours(rest):
        first, last = group[0], group[-1]
        lines = f"{first['line']}-{last['line']}" if len(group) > 1 else f"{first['line']}"
        count = f"{_many(len(group), 'line')}, " if len(group) > 1 else ""
        yield f"  {lines:>9}  {_cut(first['text'])}  {look.dim('(' + count + first['reason'] + ')')}"


def _neighbours(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Entries that follow each other for the same reason; blank lines between them, which have none, do not part."""
    group: list[dict[str, Any]] = []
    for entry in entries:
        near = group and entry["line"] - group[-1]["line"] <= 2
        if group and not (near and entry["reason"] == group[0]["reason"]):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _shared(above: Sequence[str], phase: Sequence[str]) -> int:
    """How many headings two phases have in common from the top; the last one is always said again."""
    same = 0
    while same < min(len(above), len(phase) - 1) and above[same] == phase[same]:
        same += 1
    return same


def _some(names: Sequence[str], between: str) -> str:
    """As many names as fit into a line, and how many are left."""
    shown: list[str] = []
    room = _LINE_WIDTH
    for name in names:
        room -= len(name) + len(between)
        if shown and room < 0:
            return f"{between.join(shown)} and {len(names) - len(shown)} more"
        shown.append(name)
    return between.join(shown)


def _cut(text: str) -> str:
    words = " ".join(_clean(text).split())
    return words if len(words) <= _TEXT_WIDTH else words[: _TEXT_WIDTH - 1] + "…"


def _clean(text: str) -> str:
    """The text without characters that would move the cursor or change the colors of a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
