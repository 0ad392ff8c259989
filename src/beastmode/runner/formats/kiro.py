"""Kiro: .kiro/specs/<feature>/tasks.md, numbered boxes of which the innermost are the work; cc-sdd writes the same.

What a box is a part of is its phase. See docs/roadmaps-kiro.md.
"""

# ruff: noqa: RUF001  (marks and words of other scripts are what this file is about)
from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from beastmode.runner.formats import marking
from beastmode.runner.formats.accounts import Reason
from beastmode.runner.formats.assembly import Findings, Manner, assemble
from beastmode.runner.formats.box_places import box_edits
from beastmode.runner.formats.checkboxes import heading_drafts, is_task_box
from beastmode.runner.formats.checkpoints import is_checkpoint
from beastmode.runner.formats.criteria import is_criterion
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.kiro_waves import Waves, waves_of
from beastmode.runner.formats.lines import SKIPPED, scan
from beastmode.runner.formats.markdown import find_drafts, reason_for
from beastmode.runner.formats.numbered_boxes import Box, as_sections, boxes_of, placed
from beastmode.runner.formats.outline import Outline, Place, Section, outline
from beastmode.runner.formats.repeats import without_repeats
from beastmode.runner.formats.slugs import safe_id
from beastmode.runner.formats.task_text import spec_text
from beastmode.runner.formats.wave_order import Turns, in_waves, turns_of
from beastmode.runner.roadmap import Gate, Ignored, Roadmap, TaskOptions

NAME = "kiro"

_BEGUN = "-~"
_FOLDERS = {".kiro", ".claude", ".spec-workflow"}
_BLOCKED = re.compile(r"^[ \t]*(?:[-*] )?_Blocked[ ]*[:：]", re.MULTILINE | re.IGNORECASE)
"""What cc-sdd writes below a task that it could not do, and skips from then on."""
_TICKED_STATE = re.compile(r"\W*(?:status|state)\W*:[\W_]*\[[xX]\]", re.IGNORECASE)
_LIST = re.compile(
    r"(?:(?:implementation|development|coding) )?(?:tasks?|task list|task breakdown|to-?dos?|plan)(?: list)?"
    r"(?:\s*[:：—–-].*)?|"
    r"(?:実装)?(?:タスク|計画)(?:一覧|リスト)?|(?:实现|实施|开发)?(?:任务|计划)(?:列表|清单)?|實作(?:任務|計畫)|"
    r"tarefas|tareas|plano de implementação|plan de implementación",
    re.IGNORECASE,
)
"""A heading around the whole list, and no part of it."""
_NUMBERED = re.compile(r"^[ \t]*[-*] \[[ xX~-]\]\\?\*?[ ]+\d+(?:\.\d+)*[. (]", re.MULTILINE)
_OWN = re.compile(
    r"^[ \t]*(?:[-*] )?\**_(?:Boundary|Depends|Leverage|(?:[^\W\d_][\w ]{1,30})[:：][ ]*\d)",
    re.MULTILINE | re.IGNORECASE,
)
"""`_Requirements: 1.2_`, whatever requirements are called."""
_ALSO_OWN = re.compile(r"\*\*Validates: Requirements?|\"waves\"[ ]*:|Ensure all tests pass, ask the user")


def claims_path(path: Path) -> bool:
    """tasks.md in a folder of .kiro/specs/, and of tools that write the same."""
    parts = [part.lower() for part in path.parts]
    return (
        bool(_FOLDERS & set(parts[:-1]))
        and "specs" in parts[:-1]
        and re.fullmatch(r"tasks?(?:[\W_].*)?\.md", parts[-1]) is not None
    )


def claims_text(text: str) -> bool:
    """Numbered boxes among marks that only Kiro and cc-sdd write."""
    return len(_NUMBERED.findall(text)) >= 2 and bool(_OWN.search(text) or _ALSO_OWN.search(text))


def read(text: str, path: Path) -> Roadmap:
    """The roadmap in a Kiro list; without tasks where none are found."""
    del path
    found, boxes, copies = _boxes(text)
    if not boxes:
        drafts, repeats = without_repeats(_without_boxes(found))
        return assemble(Findings(found, drafts, repeats), _MANNER)
    sections, leaves = as_sections(boxes), [box for box in boxes if not box.children]
    waves = waves_of(found)
    turns = turns_of(boxes, waves.waves)
    manner = replace(_MANNER, reason=partial(_reason, waves.lines | _said_of_parents(found, boxes)))
    if turns.of_line:
        arrange = partial(in_waves, waves=waves.waves, turns=turns)
        manner = replace(manner, rule=_BY_WAVES, arrange=arrange)
    roadmap = assemble(Findings(found, [_draft(box, sections) for box in leaves], copies), manner)
    _mark(roadmap, {box.place.line.number: box for box in leaves})
    remarks = [*_remarks(boxes, roadmap), *_faults(waves, turns)]
    roadmap.ignored = sorted([*roadmap.ignored, *remarks], key=lambda entry: entry.line)
    return roadmap


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """The boxes of these tasks, and of what they are a part of where all the rest of it is done or need not be. Where
    headings are the tasks, they are marked as in any Markdown list."""
    boxes = _boxes(text)[1]
    if not boxes:
        return marking.edits(text, roadmap, done, partial(read, path=path))
    tasks = {task.line: task for task in roadmap.tasks()}
    left, touched = set[Box](), set[Box]()
    for leaf in (box for box in boxes if not box.children):
        task = tasks[leaf.place.line.number]
        if task.id in done:
            touched.update((leaf, *leaf.above()))
        elif task.state != "done" and not task.options.optional and task.state != "dropped":
            left.update(leaf.above())
    lines = (box.place.line for box in touched - left)
    return box_edits(text, [line.number for line in lines if not line.done])


def _boxes(text: str) -> tuple[Outline, list[Box], dict[int, Reason]]:
    """The boxes of a list, and the lines that repeat one."""
    found = outline(scan(text))
    found.leave_out(_LIST.fullmatch)
    boxes = [] if _headings_are_tasks(found) else boxes_of(found)
    filled = [place.line.number for place in found.places if place.line.kind != "blank"]
    return found, *_without_copies(boxes, dict(pairwise(filled)))


def _headings_are_tasks(found: Outline) -> bool:
    """Whether most boxes are criteria, and headings like `### Task 1.1: title` hold them."""
    criteria = [is_criterion(place) for place in found.places if is_task_box(place)]
    return 2 * sum(criteria) > len(criteria) and len(_headings(found)) > 1


def _headings(found: Outline) -> list[Draft]:
    return heading_drafts(found, [], strong=True, innermost=True)


def _without_boxes(found: Outline) -> list[Draft]:
    """The tasks of a list whose boxes, if it has any, are criteria: done where all of them are ticked, or the state."""
    held: dict[Section, list[bool]] = {}
    stated: set[Section] = set()
    for place in found.places:
        for section in place.section.chain() if is_task_box(place) else ():
            held.setdefault(section, []).append(place.line.done)
        if _TICKED_STATE.match(place.line.body):
            stated.add(place.section)
    headings = _headings(found)
    drafts = headings if held or len(headings) > 1 else find_drafts(found, criteria="all")
    for draft in drafts:
        draft.title, draft.parallel = spec_text(draft.title)
        section = draft.place.section
        if draft.done is None and (section in stated or all(held.get(section, [False]))):
            draft.done = True
    return drafts


def _without_copies(
    boxes: Sequence[Box], following: Mapping[int, int]
) -> tuple[list[Box], dict[int, Reason]]:
    """The boxes without those that an earlier one says already: number, words and place; its parts are that one's.

    Below another heading only a task with parts is a copy: phases may each end in the same checkpoint. Where nothing
    stands between two, as Kiro may leave a list when a state changes, the later has the details, and is done where one
    of them is.   following: the next line that is not blank, of each.
    """
    first: dict[tuple[object, ...], Box] = {}
    same: dict[Box, Box] = {}
    for box in boxes:
        parent = same.get(box.parent, box.parent) if box.parent else None
        words = (box.number, box.title.lower(), parent)
        keys = [(*words, box.section), words] if box.children or parent else [(*words, box.section)]
        known = next((first[key] for key in keys if key in first and box.number), None)
        if known is not None and following.get(known.place.line.number) == box.place.line.number:
            same[known], box.done = box, box.done or known.done
            first.update(dict.fromkeys(keys, box))
        elif known is not None:
            same[box] = known
        elif parent is not None and parent is not box.parent:
            box.parent = parent
            parent.children.append(box)
        for key in keys:
            first.setdefault(key, known or box)
    kept = [box for box in boxes if box not in same]
    for box in kept:
        box.children = [part for part in box.children if part not in same]
    lines = {box: box.place.line.number for box in boxes}
    copies = {lines[box]: f"repeats {box.number} of line {lines[known]}" for box, known in same.items()}
    return kept, {line: Reason(what, look=True) for line, what in copies.items()}


def _draft(box: Box, sections: dict[Box, Section]) -> Draft:
    return Draft(
        placed(box, sections), box.title, box.number, None if box.dropped else box.done, box.parallel
    )


def _mark(roadmap: Roadmap, boxes: Mapping[int, Box]) -> None:
    """What the list says of its tasks beside their state."""
    shared: dict[TaskOptions, TaskOptions] = {}
    for task in roadmap.tasks():
        box = boxes[task.line]
        gate: Gate = "only" if is_checkpoint(box.title, task.details) else ""
        optional = box.optional or any(above.optional for above in box.above())
        dropped = box.dropped or next((above.dropped for above in box.above() if above.dropped), "")
        blocked = _BLOCKED.search(task.details) is not None
        if task.state != "done" and (dropped or blocked):
            task.state = "dropped" if dropped else "held"
        said = "" if task.state in ("done", "pending") else dropped or "blocked"
        options = TaskOptions(gate=gate, optional=optional, said=said)
        task.options = shared.setdefault(options, options)


def _said_of_parents(found: Outline, boxes: Sequence[Box]) -> dict[int, str]:
    """The lines that stand in a task with parts and in none of its parts, and why they are left."""
    at = {box.place.line.number: box for box in boxes}
    said: dict[int, str] = {}
    inside: Box | None = None
    for place in found.places:
        line = place.line
        if line.number in at:
            inside = at[line.number]
        elif line.kind in ("heading", "rule", "wrapper"):
            inside = None
        elif line.kind in ("item", "prose", "table"):
            while inside and inside.place.line.indent >= line.indent:
                inside = inside.parent
            if inside and inside.children:
                said[line.number] = f"said of {inside.number or inside.title}, whose parts are the tasks"
    return said


def _remarks(boxes: Sequence[Box], roadmap: Roadmap) -> Iterator[Ignored]:
    """What a person should look at in lines that have their place already."""
    for box in boxes:
        line = box.place.line
        if box.children and line.unknown_box and (line.box or "") not in _BEGUN:
            yield Ignored(line.number, line.text, f"unknown state [{line.box}]: taken as not done", look=True)
        if box.children and line.done and any(map(_is_left, box.leaves())):
            reason = "remark: ticked, but not all of its parts are: those are to be done"
            yield Ignored(line.number, line.text, reason, look=True)
        if box.children and box.parallel:
            reason = "remark: marked (P), but has parts: only their own marks count"
            yield Ignored(line.number, line.text, reason, look=True)
    at = {box.place.line.number: box for box in boxes}
    for task in roadmap.tasks():
        box = at[task.line]
        if box.number and task.id != safe_id(box.number):
            reason = f"remark: its number is given twice: it is called {task.id}"
            yield Ignored(task.line, box.place.line.text, reason, look=True)


def _is_left(leaf: Box) -> bool:
    return not (leaf.done or leaf.optional or leaf.dropped)


def _faults(waves: Waves, turns: Turns) -> Iterator[Ignored]:
    for line, fault in waves.faults:
        yield Ignored(line.number, line.text, fault, look=True)
    if waves.start is not None:
        for fault in turns.faults:
            yield Ignored(waves.start.number, waves.start.text, fault, look=True)


def _reason(known: Mapping[int, str], place: Place) -> Reason:
    line = place.line
    if line.number in known:
        return Reason(known[line.number])
    if place.opens is not None and _LIST.fullmatch(place.opens.title):
        return Reason("the heading of the list")
    if line.kind == "item" and line.box is not None and line.box != SKIPPED and not is_criterion(place):
        return Reason("a box without a number, while tasks of this list have one", look=True)
    return reason_for(place)


_MANNER = Manner(
    format=NAME,
    rule="in the order of the list; (P) neighbours together",
    order="sequence",
    leaf="sequence",
    branch="sequence",
    reason=partial(_reason, {}),
    begun=_BEGUN,
)
_BY_WAVES = "waves of the list one after the other; what no wave names after all that the list has before it"
