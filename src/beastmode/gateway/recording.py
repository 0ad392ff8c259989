"""Recording: what is kept of a request's bodies: without secrets, bounded, and enough to send it again.

Pure, and slow for its size: of a body some milliseconds for 100 KB, most of them spent looking for secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from beastmode.cache.credentials import IN_HEADERS
from beastmode.failures.secrets import Secrets, without_secrets
from beastmode.failures.words import masked
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.incoming import Incoming
from beastmode.gateway.client.packing import packing_in, readable, unpacked
from beastmode.gateway.headers import as_text
from beastmode.gateway.media import media_in
from beastmode.gateway.signed import signed_in
from beastmode.store.ledger.entry import SECRETS_REMOVED, Sent

MOST_REQUEST_BYTES = 1024 * 1024
MOST_ANSWER_BYTES = 64 * 1024

_TELLING = frozenset(
    (
        b"accept",
        b"content-type",
        b"openai-organization",
        b"openai-project",
        b"user-agent",
        b"x-goog-user-project",
    )
)
_TELLING_ENDS = (b"-version", b"-beta")
"""Headers that change an answer: `anthropic-version`, `anthropic-beta`, `openai-beta` and their kin."""
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HARMLESS = re.compile(
    r'("prompt_cache_key"\s{0,3}:\s{0,3}")([\w.:/-]{1,200})(?=")'
    rf'|(\\?"session_id\\?"\s{{0,3}}:\s{{0,3}}\\?")({_UUID})(?=\\?")'
)
"""Secrets by their names only, which Codex and Claude Code send always: which of the provider's caches to use, and in
which of its own conversations a client is; that one also in JSON that is a string."""
_MOST_WORD = 4096
_LAST_WORD = re.compile(r"(?<![^\s\"',;{}\[\]])[^\s\"',;{}\[\]]*\Z")


def request_body(incoming: Incoming, body: bytes) -> tuple[bytes, Sent]:
    """Of a request's body what is kept, and what was sent beside it."""
    packed = unpacked(body, as_text(incoming.headers))
    text, flaws = _text(packed, MOST_REQUEST_BYTES, "had")
    if packed is not body:
        flaws.append("was sent packed, and is kept unpacked")
    shown = _without_secrets(text, incoming)
    if shown != text:
        flaws.append(SECRETS_REMOVED)
    headers = tuple(_telling(incoming.headers))
    return shown.encode(), Sent(without_secrets(incoming.query), headers, ", and ".join(flaws))


def answer_body(body: bytes, headers: Headers, incoming: Incoming) -> bytes:
    """Of an answer's body what is kept: its beginning; nothing of one that cannot be read."""
    if not readable(packing_in(headers)):
        return b""
    text, _ = _text(unpacked(body, as_text(headers)), MOST_ANSWER_BYTES, "")
    return _without_secrets(text, incoming).encode()


def own_secrets(incoming: Incoming) -> Secrets:
    """What this client brought to say who it is; an upstream may say it back in any words."""
    values = [incoming.token, *incoming.keys]
    for name, value in incoming.headers:
        if name in IN_HEADERS or name in (b"cookie", b"proxy-authorization"):
            text = value.decode("latin-1")
            values += [text, text.partition(" ")[2]]  # without its scheme
    return Secrets(values)


def _text(body: bytes, most_bytes: int, had: str) -> tuple[str, list[str]]:
    """The beginning of a body as text, and why it is not the body."""
    flaws = []
    if len(body) > most_bytes:
        flaws.append(f"{had} {len(body):,} bytes, of which the first {most_bytes:,} are kept")
    text = bytes(body[:most_bytes]).decode("utf-8", "replace")
    if not flaws and text.encode() != body:
        flaws.append("was no UTF-8 text")
    # A cut may leave half a secret at the end, which nothing recognises.
    return (_without_last_word(text) + "…" if len(body) > most_bytes else text), flaws


def _without_last_word(text: str) -> str:
    """Of a long word, such as a picture in base64, the last 4,096 characters go; only those are looked at."""
    start = max(0, len(text) - _MOST_WORD)
    last = _LAST_WORD.search(text, start)
    return text[: start if last is None else last.start()]


def _without_secrets(text: str, incoming: Incoming) -> str:
    return _without_known_forms(own_secrets(incoming).hide(text), incoming.path)


@lru_cache(maxsize=4)
def _without_known_forms(text: str, path: str) -> str:
    """Remembered for those that fail together: the clients of one call, or one that asks the same again and again."""
    kept: list[str] = []
    end = 0
    for start, stop in sorted({*media_in(text, path), *signed_in(text)}):
        kept += _but_for_names(text[end:start]), text[start:stop]
        end = stop
    return "".join([*kept, _but_for_names(text[end:])])


def _but_for_names(text: str) -> str:
    kept: list[str] = []
    end = 0
    for match in _HARMLESS.finditer(text):
        kept += masked(text[end : match.start()]), match[1] or match[3], masked(match[2] or match[4])
        end = match.end()
    return "".join([*kept, masked(text[end:])])


def _telling(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name in _TELLING or name.endswith(_TELLING_ENDS):
            text = value.decode("latin-1")
            if masked(text) == text:
                yield name.decode("latin-1"), text
