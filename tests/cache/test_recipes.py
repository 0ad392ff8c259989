"""Two runs of an agent that ask the same have one key; any other change makes another."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given

from beastmode.cache.key import key_of
from beastmode.cache.recipes import RECIPES, RUN_RECIPES, Recipe, recipe_for
from tests.cache.agents import (
    Headers,
    claude_body,
    claude_headers,
    codex_body,
    codex_headers,
    opencode_body,
    opencode_headers,
)
from tests.cache.spelling import values

Agent = tuple[str, Callable[[int], Headers], Callable[[int], dict[str, Any]]]
AGENTS: dict[str, Agent] = {
    "claude-code": ("anthropic.messages", claude_headers, claude_body),
    "codex": ("openai.responses", codex_headers, codex_body),
    "opencode": ("openai.chat", opencode_headers, opencode_body),
}
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
EVERY = pytest.mark.parametrize("name", AGENTS)


def key(name: str, run: int = 1, body: Any = None, headers: Headers | None = None) -> bytes:
    """The key of an agent's request in one of its runs, or of another body or headers."""
    dialect, its_headers, its_body = AGENTS[name]
    sent = its_headers(run) if headers is None else headers
    return key_of(
        tenant=b"t",
        upstream="u",
        dialect=dialect,
        path="/v1/x",
        query="beta=true",
        stream=True,
        headers=sent,
        recipe=recipe_for(dialect, sent),
        body=json.dumps(its_body(run) if body is None else body).encode(),
    )


def test_every_recipe_is_tried() -> None:
    assert set(BY_NAME) == set(AGENTS)


@EVERY
def test_two_runs_have_one_key(name: str) -> None:
    _, headers, body = AGENTS[name]
    assert headers(1) != headers(2)
    assert body(1) != body(2) or name == "opencode"  # which says in headers alone whose session it is
    assert key(name, 1) == key(name, 2)


@EVERY
def test_any_other_client_that_asks_so_has_a_key_for_each_run(name: str) -> None:
    strangers = [
        [pair if pair[0] != b"user-agent" else (b"user-agent", b"curl/8") for pair in AGENTS[name][1](run)]
        for run in (1, 2)
    ]
    assert key(name, 1, headers=strangers[0]) != key(name, 2, headers=strangers[1])


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value that is neither object nor list."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [leaf for step, inner in pairs for leaf in leaves(inner, (*path, step))]
    yield from below or [path]


def changed(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The same with one more letter at the end of one value, or another value where it is no text."""
    body = copy.deepcopy(body)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    place[path[-1]] = old + "!" if isinstance(old, str) else [old]
    return body


SILENT: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "claude-code": lambda path: path[0] == "metadata",
    "codex": lambda path: (
        path[0] in ("client_metadata", "prompt_cache_key") or (path[0] == "input" and path[2:] == ("id",))
    ),
    "opencode": lambda _path: False,
}


@EVERY
def test_each_value_of_a_body_counts_but_those_of_the_recipe(name: str) -> None:
    body = AGENTS[name][2](1)
    for path in leaves(body):
        same = key(name, body=changed(body, path)) == key(name)
        assert same == SILENT[name](path), path


@EVERY
def test_each_header_counts_but_those_that_say_nothing_of_the_answer(name: str) -> None:
    headers = AGENTS[name][1](1)
    kept = {
        "claude-code": {b"accept", b"anthropic-beta", b"anthropic-version", b"x-app"}
        | {b"anthropic-dangerous-direct-browser-access", b"accept-encoding"},
        "codex": {
            b"accept",
            b"originator",
            b"x-codex-beta-features",
            b"x-openai-internal-codex-responses-lite",
        },
        "opencode": {b"accept", b"accept-encoding"},
    }[name]
    for n, (header, value) in enumerate(headers):
        if header in (b"user-agent", b"content-type"):
            continue
        other = [*headers[:n], (header, b"!" + value), *headers[n + 1 :]]
        assert (key(name, headers=other) != key(name)) == (header in kept), header


def output(text: str) -> dict[str, Any]:
    item = {"type": "function_call_output", "id": "x", "call_id": "call_1", "output": text}
    return {"model": "m", "input": [item]}


def test_only_the_head_of_an_output_is_masked() -> None:
    head = "Chunk ID: a1b2c3\nWall time: 0.0572 seconds\n"
    other = "Chunk ID: ff0d95\nWall time: 12.1 seconds\n"
    assert key("codex", body=output(head + "x")) == key("codex", body=output(other + "x"))
    for one, two in (
        ("x\n" + head, "x\n" + other),
        ("Chunk ID: a1\nx", "Chunk ID: a2\nx"),
        ("Wall time: 1 seconds\n", "Wall time: 2 seconds\n"),
        ("Chunk ID: zz\nWall time: 1 seconds\n", "Chunk ID: zy\nWall time: 1 seconds\n"),
        (head + head, head + other),
        (head, head + "\n"),
        ("x Script ok\nWall time 1 seconds\n", "x Script ok\nWall time 2 seconds\n"),
        ("Script ok\nWall time 1 seconds\nx", "Script ok\nWall time 2 seconds\ny"),
    ):
        assert key("codex", body=output(one)) != key("codex", body=output(two)), (one, two)


def test_an_item_that_is_nothing_but_its_id_keeps_it() -> None:
    one, other = ({"input": [{"type": "item_reference", "id": name}]} for name in "ab")
    assert key("codex", body=one) != key("codex", body=other)


@EVERY
@given(values, values)
def test_any_body_is_borne(name: str, value: Any, inner: Any) -> None:
    for body in (
        value,
        {"input": value, "metadata": value},
        {"input": [value, output("x")["input"][0] | {"output": inner}]},
        {"system": value, "messages": [value, {"content": inner}], "tools": [inner, {"name": "WebSearch"}]},
    ):
        assert key(name, body=body) == key(name, body=body)
        for recipe in RUN_RECIPES:
            if isinstance(body, dict):
                recipe.mask(copy.deepcopy(body))


def test_a_recipe_knows_its_client_and_no_other() -> None:
    codex = BY_NAME["codex"]
    assert codex.knows("openai.responses", codex_headers(1))
    assert codex.knows("openai.responses", [(b"user-agent", b"Codex_CLI_rs/0.1")])
    assert not codex.knows("openai.chat", codex_headers(1))
    assert not codex.knows("openai.responses", claude_headers(1))
    assert not codex.knows("openai.responses", [(b"x-client", b"codex_exec/1")])
    assert recipe_for("openai.responses", codex_headers(1)) is codex
    assert recipe_for("openai.responses", claude_headers(1)) is None


def test_the_mask_of_claude_code_leaves_other_metadata_alone() -> None:
    body: dict[str, Any] = {"metadata": {"user_id": "u", "more": 1}}
    mask: Recipe = BY_NAME["claude-code"]
    mask.mask(body)
    assert body == {"metadata": {"more": 1}}


@pytest.mark.parametrize(
    "printed", [str, lambda text: [{"type": "text", "text": text}]], ids=["text", "blocks"]
)
def test_in_a_run_what_tools_print_of_our_branch_has_no_number(printed: Callable[[str], Any]) -> None:
    """Every agent asks for `git status`; only in what a tool gave back does the number not count."""

    def bodies(number: int) -> dict[str, dict[str, Any]]:
        status = printed(f"On branch beast/r{number}/task/lru\nnothing to commit\n")
        result = {"type": "tool_result", "tool_use_id": "t", "content": status}
        return {
            "codex": {"input": [output("")["input"][0] | {"output": status}]},
            "claude-code": {"messages": [{"role": "user", "content": [result]}]},
            "opencode": {"messages": [{"role": "tool", "tool_call_id": "t", "content": status}]},
        }

    for recipe in RUN_RECIPES:
        one, other = (bodies(number)[recipe.name.removesuffix(" in a run")] for number in (1, 22))
        assert one != other
        recipe.mask(one)
        recipe.mask(other)
        assert one == other
        assert "On branch beast/*/task/lru" in str(one)
        said: dict[str, Any] = {"messages": [{"role": "user", "content": "in beast/r1/task/lru"}]}
        recipe.mask(said)
        assert "beast/r1/task/lru" in str(said)


@pytest.mark.parametrize("dialect", ["openai.chat", "anthropic.messages"])
def test_of_opencode_the_day_counts_but_in_a_run(dialect: str) -> None:
    def body(day: str) -> dict[str, Any]:
        text = opencode_body(1)["messages"][0]["content"].replace("Thu Nov 26 2026", day)
        if dialect == "anthropic.messages":
            return {"system": [{"type": "text", "text": text}], "messages": []}
        return {"messages": [{"role": "system", "content": text}]}

    for in_run in (True, False):
        recipe = recipe_for(dialect, opencode_headers(1), in_run=in_run)
        assert recipe is not None
        one, other = body("Thu Nov 26 2026"), body("Fri Nov 27 2026")
        recipe.mask(one)
        recipe.mask(other)
        assert (one == other) == in_run
