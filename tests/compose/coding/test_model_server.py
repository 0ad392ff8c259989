"""What is known of a run's model server beforehand: whether it takes the key, whether it needs one, what it speaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from beastmode.compose.coding.elsewhere import GatewayElsewhere
from beastmode.compose.coding.gateway import way_to_model
from beastmode.compose.coding.gateway_settings import PROVIDERS, serving_of
from beastmode.compose.coding.model_server import dialects_of, is_near
from beastmode.errors import PreconditionError, SettingError
from beastmode.gateway.routes import Provider, meant_for
from beastmode.runner.code.coding import CodingSettings, ModelServer
from beastmode.settings import Rate
from beastmode.testing.model_server import ModelServer as Scripted
from beastmode.testing.model_server import Script
from tests.compose.coding.gateways import UNLIMITED, ask, attempt, played, question, run_gateway
from tests.gateway.served import gateway, records

KEYED = replace(UNLIMITED, key_env="RUN_KEY")
WANTS_A_KEY = Script(models=("gpt-4o-mini",), keys=frozenset(("sk-right",)))


@played
async def test_a_wrong_key_is_seen_before_anybody_asks_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_KEY", "sk-wrong")
    async with Scripted(WANTS_A_KEY) as server, run_gateway(server.url, tmp_path, server=KEYED) as way:
        failure = await way.refusal()
        assert failure is not None
        assert (failure.class_, server.paid) == ("auth", 0)
        assert "sk-wrong" not in failure.cause + failure.tip
    assert {one.path for one in records(tmp_path)} == {"/v1/models"}


@played
async def test_a_good_key_a_server_without_a_list_and_one_that_is_down_are_no_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_KEY", "sk-right")
    monkeypatch.setattr("beastmode.compose.coding.model_server.PATIENCE_S", 0.5)
    async with Scripted(WANTS_A_KEY) as server, run_gateway(server.url, tmp_path, server=KEYED) as way:
        assert await way.refusal() is None
        server.script = replace(server.script, lists=False)
        assert await way.refusal() is None
    async with run_gateway(server.url, tmp_path, server=KEYED) as way:
        assert await way.refusal() is None


@played
async def test_agents_show_their_own_login_only_where_the_server_wants_one(tmp_path: Path) -> None:
    async with Scripted(WANTS_A_KEY) as server, run_gateway(server.url, tmp_path) as way:
        assert (await way.open(attempt("before"))).key
        assert await way.refusal() is None
        access = await way.open(attempt("own"))
        assert access.key == ""
        assert (await ask(access, question(), Authorization="Bearer sk-right"))[0] == 200
        server.script = replace(server.script, keys=frozenset())
    async with Scripted(Script(models=("gpt-4o-mini",))) as server, run_gateway(server.url, tmp_path) as way:
        assert await way.refusal() is None
        assert (await way.open(attempt())).key


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:11434/v1", True),
        ("http://10.0.0.7:8000", True),
        ("http://gpu-box:8000", True),
        ("https://llm.corp.internal/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8", False),
    ],
)
def test_a_server_that_may_want_no_key_is_near(url: str, near: bool) -> None:
    assert is_near(url) is near


def test_what_it_speaks_is_told_as_far_as_it_is_known() -> None:
    assert dialects_of("https://api.anthropic.com/v1") == ("messages",)
    assert set(dialects_of("")) == {"chat", "responses", "messages", "gemini"}
    assert dialects_of("http://127.0.0.1:8000") == ()


# ---- no upstream named: whom each agent asks by itself ----


@pytest.mark.parametrize(
    ("dialect", "path", "headers", "provider"),
    [
        ("anthropic.messages", "/v1/messages", [], "anthropic"),
        ("other", "/v1/models", [(b"anthropic-version", b"2023-06-01")], "anthropic"),
        ("other", "/v1/files", [(b"x-api-key", b"k")], "anthropic"),
        ("openai.responses", "/v1/responses", [(b"authorization", b"Bearer k")], "openai"),
        ("other", "/v1/models", [(b"authorization", b"Bearer k")], "openai"),
        ("gemini.generate", "/v1beta/models/gemini-2.5-pro:generateContent", [], "gemini"),
        ("other", "/v1beta/models", [], "gemini"),
        ("other", "/v1/models", [(b"x-goog-api-key", b"k")], "gemini"),
    ],
)
def test_a_request_goes_to_whose_client_sends_it(
    dialect: str, path: str, headers: list[tuple[bytes, bytes]], provider: str
) -> None:
    assert meant_for(dialect, path, headers) == provider


def test_without_an_upstream_each_provider_gets_the_limits_and_no_key_of_ours(tmp_path: Path) -> None:
    serving = serving_of(ModelServer(rates=(Rate(2, 1.0),), concurrency=2), tmp_path, 3600.0)
    assert {one.name: one.url for one in serving.upstreams} == PROVIDERS
    assert {(one.rates, one.concurrency, one.key_env) for one in serving.upstreams} == {
        ((Rate(2, 1.0),), 2, "")
    }
    assert (serving.host, serving.cache, serving.limits.queue_timeout_s) == ("127.0.0.1", "all", 3600.0)


@played
async def test_each_agents_own_login_reaches_the_provider_that_it_asks_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Scripted() as anthropic, Scripted() as openai, Scripted() as gemini:
        at: dict[Provider, str] = {"anthropic": anthropic.url, "openai": openai.url, "gemini": gemini.url}
        monkeypatch.setattr("beastmode.compose.coding.gateway_settings.PROVIDERS", at)
        async with run_gateway("", tmp_path) as way, aiohttp.ClientSession() as session:
            access = await way.open(attempt())
            assert access.key == ""
            for path, headers in (
                ("/v1/messages?beta=true", {"x-api-key": "of-claude"}),
                ("/v1/responses", {"Authorization": "Bearer of-codex"}),
                ("/v1beta/models/m-small:generateContent", {"x-goog-api-key": "of-gemini"}),
            ):
                await session.post(access.url + path, json={"model": "m-small"}, headers=headers)
    for server, key in ((anthropic, "of-claude"), (openai, "of-codex"), (gemini, "of-gemini")):
        assert [asked.credential for asked in server.asked] == [key]


def test_what_is_no_base_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        serving_of(ModelServer(upstream="ftp://example.com"), tmp_path, 3600.0)


# ---- a gateway that runs already ----


@played
async def test_a_gateway_that_runs_is_told_who_asks_and_nothing_else_is_done(tmp_path: Path) -> None:
    async with Scripted(Script(models=("gpt-4o-mini",))) as server, gateway(server.url, tmp_path) as url:
        there = ModelServer(gateway=f"{url}/v1/")
        way = way_to_model(there, CodingSettings(), tmp_path, "r7", 60.0)
        assert isinstance(way, GatewayElsewhere)
        await way.start()
        assert await way.refusal() is None
        one = attempt("lru", 3)
        access = await way.open(one)
        assert access.key
        assert (await ask(access, question()))[0] == 200
        used = await way.close(one)
        await way.judged(one, False)
        await way.stop()
        assert (await ask(access, question("more")))[0] == 200
    assert (used.known, used.as_facts()) == (False, {})
    told = [(one.run, one.task, one.attempt) for one in records(tmp_path) if one.dialect != "other"]
    assert told == [("r7", "lru", 3)] * 2


def test_a_variable_for_its_key_that_is_not_set_is_named() -> None:
    with pytest.raises(PreconditionError, match="NO_KEY_HERE is not set") as caught:
        GatewayElsewhere(ModelServer(gateway="http://127.0.0.1:9", key_env="NO_KEY_HERE"), "r7")
    assert "export NO_KEY_HERE" in caught.value.tip


@played
async def test_one_that_does_not_run_is_named() -> None:
    with pytest.raises(PreconditionError, match="no gateway answers there"):
        await GatewayElsewhere(ModelServer(gateway="http://127.0.0.1:9"), "r7").refusal()
