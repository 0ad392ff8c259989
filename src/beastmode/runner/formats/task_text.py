"""What an item or a heading says once it is known to be a task: its own id, its title, its marks."""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from dataclasses import dataclass

from beastmode.runner.formats.titles import plain

_KIND = (
    r"(?:(?:sub-?)?(?:tasks?|tickets?)|quests?|stor(?:y|ies)|issues?|items?|features?|actions?|steps?|work items?|"
    r"jobs?|prs?|任务|タスク|tareas?|tarefas?|tâches?|aufgaben?|задачи?)"
)
_NAMED = re.compile(
    rf"({_KIND}\s*#?\s*\d+(?:[.-]\d+)*[a-z]?)\b(?!\s*(?:-|–|to)\s*\d)[\s.:)\]—–-]*", re.IGNORECASE
)
_CODED = re.compile(
    r"\[?([A-Z]{1,6}\d{0,2}[-_]?[A-Z]?\d{1,5}(?:\.\d+)*[a-z]?|[A-Z]{2,10}(?:-[A-Z]{2,12}){1,3}-\d{1,5}(?:-[A-Z\d]{2,20}){0,4}|"
    r"[A-Z]{1,4}\d{1,3}(?:-[A-Z]\d{1,3}){1,3})\]?(?![\w/@%+'’])(?:[\s.:：)—–-]+|$)"
)
_NUMBERED = re.compile(r"(\d{1,3}(?:[.-]\d{1,3})+[a-z]?)(?![\w%/])[\s.:：)—–-]*")
_ORDINAL = re.compile(r"(\d{1,3})[.)]\s+")
_NOT_CODES = re.compile(
    r"[A-Z]{1,6}\d{0,2}$|(?:UTF|ISO|SHA|MD|RFC|HTTP|TLS|AES|RSA|IPV|ES|CSS|HTML|OAUTH|GPT|WCAG|"
    r"P|Q|V|H|US)[-_]?\d+(?:\.\d+)*$"
)
_PARALLEL = re.compile(r"\s*(?:\[[Pp]\]|\(P\))")
_STORY = re.compile(r"\s*\[(?:US|Story|STORY)[ -]?\d+(?:[ ]*[,/&-][ ]*(?:US)?\d+)*\]")
_ENDING_BOX = re.compile(r"\s*\[[xX ]\]\s*$")
_LEADING_TICK = re.compile(r"(?:^|(?<=[\s\]]))\[[xX ]?\][ ]*(?=[:：])")
_STRONG = re.compile(
    r"(?!([A-Z]{1,6})\d+-\1\d)(?:(?:quest|(?:sub-?)?(?:task|ticket)|story|work item)\s*#?\s*\d|"
    r"[A-Z]{1,6}\d{0,2}-[A-Z]?\d|(?![HMPQSV])[A-Z]{1,6}\d+\.\d|T\d{3}|"
    r"(?:任务|タスク|tarea|tâche|aufgabe|задача)\s*\d|[A-Z]{2,}(?:-[A-Z]+)+-\d)",
    re.IGNORECASE,
)
"""Not `M3-M7`: that is several."""
_LEADING = ":：-–—.) \t"


@dataclass(frozen=True, slots=True)
class TaskText:
    """own_id: "" without one.   parallel: marked `[P]` or `(P)`."""

    own_id: str
    title: str
    parallel: bool = False


def task_text(body: str, *, ordinals: bool = False) -> TaskText:
    """Take the text of an item or heading apart.   ordinals: `2. Title` counts as an id too (for
    headings).
    """
    text = plain(_ENDING_BOX.sub("", body))
    own_id, rest = own_id_of(text, ordinals=ordinals)
    title = plain(rest.lstrip(_LEADING)) or text
    return TaskText(own_id, title)


def spec_text(rest: str) -> tuple[str, bool]:
    """The title and the parallel mark of what follows a spec-kit id; `[US1]` labels go."""
    text = _LEADING_TICK.sub("", _ENDING_BOX.sub("", rest))
    parallel = bool(_PARALLEL.search(text))
    text = _STORY.sub("", _PARALLEL.sub("", text))
    return plain(text.strip().lstrip(_LEADING)), parallel


def own_id_of(text: str, *, ordinals: bool = False) -> tuple[str, str]:
    """The id that a plain text begins with, and the rest; ("", text) where it begins with none."""
    for pattern in (_NAMED, _CODED, _NUMBERED, *((_ORDINAL,) if ordinals else ())):
        match = pattern.match(text)
        if match and not (pattern is _CODED and _NOT_CODES.match(match[1])) and _is_id(pattern, text, match):
            return match[1], text[match.end() :]
    return "", text


def has_strong_id(heading: str) -> bool:
    """Whether a heading begins with an id that names a task (`Quest 0.1`, `ABC-12`, `T2.1`), not just a place."""
    own_id, _ = own_id_of(plain(heading))
    return _STRONG.match(own_id) is not None


def _is_id(pattern: re.Pattern[str], text: str, match: re.Match[str]) -> bool:
    """`1.5 hours of talks` and `Step 2 of 3` begin with numbers that name nothing."""
    rest = text[match.end() : match.end() + 12].lower()
    if pattern is _NUMBERED:
        return not re.match(
            r"(?:hours?|days?|weeks?|months?|times|x\b|gb|mb|ms|s\b|seconds?|release|or\b|and\b)", rest
        )
    return not rest.startswith(("of ", "and ", "to "))
