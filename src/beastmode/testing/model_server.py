"""A scripted model server on loopback: model lists, completions and messages, with keys and rate headers.

Speaks as OpenAI, Anthropic, Gemini and Ollama do, as far as clients look. What it was asked it remembers, so that a
test can say what was sent, and how much of it would have cost money.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from ssl import SSLContext
from typing import Any, Self

from aiohttp import web

from beastmode.failures.answers import Dialect, dialect_of
from beastmode.testing.model_answers import error, events, wants_stream, whole


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came.   credential: as it was sent, without the word `Bearer`.   paid: asks a model."""

    method: str
    path: str
    credential: str
    body: bytes
    paid: bool


@dataclass(slots=True)
class Script:
    """How the server behaves; may be changed while it runs.

    keys: credentials it accepts; none: it asks for none.   models: that it lists.   aliases: that exist too.
    words: of every answer.   headers: on every answer (rate limits).   prefix: where its API lies.
    lists: has a list of models.   list_is_public: shows it without a key.   skew_s: how far its clock is ahead, as
    its Date header shows.   answer: (status, body) for everything instead, where it is ill.   echo: every refusal
    repeats the credential.
    """

    keys: frozenset[str] = frozenset()
    models: Sequence[str] = ("m-small", "m-large")
    aliases: Sequence[str] = ()
    words: Sequence[str] = ("It", " is", " done", ".")
    headers: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "/v1"
    lists: bool = True
    list_is_public: bool = False
    skew_s: float = 0.0
    answer: tuple[int, str] | None = None
    echo: bool = False


class ModelServer:
    """`async with ModelServer(Script(keys=frozenset({"k"}))) as server:`, then ask `server.url`.

    tls: shows a certificate; then the url begins with https.   `asked` holds the requests, in order.
    """

    def __init__(self, script: Script | None = None, *, tls: SSLContext | None = None) -> None:
        self.script = script or Script()
        self.asked: list[Asked] = []
        self.url = ""
        self._tls = tls
        self._stack = AsyncExitStack()

    @property
    def paid(self) -> int:
        """How many requests asked a model for words."""
        return sum(asked.paid for asked in self.asked)

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        target, dialect = request.raw_path, dialect_of(request.path)
        paid = request.method == "POST" and dialect is not None
        asked = Asked(request.method, request.path, credential_of(request), body, paid)
        self.asked.append(asked)
        refusal = self._refusal(asked, dialect)
        if refusal is not None:
            return self._respond(*refusal)
        if paid and dialect is not None:
            return await self._complete(request, dialect, target, body)
        return self._respond(200, json.dumps(self._list(request)).encode())

    def _refusal(self, asked: Asked, dialect: Dialect | None) -> tuple[int, bytes] | None:
        """What is wrong with a request: the server's health first, then the place, the key, the model."""
        script, path = self.script, asked.path
        if script.answer is not None:
            return script.answer[0], script.answer[1].encode()
        is_list = path in self._list_paths() or path.startswith(f"{script.prefix}/models/")
        known = is_list if asked.method == "GET" else dialect and path.startswith(script.prefix)
        if not known or (is_list and not script.lists):
            return 404, error(dialect, 404, "not_found", "Not Found")
        open_to_all = not script.keys or (is_list and script.list_is_public)
        if not open_to_all and asked.credential not in script.keys:
            said = f": {asked.credential}" if script.echo else ""
            kind = "authentication_error" if dialect == "messages" else "invalid_request_error"
            return 401, error(dialect, 401, kind, f"Incorrect API key provided{said}", "invalid_api_key")
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
        self, request: web.Request, dialect: Dialect, target: str, body: bytes
    ) -> web.StreamResponse:
        asked = Asked("POST", request.path, "", body, paid=True)
        model = _model_of(asked, self.script.prefix) or ""
        if not wants_stream(target, body):
            return self._respond(200, json.dumps(whole(dialect, model, "".join(self.script.words))).encode())
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self._headers()})
        await answer.prepare(request)
        for event in events(dialect, model, self.script.words):
            await answer.write(event)
        await answer.write_eof()
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
    try:
        value = json.loads(asked.body)
    except ValueError:
        return None
    model = value.get("model") if isinstance(value, dict) else None
    return model if isinstance(model, str) else None
