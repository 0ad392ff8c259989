"""Tasks in waves instead of in the order of their list."""

from __future__ import annotations

from beastmode.runner.formats.kiro_waves import Wave
from beastmode.runner.formats.lines import scan
from beastmode.runner.formats.numbered_boxes import boxes_of
from beastmode.runner.formats.outline import outline
from beastmode.runner.formats.wave_order import Turns, in_waves, turns_of
from beastmode.runner.graph import graph_of
from beastmode.runner.roadmap import Phase, Roadmap, Task

LIST = "- [ ] 1. a\n  - [ ] 1.1 b\n  - [ ] 1.2 c\n- [ ] 2. d\n"


def turns(*waves: tuple[str, ...]) -> Turns:
    return turns_of(boxes_of(outline(scan(LIST))), [Wave("", names) for names in waves])


def test_a_part_is_in_the_wave_that_names_it_else_in_that_of_what_it_is_a_part_of() -> None:
    assert turns(("1.1",), ("1.2", "2")).of_line == {2: 0, 3: 1, 4: 1}
    named_as_one = turns(("2",), ("1",), ("1.2",))
    assert (named_as_one.of_line, named_as_one.whole) == ({4: 0, 2: 1, 3: 2}, {1})


def test_the_first_wave_that_names_a_task_counts() -> None:
    twice = turns(("2", "2"), ("2", "7"))
    assert (twice.of_line, twice.faults) == (
        {4: 0},
        ["order not followed: no task 7", "order not followed: a second wave names 2"],
    )


def test_what_no_wave_names_comes_after_all_that_the_list_has_before_it() -> None:
    tasks = [Task(name, line=line) for line, name in enumerate("abcde", 1)]
    roadmap = Roadmap([tasks[0], Phase("p", [*tasks[1:3]], line=9), *tasks[3:]])
    in_waves(roadmap, waves=[Wave("W1", ()), Wave("W2", ())], turns=Turns({1: 1, 2: 0, 5: 1}))
    assert [(path, task.id) for path, task in roadmap.walk()] == [
        (("W1", "p"), "b"), (("W2",), "a"), (("W2",), "e"), (("p",), "c"), ((), "d"),
    ]  # fmt: skip
    assert [len(wave) for wave in graph_of(roadmap).waves()] == [1, 2, 1, 1]
    lines = [phase.line for phase in _phases(roadmap.children)]
    assert lines == [0, 9, 0, 0], "the line of a phase is told once"


def _phases(children: object) -> list[Phase]:
    assert isinstance(children, list)
    found = [child for child in children if isinstance(child, Phase)]
    return [one for phase in found for one in (phase, *_phases(phase.children))]
