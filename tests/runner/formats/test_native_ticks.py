"""Ticks in native YAML and JSON, in whatever style a file is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.runner.formats import native
from beastmode.runner.formats.ticking import ticked

HERE = Path("list.yaml")


def all_ticked(text: str) -> str:
    tasks = [task.id for task in native.read(text, HERE).tasks() if task.state == "pending"]
    after, result = ticked(text, HERE, dict.fromkeys(tasks, ""))
    assert (result.left, len(result.ids)) == ([], len(tasks))
    return after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tasks:\n  - id: a\n    command: x\n", "tasks:\n  - id: a\n    done: true\n    command: x\n"),
        ("tasks:\n- command: x\n  id: a", "tasks:\n- command: x\n  id: a\n  done: true"),
        ("tasks:\r\n- id: a # first\r\n  url: http://x\r\n", "tasks:\r\n- id: a # first\r\n  done: true\r\n  url: http://x\r\n"),
        ("tasks: [{id: a, command: x}]\n", "tasks: [{id: a, done: true, command: x}]\n"),
        ("tasks: [{command: [x, y], id: 'a' }]\n", "tasks: [{command: [x, y], id: 'a', done: true }]\n"),
        ("tasks:\n  - {id: a, command: x, done: no}\n", "tasks:\n  - {id: a, command: x, done: yes}\n"),
        ("tasks:\n  - id: a\n    done: False\n    call: x:y\n", "tasks:\n  - id: a\n    done: True\n    call: x:y\n"),
        (
            "tasks:\n  -\n    details: |\n      id: b\n    id: a\n    command: x\n",
            "tasks:\n  -\n    details: |\n      id: b\n    id: a\n    done: true\n    command: x\n",
        ),
        (
            "phases:\n- title: P\n  phases:\n  - tasks:\n    - id: a\n      command: x\n",
            "phases:\n- title: P\n  phases:\n  - tasks:\n    - id: a\n      done: true\n      command: x\n",
        ),
        (
            "tasks:\n- &t\n  id: a\n  command: x\n- <<: *t\n  id: b\n",
            "tasks:\n- &t\n  id: a\n  done: true\n  command: x\n- <<: *t\n  id: b\n  done: true\n",
        ),
    ],
)  # fmt: skip
def test_yaml(before: str, after: str) -> None:
    assert all_ticked(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{"tasks": [{"id": "a", "command": "x"}]}',
            '{"tasks": [{"id": "a", "done": true, "command": "x"}]}',
        ),
        ('{"tasks":[{"command":"x","id":"a"}]}', '{"tasks":[{"command":"x","id":"a", "done": true}]}'),
        (
            '{\n  "tasks": [\n    {\n      "id": "a",\n      "command": "x"\n    }\n  ]\n}\n',
            '{\n  "tasks": [\n    {\n      "id": "a",\n      "done": true,\n      "command": "x"\n    }\n  ]\n}\n',
        ),
        (
            '{"tasks": [{"title": "\\ud83d\\ude00", "id": "a", "command": "\\ud83d\\ude00"}]}',
            '{"tasks": [{"title": "\\ud83d\\ude00", "id": "a", "done": true, "command": "\\ud83d\\ude00"}]}',
        ),
        (
            '{"tasks": [{"id": "a", "url": "http://x", "body": {"tasks": [{"id": "a"}]}}]}',
            '{"tasks": [{"id": "a", "done": true, "url": "http://x", "body": {"tasks": [{"id": "a"}]}}]}',
        ),
    ],
)
def test_json(before: str, after: str) -> None:
    assert all_ticked(before) == after


KEYS = ("id: {}", "command: 'true'", "title: 'x: # y'", "details: |\n{indent}  done: false\n{indent}  id: t0\n",
        "needs: [t0]", "done: false", "retries: 2 # done", "env: {{done: 'false', id: t1}}")  # fmt: skip


@given(
    st.lists(st.permutations(range(len(KEYS))), min_size=1, max_size=4),
    st.sets(st.integers(0, 3)),
    st.booleans(),
)
def test_any_order_of_keys_and_any_of_the_tasks(orders: list[list[int]], wanted: set[int], dos: bool) -> None:
    text = "tasks:\n"
    for number, order in enumerate(orders):
        keys = [KEYS[key] for key in order if not (number == 0 and KEYS[key].startswith("needs"))]
        lines = [key.format(f"t{number}", indent="    ").strip("\n") for key in keys]
        text += "  - " + "\n    ".join(lines) + "\n"
    text = text.replace("\n", "\r\n") if dos else text
    names = [f"t{number}" for number in wanted if number < len(orders)]
    after, result = ticked(text, HERE, dict.fromkeys(names, ""))
    assert (sorted(result.ids), result.left) == (sorted(names), [])
    assert after.count("done: true") == len(names)
