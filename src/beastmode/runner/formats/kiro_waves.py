"""The waves that a Kiro list states in its fence `Task Dependency Graph`, in each of the ways seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from beastmode.runner.formats.lines import Line
from beastmode.runner.formats.outline import Outline

_GRAPH = re.compile(
    r"dependency graph|dependencies graph|execution waves?|依存(?:関係)?グラフ|依赖(?:关系)?图|依賴(?:關係)?圖|"
    r"grafo de depend|graphe de(?:s)? dépend|abhängigkeitsgraph|граф завис",
    re.IGNORECASE,
)
_ARROW = re.compile(r"[ ]*(?:-{1,3}>|=+>|→|⟶|➜)(?:\|[^|]*\|)?[ ]*")
_LABEL = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|\"[^\"]*\"")
_NODE = re.compile(r"(?:tasks?|t)?[ _#-]*(\d{1,6}[a-k]?(?:[._]\d{1,6}[a-k]?){0,6})", re.IGNORECASE)
_IN_LABEL = re.compile(
    r"([\w.]+)[ ]*[\[({\"]+[ ]*(?:tasks?[ ]*)?(\d{1,6}[a-k]?(?:\.\d{1,6}[a-k]?){0,6})[ .:\"\])}<-]",
    re.IGNORECASE,
)
_NUMBER_KEYS = ("id", "wave", "number", "index", "level")
_MOST_EDGES = 100_000


class Wave(NamedTuple):
    """What goes together.   names: of tasks, as the list writes them.   title: what the list calls it."""

    title: str
    names: tuple[str, ...]


@dataclass(slots=True)
class Waves:
    """The order that a list states beside its own.

    lines: those it was read from, by their number, and what became of them.   start: the first.   faults: what
    could not be followed, and the line that says it.
    """

    waves: list[Wave] = field(default_factory=list)
    lines: dict[int, str] = field(default_factory=dict)
    start: Line | None = None
    faults: list[tuple[Line, str]] = field(default_factory=list)


def waves_of(found: Outline) -> Waves:
    """The waves that a list states in a fence: the first that can be read. None of them where none can."""
    waves = Waves()
    for lines, named in _fences(found):
        text = "\n".join(line.text for line in lines[1:])
        if not named and '"waves"' not in text:
            continue
        if waves.waves:
            waves.faults.append((lines[0], "order not followed: another graph came first"))
            continue
        waves.waves, fault = _read(lines[1:-1] if lines[-1].text.strip()[:1] in "`~" else lines[1:])
        if waves.waves:
            waves.start = lines[0]
            waves.lines = dict.fromkeys(
                (line.number for line in lines), "the graph of the tasks, taken as their order"
            )
        if fault:
            waves.faults.append((lines[0], f"order not followed: {fault}"))
    return waves


def _fences(found: Outline) -> Iterator[tuple[list[Line], bool]]:
    """Every fence with at least one line in it, and whether its heading says that it is the graph of the tasks."""
    fence: list[Line] = []
    named = False
    for place in found.places:
        if place.line.kind != "fence":
            if len(fence) > 1:
                yield fence, named
            fence = []
            continue
        if not fence:
            named = any(_GRAPH.search(words) for words in (place.section.title, *place.labels))
        fence.append(place.line)
    if len(fence) > 1:
        yield fence, named


def _read(lines: Sequence[Line]) -> tuple[list[Wave], str]:
    """The waves in the lines of a fence, and what was wrong with them."""
    text = "\n".join(line.text for line in lines).strip()
    if not text.startswith(("{", "[")):
        return _levels(_arrows(lines))
    try:
        value = json.loads(text, parse_float=str, parse_int=str)  # 1.10 is a name, and not 1.1
    except (ValueError, RecursionError) as error:
        return [], f"it is no JSON ({error})"
    waves = _waves_in(value.get("waves") if isinstance(value, dict) else value)
    return (waves, "") if waves else ([], "no waves with tasks were found in it")


def _waves_in(value: Any) -> list[Wave]:
    """Waves as objects with their tasks, as lists of names, or by their number."""
    if isinstance(value, dict):
        value = [{"id": key, "tasks": tasks} for key, tasks in value.items()]
    if not isinstance(value, list):
        return []
    waves: list[tuple[str, Wave]] = []
    for entry in value:
        names = _names(entry.get("tasks") if isinstance(entry, dict) else entry)
        number = _number(entry) if isinstance(entry, dict) else ""
        words = (
            next((str(entry[key]) for key in ("name", "title") if entry.get(key)), "")
            if isinstance(entry, dict)
            else ""
        )
        title = f"Wave {number or len(waves) + 1}" + (f": {' '.join(words.split())[:100]}" if words else "")
        if names:
            waves.append((number, Wave(title, names)))
    if all(number.isdecimal() for number, _ in waves):
        waves.sort(key=lambda one: int(one[0]))
    return [wave for _, wave in waves]


def _number(entry: Mapping[str, Any]) -> str:
    return next((str(entry[key]) for key in _NUMBER_KEYS if isinstance(entry.get(key), str)), "")[:40]


def _names(tasks: Any) -> tuple[str, ...]:
    if not isinstance(tasks, list):
        return ()
    names = (task.get("id") if isinstance(task, dict) else task for task in tasks)
    return tuple(_name(name) for name in names if isinstance(name, str) and name.strip())


def _name(text: str) -> str:
    match = _NODE.match(text.strip())
    return match[1].replace("_", ".") if match else text.strip()


def _arrows(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """The pairs (before, after) of `T1 --> T2 --> T3` and `1.1[words] --> 1.2`."""
    called = {match[1]: match[2] for line in lines for match in _IN_LABEL.finditer(line.text)}
    pairs: list[tuple[str, str]] = []
    for line in lines:
        steps = [_nodes(step, called) for step in _ARROW.split(_LABEL.sub("", line.text))]
        pairs += [(one, other) for before, after in pairwise(steps) for one in before for other in after]
        if len(pairs) > _MOST_EDGES:
            break
    return pairs[:_MOST_EDGES]


def _nodes(step: str, called: Mapping[str, str]) -> list[str]:
    """The tasks at one end of an arrow: `T1`, `1.1 & 1.2`, `A` where a label says what A is."""
    nodes = []
    for part in re.split(r"[&,;+]|\band\b", step):
        word = part.strip()
        if word in called:
            nodes.append(called[word])
        elif match := _NODE.fullmatch(word):
            nodes.append(match[1].replace("_", "."))
    return nodes[:100]


def _levels(pairs: Sequence[tuple[str, str]]) -> tuple[list[Wave], str]:
    """Waves in which each task comes after all that an arrow leads to it from."""
    if not pairs:
        return [], "no arrow between two tasks was found in it"
    after: dict[str, list[str]] = {name: [] for pair in pairs for name in pair}
    missing = dict.fromkeys(after, 0)
    for before, name in pairs:
        after[before].append(name)
        missing[name] += 1
    wave = [name for name, count in missing.items() if not count]
    waves: list[Wave] = []
    left = len(after)
    while wave:
        waves.append(Wave(f"Wave {len(waves) + 1}", tuple(wave)))
        left -= len(wave)
        following = []
        for name in (name for before in wave for name in after[before]):
            missing[name] -= 1
            if not missing[name]:
                following.append(name)
        wave = following
    return ([], "its arrows lead in a circle") if left else (waves, "")
