"""One request as the ledger keeps it: what is known of it, filled in as it becomes known."""

from __future__ import annotations

import random
from typing import Literal, get_args

import msgspec

Outcome = Literal["hit", "shared", "upstream_ok", "failed", "rejected", "cancelled", "unfinished"]
"""How a request ended. `hit`: answered from the cache. `shared`: by the answer of an identical one in flight.
`upstream_ok`: by the upstream. `failed`: there was no whole answer. `rejected`: it never left. `cancelled`: its client
went away. `unfinished`: its gateway was killed."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
GONE_WRONG: tuple[Outcome, ...] = ("failed", "rejected", "unfinished")
"""What a user must be told: whoever cancels a request knows."""

ASKED_BEFORE = "asked before"
"""The first part of `cache_why` where a request was a miss whose question had been asked for before: a cache that
forgets nothing could have had its answer."""

Stage = Literal["new", "received", "left", "ended"]

_RANDOM_BITS = 44  # 11 of the digits
_random_bits = random.getrandbits


def new_id(unix: float) -> str:
    """A name for a request received at `unix`: 24 hexadecimal digits that sort by time and do not come twice.

    The microsecond, then 44 random bits: at 20,000 requests a second from many processes, two get the same name
    once in some ten thousand years.
    """
    # In one number and by `%`: half of what two in an f-string take, for every request.
    return "%024x" % (int(unix * 1e6) << _RANDOM_BITS | _random_bits(_RANDOM_BITS))


def first_id(unix: float) -> str:
    """The lowest name that a request received at `unix` can have."""
    return f"{max(0, int(unix * 1e6)):013x}{0:011x}"


SECRETS_REMOVED = "had what looks like secrets in it, which is not kept"


class Sent(msgspec.Struct, frozen=True):
    """What a request was beside its body, as far as it takes to send it again.

    query: without the question mark.   headers: those that change an answer, names in lower case.
    flaw: why the recorded body is not the one that was sent, as words after "it"; "" where it is, byte for byte.
    Nothing here may hold a credential.
    """

    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    flaw: str = ""


class Entry(msgspec.Struct, kw_only=True, gc=False):
    """What is known of one request; the proxy fills it in. None is not known, "" does not apply.

    Nothing here may hold a credential: headers are not kept, `path` is without its query and without the token
    that names who asks, and bodies are given redacted and bounded by whoever sets them, with `sent` beside the
    request's. They are of failures only, but where everything is recorded.
    key: a short name of who asks, never a key nor to be turned back into one.   class_, cause, tip: of the Failure;
    a cause without a class: why nothing is known of a good answer.
    tries: calls to the upstream, the last included.   queue_s, first_byte_s, total_s: seconds since it was received
    (queue_s: until it left).   tokens_in: all of the prompt, tokens_cached of it were read from the provider's cache;
    tokens_reasoning are part of tokens_out.   cost_usd: None where the model has no price (`priced` is False).
    cache: `hit`, `miss`, `off` or "", with cache_why: the tier of a hit, or why there was none.
    traceparent: the W3C header of its client, for those who listen; not recorded.
    stage: the ledger's own; see `Ledger`.
    """

    id: str = ""
    received_unix: float
    key: str = ""
    run: str = ""
    task: str = ""
    attempt: int | None = None
    upstream: str = ""
    method: str = ""
    path: str = ""
    model: str = ""
    dialect: str = ""
    stream: bool = False
    status: int | None = None
    class_: str = ""
    cause: str = ""
    tip: str = ""
    tries: int = 0
    queue_s: float | None = None
    first_byte_s: float | None = None
    total_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    cost_usd: float | None = None
    priced: bool = False
    cache: Literal["", "hit", "miss", "off"] = ""
    cache_why: str = ""
    outcome: Outcome | None = None
    request_body: bytes | None = None
    answer_body: bytes | None = None
    sent: Sent | None = None
    traceparent: str = ""
    stage: Stage = "new"

    def __post_init__(self) -> None:
        self.id = self.id or new_id(self.received_unix)


_COLUMNS = Entry.__struct_fields__.index("outcome") + 1
_astuple = msgspec.structs.astuple

Row = tuple[object, ...]
"""The values of a row of `requests`, in the order of its columns: those of an Entry, then the process."""


def row_of(entry: Entry, process: str) -> Row:
    """The row of an entry as it stands, recorded by `process`."""
    return (*_astuple(entry)[:_COLUMNS], process)
