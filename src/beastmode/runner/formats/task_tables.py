"""Tasks in tables: a column that names the task, most often one that says its state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from beastmode.runner.formats.criteria import is_criteria_section
from beastmode.runner.formats.drafts import Draft
from beastmode.runner.formats.finished import marks_done, says_done
from beastmode.runner.formats.outline import Outline, Place
from beastmode.runner.formats.plan_sections import in_phase
from beastmode.runner.formats.task_text import task_text
from beastmode.runner.formats.titles import plain

_TASK = re.compile(
    r"\W*(?:tasks?|items?|work items?|features?|tickets?|change|actions?|to-?do|任务|タスク|tarea|tâche|"
    r"aufgabe)\W*",
    re.I,
)
_SURE = re.compile(r"\W*(?:tasks?|work items?|to-?do|任务|タスク|tareas?|tâches?|aufgaben?)\W*", re.I)
_BETWEEN = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"T(?:ASK)?-?\d+[a-z]?|(?!FR|NFR|REQ|SC|AC|R-|D-|Q-)[A-Z]{2,6}-\d+", re.I)
_STAGE = re.compile(
    r"\W*(?:phase|milestone|stage|sprint|version|release|阶段|里程碑|フェーズ|fase|etapa)\W*", re.I
)
_NAME = re.compile(r"\W*(?:title|description|name|what|summary|details?|resumo|说明|描述|内容)\W*", re.I)
_STATE = re.compile(r"\W*(?:status|state|done|progress|状态|状態|estado|statut|stand)\W*", re.I)
_ID = re.compile(r"\W*(?:id|#|no\.?|nr\.?|number|key)\W*", re.I)
_AROUND = " \t*_`"
_DIVIDER = re.compile(r"[|\s:-]+")


def table_drafts(outline: Outline, *, with_state: bool) -> list[Draft]:
    """A draft for every row of the tables that list tasks.

    with_state: only of tables that have a state column, or a column called Task inside a phase.
    """
    drafts: list[Draft] = []
    for rows in _tables(outline):
        header = [plain(cell) for cell in _cells(rows[0])]
        task, state, own = _column(header, _TASK), _column(header, _STATE), _column(header, _ID)
        coded = own is not None and _are_codes(rows[2:], own)
        if task is None and own is not None and (state is not None or coded):
            task = _column(header, _NAME)
        if task is None or (with_state and state is None and not (coded or _is_work(rows[0], header[task]))):
            continue
        name = (
            _column(header, _NAME)
            if own is None and task is not None and header[task].lower() in ("task", "ticket")
            else None
        )
        for place in rows[2:]:
            drafts += _row(place, task, state, own, name)
    return drafts


def stage_drafts(outline: Outline) -> list[Draft]:
    """A draft for every row of the tables that list phases or milestones with their state."""
    drafts: list[Draft] = []
    for rows in _tables(outline):
        header = [plain(cell) for cell in _cells(rows[0])]
        stage, state, own = _column(header, _STAGE), _column(header, _STATE), _column(header, _ID)
        first = stage == 0 or (stage == 1 and own == 0)
        if stage is not None and first and state is not None:
            name = None if own is not None else _column(header, _NAME)
            drafts += [draft for place in rows[2:] for draft in _row(place, stage, state, own, name)]
    return drafts


def _are_codes(rows: Sequence[Place], own: int) -> bool:
    """Whether a column of ids holds tasks' ids (T01, AB-12), which say that the rows are tasks."""
    cells = [plain(cells[own]) for place in rows if own < len(cells := _cells(place))]
    return bool(cells) and all(_CODE.fullmatch(cell) for cell in cells)


def _is_work(place: Place, column: str) -> bool:
    return _SURE.fullmatch(column) is not None and in_phase(place)


def _row(place: Place, task: int, state: int | None, own: int | None, name: int | None) -> list[Draft]:
    cells = _cells(place)
    if task >= len(cells) or not plain(cells[task]):
        return []
    text = task_text(cells[task])
    own_id = plain(cells[own]) if own is not None and own < len(cells) else text.own_id
    said = cells[state] if state is not None and state < len(cells) else ""
    title = text.title
    if name is not None and name < len(cells) and text.own_id == title:
        title = plain(cells[name]) or title
    return [Draft(place, title, own_id, cell_says(said) if said else marks_done(cells[task]))]


def cell_says(said: str) -> bool:
    """Whether a cell of a column of states says that its row is done."""
    return says_done(said) or plain(said) == "100%"


class Cells(NamedTuple):
    """Where in a row the state and the name of its task stand: start and end, without blanks and emphasis."""

    state: tuple[int, int] | None
    name: tuple[int, int] | None


def cells_of_task(header: str, row: str) -> Cells:
    """Where a row says what `table_drafts` and `stage_drafts` read of it. Both are lines of the file."""
    columns, spans = [plain(cell) for cell in _cells_of(header)], _spans(row)

    def span(*kinds: re.Pattern[str]) -> tuple[int, int] | None:
        column = next((at for kind in kinds if (at := _column(columns, kind)) is not None), len(spans))
        return spans[column] if column < len(spans) else None

    return Cells(span(_STATE), span(_TASK, _STAGE, _NAME))


def _spans(row: str) -> list[tuple[int, int]]:
    """Start and end of each cell of a row, as `_cells` counts them."""
    start = len(row) - len(row.lstrip("| \t"))
    end = len(row.rstrip("| \t"))
    spans = []
    for part in _BETWEEN.split(row[start:end]):
        inner = part.strip(_AROUND)
        first = start + (part.index(inner) if inner else min(1, len(part)))
        spans.append((first, first + len(inner)))
        start += len(part) + 1
    return spans


def _tables(outline: Outline) -> Iterator[list[Place]]:
    rows: list[Place] = []
    for place in outline.places:
        if place.line.kind == "table" and not is_criteria_section(place.section):
            rows.append(place)
        elif rows:
            yield from [rows] if _is_table(rows) else []
            rows = []
    yield from [rows] if _is_table(rows) else []


def _is_table(rows: Sequence[Place]) -> bool:
    return len(rows) > 2 and _DIVIDER.fullmatch(rows[1].line.body) is not None


def _cells(place: Place) -> list[str]:
    return _cells_of(place.line.body)


def _cells_of(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BETWEEN.split(row.strip("| \t"))]


def _column(header: Sequence[str], wanted: re.Pattern[str]) -> int | None:
    return next((index for index, cell in enumerate(header) if wanted.fullmatch(cell) and cell), None)
