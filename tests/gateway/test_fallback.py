"""Several upstreams: the first answers, the next one where it cannot, and the first again once it is well."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from beastmode.gateway.limits import ProxyLimits
from beastmode.testing.chaos import Chaos, Trouble
from beastmode.testing.model_server import ModelServer, Script
from beastmode.testing.wire import Message
from tests.gateway.served import by_hand, records, serving_app
from tests.gateway.test_proxy import ask

ILL = [Trouble(status=529), Trouble(status=500), Trouble(status=429, retry_after="20")]
ILL += [Trouble(fault="reset_before_headers"), Trouble(fault="html_200"), Trouble(fault="garbage")]
ONCE = ProxyLimits(retries=0, queue_timeout_s=20.0)


def run(story: Any) -> Any:
    return asyncio.run(asyncio.wait_for(story, 100))


@pytest.mark.parametrize("trouble", ILL, ids=lambda trouble: trouble.fault or str(trouble.status))
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_first_cannot_answer_the_second_does(tmp_path: Path, trouble: Trouble, stream: bool) -> None:
    async def story() -> int:
        async with ModelServer() as spare, Chaos(plan=lambda _: trouble) as ill:
            async with serving_app(by_hand([ill.url, spare.url], tmp_path, limits=ONCE)) as url:
                for _ in range(3):
                    assert await ask(url, stream=stream) == "It is done."
            return spare.paid

    assert run(story()) == 3
    kept = records(tmp_path)
    assert [entry.outcome for entry in kept] == ["upstream_ok"] * 3
    assert kept[0].tries == 2
    assert len({entry.upstream for entry in kept}) == 1


@pytest.mark.parametrize("answer", [(401, "bad key"), (404, '{"error": {"code": "model_not_found"}}')])
def test_a_key_or_a_model_that_only_the_first_lacks_is_not_the_client_s_trouble(
    tmp_path: Path, answer: tuple[int, str]
) -> None:
    async def story() -> str:
        async with (
            ModelServer(Script(answer=answer)) as first,
            ModelServer() as spare,
            serving_app(by_hand([first.url, spare.url], tmp_path)) as url,
        ):
            return await ask(url)

    assert run(story()) == "It is done."


def test_a_request_that_is_wrong_is_not_sent_to_the_next(tmp_path: Path) -> None:
    async def story() -> int:
        async with Chaos(plan=lambda _: Trouble(status=400)) as first, ModelServer() as spare:
            async with serving_app(by_hand([first.url, spare.url], tmp_path)) as url:
                with pytest.raises(Exception, match="400"):
                    await ask(url)
            return spare.paid

    assert run(story()) == 0


def test_where_all_are_ill_the_last_failure_is_told_after_the_retries(tmp_path: Path) -> None:
    limits = ProxyLimits(retries=1, queue_timeout_s=20.0)

    async def story() -> tuple[int, int]:
        async with (
            Chaos(plan=lambda _: Trouble(status=500)) as a,
            Chaos(plan=lambda _: Trouble(status=503)) as b,
        ):
            async with serving_app(by_hand([a.url, b.url], tmp_path, limits=limits)) as url:
                with pytest.raises(Exception, match="50"):
                    await ask(url)
            return len(a.requests), len(b.requests)

    assert run(story()) == (2, 2)
    assert records(tmp_path)[0].tries == 4


@pytest.mark.slow
def test_thirty_seconds_of_529_no_client_sees_and_the_first_has_its_traffic_back_within_sixty(
    tmp_path: Path,
) -> None:
    async def story() -> tuple[list[str], float]:
        began = time.monotonic()

        def plan(_: Message) -> Trouble:
            return Trouble(status=529) if time.monotonic() < began + 30 else Trouble()

        async with ModelServer() as server, ModelServer() as spare, Chaos(server.url, plan) as first:
            async with serving_app(by_hand([first.url, spare.url], tmp_path)) as url:
                answers, back = [], 0.0
                while not back and time.monotonic() < began + 90:
                    answers.append(await ask(url))
                    await asyncio.sleep(0.2)
                    back = time.monotonic() - began if server.paid >= 3 else 0.0
            assert spare.paid > 10
            return answers, back

    answers, back = run(story())
    assert set(answers) == {"It is done."}
    assert 30 < back < 60
    assert {entry.outcome for entry in records(tmp_path)} == {"upstream_ok"}
