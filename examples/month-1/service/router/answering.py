"""The life of one request: read it, look whether its answer is known, else ask the backends in turn; record it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from router.cache import Cache, key_of
from router.errors import RouterError, error_reply
from router.records import Record, Records
from router.replies import Reply, json_reply
from router.requests import Answer, Request, read_request
from router.routing import Backend, Routing
from router.upstream import Ask


class Router:
    """Answers chat completions.   clock: Unix time, s."""

    def __init__(
        self, routing: Routing, ask: Ask, cache: Cache, records: Records, clock: Callable[[], float]
    ) -> None:
        self.routing = routing
        self.cache = cache
        self.records = records
        self.clock = clock
        self._ask = ask

    def answer(self, body: bytes) -> Reply:
        """Answer the request in `body`. Never raises RouterError: a failure is an answer too."""
        began = self.clock()
        try:
            request = read_request(body)
            answer, backend, where = self._answer(request)
        except RouterError as error:
            return error_reply(error)
        self._record(began, request, backend, where)
        return json_reply(200, answer, {"x-cache": where})

    def _answer(self, request: Request) -> tuple[Answer, str, str]:
        """An answer, the backend that gave it, and where in the cache it was: one of the two is "" or "miss"."""
        found = self.cache.find(request)
        if found is not None:
            return found.answer, "", found.where
        answer, backend = self._ask_in_turn(request)
        self.cache.put(request, answer)
        return answer, backend.name, "miss"

    def _ask_in_turn(self, request: Request) -> tuple[Answer, Backend]:
        """The first answer that a backend gives. Raises RouterError, of the last one, where none does."""
        *others, last = self.routing.backends_for(request["model"])
        for backend in others:
            with suppress(RouterError):
                return self._ask(backend, request), backend
        return self._ask(last, request), last

    def _record(self, began: float, request: Request, backend: str, where: str) -> None:
        took_ms = (self.clock() - began) * 1000
        key = key_of(request)
        self.records.add(Record(began, request["model"], backend, 200, where, key, took_ms, request))
