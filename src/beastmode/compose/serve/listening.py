"""Who listens to a gateway: log lines and traces, from settings."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from beastmode.clock import Clock
from beastmode.compose.serve.settings.serving import Serving
from beastmode.compose.serve.upstream_keys import key_of
from beastmode.failures.secrets import Secrets, secrets_of_url
from beastmode.gateway.call import Call
from beastmode.gateway.noting import record_everything, record_nothing
from beastmode.gateway.recording import MOST_ANSWER_BYTES
from beastmode.store.ledger.writing.ledger import Counts, Listener
from beastmode.telemetry.lines import Lines
from beastmode.telemetry.logs import DRAINING, LIMITED, STOPPED, Handler, Logs
from beastmode.telemetry.spans import Spans

_STDERR = 2


class Listening:
    """Hears of every request, and tells what happens to the gateway. Raises PreconditionError.

    on_begin, on_end: for the ledger.   finishing, keep_bytes: for the proxy and the app.   hide: takes the secrets out
    of a text that this process knows: of its environment, its upstreams' keys and URLs.
    """

    def __init__(self, serving: Serving, clock: Clock) -> None:
        self.hide = Secrets.of_environment(os.environ, *_known(serving)).hide
        self._lines = Lines(_STDERR)
        self._logs = Logs(
            self._lines.put,
            format_=serving.log_format,
            level=serving.log_level,
            hide=self.hide,
            unix=clock.unix,
        )
        self._spans = Spans() if serving.otel else None
        self.on_begin: Sequence[Listener] = [self._logs.received] if serving.log_level == "debug" else []
        self.on_end: Sequence[Listener] = [self._logs.ended, *([self._spans.ended] if self._spans else [])]
        self.finishing = _finishing(serving)
        self.keep_bytes = MOST_ANSWER_BYTES if serving.record == "all" else 0

    def begin(self) -> None:
        """Hear what the libraries of traces log from now on."""
        if self._spans is not None:
            logger = logging.getLogger("opentelemetry")
            logger.addHandler(Handler(self._logs))
            logger.propagate = False

    def alarm(self, words: str) -> None:
        """Something needs a person."""
        self._logs.alarm(words)

    def alarm_over(self, words: str) -> None:
        """It has passed."""
        self._logs.alarm_over(words)

    def limited(self, upstream: str, data: dict[str, Any]) -> None:
        """An upstream bears another number of requests at once than before."""
        self._logs.tell("debug", LIMITED, upstream=upstream, at_once=data["concurrency"], why=data["why"])

    def draining(self, in_flight: int) -> None:
        """It was told to end."""
        self._logs.tell("info", DRAINING, in_flight=in_flight)

    async def end(self, counts: Counts) -> None:
        """It has ended."""
        if self._spans is not None:
            await self._spans.close()
        ends = {name: number for name, number in counts.by_outcome.items() if number}
        lost = self._lines.lost or None
        self._logs.tell("info", STOPPED, received=counts.received, lines_lost=lost, **ends)
        self._lines.close()


def _known(serving: Serving) -> Iterator[str]:
    for one in serving.upstreams:
        yield key_of(one)
        yield from secrets_of_url(one.url)


def _finishing(serving: Serving) -> Sequence[Callable[[Call], None]]:
    bodies = {"all": [record_everything], "none": [record_nothing]}.get(serving.record, [])
    return [*bodies, *([_trace] if serving.otel else [])]


def _trace(call: Call) -> None:
    """The span of its client, for ours to be a child of. The header goes on as it is, for bodies and headers pass
    untouched: what an upstream does is a sibling of ours."""
    call.entry.traceparent = call.incoming.header(b"traceparent")
