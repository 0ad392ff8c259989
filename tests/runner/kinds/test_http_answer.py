"""HTTP tasks that ask a model: a good status is not enough."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from beastmode.failures.failure import Failure
from beastmode.runner.kinds.http import HttpKind
from beastmode.runner.roadmap import Task
from beastmode.runner.work import Http
from beastmode.testing import attempt_of
from beastmode.testing.chaos import AnswerFault, Chaos

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


async def performed(work: Http, folder: Path) -> tuple[Failure | None, str]:
    kind, attempt = HttpKind(), attempt_of(Task("t", work), folder=folder)
    try:
        outcome = await kind.perform(attempt, lambda: None)
    finally:
        await kind.close()
    return outcome.failure, attempt.log_path.read_text(encoding="utf-8")


def class_met(fault: AnswerFault | None, folder: Path, **work: Any) -> str:
    async def story() -> str:
        async with Chaos() as chaos:
            base = chaos.url_of(fault) if fault else chaos.url
            path = work.pop("path", "/v1/chat/completions")
            failure, _ = await performed(Http(base + path, "POST", **{"body": ASKED, **work}), folder)
            return failure.class_ if failure else ""

    return asyncio.run(story())


@pytest.mark.parametrize("stream", [True, False])
def test_a_models_answer_must_be_one(tmp_path: Path, stream: bool) -> None:
    body = ASKED | {"stream": stream}
    assert class_met(None, tmp_path, body=body) == ""
    assert class_met("html_200", tmp_path, body=body) == "invalid_response"
    cut = class_met("truncated_sse", tmp_path, body=body)
    assert cut == ("truncated_stream" if stream else "invalid_response")


def test_what_other_servers_answer_is_theirs(tmp_path: Path) -> None:
    assert class_met("html_200", tmp_path, path="/rooms/1/page") == ""
    assert class_met("html_200", tmp_path, path="/rooms/1/messages", body={"text": "hello"}) == ""


def test_the_log_keeps_the_answer_as_it_is_but_for_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "is done")

    async def story() -> str:
        async with Chaos() as chaos:
            url = chaos.url.replace("://", "://me:secret1@") + "/v1/chat/completions?key=secret2"
            failure, log = await performed(Http(url, "POST", {"X": "${SOME_TOKEN}"}, ASKED), tmp_path)
            assert failure is None
            assert chaos.requests[0].header("x") == "is done"
            return log

    log = asyncio.run(story())
    assert '"object": "chat.completion"' in log
    assert '"content": "It ***."' in log
    assert "secret" not in log
