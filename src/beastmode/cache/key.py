"""Key: what makes two requests the same one. Pure.

Everything that can change the answer is in it, and nothing that cannot; docs/cache-key.md says it in tables. What is
not known counts: a header or parameter too many costs a hit, one too few gives a wrong answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from beastmode.cache import canonical, credentials
from beastmode.cache.codings import taken
from beastmode.cache.recipes import Recipe

Headers = Sequence[tuple[bytes, bytes]]

KEY_BYTES = 32
_PERSON = b"beast key 1"
"""Another number here, and no key of before is found again: for whenever the same request gets another key."""

_OPENAI = ("user", "metadata", "safety_identifier", "prompt_cache_key")
_IGNORED: dict[str, tuple[str, ...]] = {
    "openai.chat": _OPENAI,
    "openai.responses": _OPENAI,
    "openai.completions": ("user",),
    "openai.embeddings": ("user",),
    "anthropic.messages": ("metadata",),
    "gemini.generate": ("labels",),
}
"""By dialect: fields of the body that say who asks, for what project, and where a provider should keep its own cache.
No model sees them."""

_APART = frozenset((b"accept-encoding", b"content-type"))
_CONNECTION = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"forwarded",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"max-forwards",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"upgrade-insecure-requests",
        b"via",
        b"x-real-ip",
    )
)
_NAMES_OF_ONE_REQUEST = frozenset(
    (
        b"b3",
        b"baggage",
        b"date",
        b"elastic-apm-traceparent",
        b"idempotency-key",
        b"newrelic",
        b"request-id",
        b"sentry-trace",
        b"traceparent",
        b"tracestate",
        b"uber-trace-id",
        b"x-amzn-trace-id",
        b"x-client-request-id",
        b"x-cloud-trace-context",
        b"x-correlation-id",
        b"x-idempotency-key",
        b"x-ms-client-request-id",
        b"x-request-id",
        b"x-server-timeout",
    )
)
_OF_THE_CLIENT = frozenset(
    (b"cache-control", b"pragma", b"priority", b"referer", b"user-agent", b"x-goog-api-client")
)
_SILENT = _APART | credentials.IN_HEADERS | _CONNECTION | _NAMES_OF_ONE_REQUEST | _OF_THE_CLIENT
_SILENT_BEGINNINGS = (b"x-beast-", b"x-stainless-", b"x-forwarded-", b"x-b3-", b"x-datadog-", b"sec-")

_NONE: frozenset[bytes] = frozenset()
_SMALL = 8 * 1024
_encode = msgspec.msgpack.Encoder().encode
_NAME = itemgetter(0)
_JSON = frozenset((b"", b"application/json", b"application/json;charset=utf-8"))


def key_of(
    *,
    tenant: bytes,
    upstream: str,
    dialect: str,
    path: str,
    query: str,
    stream: bool,
    headers: Headers,
    body: bytes,
    recipe: Recipe | None,
    salt: str = "",
    spelled: tuple[bytes, bytes] | None = None,
) -> bytes:
    """The name of a request's answer, 32 bytes: the same for the same question, another for any other one.

    tenant: of `tenant_of`.   upstream: which one is asked.   path: as it goes there, with its version.   headers: the
    client's, names in lower case; only those of one name have an order.   body: as sent; 64 MB of it are gone over
    once.   recipe: of `recipe_for`, with which two runs of an agent have one key.   salt: what else tells two apart;
    in a run, how often verification has failed for the task.   spelled: of `digested`, where that has been done.
    """
    content_type, codings, counting = _sorted_out(headers, recipe.headers if recipe else _NONE)
    head = (
        tenant,
        upstream,
        dialect,
        path,
        credentials.without_credentials(query)[0],
        stream,
        salt,
        recipe.name if recipe else "",
        codings,
        counting,
    )
    if spelled is not None:
        return _named(head, *spelled)
    made = _remembered if recipe is None and len(body) <= _SMALL else _key
    return made(head, body, content_type, dialect, recipe)


def _key(
    head: tuple[object, ...], body: bytes, content_type: bytes, dialect: str, recipe: Recipe | None
) -> bytes:
    return _named(head, *_body(body, content_type, dialect, recipe))


def _named(head: tuple[object, ...], kind: bytes, spelling: bytes) -> bytes:
    key = blake2b(_encode((*head, kind)), digest_size=KEY_BYTES, person=_PERSON)
    key.update(spelling)
    return key.digest()


_remembered = lru_cache(maxsize=64)(_key)
"""A question that finds its answer was asked before, and need not be spelled again. At most 5 MB, where heads are as
long as may be."""


def digested(body: bytes, content_type: bytes, dialect: str, recipe: Recipe | None) -> tuple[bytes, bytes]:
    """The kind and a digest of the spelling of a large body, for its key: 64 MB need not be at hand for that. Whoever
    asks for a key of such a body has to go by it always, or never."""
    kind, spelling = _body(body, content_type, dialect, recipe)
    return b"large " + kind, blake2b(spelling, digest_size=KEY_BYTES, person=_PERSON).digest()


def _body(body: bytes, content_type: bytes, dialect: str, recipe: Recipe | None) -> tuple[bytes, bytes]:
    """Its kind and its spelling; where it cannot be told what it says, as it is, and with its content type."""
    said = canonical.decoded(body) if content_type.lower().replace(b" ", b"") in _JSON else None
    if said is None:
        return b"raw " + content_type, body
    value, spelling = said
    if isinstance(value, dict) and _stripped(value, dialect, recipe):
        spelling = canonical.encoded(value)
    return b"json", spelling


def _stripped(value: dict[str, Any], dialect: str, recipe: Recipe | None) -> bool:
    """Take away what does not count; whether there was any."""
    ignored = [name for name in _IGNORED.get(dialect, ()) if name in value]
    for name in ignored:
        del value[name]
    if recipe is not None:
        recipe.mask(value)
    return bool(ignored) or recipe is not None


def _sorted_out(
    headers: Headers, silent: frozenset[bytes]
) -> tuple[bytes, tuple[bytes, ...] | None, tuple[tuple[bytes, bytes], ...]]:
    """The content type, the codings that the client takes (None where it does not say), and all else that counts.

    silent: names that do not count for this client. Of several of one name the order counts.
    """
    content_type, codings, counting = b"", None, []
    for pair in headers:
        name = pair[0]
        if _counts(name):
            if name not in silent:
                counting.append(pair)
        elif name == b"content-type":
            content_type = pair[1]
        elif name == b"accept-encoding":
            codings = pair[1] if codings is None else codings + b"," + pair[1]
    counting.sort(key=_NAME)
    return content_type, None if codings is None else taken(codings), tuple(counting)


@lru_cache(maxsize=256)
def _counts(name: bytes) -> bool:
    return name not in _SILENT and not name.startswith(_SILENT_BEGINNINGS)
