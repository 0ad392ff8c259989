"""Model access: how an attempt reaches its model, and what it has used there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from beastmode.failures.failure import Failure
from beastmode.runner.kinds.protocol import Attempt


@dataclass(frozen=True, slots=True)
class Access:
    """Where one attempt asks.

    url: base URL without a version (`http://127.0.0.1:8080/t/TOKEN`): what follows it is the dialect's own path, like
    `/v1/messages`; "" where the agent asks whom it always asks.   key: what stands for the provider's key there; ""
    where the agent shows its own.   dialects: those that the server behind it speaks, as far as is known (`chat`,
    `responses`, `messages`, `gemini`); empty where it is not.
    """

    url: str = ""
    key: str = ""
    dialects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt has asked of its model.

    requests: received, from the cache or not.   refused: answered with a throttle or shed, here or by the server.
    hits: answered from the cache or by another's call.   cost_usd: of what is priced; unpriced: requests that are not.
    failure: why its model could not be had in the end, where that is so: a quota, a budget, a wrong key; the last that
    was told. None where its last request went well.   known: whether anybody counted.
    """

    requests: int = 0
    refused: int = 0
    hits: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    failure: Failure | None = None
    known: bool = False

    def as_facts(self) -> dict[str, Any]:
        """For the journal: what was counted; nothing where nobody did."""
        names = ("requests", "refused", "hits", "tokens_in", "tokens_out", "cost_usd", "unpriced")
        return {name: getattr(self, name) for name in names} if self.known else {}


class ModelAccess(Protocol):
    """Gives attempts their way to a model."""

    async def open(self, attempt: Attempt) -> Access:
        """The way for one attempt. Each that is opened is closed once."""
        ...

    async def close(self, attempt: Attempt) -> Usage:
        """The way is closed: what it has used, once all its requests have their record."""
        ...


class OwnAccess:
    """Each agent asks whom it always asks, with its own login; nobody counts."""

    async def open(self, attempt: Attempt) -> Access:
        """Nothing is said to the agent."""
        return Access()

    async def close(self, attempt: Attempt) -> Usage:
        """Nothing is known."""
        return Usage()
