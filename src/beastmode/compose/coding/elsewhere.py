"""A gateway that runs already: a run only tells it who asks. It paces, keeps answers, and knows what was used."""

from __future__ import annotations

import os
import secrets

from beastmode.compose.coding.model_server import STAND_IN_KEY, look
from beastmode.compose.serve.settings.forms import base_url
from beastmode.doctor.keys import key_in
from beastmode.errors import PreconditionError
from beastmode.failures.failure import Failure
from beastmode.gateway.path_token import PathToken, token_of
from beastmode.runner.code.coding import ModelServer
from beastmode.runner.kinds.protocol import Attempt
from beastmode.runner.model_access import Access, Usage


class GatewayElsewhere:
    """Gives attempts their way through the gateway at `server.gateway`. Nothing is started, and nothing is paced twice.

    server: `key_env` names the variable with a key of that gateway, where it wants one.   run: as the ledger there is
    to name it.   Raises BeastError where that key or the URL is none.
    """

    def __init__(self, server: ModelServer, run: str) -> None:
        self._url = base_url(server.gateway).rstrip("/").removesuffix("/v1")
        self._key, trouble = key_in(server.key_env, os.environ)
        if trouble is not None and not self._key:
            raise PreconditionError(trouble.what, where="--upstream-key-env", tip=trouble.tip)
        self._run, self._takes_any_key = run, False

    async def start(self) -> None:
        """It runs already."""

    async def stop(self) -> None:
        """It goes on."""

    async def refusal(self) -> Failure | None:
        """Why it would not take the requests of this run; None where it does, or where that cannot be seen: agents
        may bring a login that is good there. Raises PreconditionError where nothing answers."""
        looked = await look(self._way(PathToken(self._key, self._run)), "")
        if looked.failure is not None and looked.failure.class_ == "connection_refused":
            raise PreconditionError("no gateway answers there", where=self._url, tip="Start it: beast serve")
        self._takes_any_key = looked.taken is True
        return looked.failure if self._key and looked.taken is False else None

    async def open(self, attempt: Attempt) -> Access:
        """A URL of its own; without a key of that gateway, one that gives each attempt a turn of its own in line."""
        key = self._key or secrets.token_urlsafe(9)
        said = PathToken(key, self._run, attempt.task.id, attempt.number, attempt.rounds)
        return Access(self._way(said), STAND_IN_KEY if self._takes_any_key else "")

    async def close(self, attempt: Attempt) -> Usage:
        """Not known here: that gateway counts."""
        return Usage()

    async def judged(self, attempt: Attempt, ok: bool) -> None:
        """That gateway keeps what it keeps. In the next round the token says another number, and nothing of a round
        before is given again."""

    def _way(self, said: PathToken) -> str:
        return f"{self._url}/t/{token_of(said)}"
