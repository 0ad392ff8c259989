"""The contract of a dialect: what a gateway has to know of requests, answers and streams, and how it speaks itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from beastmode.failures import answers
from beastmode.failures.failure import Failure

Head = tuple[int, tuple[tuple[bytes, bytes], ...]]
"""A status and its headers, as ASGI takes them."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
EVENT_STREAM: Head = (
    200,
    (
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
    ),
)

Stop = Literal["complete", "tool", "server_tool", "empty", "length", "filter", "error", "unknown"]
"""Why an answer stopped, from good to bad.

complete: it came to its own end.   tool: it calls a tool of the client's.   server_tool: it hangs on a tool that the
server ran.   empty: it ended and says nothing.   length: cut short.   filter: refused, by a filter or by the model.
error: by the provider's own word.   unknown: it does not say, or in a word that is not known, or has not ended.
"""


class Asked(NamedTuple):
    """What a request asks for.

    dialect: as the ledger stores it.   model: "" where none is named.   stream: asks for server-sent events.
    deterministic: asks for the likeliest answer (temperature 0, embeddings, counts), so that it may be remembered.
    stateful: its answer hangs on more than the request (an earlier answer, a stored prompt, tools that the server
    runs), or leaves something there; never to be remembered.
    offering: stateful for nothing but tools that the server may run; an answer that used none hangs on no state.
    most_tokens: a cautious guess at prompt and answer together (`estimate.py`); 0 where nothing is known.
    prompt_tokens: such a guess at the prompt alone, whichever dialect's marks its files have; 0 where none was made.
    broken: the body is not what this dialect sends; such a request counts as stateful.
    """

    dialect: str
    model: str = ""
    stream: bool = False
    deterministic: bool = False
    stateful: bool = False
    most_tokens: int = 0
    broken: bool = False
    offering: bool = False
    prompt_tokens: int = 0


class Usage(NamedTuple):
    """Tokens as the provider counted them; None where it does not say.

    tokens_in: of the prompt. With OpenAI and Gemini the cached ones are among them, with Anthropic they are not.
    tokens_out: all that was generated, reasoning included.   tokens_reasoning: the part of them that was thought.
    tokens_cached: read from the provider's cache.   tokens_stored: written to it, where that has its own price.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    tokens_stored: int | None = None


NO_USAGE = Usage()


class Follower(Protocol):
    """Reads a stream on the side, in bounded memory, wherever its pieces are cut. May be asked at any time."""

    def feed(self, piece: bytes) -> None:
        """Read on.   piece: not compressed."""

    @property
    def complete(self) -> bool:
        """The terminal event has come."""

    @property
    def failed(self) -> bool:
        """An event carried an error, before the terminal event."""

    @property
    def begun(self) -> bool:
        """An event that is no error has come."""

    @property
    def ended(self) -> bool:
        """Nothing of the answer can follow: its terminal event has come, or an error. False where only HTTP says so."""

    @property
    def last(self) -> bytes:
        """The data of the event with the error, else of the last event; at most 64 KB of it."""

    @property
    def usage(self) -> Usage:
        """As far as it has been told."""

    @property
    def stopped(self) -> Stop:
        """Why it stopped; unknown before its terminal event."""


class Dialect(Protocol):
    """One way to ask a model. Holds nothing of any request, so one object serves all.

    name: as the ledger stores it.   shape: what `failures.answers` calls it; None where any answer is a good one.
    keepalive: bytes that may go between two events of a stream, and that clients do not notice; b"" where the dialect
    has no streams.   stream_head: what to send when bytes must flow before the upstream has answered.
    """

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> answers.Dialect | None: ...
    @property
    def keepalive(self) -> bytes: ...
    @property
    def stream_head(self) -> Head: ...

    def __hash__(self) -> int: ...

    def read(self, path: str, query: str, body: bytes) -> Asked:
        """What a request asks for. Never raises.   path: as sent, without the query.   query: without `?`."""

    def usage(self, body: bytes) -> Usage:
        """The tokens of a whole answer. Never raises.   body: JSON, not compressed."""

    def stopped(self, body: bytes) -> Stop:
        """Why a whole answer stopped; the worst of several choices. Never raises.   body: JSON, not compressed."""

    def follow(self) -> Follower:
        """A follower for one stream."""

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        """A failure of ours as a body in the dialect's own shape, with the tip in its message.

        status: that it goes out with.   headers: likewise, names in lower case; a request id among them is repeated.
        """

    def error_events(self, failure: Failure) -> tuple[bytes, ...]:
        """The same as the last of a running stream, each in a piece of its own; unmodified clients raise an error."""
