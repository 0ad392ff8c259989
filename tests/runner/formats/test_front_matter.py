from __future__ import annotations

import pytest

from beastmode.errors import Problem
from beastmode.runner.formats.front_matter import FrontMatter, front_matter, plain, set_word


def keys(text: str) -> dict[str, object]:
    found = front_matter(text)
    assert isinstance(found, FrontMatter)
    return {key: plain(value) for key, value in found.keys.items()}


def test_keys_and_the_text_below_them() -> None:
    text = "---\nid: task-1\nlabels: [a, 'b']\nassignee:\n  - '@ann'\nnone:\n---\n\n## Body\n---\nmore\n"
    found = front_matter(text)
    assert isinstance(found, FrontMatter)
    assert found.body == "\n## Body\n---\nmore\n"
    assert keys(text) == {"id": "task-1", "labels": ["a", "b"], "assignee": ["@ann"], "none": None}


def test_the_text_may_begin_behind_the_last_dashes() -> None:
    found = front_matter("---\nid: a\n---## Body\n")
    assert isinstance(found, FrontMatter)
    assert found.body == "## Body\n"


@pytest.mark.parametrize("text", ["", "# A\n", "---\nid: 1\n", "a\n---\nid: 1\n---\n", "---\n- a\n---\n"])
def test_a_text_without_front_matter(text: str) -> None:
    assert front_matter(text) is None


def test_what_people_write_without_quotes_is_meant_as_a_text() -> None:
    text = "---\nassignee: @ann\ntitle: Fix: the rest\nreporters:\n  - @bob\nid: 1.10 # a comment\n---\n"
    assert keys(text) == {
        "assignee": "@ann",
        "title": "Fix: the rest",
        "reporters": ["@bob"],
        "id": "1.10",
    }


def test_what_is_no_yaml_is_told_with_its_line() -> None:
    problem = front_matter('---\nid: 1\ntitle: "open\n---\n')
    assert isinstance(problem, Problem)
    assert problem.line in (3, 4)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("status: To Do", "status: Done"),
        ("status: 'To Do'", "status: 'Done'"),
        ('status: "To Do" # why', 'status: "Done" # why'),
        ("status:   To Do   # why", "status:   Done   # why"),
        ("status: To#Do", "status: Done"),
        ("status:", "status: Done"),
        ("status: # why", "status: Done # why"),
        ("title: x", "status: Done{}title: x"),
        ("status: [a]", None),
        ("status: |", None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_word_changes_and_nothing_else(line: str, becomes: str | None, end: str) -> None:
    text = f"---{end}{line}{end}---{end}status: in the body{end}"
    found = front_matter(text)
    assert isinstance(found, FrontMatter)
    edit = set_word(text, found, "status", "Done")
    if becomes is None:
        assert edit is None
        return
    assert edit is not None
    changed = text[: edit.start] + edit.text + text[edit.end :]
    assert changed == text.replace(line, becomes.format(end), 1)
