"""All that is to be known of a large body, in one go: the same as piece by piece."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beastmode.gateway.dialects import dialect_for
from beastmode.gateway.dialects.estimate import prompt_tokens
from beastmode.gateway.reading import Found, Reading, found_in

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


def found(body: bytes, path: str = CHAT, agent: bytes = b"", *, in_run: bool = False) -> Found:
    headers = ((b"content-type", b"application/json"), (b"user-agent", agent))
    return found_in(Reading("POST", path, "", headers, in_run), body)


def asking(**changed: Any) -> bytes:
    asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "temperature": 0}
    return json.dumps(asked | changed).encode()


@pytest.mark.parametrize("path", [CHAT, MESSAGES, "/v1/responses", "/v1/embeddings"])
def test_what_it_asks_for_is_what_its_dialect_reads(path: str) -> None:
    body = asking(max_tokens=50, stream=True)
    asked = found(body, path).asked
    assert asked._replace(prompt_tokens=0) == dialect_for("POST", path).read(path, "", body)
    assert asked.prompt_tokens == prompt_tokens(body)


def test_files_count_as_files_whichever_dialect_s_mark_they_have() -> None:
    data = {"type": "image", "source": {"type": "base64", "data": "A" * 1_000_000}}
    body = asking(messages=[{"role": "user", "content": [data]}])
    assert found(body, MESSAGES).asked.prompt_tokens == found(body, CHAT).asked.prompt_tokens < 20_000


def test_why_it_is_no_json_is_found_in_what_is_none() -> None:
    assert found(asking()).flaw == ""
    broken = found(asking()[:-1])
    assert broken.asked.broken
    assert "column" in broken.flaw


def test_the_same_question_is_spelled_the_same_and_any_other_is_not() -> None:
    assert found(asking()).spelled == found(asking(user="somebody")).spelled
    assert found(json.dumps(json.loads(asking()), indent=1).encode()).spelled == found(asking()).spelled
    assert found(asking(model="n")).spelled != found(asking()).spelled
    assert found(b"\x00" * 100).spelled != found(b"\x00" * 101).spelled


def test_what_an_agent_varies_does_not_count() -> None:
    def told(run: int) -> bytes:
        said = f"On branch beast/r{run}/task/a"
        result = {"type": "tool_result", "tool_use_id": "x", "content": said}
        return asking(messages=[{"role": "user", "content": [result]}])

    agent = b"claude-cli/2.0"
    first, again = (found(told(run), MESSAGES, agent, in_run=True).spelled for run in (1, 2))
    assert first == again
    assert found(told(1), MESSAGES, agent).spelled != found(told(2), MESSAGES, agent).spelled
