"""Replaying for the dashboard: a recorded request is sent again, as `beast replay` does.

A page may name a variable, never any: its value is sent to the upstream. Only those are looked up that belong to that
very upstream: the one that its provider's own tools read, and those that a gateway at work here was told to use for it.
So whoever may change something can have no other secret of this process sent away.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from pathlib import Path

from beastmode.compose.serve.replaying import Answered, recorded, send_again
from beastmode.dashboard.sources.live import GatewayNow, LiveReader
from beastmode.dashboard.sources.requests import Repeatable
from beastmode.dashboard.words import length
from beastmode.doctor.keys import key_in
from beastmode.errors import PreconditionError
from beastmode.gateway.as_curl import curl_of, usual_variable
from beastmode.gateway.replaying import Replay, replay_of
from beastmode.store.ledger.entry import Entry

MOST_AT_ONCE = 4
"""Each holds a thread of the pages until it has its answer, and some money may go with it."""
_PATIENCE_S = 60.0
_UNSENDABLE = "no upstream was asked, so nothing says where it would go"


class LedgerReplays:
    """A `RequestControl` over the ledger in `home`. Thread-safe.

    Straight to the upstream that it went to, within the limits that this host keeps for it.   live: the gateways at
    work.   environment: where the key of an upstream is looked for.
    """

    def __init__(
        self,
        home: Path,
        live: LiveReader,
        environment: Mapping[str, str] = os.environ,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._home, self._live = home, live
        self._environment, self._patience_s = environment, patience_s
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def repeatable(self, name: str) -> Repeatable:
        try:
            replay = replay_of(recorded(self._home, name))
        except PreconditionError as error:
            return Repeatable(why_not=f"{error.what}. {error.tip}")
        if not replay.upstream:
            return Repeatable(why_not=f"{_UNSENDABLE}.")
        variables = self._variables(replay.upstream)
        return Repeatable(
            changed=replay.changed,
            to=replay.upstream,
            key_envs=[one for one in variables if one in self._environment],
            unset=[one for one in variables if one not in self._environment],
            curl=curl_of(replay, replay.upstream),
        )

    def replay(self, name: str, *, key_env: str = "", anyway: bool = False) -> tuple[str, str]:
        entry = recorded(self._home, name)
        replay = replay_of(entry)
        _see_sendable(replay)
        key = self._key(key_env, replay.upstream)
        if not self._free.acquire(blocking=False):
            tip = "Wait until one of them has its answer."
            raise PreconditionError(f"{MOST_AT_ONCE} requests are being sent again already", tip=tip)
        ended = self._begin(entry, key, anyway)
        wait([ended], self._patience_s)
        if not ended.done():
            return (
                f"No answer after {length(self._patience_s)}; it goes on, and appears among the requests.",
                "",
            )
        answered = ended.result()
        return _words(answered, key), answered.id

    def _begin(self, entry: Entry, key: str, anyway: bool) -> Future[Answered]:
        """Send it, in a thread of its own: whoever waits for it may give up, and it goes on."""
        ended: Future[Answered] = Future()

        def send() -> None:
            try:
                sending = send_again(entry, to="", home=self._home, key=key, anyway=anyway)
                ended.set_result(asyncio.run(sending))
            except BaseException as error:
                ended.set_exception(error)  # told by whoever waits
            finally:
                self._free.release()

        threading.Thread(target=send, name=f"replay {entry.id}", daemon=True).start()
        return ended

    def _variables(self, upstream: str) -> list[str]:
        """Those that belong to it, whether they are set or not."""
        named = (name for gateway in self._live.gateways() for name in _named_for(upstream, gateway))
        return list(dict.fromkeys(name for name in (*named, usual_variable(upstream)) if name))

    def _key(self, variable: str, upstream: str) -> str:
        if variable and variable not in self._variables(upstream):
            what = f"{variable} is no variable for the key of {upstream}, so it is not sent there"
            tip = "Where it is one, send it with beast replay ID --direct --key-env NAME."
            raise PreconditionError(what, tip=tip)
        key, finding = key_in(variable, self._environment)
        if finding is not None and not key:
            raise PreconditionError(finding.what, tip=finding.tip)
        return key


def _named_for(upstream: str, gateway: GatewayNow) -> Iterator[str]:
    """Variables that a gateway was told to take the key of this upstream from."""
    names = {one.name for one in gateway.upstreams if one.url == upstream}
    for setting in gateway.settings:
        if setting.get("name") == "upstream_key_env" and setting.get("upstream") in names:
            yield str(setting.get("value", ""))


def _see_sendable(replay: Replay) -> None:
    if not replay.upstream:
        tip = "Send it through a gateway: beast replay ID --to URL."
        raise PreconditionError(_UNSENDABLE, where=replay.id, tip=tip)


def _words(answered: Answered, key: str) -> str:
    failure, took = answered.failure, length(answered.total_s)
    if failure is None:
        return f"It went well: status {answered.status} after {took}."
    keyless = " Credentials are not recorded: name the variable that holds the key."
    more = keyless if failure.class_ == "auth" and not key else ""
    return f"It failed after {took}: {failure.class_}, {failure.cause}. {failure.tip}{more}"
