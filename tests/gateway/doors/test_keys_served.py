"""Keys in a gateway that serves: unmodified clients are let in or told why not, and no upstream sees a key of ours."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types as google_types

from beastmode.settings import parse_rates
from beastmode.store.allowance import parse_allowances, period_name
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import KeyLimits
from beastmode.store.keys.store import KeyStore
from beastmode.testing.model_server import Script
from beastmode.testing.threads import in_thread
from tests.gateway.overheard import Overheard
from tests.gateway.served import gateway, records

# google-genai inherits from the session of aiohttp, which aiohttp discourages; that is no warning of ours.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:google")

HI: Any = [{"role": "user", "content": "hi"}]
WORDS = "It is done."
BODY = json.dumps({"model": "m-small", "messages": HI, "max_tokens": 9}).encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    store = KeyStore(keys_path(tmp_path))
    yield store
    store.close()


def add(store: KeyStore, name: str = "ci", **limits: Any) -> str:
    return store.add(name, KeyLimits(**limits), time.time())[1]


def ask(
    url: str,
    secret: str = "",
    path: str = "/v1/chat/completions",
    body: bytes | None = BODY,
    header: str = "authorization",
) -> tuple[int, Any]:
    """Status and body, decoded, and the headers of a refusal under `headers`."""
    bearer = "Bearer " if header == "authorization" else ""
    headers = {header: bearer + secret} if secret else {}
    request = urllib.request.Request(f"{url}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {**json.loads(error.read()), "headers": dict(error.headers)}


def test_unmodified_sdks_work_with_a_key_and_the_upstream_never_sees_it(
    tmp_path: Path, store: KeyStore
) -> None:
    secret = add(store)
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0, timeout=20) as api:
            chat = api.chat.completions.create(model="m-small", messages=HI)
            assert chat.choices[0].message.content == WORDS
            pieces = api.chat.completions.create(model="m-small", messages=HI, stream=True)
            assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == WORDS
        with anthropic.Anthropic(base_url=url, api_key=secret, max_retries=0, timeout=20) as claude:
            assert claude.messages.create(model="m-small", max_tokens=9, messages=HI).usage.output_tokens
        options = google_types.HttpOptions(base_url=url, timeout=20_000)
        with closing(genai.Client(api_key=secret, http_options=options)) as gemini:
            assert gemini.models.generate_content(model="m-small", contents="hi").text == WORDS
    assert not [head for head in server.heads if secret in head or "beast_" in head]
    assert {(entry.key, entry.outcome) for entry in records(tmp_path)} == {("ci", "upstream_ok")}


def test_a_provider_s_credential_passes_beside_a_key_in_the_path(tmp_path: Path, store: KeyStore) -> None:
    secret = add(store)
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        base = f"{url}/t/{secret}~r-1~T2.1~3~1"
        with anthropic.Anthropic(base_url=base, api_key="sk-ant-own", max_retries=0, timeout=20) as claude:
            claude.messages.create(model="m-small", max_tokens=9, messages=HI)
    (head,) = server.heads
    assert head.startswith("/v1/messages\n")
    assert "sk-ant-own" in head
    assert secret not in head
    (entry,) = records(tmp_path)
    assert (entry.key, entry.run, entry.task, entry.attempt) == ("ci", "r-1", "T2.1", 3)


@pytest.mark.parametrize(
    "path",
    [
        "//t/{}/v1/chat/completions",
        "/v1/t/beast%5F{}/chat/completions",
        "/v1/chat/completions?{}",
        "/v1/chat/completions?{}=1",
        "/t/{0}~{0}~{0}/v1/chat/completions",
        "/v1beta/models/{}:generateContent",
    ],
)
def test_a_key_where_none_belongs_reaches_neither_upstream_nor_ledger(
    tmp_path: Path, store: KeyStore, path: str
) -> None:
    secret = add(store)
    place = path.format(secret.removeprefix("beast_") if "%5F" in path else secret)
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path, keys="optional")) as url:
        ask(url, secret, place)
        ask(url, "", place)
    (first, _) = records(tmp_path)
    assert first.key == "ci"
    assert server.heads
    told = "\n".join(map(repr, [*server.heads, *records(tmp_path)]))
    assert secret.removeprefix("beast_")[:30] not in told


@pytest.mark.parametrize("place", ["authorization", "x-api-key", "api-key", "path"])
def test_the_upstream_s_own_key_takes_the_place_of_ours(
    tmp_path: Path, store: KeyStore, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream")
    secret = add(store)
    script = Script(keys=frozenset({"sk-upstream"}))
    with (
        in_thread(Overheard(script)) as server,
        in_thread(gateway(server.url, tmp_path, key_env="UPSTREAM_KEY")) as url,
    ):
        if place == "path":
            assert ask(f"{url}/t/{secret}")[0] == 200
        else:
            assert ask(url, secret, header=place)[0] == 200
    (head,) = server.heads
    where = "authorization: bearer" if place in ("authorization", "path") else f"{place}:"
    assert f"\n{where} sk-upstream" in head.lower()
    assert "beast_" not in head


def test_gemini_s_key_in_the_query_is_ours_or_is_replaced(
    tmp_path: Path, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream")
    secret, body = add(store), b'{"contents": [{"parts": [{"text": "hi"}]}]}'
    path = "/v1/models/m-small:generateContent"
    with (
        in_thread(Overheard()) as server,
        in_thread(gateway(server.url, tmp_path, key_env="UPSTREAM_KEY")) as url,
    ):
        assert ask(url, path=f"{path}?key={secret}", body=body)[0] == 200
        assert ask(f"{url}/t/{secret}", path=f"{path}?key=own&x=1", body=body)[0] == 200
    assert [head.split("\n")[0] for head in server.heads] == [path, f"{path}?x=1"]
    assert all("x-goog-api-key: sk-upstream" in head.lower() for head in server.heads)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/chat/completions", lambda said: said["error"]["code"] == "invalid_api_key"),
        ("/v1/messages", lambda said: said["error"]["type"] == "authentication_error"),
        ("/v1/models/m:generateContent", lambda said: said["error"]["status"] == "UNAUTHENTICATED"),
    ],
)
def test_who_has_no_key_is_told_in_the_words_of_its_dialect(
    tmp_path: Path, store: KeyStore, path: str, shape: Any
) -> None:
    add(store)
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        status, said = ask(url, "sk-provider", path)
    assert (status, shape(said), server.heads) == (401, True, [])
    assert "beast keys add NAME" in said["error"]["message"]
    (entry,) = records(tmp_path)
    assert (entry.outcome, entry.status, entry.class_) == ("rejected", 401, "auth")


def test_an_sdk_raises_its_own_error_for_a_model_that_is_not_the_key_s(
    tmp_path: Path, store: KeyStore
) -> None:
    secret = add(store, models=("gpt-*",))
    with (
        in_thread(Overheard()) as server,
        in_thread(gateway(server.url, tmp_path)) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0, timeout=20) as api,
    ):
        with pytest.raises(openai.PermissionDeniedError, match="may not use the model 'm-small'"):
            api.chat.completions.create(model="m-small", messages=HI)
        assert [model.id for model in api.models.list()] == ["m-small", "m-large"]


def test_changes_take_effect_within_a_second_without_a_restart(tmp_path: Path, store: KeyStore) -> None:
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        assert ask(url)[0] == 200
        secret = add(store)
        until(lambda: ask(url)[0] == 401)
        assert ask(url, secret)[0] == 200
        store.change("ci", models=("gpt-*",))
        until(lambda: ask(url, secret)[0] == 403)
        store.revoke("ci", time.time())
        until(lambda: ask(url, secret)[0] == 401)


def until(holds: Any) -> None:
    """Two looks at the file are a second apart; a busy machine may take longer."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_budget_holds_is_told_and_is_remembered_by_the_next_gateway(
    tmp_path: Path, store: KeyStore
) -> None:
    secret = add(store, allowances=parse_allowances("2requests/day"))
    with in_thread(Overheard()) as server:
        with in_thread(gateway(server.url, tmp_path)) as url:
            assert [ask(url, secret)[0] for _ in range(3)] == [200, 200, 429]
        with in_thread(gateway(server.url, tmp_path)) as url:
            status, said = ask(url, secret)
            assert (status, said["error"]["code"]) == (429, "insufficient_quota")
            assert 0 < int(said["headers"]["retry-after"]) <= 86400
            assert said["headers"]["x-beast-class"] == "out_of_budget"
            store.change("ci", allowances=parse_allowances("3requests/day"))
            until(lambda: ask(url, secret)[0] == 200)
        assert len(server.heads) == 3
    assert store.find("ci").used_in(period_name("day", time.time())).requests == 3
    assert store.find("ci").used_unix


def test_many_at_once_never_overdraw_a_budget_of_tokens(tmp_path: Path, store: KeyStore) -> None:
    """Each is told to use what the server counts; those that do not fit wait for what others give back."""
    secret = add(store, allowances=parse_allowances("100tokens/day"))

    with (
        in_thread(Overheard()) as server,
        in_thread(gateway(server.url, tmp_path)) as url,
        ThreadPoolExecutor(16) as pool,
    ):
        statuses = [status for status, _ in pool.map(lambda _: ask(url, secret), range(40))]
    used = [
        (entry.tokens_in or 0) + (entry.tokens_out or 0) for entry in records(tmp_path) if entry.status == 200
    ]
    assert set(statuses) == {200, 429}
    assert len(server.heads) == len(used) == statuses.count(200)
    assert 100 <= sum(used) < 100 + max(used)


def test_many_at_once_never_overdraw_a_budget_of_money(tmp_path: Path, store: KeyStore) -> None:
    """Sixteen ask for five times what there is. No answer is dearer than was guessed, so one may pass it, alone."""
    model = "gpt-4o-mini"
    body = json.dumps({"model": model, "messages": HI, "max_tokens": 9}).encode()
    with in_thread(Overheard(Script(models=(model,)))) as server:
        free = add(store, "free")
        with in_thread(gateway(server.url, tmp_path)) as url:
            assert ask(url, free, body=body)[0] == 200
        (one,) = records(tmp_path)
        assert one.cost_usd
        secret = add(store, allowances=parse_allowances(f"{3.5 * one.cost_usd:.12f}usd/day"))
        with in_thread(gateway(server.url, tmp_path)) as url, ThreadPoolExecutor(16) as pool:
            statuses = [status for status, _ in pool.map(lambda _: ask(url, secret, body=body), range(16))]
    assert (statuses.count(200), statuses.count(429)) == (4, 12)
    spent = sum(entry.cost_usd or 0 for entry in records(tmp_path) if entry.key == "ci")
    assert spent == pytest.approx(4 * one.cost_usd)
    assert store.find("ci").used_in(period_name("day", time.time())).usd == pytest.approx(spent)


def test_what_exceeds_the_rate_of_a_key_waits_and_other_keys_do_not(tmp_path: Path, store: KeyStore) -> None:
    slow, slower, free = (add(store, rate[-1], rates=parse_rates(rate)) for rate in ("1/s", "1/h", "none"))
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        assert [ask(url, slow)[0] for _ in range(2)] == [200, 200]
        assert ask(url, slower)[0] == 200
        status, said = ask(url, slower)
        assert ask(url, free)[0] == 200
    assert (status, said["headers"]["x-beast-class"]) == (429, "rate_limit")
    assert 900 < int(said["headers"]["retry-after"]) <= 3600
    first, second = records(tmp_path)[:2]
    waited = second.received_unix + (second.queue_s or 0) - first.received_unix
    assert (
        waited >= 0.8
    )  # what stands between the stamps of a request and its turn takes its time on a busy machine


def test_metrics_need_their_right_and_health_stays_open(tmp_path: Path, store: KeyStore) -> None:
    watcher, worker = add(store, "watcher", rights=frozenset({"metrics"})), add(store, "worker")
    with in_thread(Overheard()) as server, in_thread(gateway(server.url, tmp_path)) as url:
        seen = [ask(url, secret, "/metrics", None)[0] for secret in (watcher, worker, "")]
        assert seen == [200, 403, 401]
        assert [ask(url, "", page, None)[0] for page in ("/livez", "/readyz")] == [200, 200]
        assert "received_total 0.0" in ask(url, watcher, "/metrics", None)[1]
