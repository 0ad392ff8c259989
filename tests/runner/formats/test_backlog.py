"""Backlog.md: a file is a task, a folder is a list, boxes are criteria."""

from __future__ import annotations

from pathlib import Path

import pytest

from beastmode.errors import RoadmapError
from beastmode.runner.formats import backlog
from beastmode.runner.formats.reading import read_roadmap
from beastmode.runner.roadmap import Phase, Roadmap, Task

CONFIG = 'project_name: "Garden"\nstatuses: ["To Do", "In Progress", "Done"]\n'


def text_of(name: str, status: str = "To Do", more: str = "", body: str = "") -> str:
    return f"---\nid: {name}\ntitle: Do {name}\nstatus: {status}\nassignee: []\n{more}---\n{body}"


def write(root: Path, place: str, text: str) -> Path:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def folder(root: Path, *files: tuple[str, str], config: str = CONFIG) -> Path:
    write(root, "backlog/config.yml", config)
    write(root, "backlog/tasks/readme.md", "# How we work\n- [ ] not a task\n")
    for place, text in files:
        write(root, f"backlog/{place}", text)
    return root / "backlog"


def named(roadmap: Roadmap) -> dict[str, Task]:
    return {one.id: one for one in roadmap.tasks()}


def reasons(roadmap: Roadmap) -> list[str]:
    return [f"{entry.text}: {entry.reason}" for entry in roadmap.ignored]


def test_a_folder_is_a_list_and_each_file_a_task(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        ("tasks/task-10 - Ten.md", text_of("task-10", more="dependencies: [task-2]\npriority: high\n")),
        ("tasks/task-2 - Two.md", text_of("task-2", "In Progress")),
        ("completed/task-1 - One.md", text_of("task-1", "In Progress")),
        ("drafts/draft-1 - Maybe.md", text_of("draft-1")),
        ("archive/tasks/task-3 - Old.md", text_of("task-3")),
        ("docs/a.md", text_of("task-4")),
    )
    roadmap = read_roadmap(root)
    assert [(one.id, one.state) for one in roadmap.tasks()] == [
        ("task-2", "pending"), ("task-10", "pending"), ("task-1", "done"),
    ]  # fmt: skip
    assert named(roadmap)["task-10"].needs == ("task-2",)
    assert (named(roadmap)["task-10"].options.priority, roadmap.title) == (1, "Garden")
    assert reasons(roadmap) == [
        "tasks/readme.md: a file without an id in its front matter: no task",
        "drafts/ (1 files): drafts, no tasks yet",
        "archive/ (1 files): archived: neither done nor to be done",
    ]
    assert named(read_roadmap(root / "tasks")).keys() == named(roadmap).keys()


def test_boxes_are_criteria_and_told_without_the_marks_of_the_tool(tmp_path: Path) -> None:
    body = (
        "## Acceptance Criteria\n<!-- AC:BEGIN -->\n- [ ] #1 It grows\n- [x] #2 It stands\n<!-- AC:END -->\n"
    )
    path = write(tmp_path, "task-1.md", text_of("task-1", more="references:\n  - a.md\n", body=body))
    [one] = read_roadmap(path).tasks()
    assert (
        one.details == "## Acceptance Criteria\n- [ ] #1 It grows\n- [x] #2 It stands\n\nReferences:\n- a.md"
    )
    assert one.line == 1


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        ("To Do", "pending", ""),
        ("In-Progress", "pending", ""),
        ("done", "done", ""),
        ("Completed", "done", ""),
        ("Blocked", "held", "Blocked"),
        ("Won't Do", "dropped", "Won't Do"),
        ("Draft", "held", "Draft"),
        ("", "pending", ""),
    ],
)
def test_states(status: str, state: str, said: str) -> None:
    [one] = backlog.read(text_of("task-1", status), Path("x.md")).tasks()
    assert (one.state, one.options.said) == (state, said)


def test_the_last_state_of_the_configuration_means_done_unless_another_is_called_so(tmp_path: Path) -> None:
    own = folder(
        tmp_path / "a",
        ("tasks/1.md", text_of("task-1", "Live")),
        ("tasks/2.md", text_of("task-2", "Cooking")),
        ("tasks/3.md", text_of("task-3", "Wobbling")),
        config="statuses: [Idea, Cooking, Live]\n",
    )
    roadmap = read_roadmap(own)
    assert [one.state for one in roadmap.tasks()] == ["done", "pending", "pending"]
    assert reasons(roadmap)[-1] == "task-3: unknown state 'Wobbling': taken as not done"
    files = [("tasks/1.md", text_of("task-1", "Done")), ("tasks/2.md", text_of("task-2", "Parked"))]
    named_ = folder(tmp_path / "b", *files, config="statuses: [To Do, Done, Parked]\n")
    assert [one.state for one in read_roadmap(named_).tasks()] == ["done", "pending"]


def test_what_blocks_a_task_and_how_its_id_may_be_written(tmp_path: Path) -> None:
    needs = "dependencies:\n  - TASK-01\nblocked_by:\n  - 2  # (partial) why\n  - task-9\n"
    root = folder(
        tmp_path,
        ("tasks/1.md", text_of("task-1")),
        ("tasks/2.md", text_of("task-2")),
        ("tasks/3.md", text_of("task-3", more=needs)),
    )
    roadmap = read_roadmap(root)
    assert named(roadmap)["task-3"].needs == ("task-1", "task-2")
    assert reasons(roadmap)[-1] == "task-3: need not followed: no task task-9"


def test_one_number_under_two_prefixes_is_two_tasks(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        ("tasks/a.md", text_of("task-7")),
        ("tasks/b.md", text_of("bug-7", more="dependencies: [TASK-7]\n")),
        ("tasks/c.md", text_of("bug-8", more="dependencies: [old-7, bug-7]\n")),
    )
    roadmap = read_roadmap(root)
    assert named(roadmap)["bug-7"].needs == ("task-7",)
    assert named(roadmap)["bug-8"].needs == ("task-7", "bug-7")


def test_subtasks_come_before_their_task_and_folders_are_phases(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        ("tasks/epics/epic-1-trees/1.md", text_of("task-1")),
        ("tasks/1.1.md", text_of("task-1.1", more="parent_task_id: task-1\n")),
        ("tasks/1.2.md", text_of("task-1.2", more="parent_task_id: task-1\ndependencies: [task-1]\n")),
    )
    [epics] = read_roadmap(root).children
    assert isinstance(epics, Phase)
    assert [place for place, _ in read_roadmap(root).walk()] == [("epics", "epic-1-trees", "Do task-1")] * 3
    assert named(read_roadmap(root))["task-1"].needs == ("task-1.1",)
    assert named(read_roadmap(root))["task-1.2"].needs == ("task-1",)


def test_an_id_in_two_files_is_told_and_both_are_tasks(tmp_path: Path) -> None:
    root = folder(tmp_path, ("tasks/a.md", text_of("task-7")), ("tasks/b.md", text_of("task-7")))
    roadmap = read_roadmap(root)
    assert list(named(roadmap)) == ["task-7", "task-7-2"]
    assert "task-7: repeats the id of a.md: the task of b.md is called task-7-2 here" in reasons(roadmap)


def test_windows_line_ends_a_mark_of_bytes_comments_and_names_without_quotes(tmp_path: Path) -> None:
    text = "---\nid: TASK-1  # ours\ntitle: Fix: the 'rest'\nstatus: \"To Do\"\nassignee: @ann\n---\n\nBody\n"
    path = write(tmp_path, "backlog/tasks/task-1.md", "\ufeff" + text.replace("\n", "\r\n"))
    [one] = read_roadmap(path).tasks()
    assert (one.id, one.title, one.state, one.details) == ("TASK-1", "Fix: the 'rest'", "pending", "Body")


def test_a_task_that_cannot_be_read_is_refused_with_its_file_and_line(tmp_path: Path) -> None:
    root = folder(tmp_path, ("tasks/1.md", '---\nid: task-1\ntitle: "open\nstatus: To Do\n---\n'))
    with pytest.raises(RoadmapError, match=r"tasks/1\.md, line \d: "):
        read_roadmap(root)
    with pytest.raises(RoadmapError, match="no front matter"):
        read_roadmap(write(tmp_path, "backlog/tasks/task-2 - Two.md", "# Two\n- [ ] a\n"))


def test_a_plain_list_beside_the_tasks_is_a_plain_list(tmp_path: Path) -> None:
    path = write(tmp_path, "backlog/tasks/todo.md", "# Two\n- [ ] one thing\n- [ ] another\n")
    assert read_roadmap(path).format == "markdown"


def test_a_file_is_only_taken_for_a_task_with_the_keys_of_the_tool(tmp_path: Path) -> None:
    assert backlog.claims_text(text_of("task-1"))
    assert not backlog.claims_text("---\nid: intro\ntitle: Intro\nstatus: draft\n---\n- [ ] box\n")
    assert not backlog.claims_text("# Tasks\n- [ ] a\n---\nid: task-1\n---\n")
    assert not backlog.claims_folder(tmp_path)
    write(tmp_path, "tasks/one.md", "# One\n- [ ] a\n")
    assert not backlog.claims_folder(tmp_path)
    write(tmp_path, "tasks/two.md", text_of("task-1"))
    assert backlog.claims_folder(tmp_path)
    assert backlog.claims_folder(tmp_path / "tasks")


def test_ticking_writes_the_last_state_into_the_files_of_the_tasks(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        ("tasks/1.md", "\ufeff" + text_of("task-1", "'Cooking'").replace("\n", "\r\n")),
        ("tasks/2.md", text_of("task-2", "Idea")),
        ("tasks/3.md", text_of("task-3", "Live")),
        config="statuses: [Idea, Cooking, Live]\n",
    )
    edits = backlog.ticks_in_folder(root, read_roadmap(root), {"task-1", "task-3"})
    [edit] = edits
    assert edit.path == root / "tasks/1.md"
    text = edit.path.read_bytes().decode("utf-8-sig")
    assert text[: edit.start] + edit.text + text[edit.end :] == text.replace("'Cooking'", "'Live'")
    alone = root / "tasks/2.md"
    [edit] = backlog.ticks(alone.read_text(), alone, read_roadmap(alone), {"task-2"})
    assert edit.text == "Live"
