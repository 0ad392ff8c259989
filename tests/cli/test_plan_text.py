"""What `beast plan` shows a person."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from beastmode.cli.plan_text import MOST_WAVES, plan_lines
from beastmode.runner.formats import markdown, spec_kit
from beastmode.runner.graph import graph_of
from beastmode.runner.plan import plan_of
from beastmode.runner.roadmap import Roadmap, Task

TEXT = """
    # The Plan
    Words.

    More words.
    ## Quarter 1
    ### Week 1
    - [x] one
    - [~] two
    ### Week 2
    - [ ] three (depends on A-9)
    """


def shown(roadmap: Roadmap) -> list[str]:
    return list(plan_lines(plan_of(roadmap, graph_of(roadmap))))


def test_a_plan_from_top_to_bottom() -> None:
    assert shown(markdown.read(dedent(TEXT).lstrip("\n"), Path("x.md"))) == [
        "The Plan  (markdown)",
        "3 tasks: 2 to run, 1 done in the list",
        "Order: phase by phase, tasks of a phase together",
        "",
        "Quarter 1",
        "  Week 1",
        "    [x] one                   line 7",
        "    [ ] two                   line 8",
        "",
        "  Week 2",
        "    [ ] three-depends-on-a-9  three (depends on A-9)  line 10",
        "",
        "2 waves, at most 1 task wide",
        "    1  two",
        "    2  three-depends-on-a-9",
        "",
        "Critical path: 2 tasks, one after the other",
        "  two -> three-depends-on-a-9",
        "",
        "1 line to look at",
        "          8  - [~] two  (unknown state [~]: taken as not done)",
        "",
        "3 lines not taken",
        "          1  # The Plan  (the title of the roadmap)",
        "        2-4  Words.  (2 lines, prose)",
    ]


def test_parallel_marks_and_needs_are_shown() -> None:
    text = "# Tasks: X\n## Phase 1\n- [ ] T001 [P] a\n- [ ] T002 [P] b (depends on T001)\n"
    lines = shown(spec_kit.read(text, Path("specs/001-x/tasks.md")))
    assert lines[1] == "2 tasks: 2 to run, 0 done in the list, 2 marked parallel"
    assert "  [ ] T002  b (depends on T001)  [P]  needs T001  line 4" in lines


def test_long_lists_are_cut_and_say_so() -> None:
    chain = [Task(f"t{number}", needs=(f"t{number - 1}",) if number else ()) for number in range(100)]
    lines = shown(Roadmap(chain))
    assert f"       and {100 - MOST_WAVES} more waves (all of them: --json)" in lines
    assert "  t0 -> t1 -> t2 -> (95 more) -> t98 -> t99" in lines
    wide = shown(Roadmap([Task(f"task-{number}") for number in range(100)]))
    assert next(line for line in wide if line.startswith("    1  ")).endswith(" more")


def test_everything_done_has_no_waves() -> None:
    assert not [line for line in shown(Roadmap([Task("a", state="done")])) if "wave" in line]


def test_a_title_cannot_move_the_cursor() -> None:
    lines = shown(markdown.read("# \x1b[2JRoadmap\n## Phase 1\n- [ ] a\x1b[31mred\n", Path("x.md")))
    assert not [line for line in lines if "\x1b" in line]
