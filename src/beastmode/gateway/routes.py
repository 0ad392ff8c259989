"""Routes: which upstreams may answer a request, and in what order they are asked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from beastmode.failures.failure import Failure
from beastmode.gateway.client.carried import GEMINI_KEY
from beastmode.gateway.client.head import Headers

if TYPE_CHECKING:
    from beastmode.gateway.call import Call

B = TypeVar("B")
Provider = Literal["anthropic", "openai", "gemini"]

_OF_ANTHROPIC = (b"anthropic-version", b"anthropic-beta", b"x-api-key")

_OF_THE_REQUEST = (
    "bad_request",
    "unsupported_parameter",
    "context_length",
    "content_filter",
    "payload_too_large",
)
"""Another upstream would say the same, or should not be asked what this one's filter refused."""


class Routes(Generic[B]):
    """Upstreams by model: of the patterns, the first that fits counts; where none does, all in their order.

    patterns: with `*`, `?` and `[…]`, capitals count.   providers: instead, the one for whoever a request is meant for,
    see `meant_for`.   Raises ValueError without any upstream.
    """

    def __init__(
        self,
        every: Sequence[B],
        models: Sequence[tuple[str, Sequence[B]]] = (),
        providers: Mapping[Provider, B] | None = None,
    ) -> None:
        if not every or not all(some for _, some in models):
            raise ValueError("a model needs an upstream")
        self._every, self._models = tuple(every), tuple((name, tuple(some)) for name, some in models)
        self._providers = providers

    @property
    def every(self) -> tuple[B, ...]:
        return self._every

    def of_call(self, call: Call) -> tuple[B, ...]:
        """Those that a request may go to, in the order in which they are asked."""
        if self._providers is not None:
            return (
                self._providers[meant_for(call.entry.dialect, call.incoming.path, call.incoming.headers)],
            )
        return self.of(call.model) if self._models else self._every

    def of(self, model: str) -> tuple[B, ...]:
        """Those that have the model, in the order in which they are asked."""
        for pattern, some in self._models:
            if fnmatchcase(model, pattern):
                return some
        return self._every


def meant_for(dialect: str, path: str, headers: Headers) -> Provider:
    """Whose client sends that: the dialect tells, or else where it asks and how it says who it is."""
    if dialect.startswith("anthropic") or any(name in _OF_ANTHROPIC for name, _ in headers):
        return "anthropic"
    of_gemini = path.startswith("/v1beta") and not path.startswith("/v1beta/openai")
    if dialect.startswith("gemini") or of_gemini or any(name == GEMINI_KEY for name, _ in headers):
        return "gemini"
    return "openai"


def in_turn(backends: Sequence[B], closed_s: Callable[[B], float]) -> list[tuple[B, bool]]:
    """The order of one round, each with whether it is closed now: those that are open as listed, then the others, the
    one that opens first in front. So all go back to the first of the list as soon as it is well."""
    waits = [(closed_s(backend), backend) for backend in backends]
    shut = sorted([pair for pair in waits if pair[0] > 0], key=lambda pair: pair[0])
    return [(one, False) for wait_s, one in waits if wait_s <= 0] + [(one, True) for _, one in shut]


def may_help_elsewhere(failure: Failure) -> bool:
    """Might another upstream answer what this one did not? Not where the request itself is wrong."""
    return failure.class_ not in _OF_THE_REQUEST
