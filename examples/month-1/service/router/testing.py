"""A router for tests: backends that say what a test wants, a clock that stands still, no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from router.answering import Router
from router.build import build
from router.errors import RouterError
from router.pages import respond
from router.replies import Reply
from router.requests import Answer, Request
from router.routing import Backend
from router.settings import Settings

BACKENDS = (
    Backend("near", "http://near.invalid/v1", ("m-small",)),
    Backend("far", "http://far.invalid/v1", ("m-small", "m-large")),
)


@dataclass
class Clock:
    """Time by hand."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ScriptedBackends:
    """Asked instead of real ones.   failing: by name, what is raised instead of an answer.   asked: what came."""

    failing: dict[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, Request]] = field(default_factory=list)

    def __call__(self, backend: Backend, request: Request) -> Answer:
        self.asked.append((backend.name, request))
        if backend.name in self.failing:
            raise self.failing[backend.name]
        return completion(f"answer {len(self.asked)} of {backend.name}")


@dataclass
class World:
    """A router with all that is around it."""

    router: Router
    backends: ScriptedBackends
    clock: Clock

    def chat(self, text: str = "hello", **fields: Any) -> Reply:
        """Ask for a completion; at temperature 0 unless `fields` say otherwise."""
        messages = [{"role": "user", "content": text}]
        asked = {"model": "m-small", "temperature": 0, "messages": messages} | fields
        return self.post(json.dumps(asked).encode())

    def post(self, body: bytes) -> Reply:
        """Ask for a completion with any body."""
        return respond(self.router, "POST", "/v1/chat/completions", body)

    def get(self, path: str) -> Reply:
        """Look at a page."""
        return respond(self.router, "GET", path)

    def fail(self, *names: str) -> None:
        """From now on these backends answer 500."""
        for name in names:
            self.backends.failing[name] = RouterError("upstream_failed", f"{name} answered 500")


def a_world(clock: Clock | None = None, **settings: Any) -> World:
    """A router of two backends, `near` and `far`, with these settings."""
    clock, backends = clock or Clock(), ScriptedBackends()
    return World(build(Settings(BACKENDS, **settings), backends, clock), backends, clock)


def completion(text: str) -> Answer:
    """An answer as OpenAI shapes it."""
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def text_of(reply: Reply) -> str:
    """What a completion says."""
    return str(reply.value["choices"][0]["message"]["content"])


@contextmanager
def http_backend(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A backend over real HTTP that always answers this; gives its url."""

    class Always(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Always) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
