"""The native format: what each key becomes, and a sentence with a line for everything that is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import Problem, RoadmapError
from beastmode.runner.formats import native
from beastmode.runner.roadmap import Phase, Roadmap, Task, problems_of
from beastmode.runner.work import Call, Command, Http

PATH = Path("roadmap.yaml")
DOCS = Path(__file__).parents[3] / "docs" / "roadmaps.md"

EXAMPLE = """\
title: Month 1
limits: {concurrency: 3, rate: 8/s, server: "http://127.0.0.1:9000"}
health: {http: "http://127.0.0.1:9000/health"}
phases:
  - title: Month 1
    phases:
      - title: Week 1
        tasks:
          - {id: tracking, title: Fix tracking, category: improvement, kind: http, method: POST,
             url: "http://127.0.0.1:9000/v1/chat/completions",
             body: {model: m, messages: [{role: user, content: hi}]}}
          - {id: tests, kind: command, command: [make, test], needs: [tracking], timeout: 10m, retries: 2,
             priority: 5, touches: [src/], verify: [test, -s, report.txt]}
tasks:
  - {id: noop, kind: python, call: "package.module:function"}
"""


def read(text: str) -> Roadmap:
    return native.read(text, PATH)


def only_task(text: str) -> Task:
    """The task written as `{…}` or as the keys of a mapping in braces."""
    [task] = read(f"tasks:\n  - {text}\n").tasks()
    return task


def problems(text: str) -> list[Problem]:
    with pytest.raises(RoadmapError) as caught:
        read(text)
    return list(caught.value.problems)


def problem_of_task(text: str) -> Problem:
    [problem] = problems(f"tasks:\n  - {text}\n")
    assert problem.line == 2
    return problem


def test_the_example_is_read_with_all_it_says() -> None:
    roadmap = read(EXAMPLE)
    assert (roadmap.title, roadmap.concurrency, roadmap.rate) == ("Month 1", 3, "8/s")
    assert (roadmap.server, roadmap.health) == ("http://127.0.0.1:9000", "http://127.0.0.1:9000/health")
    assert (roadmap.format, roadmap.rule, roadmap.order) == ("native", "needs only", "needs")
    assert [(above, task.id, task.line) for above, task in roadmap.walk()] == [
        (("Month 1", "Week 1"), "tracking", 9),
        (("Month 1", "Week 1"), "tests", 12),
        ((), "noop", 15),
    ]
    assert problems_of(roadmap) == []


def test_a_task_has_its_options() -> None:
    _, tests, noop = read(EXAMPLE).tasks()
    assert tests.work == Command(arguments=("make", "test"))
    assert tests.needs == ("tracking",)
    assert tests.options.timeout_s == 600
    assert (tests.options.retries, tests.options.priority, tests.options.touches) == (2, 5, ("src/",))
    assert tests.options.verify == Command(arguments=("test", "-s", "report.txt"))
    assert noop.work == Call("package.module:function")
    assert (noop.title, noop.options.timeout_s, noop.options.retries) == ("", None, None)


def test_json_is_read_like_yaml() -> None:
    value = {"tasks": [{"id": 1, "url": "http://h/x", "body": {"t": 1e-5, "n": None, "e": "😀", "b": True}}]}
    [task] = read(json.dumps(value, indent="\t")).tasks()
    assert task.id == "1"
    assert task.work == Http("http://h/x", "POST", body={"t": 1e-5, "n": None, "e": "😀", "b": True})


@pytest.mark.parametrize(
    ("written", "work"),
    [
        ("{id: a}", None),
        ("{id: a, kind: command}", None),
        ("{id: a, command: make test | tail}", Command(shell="make test | tail")),
        ("{id: a, command: [sleep, 5, yes, 010]}", Command(arguments=("sleep", "5", "yes", "010"))),
        (
            "{id: a, command: [x], env: {A: 1, B: yes}, cwd: sub}",
            Command(arguments=("x",), env={"A": "1", "B": "yes"}, cwd="sub"),
        ),
        ("{id: a, url: 'http://h'}", Http("http://h")),
        ("{id: a, url: 'http://h', body: text}", Http("http://h", "POST", body="text")),
        ("{id: a, url: 'http://h', method: put, body: [1]}", Http("http://h", "PUT", body=[1])),
        ("{id: a, url: 'http://h', headers: {X-A: 1}}", Http("http://h", headers={"X-A": "1"})),
        ("{id: a, url: 'http://h', expect: {status: 201}}", Http("http://h", expect_status=(201,))),
        (
            "{id: a, url: 'http://h', expect: {status: [200, 201], json: {ok: true}}}",
            Http("http://h", expect_status=(200, 201), expect_json={"ok": True}),
        ),
        ("{id: a, call: 'm:f'}", Call("m:f")),
    ],
)
def test_the_work_follows_from_the_key_that_is_there(written: str, work: object) -> None:
    assert only_task(written).work == work


@pytest.mark.parametrize("written", ["3", "yes", "2024-01-01", "1:30", "010", "0x1F", "1.50", "a/b"])
def test_an_id_is_the_text_in_the_file(written: str) -> None:
    assert only_task(f"{{id: {written}, title: {written}}}").id == written
    assert only_task(f"{{id: {written}, title: {written}}}").title == written


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90.0), ("10m", 600.0), ("1h30m", 5400.0), ("500ms", 0.5), ("'2 min'", 120.0)],
)
def test_a_timeout_is_a_duration(written: str, seconds: float) -> None:
    assert only_task(f"{{id: a, timeout: {written}}}").options.timeout_s == seconds


def test_small_keys_of_a_task() -> None:
    task = only_task("{id: b, needs: a, touches: src/, done: yes, parallel: true, details: 'one\n\n  two'}")
    assert (task.needs, task.options.touches) == (("a",), ("src/",))
    assert (task.state, task.parallel, task.details) == ("done", True, "one\ntwo")


def test_a_title_is_one_line() -> None:
    assert only_task("{id: a, title: '  one\n\n  two '}").title == "one two"


def test_tasks_with_the_same_options_share_them() -> None:
    first, second = read("tasks: [{id: a, verify: [x]}, {id: b, verify: [x]}]").tasks()
    assert first.options is second.options


def test_children_stand_in_the_order_of_the_two_keys() -> None:
    roadmap = read(
        "phases: [{phases: [{tasks: [{id: b}]}], tasks: [{id: c}]}, {tasks: [{id: d}]}]\ntasks: [{id: a}]"
    )
    first, second, last = roadmap.children
    assert isinstance(first, Phase)
    assert isinstance(second, Phase)
    assert isinstance(last, Task)
    assert (first.title, second.title) == ("Phase 1", "Phase 2")
    assert [type(child) for child in first.children] == [Phase, Task]
    assert [task.id for task in roadmap.tasks()] == ["b", "c", "d", "a"]


@pytest.mark.parametrize(
    "text", ["order: phases\ntasks: [{id: a}]", "phases: [{order: sequence, tasks: [{id: a}]}]"]
)
def test_the_rule_says_that_some_phase_has_an_order(text: str) -> None:
    assert read(text).rule == "needs, and the order of phases that ask for it"


@pytest.mark.parametrize(
    ("written", "health"),
    [
        ("{http: 'https://h:1/x'}", "https://h:1/x"),
        ("{tcp: 'h:80'}", "tcp://h:80"),
        ("{tcp: '[::1]:80'}", "tcp://[::1]:80"),
        ("{command: [test, -f, 'a b']}", 'command:["test", "-f", "a b"]'),
        ("{command: 'curl {x} | grep \"ok\"'}", 'command:"curl {x} | grep \\"ok\\""'),
    ],
)
def test_health_is_one_text_for_all_three(written: str, health: str) -> None:
    assert read(f"health: {written}\ntasks: [{{id: a}}]").health == health


@pytest.mark.parametrize(
    ("written", "concurrency", "rate"),
    [
        ("{concurrency: none, rate: none}", "none", "none"),
        ("{rate: '8/s, 500/h'}", None, "8/s, 500/h"),
        ("{concurrency: 1, rate: 60/min}", 1, "60/min"),
        ("{}", None, None),
    ],
)
def test_limits_stay_in_the_notation_of_settings(written: str, concurrency: object, rate: object) -> None:
    roadmap = read(f"limits: {written}\ntasks: [{{id: a}}]")
    assert (roadmap.concurrency, roadmap.rate) == (concurrency, rate)


def test_defaults_can_be_merged_into_tasks() -> None:
    text = "tasks:\n- &first {id: a, timeout: 5m, command: [x]}\n- {<<: *first, id: b}\n"
    assert [(task.id, task.options.timeout_s) for task in read(text).tasks()] == [("a", 300.0), ("b", 300.0)]


def test_all_problems_are_named_in_the_order_of_the_lines() -> None:
    text = """\
limits: {concurrency: 0, rate: 0/s}
phases:
  - tasks:
      - {id: a, timeout: 5 minuts, kind: http, command: [x]}
      - {id: b, comand: [x], comand: [y]}
      - {title: no id}
tsks: []
"""
    found = [(problem.line, problem.what) for problem in problems(text)]
    assert found == [
        (1, "limits.concurrency: '0' is not a concurrency"),
        (1, "limits.rate: a rate of 0/s would never start anything"),
        (4, "phases[0].tasks[0].timeout: '5 minuts' is not a duration"),
        (4, "phases[0].tasks[0].kind: kind http contradicts command"),
        (5, "the key 'comand' stands twice in one mapping (first on line 5)"),
        (5, "phases[0].tasks[1]: unknown key 'comand'"),
        (6, "phases[0].tasks[2]: id is missing"),
        (7, "the top level: unknown key 'tsks'"),
    ]


@pytest.mark.parametrize(
    ("written", "what", "tip"),
    [
        (
            "{id: a, comand: [x]}",
            "tasks[0]: unknown key 'comand'",
            "Did you mean command? Known keys: ",
        ),
        ("{id: null}", "tasks[0].id: nothing stands there", "Write a text"),
        ("{id: ''}", "tasks[0].id: the text '' cannot be an id", "fix-login"),
        ('{id: "a\\nb"}', "cannot be an id", "one line"),
        ("{id: [a]}", "tasks[0].id: found a list instead of a text", "one text"),
        ("{id: {a: b}}", "tasks[0].id: found a mapping instead of a text", "one text"),
        ("{id: a, title: }", "tasks[0].title: nothing stands there", "leave the key out"),
        ("{id: a, kind: comand}", "'comand' is not known here", "Did you mean command?"),
        ("{id: a, kind: http}", "tasks[0].kind: kind http needs url", "Add url"),
        ("{id: a, kind: python, command: [x]}", "kind python contradicts command", "write call instead"),
        ("{id: a, command: [x], url: 'http://h'}", "only one of command and url", "two tasks"),
        (
            "{id: a, kind: command, env: {A: b}}",
            "tasks[0].env: env stands beside kind command",
            "Add command",
        ),
        ("{id: a, call: 'm:f', body: x}", "body says something about url", "remove body"),
        ("{id: a, command: [x], method: GET}", "method says something about url", "remove method"),
        ("{id: a, command: []}", "tasks[0].command: the list is empty", "at least one"),
        ("{id: a, command: ''}", "instead of a command", "[make, test]"),
        ("{id: a, command: {x: y}}", "found a mapping instead of a command", "shell line"),
        ("{id: a, command: [x, {title}]}", "tasks[0].command[1]: {title} without quotes", '"{title}"'),
        ("{id: a, command: [x, null]}", "tasks[0].command[1]: nothing stands there", '""'),
        ("{id: a, command: [x, '{nope}']}", "tasks[0].command[1]: there is no field {nope}", "{feedback}"),
        (
            "{id: a, command: 'echo {title}'}",
            "tasks[0].command: a shell line gets no {title}",
            "$BEAST_TITLE",
        ),
        ("{id: a, verify: 'grep {x} y'}", "tasks[0].verify: a shell line gets no {x}", "{ x }"),
        ("{id: a, verify: []}", "tasks[0].verify: the list is empty", "at least one"),
        ("{id: a, command: [x], env: [A]}", "tasks[0].env: found a list instead of a mapping", "LOG_LEVEL"),
        ("{id: a, command: [x], env: {'A=B': c}}", "'A=B' is not the name of a variable", "LOG_LEVEL"),
        ("{id: a, command: [x], env: {A: null}}", "tasks[0].env.A: nothing stands there", '""'),
        ("{id: a, url: 'ftp://h'}", "tasks[0].url: the text 'ftp://h' is not an http", "http://127"),
        ("{id: a, url: 'http://[::'}", "is not an http or https address", "http://127"),
        ("{id: a, url: 'http://h', headers: {'a b': c}}", "is not the name of a header", "Content-Type"),
        ('{id: a, url: "http://h", headers: {a: "b\\nc"}}', "is not the value of a header", "one line"),
        ("{id: a, url: 'http://h', method: 'G T'}", "is not an HTTP method", "POST"),
        ("{id: a, url: 'http://h', body: }", "tasks[0].body: nothing stands there", "leave the key out"),
        ("{id: a, url: 'http://h', body: {x: yes}}", "tasks[0].body: 'yes' is a number or a truth", '"yes"'),
        ("{id: a, url: 'http://h', body: [010]}", "'010' is a number or a truth", '"010"'),
        (f"{{id: a, url: 'http://h', body: {'9' * 5000}}}", "is too large for a number", "quotes"),
        ("{id: a, url: 'http://h', body: 1e999}", "is too large for a number", "quotes"),
        (
            "{id: a, url: 'http://h', expect: 200}",
            "tasks[0].expect: found '200' instead of a mapping",
            "status: 200",
        ),
        (
            "{id: a, url: 'http://h', expect: {status: [99]}}",
            "tasks[0].expect.status[0]: '99'",
            "from 100 to 599",
        ),
        (
            "{id: a, url: 'http://h', expect: {status: []}}",
            "tasks[0].expect.status: the list is empty",
            "one",
        ),
        (
            "{id: a, url: 'http://h', expect: {staus: 1}}",
            "tasks[0].expect: unknown key",
            "Did you mean status?",
        ),
        ("{id: a, call: 'm.f'}", "tasks[0].call: 'm.f' is not a function", "module:function"),
        (
            "{id: a, needs: {b: c}}",
            "tasks[0].needs: found a mapping instead of an id or a list",
            "[build, test]",
        ),
        ("{id: a, needs: [[b]]}", "tasks[0].needs[0]: found a list instead of a text", "one text"),
        ("{id: a, timeout: -5}", "tasks[0].timeout: a timeout of -5 is negative", "30s"),
        ("{id: a, timeout: 0}", "a timeout of 0 would end everything", "Leave it out"),
        ("{id: a, timeout: 1:30}", "'1:30' is not a duration", "1h30m"),
        (f"{{id: a, timeout: {'9' * 400}h}}", "is not a duration", "1h30m"),
        ("{id: a, retries: -1}", "tasks[0].retries: '-1' is not a whole number from 0", "whole number"),
        ("{id: a, retries: '2'}", "the text '2' is not a whole number", "without quotes"),
        ("{id: a, retries: 1.5}", "'1.5' is not a whole number", "whole number"),
        ("{id: a, retries: 010}", "'010' is not the same number for all readers", "leading zeros"),
        ("{id: a, priority: high}", "'high' is not a whole number", "like -5 or 10"),
        ("{id: a, touches: [../x]}", "tasks[0].touches[0]: '../x' is outside the project", "src/"),
        ("{id: a, touches: /etc}", "tasks[0].touches: '/etc' is outside the project", "src/"),
        ("{id: a, done: maybe}", "tasks[0].done: 'maybe' is neither true nor false", "true or false"),
        ("{id: a, done: 'true'}", "the text 'true' is neither true nor false", "without quotes"),
        ("text", "tasks[0]: found 'text' instead of a task", "{id: build"),
        ("null", "tasks[0]: found nothing instead of a task", "{id: build"),
    ],
)
def test_what_is_wrong_with_a_task_and_what_to_write_instead(written: str, what: str, tip: str) -> None:
    problem = problem_of_task(written)
    assert what in problem.what
    assert tip in problem.tip


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("- a", 1, "found a list where the roadmap should be"),
        ("just a text", 1, "found 'just a text' where the roadmap should be"),
        ("# nothing", 0, "there is nothing in it"),
        ("title: x", 1, "there are neither tasks nor phases"),
        ("title: x\ntasks: []", 2, "there are no tasks in it"),
        ("phases: [{title: x}]", 1, "there are no tasks in it"),
        ("title: x\ntasks: null", 2, "tasks: found nothing instead of a list of tasks"),
        ("tasks:\n  id: a", 1, "tasks: found a mapping instead of a list of tasks"),
        ("phases: [x]", 1, "phases[0]: found 'x' instead of a phase"),
        ("order: up\ntasks: [{id: a}]", 1, "order: 'up' is not known here"),
        ("limits: 3\ntasks: [{id: a}]", 1, "limits: found '3' instead of a mapping"),
        (
            "limits: {concurrency: 'auto:0'}\ntasks: [{id: a}]",
            1,
            "limits.concurrency: 'auto:0' is not a concurrency",
        ),
        ("limits: {rate: 8}\ntasks: [{id: a}]", 1, "limits.rate: '8' is not a rate"),
        (
            "limits: {server: x}\ntasks: [{id: a}]",
            1,
            "limits.server: 'x' is neither an address nor host:port",
        ),
        ("health: {}\ntasks: [{id: a}]", 1, "health: no checks instead of one"),
        ("health: {tcp: 'h:1', http: 'http://h'}\ntasks: [{id: a}]", 1, "health: 2 checks instead of one"),
        ("health: {tcp: h}\ntasks: [{id: a}]", 1, "health.tcp: 'h' is not host:port"),
        ("health: {tcp: 'h:70000'}\ntasks: [{id: a}]", 1, "health.tcp: the text 'h:70000' is not host:port"),
        ("tasks: [{id: a}]\n---\ntasks: []", 2, "a second YAML document"),
        ("a: b: c", 1, "not YAML"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, line: int, what: str) -> None:
    [problem] = problems(text)
    assert problem.line == line
    assert what in problem.what
    assert problem.tip


def test_problems_name_the_line_of_the_key_not_of_the_task() -> None:
    text = "tasks:\n  - id: a\n    url: http://h\n    body:\n      x:\n        - yes\n    retries: many\n"
    assert [problem.line for problem in problems(text)] == [6, 7]


def test_no_words_of_pydantic_reach_a_person() -> None:
    text = "limits: []\nhealth: 1\nphases: {}\ntasks: [1, {id: [], needs: {}, expect: [], env: 3, url: 4}]"
    for problem in problems(text):
        assert not re.search("Input|valid|pydantic|http://errors|dictionary", problem.what + problem.tip), (
            problem
        )


def test_a_bomb_of_aliases_is_refused() -> None:
    rows = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    [problem] = problems("a0: &a0 [x, x, x]\n" + rows)
    assert "aliases inside aliases" in problem.what


def test_phases_as_deep_as_can_be_read() -> None:
    def nested(levels: int) -> str:
        return "phases: [{" * levels + "tasks: [{id: a}]" + "}]" * levels

    assert len(list(read(nested(45)).tasks())) == 1
    assert "inside each other" in problems(nested(1_000))[0].what


@pytest.mark.parametrize(
    ("name", "ours"), [("a.yaml", True), ("a.YML", True), ("a.json", False), ("a.md", False)]
)
def test_the_path_of_yaml_is_proof(name: str, ours: bool) -> None:
    assert native.claims_path(Path(name)) is ours


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("tasks: []", True),
        ("title: x\nphases:\n  - title: y\n", True),
        ('{\n\t"title": "x", "tasks": [{"id": 1}, ', True),
        ("tasks: null", True),
        ("tasks:\n  - id: a\n b: [", True),
        ("other: [tasks, {tasks: []}]", False),
        ("tasks: later", False),
        ("- tasks: []", False),
        ("# Tasks\n\n- [ ] one\n", False),
        ("tasks:\n- [x] one\n- [ ] two\n", False),
        ("---\ntitle: x\n---\n# Text\n", False),
        ("a: b: c", False),
        ("", False),
        ("tasks", False),
        ("\0", False),
    ],
)
def test_the_content_is_claimed_by_its_top_keys(text: str, ours: bool) -> None:
    assert native.claims_text(text) is ours


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)


def test_the_schema_describes_every_key_and_allows_no_other() -> None:
    schema = native.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    found = list(objects(schema))
    assert len(found) == 6
    for part in found:
        assert part["additionalProperties"] is False
        assert all(described.get("description") for described in part["properties"].values())
    assert json.loads(json.dumps(schema)) == schema


def test_the_schema_has_no_noise_but_keeps_keys_called_title() -> None:
    text = json.dumps(native.json_schema())
    assert '"default": null' not in text
    assert "title" in native.json_schema()["$defs"]["TaskEntry"]["properties"]


def test_every_key_is_explained_in_the_docs() -> None:
    page = DOCS.read_text(encoding="utf-8")
    keys = {key for part in objects(native.json_schema()) for key in part["properties"]}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_every_roadmap_in_the_docs_can_be_read() -> None:
    blocks = re.findall(r"```(?:yaml|json)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert problems_of(read(block)) == []


_KEYS = (
    "title tasks phases limits health order id kind command url call env body needs timeout retries "
    "expect status json http tcp rate concurrency << verify"
)
WORDS = st.sampled_from(_KEYS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["8/s", "10m", "http://h", "m:f", "{id}", "none", "sequence", "command", "yes"])
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)


def outcome(text: str) -> Roadmap | tuple[Problem, ...]:
    try:
        return read(text)
    except RoadmapError as error:
        return error.problems


def only_roadmap_errors(text: str) -> None:
    native.claims_text(text)
    found = outcome(text)
    if isinstance(found, Roadmap):
        assert list(found.tasks())
    else:
        assert found
        assert all(0 <= problem.line <= max(1, len(text.splitlines())) for problem in found)


@given(VALUES)
def test_any_values_give_a_roadmap_or_problems(value: object) -> None:
    only_roadmap_errors(json.dumps({"tasks": value, "phases": [value]}, indent=1))
    only_roadmap_errors(json.dumps(value, ensure_ascii=False))


@given(
    st.dictionaries(WORDS, LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(WORDS, LEAVES, max_size=3))
)
def test_any_task_gives_a_roadmap_or_problems(task: dict[str, Any]) -> None:
    only_roadmap_errors(json.dumps({"tasks": [{"id": "a", **task}]}))


@given(st.text() | st.text(alphabet="tasks: []{}-&*x!\n\t\"'#<>|", max_size=80))
def test_any_text_gives_a_roadmap_or_problems(text: str) -> None:
    only_roadmap_errors(text)


@given(st.text(min_size=1, max_size=20), st.integers(0, 40), st.text(max_size=3))
def test_a_broken_roadmap_never_brings_it_down(rubbish: str, row: int, start: str) -> None:
    lines = EXAMPLE.splitlines()
    lines[row % len(lines)] = start + lines[row % len(lines)][len(start) :] + rubbish
    only_roadmap_errors("\n".join(lines))


def test_a_gate_asks_a_person_first_and_a_checkpoint_asks_and_is_done() -> None:
    text = "tasks: [{id: a, command: [x], gate: person}, {id: b, gate: checkpoint}, {id: c}]"
    asked, only, free = read(text).tasks()
    assert [task.options.gate for task in (asked, only, free)] == ["before", "only", ""]
    assert only.work is None


def test_a_checkpoint_with_something_to_do_is_refused_with_its_line() -> None:
    with pytest.raises(RoadmapError) as refused:
        read("tasks:\n  - {id: a, command: [x], gate: checkpoint}\n")
    assert "gate: person" in str(refused.value)
    with pytest.raises(RoadmapError, match="gate"):
        read("tasks: [{id: a, command: [x], gate: perhaps}]")
