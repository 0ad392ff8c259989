"""Which requests may be answered from memory, and which answers are kept there."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from beastmode.cache.admission import Mode, storable, why_not
from beastmode.cache.recipes import RECIPES
from beastmode.gateway.dialects import Asked, Stop, dialect_for
from tests.cache.agents import claude_body, codex_body

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"


def asked(path: str, **fields: Any) -> Asked:
    return dialect_for("POST", path).read(path, "", json.dumps({"model": "m", **fields}).encode())


@pytest.mark.parametrize(
    ("request_", "off", "deterministic", "all_"),
    [
        (asked(CHAT, temperature=0), "off", "", ""),
        (asked(CHAT), "off", "not deterministic", ""),
        (asked(CHAT, temperature=0, n=2), "off", "not deterministic", ""),
        (asked(CHAT, temperature=0, store=True), "off", "stateful", "stateful"),
        (asked(CHAT, temperature=0, tools=[{"type": "web_search"}]), "off", "stateful", "stateful"),
        (asked(CHAT, temperature="0"), "off", "not understood", "not understood"),
        (asked("/v1/embeddings", input="hi"), "off", "", ""),
        (asked("/v1/messages/count_tokens"), "off", "", ""),
        (asked(RESPONSES, temperature=0), "off", "stateful", "stateful"),
        (asked(RESPONSES, temperature=0, store=False), "off", "", ""),
        (asked("/v1/images/generations"), "off", "no dialect", "no dialect"),
        (
            Asked("openai.chat", deterministic=True, broken=True, stateful=True),
            "off",
            *["not understood"] * 2,
        ),
    ],
)
def test_which_requests_are_remembered(request_: Asked, off: str, deterministic: str, all_: str) -> None:
    modes: tuple[Mode, ...] = get_args(Mode)
    assert [why_not(request_, mode) for mode in modes] == [off, deterministic, all_]


def test_agents_are_remembered_in_a_run_although_codex_offers_a_search_each_time() -> None:
    offers = {recipe.name: recipe.offers_search for recipe in RECIPES}
    codex, claude = asked(RESPONSES, **codex_body(1)), asked(MESSAGES, **claude_body(1))
    assert why_not(codex, "all", offers_search=offers["codex"]) == ""
    assert why_not(claude, "all", offers_search=offers["claude-code"]) == ""
    assert why_not(codex, "deterministic", offers_search=True) == "not deterministic"
    assert why_not(codex, "all") == "stateful"


@pytest.mark.parametrize("fields", [{"store": True}, {"previous_response_id": "resp_1"}])
def test_an_offer_excuses_no_other_state(fields: dict[str, Any]) -> None:
    codex = asked(RESPONSES, **(codex_body(1) | fields))
    assert why_not(codex, "all", offers_search=True) == "stateful"


def test_only_whole_answers_of_status_200_are_kept() -> None:
    kept = [stop for stop in get_args(Stop) if storable(200, stop) == ""]
    assert kept == ["complete", "tool"]
    assert storable(200, "length") == "stopped: length"
    assert storable(200, "a word of tomorrow") == "stopped: a word of tomorrow"
    assert [storable(status, "complete") for status in (201, 206, 304, 429)] == [
        "status 201",
        "status 206",
        "status 304",
        "status 429",
    ]
