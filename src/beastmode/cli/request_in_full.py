"""One request in full, for `beast requests ID`: all that its record holds; its bodies only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beastmode.cli.words import safe, safe_lines
from beastmode.stamps import milliseconds
from beastmode.store.ledger.entry import Entry

_HELD_BACK = "not shown: ask with --bodies"


def as_object(entry: Entry, listed: dict[str, Any], *, bodies: bool) -> dict[str, Any]:
    """As programs read it.   listed: what the list shows of it."""
    sent = entry.sent
    whole = listed | {
        "cause": entry.cause,
        "key": entry.key,
        "run": entry.run,
        "upstream": entry.upstream,
        "method": entry.method,
        "path": entry.path,
        "stream": entry.stream,
        "tries": entry.tries,
        "first_byte_ms": milliseconds(entry.first_byte_s),
        "tokens_cached": entry.tokens_cached,
        "tokens_reasoning": entry.tokens_reasoning,
        "priced": entry.priced,
        "cache_why": entry.cache_why,
        "replayable": replayable(entry),
    }
    if not bodies:
        return whole
    return whole | {
        "query": sent.query if sent else "",
        "headers": dict(sent.headers) if sent else {},
        "changed": sent.flaw if sent else "",
        "request": _text(entry.request_body),
        "answer": _text(entry.answer_body),
    }


def replayable(entry: Entry) -> str:
    """`yes`; `anyway` where it would not be the very same request; `no` where its body was not kept."""
    if entry.request_body is None or entry.sent is None:
        return "no"
    return "anyway" if entry.sent.flaw else "yes"


def as_lines(whole: dict[str, Any]) -> Iterator[str]:
    """As people read it: a line for each that is known, then the bodies.   whole: of `as_object`."""
    width = max(map(len, whole))
    for name, value in whole.items():
        if name not in ("request", "answer", "headers") and value not in (None, ""):
            yield f"{name:<{width}}  {safe(value)}"
    for name, value in whole.get("headers", {}).items():
        yield f"{'header':<{width}}  {safe(name)}: {safe(value)}"
    for name in ("request", "answer"):
        if whole.get(name):
            yield from ("", f"{name}:", safe_lines(whole[name]))
    if "request" not in whole and whole["replayable"] != "no":
        yield f"{'bodies':<{width}}  {_HELD_BACK}"


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "replace")
