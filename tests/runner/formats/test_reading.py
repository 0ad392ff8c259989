"""Which reader a file belongs to, and a word with a place for every file that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import native, reading
from beastmode.runner.formats.reading import read_roadmap, reader_for, readers
from beastmode.runner.roadmap import Roadmap


def problem_of(path: Path) -> Problem:
    with pytest.raises(RoadmapError) as caught:
        read_roadmap(path)
    [problem] = caught.value.problems
    assert str(path) in str(caught.value)
    assert problem.tip
    assert "examples/" not in problem.tip, "an installed beast has no examples"
    return problem


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"", 0, "the file is empty"),
        (b" \n\t\n", 0, "the file is empty"),
        (b"tasks:\n- {id: caf\xe9}\n", 2, "not UTF-8"),
        ("tasks: []".encode("utf-16"), 1, "not UTF-8"),
        (b"\x00\x01\x02", 0, "no known roadmap format was found in it"),
        (b"just words\n", 0, "it begins with 'just words'"),
        (
            b"# Title\n\nOnly words.\n",
            0,
            "no tasks found. What stands in it: the title of the roadmap (line 1); prose",
        ),
        (b"# A\n- [skipped] b\n", 0, "skipped, as its box says (line 2)"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, line: int, what: str) -> None:
    path = tmp_path / "unknown"
    path.write_bytes(content)
    problem = problem_of(path)
    assert problem.line == line
    assert what in problem.what


def test_a_folder_a_missing_file_and_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problem_of(tmp_path).what == "this is a folder"
    assert problem_of(tmp_path / "none.yaml").what == "there is no such file"
    assert "/dev/stdin" in problem_of(Path("-")).tip
    assert "cannot be read" in problem_of(tmp_path / "a\0b").what


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so the refusal is made here
    assert problem_of(tmp_path / "x.md").what == "this user may not read the file"


def test_a_file_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    assert problem_of(Path("/dev/zero")).what == "the file is larger than 1 MiB"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"tasks: [{id: a}]")
    os.close(write_end)
    assert [task.id for task in read_roadmap(Path(f"/dev/fd/{read_end}")).tasks()] == ["a"]
    os.close(read_end)


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a.yaml", "# words", "native"),
        ("specs/001-x/tasks.md", "- a", "spec-kit"),
        ("ROADMAP.md", "- [ ] T001 [P] x", "markdown"),
        ("v1.0-ROADMAP.md", "x", "markdown"),
        ("docs/release-checklist.md", "x", "markdown"),
        ("@fix_plan.md", "x", "markdown"),
        ("/dev/stdin", '{"tasks": []}', "native"),
        ("/dev/fd/63", "# Tasks: X\n- [ ] T001 [P] a\n- [ ] T002 b", "spec-kit"),
        ("odd name", "- [ ] a", "markdown"),
        (
            "notes.md",
            "Tasks for specs/001-x/ [P]\n## Parallel example\n- [x] quickstart.md works",
            "markdown",
        ),
    ],
)
def test_the_path_is_asked_before_the_content(path: str, text: str, name: str) -> None:
    assert name == reader_for(Path(path), text).NAME


@pytest.mark.parametrize(
    "path",
    [
        ".taskmaster/tasks/tasks.yaml",
        ".beads/issues.yaml",
        "backlog/tasks/task-7 - Title.yaml",
        "feature_list.yaml",
        ".kiro/specs/x/tasks.yaml",
        "openspec/changes/x/tasks.yaml",
        ".agent/PLANS.yaml",
        "specs/001-x/tasks.yaml",
        "ROADMAP.yaml",
    ],
)
def test_yaml_has_one_reader_so_that_the_others_need_not_be_loaded(path: str) -> None:
    assert [reader.NAME for reader in readers() if reader.claims_path(Path(path))] == ["native"]
    assert reader_for(Path(path), "- [ ] a box") is native


def test_every_problem_has_its_place_and_advice_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("tasks:\n  - {id: a}\n  - {id: a}\n  - {id: b, needs: [c]}\n")
    with pytest.raises(RoadmapError) as caught:
        read_roadmap(path)
    assert str(caught.value).split("\n") == [
        f"{path}:3: the id 'a' is used twice (first on line 2)",
        "  Rename one of them.",
        f"{path}:4: task 'b' needs 'c', which does not exist",
        "  Name the id of a task of this roadmap.",
    ]


def test_a_message_shows_the_first_fifty_problems() -> None:
    error = RoadmapError("r.yaml", [Problem(number, "wrong") for number in range(1, 121)])
    assert len(error.problems) == 120
    assert str(error).split("\n")[-2:] == ["r.yaml:50: wrong", "and 70 more problems"]


TEXTS = st.text() | st.lists(
    st.sampled_from(
        ["# Tasks", "- [ ] a", "- [x] T001 b", "tasks:", "  - {id: a}", "```", "---", "{", "| a |", "\t-"]
    ),
    max_size=12,
).map("\n".join)
NAMES = st.sampled_from(["a.yaml", "a.json", "ROADMAP.md", "specs/001-x/tasks.md", "x"])


@settings(max_examples=200, deadline=None)
@given(NAMES, TEXTS | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_gives_a_roadmap_or_problems_with_lines(name: str, text: str) -> None:
    def read() -> Roadmap:
        roadmap: Roadmap = reader_for(Path(name), text).read(text, Path(name))
        return roadmap

    found = outcome(read)
    lines = max(1, len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")), len(text.splitlines()))
    if isinstance(found, Roadmap):
        assert all(1 <= task.line <= lines for task in found.tasks())
    else:
        assert found
        assert all(0 <= problem.line <= lines for problem in found)


def outcome(read: Callable[[], Roadmap]) -> Roadmap | tuple[Problem, ...]:
    try:
        return read()
    except RoadmapError as error:
        return error.problems
