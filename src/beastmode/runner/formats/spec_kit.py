"""GitHub spec-kit: specs/NNN-feature/tasks.md, tasks T001, T002 … in phases, `[P]` for what may go together.

A task may be a box with an id, a heading with one, or a bare line with one; the form most ids have is the
file's, see docs/roadmaps-spec-kit.md. A file without such ids is read like plain Markdown, in spec-kit's
order.
"""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.assembly import Findings, Manner, assemble
from beastmode.runner.formats.checkboxes import is_task_box
from beastmode.runner.formats.drafts import Draft, box_says
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.finished import marks_done, says_done
from beastmode.runner.formats.lines import SKIPPED, scan
from beastmode.runner.formats.markdown import find_drafts, reason_for
from beastmode.runner.formats.marking import edits
from beastmode.runner.formats.outline import Outline, Place, outline
from beastmode.runner.formats.repeats import without_repeats
from beastmode.runner.formats.task_text import spec_text
from beastmode.runner.formats.titles import leading_mark, plain
from beastmode.runner.formats.vocabulary import is_criteria, is_reference
from beastmode.runner.roadmap import Roadmap

NAME = "spec-kit"
Form = Literal["box", "heading", "bare", "bullet", "loose"]
"""How a line with an id is written."""

_ID = (
    r"(?:T(?:ASK)?(?:-[A-Z]{1,4})?[-_]?\d{1,6}(?:\.\d{1,3}|-\d{1,4}(?!\d))*[a-zA-Z]?|"
    r"(?!FR|NFR|SC|REQ|CHK|AC|US-|UC|TC)[A-Z]{1,6}\d{0,2}-T?\d{1,6}[a-z]?)"
)
_TASK = re.compile(rf"[\[(]?({_ID})[\])]?(?![\w/])[ ]*(.*)$")
_LOOSE = re.compile(r"((?!FR|NFR|SC|REQ|US|UC|AC|TC\d)[A-Z]{1,4}\d{1,4}[a-z]?)(?![\w/'’-])[ ]+(\S.*)$")
_SEVERAL = re.compile(r"(?:[,&+/]|and\b|-|–|—|~|to\b|through\b|\.\.+)[ ]*T[-_]?\d|[-–]\d")
"""`T004-T010: Tests first` and `T002, T003 may go together` speak of tasks and are none."""
_BARE_GOES_ON = re.compile(r"[:.)–—-]|\[|\(P\)|$")
_STRUCK = re.compile(r"~~.*~~\W*$")
_OWN = re.compile(r"specs?/\d{3}-|`\d{3}-[a-z]|/speckit|spec-?kit|/sp\.tasks|\.specify/", re.IGNORECASE)
"""What only spec-kit writes; the signs below are each seen elsewhere too."""
_TASKS_HEADING = re.compile(r"^#+ .*\bTasks\b", re.MULTILINE)
_SIGNS = (
    re.compile(r"\[P\]|\(P\)"),
    re.compile(r"\[US\d+\]"),
    _TASKS_HEADING,
    re.compile(r"design documents|data-model\.md|quickstart\.md|\bcontracts/", re.IGNORECASE),
    re.compile(r"independent test|parallel (?:example|opportunities|execution)", re.IGNORECASE),
    re.compile(r"^#+ .*(?:Phase \d|User Story \d)", re.MULTILINE),
)
_ID_LINES = re.compile(r"^(?:#+ |\s*(?:[-*+] )?(?:\[.?\] )?)(?:\*\*)?T\d{3}\b", re.MULTILINE)
_FOREIGN = re.compile(r"_Requirements?: [\d.]+|^id: (?:task|back)-\d", re.MULTILINE | re.IGNORECASE)


def claims_path(path: Path) -> bool:
    """tasks.md in a folder of specs/, but not Kiro's .kiro/specs/ nor OpenSpec's."""
    parts = [part.lower() for part in path.parts]
    if {".kiro", "openspec"} & set(parts) or not re.fullmatch(
        r"tasks[\w.-]*\.md", parts[-1] if parts else ""
    ):
        return False
    return any(part in ("specs", ".specify") for part in parts[:-1])


def claims_text(text: str) -> bool:
    """Lines with ids T001, T002 … among other marks of spec-kit, or without such ids most of those marks."""
    if _FOREIGN.search(text):
        return False
    signs = sum(bool(sign.search(text)) for sign in _SIGNS)
    own = bool(_OWN.search(text))
    if len(_ID_LINES.findall(text)) >= 2:
        return signs + own >= 1
    return _TASKS_HEADING.search(text) is not None and signs >= (2 if own else 4)


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in a spec-kit file; without tasks where none are found."""
    del path
    found = outline(scan(text))
    drafts = _with_ids(found)
    if drafts and not _are_few(found, drafts):
        drafts, repeats = without_repeats(drafts, by_id=True)
    else:
        drafts, repeats = without_repeats([_marked(draft) for draft in find_drafts(found, criteria="all")])
    return assemble(Findings(found, drafts, repeats), _MANNER)


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """What says in the list's own notation that these tasks are done, see docs/ticking.md."""
    return edits(text, roadmap, done, lambda after: read(after, path), tick="X")


def _are_few(found: Outline, drafts: list[Draft]) -> bool:
    """Whether most of a file's boxes have no id: then the few lines with one only look like tasks."""
    boxes = [place.line for place in found.places if is_task_box(place)]
    return (
        len(boxes) > 4 * len(drafts)
        and all(draft.line.box is None for draft in drafts)
        and not any(draft.line.kind == "heading" for draft in drafts)
    )


def _with_ids(found: Outline) -> list[Draft]:
    """The lines with ids in the forms that this file uses for its tasks.

    Boxes and headings may stand side by side. Bare lines count only where they are the rule, and plain
    bullets and loose lines (an id and words behind it) only where there is nothing else: files mention ids
    in many a list and sentence.
    """
    forms: dict[Form, list[Draft]] = {"box": [], "heading": [], "bare": [], "bullet": [], "loose": []}
    for place in found.places:
        for form in _forms(place):
            if draft := _draft(place, form):
                forms[form].append(draft)
                break
    firm = forms["box"] + forms["heading"]
    known = {draft.own_id for draft in firm}
    bare_rules = len(forms["bare"]) > len(firm)
    firm += [draft for draft in forms["bare"] if bare_rules or draft.own_id in known]
    loose = [] if forms["box"] or forms["heading"] else forms["loose"]
    return firm + loose if len(loose) * 2 >= len(firm) else firm or forms["bullet"]


def _forms(place: Place) -> tuple[Form, ...]:
    """The forms a line may have, the likeliest first."""
    line = place.line
    if line.kind == "heading":
        return ("heading",)
    if line.kind == "item" and line.box is not None:
        return ("box",)
    if _speaks_of_tasks(place):
        return ()
    if line.kind == "prose" and line.indent <= 3:
        return ("bare", "loose")
    return ("bullet",) if line.kind == "item" else ()


def _speaks_of_tasks(place: Place) -> bool:
    return any(
        is_reference(section.title) or is_criteria(section.title) for section in place.section.chain()
    ) or any(is_reference(words) or is_criteria(words) for words in place.labels)


def _draft(place: Place, form: Form) -> Draft | None:
    line = place.line
    if line.box == SKIPPED or (_STRUCK.match(line.body) and not line.done):
        return None
    body = line.body.replace("~~", "").lstrip("*_` ")
    mark = leading_mark(body)
    pattern = _LOOSE if form == "loose" else _TASK
    match = pattern.match(body.lstrip(mark + "\ufe0f *_`") if mark else body)
    if match is None or (form != "box" and _SEVERAL.match(match[2])):
        return None
    if form == "bare" and not _BARE_GOES_ON.match(match[2].lstrip("*_` ")):
        return None
    title, parallel = spec_text(match[2].lstrip("*_`"))
    before = body[: body.find(match[1])]
    return Draft(place, title or match[1], match[1], _state(place, form), parallel or "[P]" in before)


def _state(place: Place, form: Form) -> bool | None:
    if place.line.box is not None:
        return box_says(place.line)
    if form in ("heading", "bare", "loose"):
        return True if says_done(place.line.body) else None
    return marks_done(place.line.body) or None


def _marked(draft: Draft) -> Draft:
    """A draft found the plain way, with spec-kit's marks taken off its title."""
    title, parallel = spec_text(draft.title)
    draft.title, draft.parallel = title or draft.title, parallel
    return draft


def _reason(place: Place) -> Reason:
    line = place.line
    if line.kind == "prose" and plain(line.body).lower().startswith("checkpoint"):
        return Reason("a checkpoint, not a task")
    if line.kind == "item" and line.box is not None and line.box != SKIPPED:
        return Reason("a box without a task id: a criterion, not a task", look=True)
    if line.kind in ("item", "prose") and _speaks_of_tasks(place):
        return Reason("about tasks that are listed elsewhere")
    return reason_for(place)


_MANNER = Manner(
    format=NAME,
    rule="phases one after the other; inside a phase in order, [P] neighbours together",
    order="sequence",
    leaf="sequence",
    branch="sequence",
    reason=_reason,
)
