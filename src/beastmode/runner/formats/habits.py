"""How a list writes that something is done, seen in what it says is done already."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from beastmode.runner.formats.lines import Line
from beastmode.runner.formats.status_lines import Said, first_state
from beastmode.runner.formats.task_tables import cell_says, cells_of_task
from beastmode.runner.roadmap import Roadmap, Task

_MARK = re.compile("[✅☑✔✓]\ufe0f?")
_END_BOX = re.compile(r"\[([xX])\](?=[*_\s]*(?:#+\s*)?$|[ ]*:)")


@dataclass(slots=True)
class Habits:
    """What a list writes most often.

    tick: in a box.   mark: an emoji; "" where none is among its done tasks.   end_box: ` [X]` where headings end so;
    "" else.   state: on a status line; "" where no task says so.   cells: in a table, by the line of its header.
    """

    tick: str
    mark: str = ""
    end_box: str = ""
    state: str = ""
    cells: dict[int, str] = field(default_factory=dict)


def habits_of(lines: Sequence[Line], roadmap: Roadmap, tick: str) -> Habits:
    """The habits of a list whose lines these are.   tick: what its format writes where the list has none yet."""
    done = [task for task in roadmap.tasks() if task.state == "done" and task.line]
    own = [lines[task.line - 1] for task in done]
    return Habits(
        tick=_usual(line.box or "" for line in lines if line.done) or tick,
        mark=_usual(found[0] for line in own if (found := _MARK.search(line.text))),
        end_box=_usual(
            f" [{found[1]}]" for line in own if line.box is None and (found := _END_BOX.search(line.text))
        ),
        state=_usual(said[1].words for task in done if (said := state_below(lines, task)) and said[1].done),
        cells=_cells(lines, own),
    )


def _usual(found: Iterable[str]) -> str:
    """What comes most often, the first where several do; "" for nothing."""
    counted = Counter(filter(None, found))
    return max(counted, key=counted.__getitem__, default="")


def state_below(lines: Sequence[Line], task: Task) -> tuple[Line, Said] | None:
    """The line below a task that says its state, and what it says."""
    below = lines[task.line : task.line + (task.details.count("\n") + 1 if task.details else 0)]
    return first_state(below)


def _cells(lines: Sequence[Line], rows: Iterable[Line]) -> dict[int, str]:
    """What the cells of done rows say."""
    said: dict[int, list[str]] = {}
    for row in rows:
        if row.kind == "table":
            header = header_of(lines, row)
            start, end = cells_of_task(header.text, row.text).state or (0, 0)
            if cell_says(row.text[start:end]):
                said.setdefault(header.number, []).append(row.text[start:end])
    return {number: _usual(cells) for number, cells in said.items()}


def header_of(lines: Sequence[Line], row: Line) -> Line:
    """The first line of the table that a row stands in."""
    number = row.number
    while number > 1 and lines[number - 2].kind == "table":
        number -= 1
    return lines[number - 1]
