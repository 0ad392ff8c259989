"""Replaying for the dashboard: a recorded request is sent again, as `beast replay` does."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from pathlib import Path

from beastmode.compose.replaying import Answered, recorded, send_again
from beastmode.dashboard.sources.requests import Repeatable
from beastmode.dashboard.words import length
from beastmode.doctor.keys import key_in
from beastmode.errors import BeastError, PreconditionError
from beastmode.gateway.as_curl import curl_of, variable_for
from beastmode.gateway.replaying import Replay, replay_of
from beastmode.store.entry import Entry, first_id
from beastmode.store.ledger_reader import reader_of

MOST_AT_ONCE = 4
"""Each holds a thread of the pages until it has its answer, and some money may go with it."""
_PATIENCE_S = 60.0
_RECORD_S = 1.0
"""A gateway writes the end of a request within some 50 ms."""
_LOOKED_AT = 100
_UNSENDABLE = "no upstream was asked, so nothing says where it would go"


class LedgerReplays:
    """A `RequestControl` over the ledger in `home`. Thread-safe.

    gateway: base URL of the one that sends it; "" for straight to the upstream that it went to, within the limits that
    this host keeps for it.   environment: where the key of an upstream is looked for; a gateway has its own.
    """

    def __init__(
        self,
        home: Path,
        gateway: str = "",
        environment: Mapping[str, str] = os.environ,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._home, self._gateway, self._environment = home, gateway, environment
        self._patience_s = patience_s
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def repeatable(self, name: str) -> Repeatable:
        try:
            replay = replay_of(recorded(self._home, name))
        except PreconditionError as error:
            return Repeatable(why_not=f"{error.what}. {error.tip}")
        to = self._gateway or replay.upstream
        if not to:
            return Repeatable(why_not=f"{_UNSENDABLE}.")
        variable = "" if self._gateway else variable_for(replay.upstream)
        return Repeatable(
            changed=replay.changed,
            to=to,
            key_env=variable,
            has_key=variable in self._environment,
            curl=curl_of(replay, to),
        )

    def replay(self, name: str, *, key_env: str = "", anyway: bool = False) -> tuple[str, str]:
        entry = recorded(self._home, name)
        _see_sendable(replay_of(entry), self._gateway)
        key = "" if self._gateway else self._key(key_env)
        if not self._free.acquire(blocking=False):
            tip = "Wait until one of them has its answer."
            raise PreconditionError(f"{MOST_AT_ONCE} requests are being sent again already", tip=tip)
        began = time.time()
        ended = self._begin(entry, key, anyway)
        wait([ended], self._patience_s)
        if not ended.done():
            return (
                f"No answer after {length(self._patience_s)}; it goes on, and appears among the requests.",
                "",
            )
        answered = ended.result()
        return _words(answered, key), answered.id or self._record_of(entry, began)

    def _begin(self, entry: Entry, key: str, anyway: bool) -> Future[Answered]:
        """Send it, in a thread of its own: whoever waits for it may give up, and it goes on."""
        ended: Future[Answered] = Future()

        def send() -> None:
            try:
                sending = send_again(entry, to=self._gateway, home=self._home, key=key, anyway=anyway)
                ended.set_result(asyncio.run(sending))
            except BaseException as error:
                ended.set_exception(error)  # told by whoever waits
            finally:
                self._free.release()

        threading.Thread(target=send, name=f"replay {entry.id}", daemon=True).start()
        return ended

    def _key(self, variable: str) -> str:
        key, finding = key_in(variable, self._environment)
        if finding is not None and not key:
            raise PreconditionError(finding.what, tip=finding.tip)
        return key

    def _record_of(self, entry: Entry, began_unix: float) -> str:
        """The record that another gateway made of it: the first of that kind since it was sent; "" for none yet."""
        deadline = time.monotonic() + _RECORD_S
        oldest = first_id(began_unix)
        while True:
            reader = reader_of(self._home)
            try:
                lately = [one for one in reader.requests(_LOOKED_AT, model=entry.model) if one.id >= oldest]
            except BeastError:
                return ""
            finally:
                reader.close()
            same = [one.id for one in lately if (one.method, one.path) == (entry.method, entry.path)]
            if same or time.monotonic() > deadline:
                return min(same, default="")
            time.sleep(0.02)


def _see_sendable(replay: Replay, gateway: str) -> None:
    if not gateway and not replay.upstream:
        tip = "Send it through a gateway: beast replay ID --to URL."
        raise PreconditionError(_UNSENDABLE, where=replay.id, tip=tip)


def _words(answered: Answered, key: str) -> str:
    failure, took = answered.failure, length(answered.total_s)
    if failure is None:
        return f"It went well: status {answered.status} after {took}."
    keyless = " Credentials are not recorded: name the variable that holds the key."
    more = keyless if failure.class_ == "auth" and not key else ""
    return f"It failed after {took}: {failure.class_}, {failure.cause}. {failure.tip}{more}"
