"""A scripted model server on loopback: model lists, completions, messages and calls of tools, with keys and limits.

Speaks as OpenAI, Anthropic, Gemini and Ollama do, as far as clients and agents look. What it was asked it remembers, so
that a test can say what was sent, how much of it would have cost money, and how hard the server was hit.
"""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from ssl import SSLContext
from typing import Any, Self, get_args

from aiohttp import web

from beastmode.failures.answers import Dialect, dialect_of
from beastmode.testing.agent_turns import Turn, pieces_of, says_only
from beastmode.testing.model_answers import embeddings, error, wants_stream


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came.

    credential: as it was sent, without the word `Bearer`.   paid: asks a model.   at: monotonic, s.
    """

    method: str
    path: str
    credential: str
    body: bytes
    paid: bool
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Instead of an answer.   status: 0: the connection is reset.   retry_after: the header; "": it has none.
    body: "": an error of the dialect."""

    status: int
    retry_after: str = ""
    body: str = ""


@dataclass(slots=True)
class Script:
    """How the server behaves; may be changed while it runs.

    keys: credentials it accepts; none: it asks for none.   models: that it lists.   aliases: that exist too.
    words: of every answer.   turn: a tool that the model wants run instead, or other words.   work_s: how long it takes
    to answer a request for words, from its body, which is JSON.   refusals: what the next requests for words get, in
    order.   trouble: what goes wrong with a request for words, by its number, from 1; None: nothing.   headers: on
    every answer (rate limits).   refuses_above: so many requests for words are at work at once, and one more gets 429;
    None: any number.   prefix: where its API lies.   speaks: the dialects that it has endpoints for.   lists: has a
    list of models.   list_is_public: shows it without a key.   skew_s: how far its clock is ahead, as its Date header
    shows.   answer: (status, body) for everything instead, where it is ill.   echo: every refusal repeats the
    credential.
    """

    keys: frozenset[str] = frozenset()
    models: Sequence[str] = ("m-small", "m-large")
    aliases: Sequence[str] = ()
    words: Sequence[str] = ("It", " is", " done", ".")
    turn: Turn = says_only
    work_s: Callable[[Mapping[str, Any]], float] = lambda asked: 0.0
    refusals: deque[Refusal] = field(default_factory=deque)
    trouble: Callable[[int], Refusal | None] = lambda number: None
    headers: Mapping[str, str] = field(default_factory=dict)
    refuses_above: int | None = None
    prefix: str = "/v1"
    speaks: Sequence[Dialect] = get_args(Dialect)
    lists: bool = True
    list_is_public: bool = False
    skew_s: float = 0.0
    answer: tuple[int, str] | None = None
    echo: bool = False


_EMBEDDINGS, _COUNT = "/embeddings", "/messages/count_tokens"


class ModelServer:
    """`async with ModelServer(Script(keys=frozenset({"k"}))) as server:`, then ask `server.url`.

    tls: shows a certificate; then the url begins with https.   `asked` holds the requests, in order;
    `most_in_flight` is of those that ask a model; `refused` are those that were too many (`refuses_above`).
    """

    def __init__(self, script: Script | None = None, *, tls: SSLContext | None = None) -> None:
        self.script = script or Script()
        self.asked: list[Asked] = []
        self.url = ""
        self.in_flight = self.most_in_flight = self.refused = 0
        self._tls = tls
        self._stack = AsyncExitStack()
        self._runner: web.AppRunner | None = None
        self._words_asked = self._downs = 0

    @property
    def paid(self) -> int:
        """How many requests asked a model for words."""
        return sum(asked.paid for asked in self.asked)

    def most_in_window(self, span_s: float) -> int:
        """The most requests that asked a model within any `span_s` seconds."""
        times = [asked.at for asked in self.asked if asked.paid]
        return max((n - bisect_right(times, at - span_s) for n, at in enumerate(times, 1)), default=0)

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self._port = runner.addresses[0][1]
        self._loop = asyncio.get_running_loop()
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"
        return self

    def go_down(self, for_s: float) -> Future[None]:
        """Be down for that long, as a server that restarts: what is in flight is reset, and nobody listens. May be
        called from any thread; the future ends when the server is back."""
        return asyncio.run_coroutine_threadsafe(self._go_down(for_s), self._loop)

    @property
    def is_down(self) -> bool:
        """Whether nobody listens."""
        return self._runner is None or not self._runner.sites

    async def _go_down(self, for_s: float) -> None:
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        self._downs, self.in_flight = self._downs + 1, 0
        await asyncio.sleep(for_s)
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        dialect, path = dialect_of(request.path), request.path
        paid = request.method == "POST" and (dialect is not None or path.endswith(_EMBEDDINGS))
        asked = Asked(request.method, path, credential_of(request), body, paid, time.monotonic())
        self.asked.append(asked)
        refusal = self._refusal(asked, dialect)
        if refusal is not None:
            return self._respond(*refusal)
        if paid:
            return await self._complete(request, dialect, asked)
        if path.endswith(_COUNT):
            return self._respond(200, b'{"input_tokens": 8}')
        return self._respond(200, json.dumps(self._list(request)).encode())

    def _refusal(self, asked: Asked, dialect: Dialect | None) -> tuple[int, bytes] | None:
        """What is wrong with a request: the server's health first, then the place, the key, the model."""
        script, path = self.script, asked.path
        if script.answer is not None:
            return script.answer[0], script.answer[1].encode()
        is_list = path in self._list_paths() or path.startswith(f"{script.prefix}/models/")
        answers = dialect in script.speaks or path.endswith((_EMBEDDINGS, _COUNT))
        known = is_list if asked.method == "GET" else answers and path.startswith(script.prefix)
        if not known or (is_list and not script.lists):
            return 404, error(dialect, 404, "not_found", "Not Found")
        open_to_all = not script.keys or (is_list and script.list_is_public)
        if not open_to_all and asked.credential not in script.keys:
            said = f": {asked.credential}" if script.echo else ""
            kind = "authentication_error" if dialect == "messages" else "invalid_request_error"
            return 401, error(dialect, 401, kind, f"Incorrect API key provided{said}", "invalid_api_key")
        if asked.paid and not isinstance(_decoded(asked.body), dict):
            words = "We could not parse the JSON body of your request."
            return 400, error(dialect, 400, "invalid_request_error", words)
        model = _model_of(asked, script.prefix)
        if model is not None and model not in (*script.models, *script.aliases):
            words = f"The model `{model}` does not exist or you do not have access to it."
            return 404, error(dialect, 404, "not_found_error", words, "model_not_found")
        return None

    def _list_paths(self) -> tuple[str, ...]:
        ollama = "/api/tags"
        return f"{self.script.prefix}/models", *((ollama,) if self.script.prefix in ("/v1", "/api") else ())

    def _list(self, request: web.Request) -> dict[str, Any]:
        """The list of models, in the shape that its path or its headers ask for."""
        path, names = request.path, self.script.models
        if path == "/api/tags":
            return {"models": [{"name": name, "model": name} for name in names]}
        if path.startswith(f"{self.script.prefix}/models/"):
            return {"id": path.rpartition("/")[2], "object": "model"}
        if "v1beta" in self.script.prefix:
            return {"models": [{"name": f"models/{name}", "displayName": name} for name in names]}
        if "anthropic-version" in request.headers:
            return {"data": [{"type": "model", "id": name} for name in names], "has_more": False}
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}

    async def _complete(
        self, request: web.Request, dialect: Dialect | None, asked: Asked
    ) -> web.StreamResponse:
        value = json.loads(asked.body)
        self._words_asked += 1
        refusals = self.script.refusals
        refusal = refusals.popleft() if refusals else self.script.trouble(self._words_asked)
        full = self.script.refuses_above
        if full is not None and self.in_flight >= full:
            self.refused += 1
            return self._refuse(Refusal(429), dialect)
        downs = self._downs
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if refusal is not None:
                if not refusal.status and request.transport is not None:
                    request.transport.abort()
                return self._refuse(refusal, dialect)
            await asyncio.sleep(self.script.work_s(value))
            model = _model_of(asked, self.script.prefix) or ""
            if dialect is None:
                return self._respond(200, json.dumps(embeddings(model, value)).encode())
            said = self.script.turn(dialect, value) or self.script.words
            streamed = wants_stream(request.raw_path, asked.body)
            return await self._speak(request, pieces_of(dialect, model, said, streamed=streamed), streamed)
        finally:
            self.in_flight -= downs == self._downs

    async def _speak(
        self, request: web.Request, pieces: Sequence[bytes], streamed: bool
    ) -> web.StreamResponse:
        if not streamed:
            return self._respond(200, b"".join(pieces))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self._headers()})
        await answer.prepare(request)
        for piece in pieces:
            await answer.write(piece)
        await answer.write_eof()
        return answer

    def _refuse(self, refusal: Refusal, dialect: Dialect | None) -> web.Response:
        kind = "rate_limit_error" if refusal.status == 429 else "overloaded_error"
        words = error(dialect, refusal.status, kind, "Slow down, please.")
        answer = self._respond(refusal.status, refusal.body.encode() or words)
        if refusal.retry_after:
            answer.headers["Retry-After"] = refusal.retry_after
        return answer

    def _respond(self, status: int, body: bytes) -> web.Response:
        kind = "text/html" if body.lstrip().startswith(b"<") else "application/json"
        return web.Response(status=status, body=body, headers={"Content-Type": kind, **self._headers()})

    def _headers(self) -> dict[str, str]:
        return {"Date": formatdate(time.time() + self.script.skew_s, usegmt=True), **self.script.headers}


def credential_of(request: web.BaseRequest) -> str:
    """The key of a request, wherever its dialect puts it; "" where it has none."""
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    others = (request.headers.get(name, "") for name in ("x-api-key", "api-key", "x-goog-api-key"))
    return bearer or next(filter(None, others), "") or request.query.get("key", "")


def _model_of(asked: Asked, prefix: str) -> str | None:
    """The model that a request names, in its path or its body; None where it names none."""
    path = asked.path.removeprefix(f"{prefix}/models")
    if path != asked.path and path.startswith("/"):
        return path[1:].partition(":")[0]
    value = _decoded(asked.body)
    model = value.get("model") if isinstance(value, dict) else None
    return model if isinstance(model, str) else None


def _decoded(body: bytes) -> object:
    """What a body says in JSON; None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None
