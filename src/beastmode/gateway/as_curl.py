"""A recorded request as a command line: what a shell makes of it is that request, and never anything else. Pure."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from beastmode.failures.providers import told
from beastmode.gateway.replaying import Replay, credential_header

MOST_ARGUMENT_BYTES = 100_000
"""Linux takes 128 KiB in one argument of a program; beyond this a body is piped in by the shell itself."""
_SAFE_IN_URL = "".join(map(chr, range(0x21, 0x7F)))
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WITHOUT_BODY = ("GET", "HEAD", "DELETE", "OPTIONS")


def curl_of(replay: Replay, base: str) -> str:
    """The command, on several lines; for `sh`, bash and zsh.   base: URL of a gateway or an upstream.

    The credential is not in it: in its place stands a variable, like `$OPENAI_API_KEY`. Headers that were not kept are
    not in it. Characters that a terminal obeys or nobody sees are written as numbers, so that it can be pasted.
    """
    url = quote(replay.url(base), safe=_SAFE_IN_URL)
    before, body = _body(replay)
    lines = [f"{before}curl {shlex.quote(url)}", *_method(replay), *_as_is(url)]
    lines += [f"--header {word}" for word in _headers(replay)]
    return " \\\n  ".join([*lines, *body])


def usual_variable(upstream: str) -> str:
    """The environment variable from which the provider's own tools take the key; "" for a server of no known one."""
    return told("", upstream, {}, frozenset()).key


def variable_for(upstream: str) -> str:
    """The environment variable that stands for the key of this server."""
    return usual_variable(upstream) or "API_KEY"


def word(text: str) -> str:
    """A text as one word of a shell, byte for byte in UTF-8. It must hold no NUL, and not end in a line break."""
    if _is_plain(text):
        return shlex.quote(text)
    return f'"$(printf {_format(text)})"'


def _method(replay: Replay) -> list[str]:
    if replay.method == "HEAD" and not replay.body:
        return ["--head"]  # else curl waits for the body that the answer says it would have
    return [f"--request {word(replay.method)}"]


def _as_is(url: str) -> list[str]:
    """What curl does to an address by itself, and is told to leave."""
    left = ["--globoff"] if any(one in url for one in "[]{}") else []
    return [*left, "--path-as-is"] if "/." in url else left


def _headers(replay: Replay) -> list[str]:
    variable = variable_for(replay.upstream)
    words = [
        word(_latin(f"{name}: {value}" if value else f"{name};"))
        for name, value in replay.headers
        if _HEADER_NAME.fullmatch(name) and not re.search(r"[\x00\r\n]", value)
    ]
    if replay.body and "content-type" not in dict(replay.headers):
        words.append("content-type:")  # else curl makes up one
    name, value = credential_header(replay, f"${variable}")
    return [*words, f'"{name}: {value}"']


def _latin(text: str) -> str:
    """Headers are recorded a character a byte: those bytes, as a text that is written as UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text


def _body(replay: Replay) -> tuple[str, list[str]]:
    """What stands before curl, and its last arguments."""
    body = replay.body.decode("utf-8", "surrogateescape")
    if not body:
        return "", [] if replay.method in _WITHOUT_BODY else ["--data-raw ''"]
    if _is_plain(body) and len(replay.body) <= MOST_ARGUMENT_BYTES:
        return "", [f"--data-raw {shlex.quote(body)}"]
    printed = f"%s {shlex.quote(body)}" if _is_plain(body) else _format(body)
    return f"printf {printed} |\n", ["--data-binary @-"]


def _is_plain(text: str) -> bool:
    """A tab is not: where it is pasted, a shell may complete what stands before it."""
    return all(one.isprintable() or one == "\n" for one in text)


def _format(text: str) -> str:
    """The text as a format of printf. One that begins with a dash would be options; an exclamation mark between double
    quotes is obeyed by bash."""
    escaped = "".join(map(_escaped, text))
    return shlex.quote(f"\\055{escaped[1:]}" if escaped.startswith("-") else escaped)


def _escaped(one: str) -> str:
    if one in "%\\":
        return one * 2
    if (one.isprintable() or one == "\n") and one != "!":
        return one
    return "".join(f"\\{byte:03o}" for byte in one.encode("utf-8", "surrogateescape"))
