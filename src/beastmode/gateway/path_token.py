"""Path tokens: what `/t/KEY~RUN~TASK~ATTEMPT~ROUND/v1/…` says of who asks. Pure.

Each part is percent-encoded, a `~` in it included; those at the end may be missing, and any may be empty.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

_BETWEEN = "~"
_BETWEEN_QUOTED = re.compile("%7e", re.IGNORECASE)
_MOST_CHARACTERS = 200
_MOST_DIGITS = 6
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
"""A key alone, as most tokens are."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class PathToken(NamedTuple):
    """Who asks, as far as the path says.

    key: a secret of ours, or any text.   run, task: at most 200 characters each, none of them of control.
    attempt: from 0; None where it is no number.   round: how often verification has failed, from 0.
    """

    key: str = ""
    run: str = ""
    task: str = ""
    attempt: int | None = None
    round: int = 0


NO_TOKEN = PathToken()


def read_token(token: str) -> PathToken:
    """What a token says. Never raises: what is odd reads as empty, and what is too much is cut.

    token: as it stands in the path. Where a client has quoted each `~`, it is read as if it had not.
    """
    if not token:
        return NO_TOKEN
    if _PLAIN.fullmatch(token):
        return PathToken(token[:_MOST_CHARACTERS])
    if _BETWEEN not in token:
        token = _BETWEEN_QUOTED.sub(_BETWEEN, token)
    parts = [*token.split(_BETWEEN, 5)[:5], "", "", "", "", ""]
    key, run, task, attempt, round_ = map(_plain, parts[:5])
    return PathToken(key, run, task, _number(attempt), _number(round_) or 0)


def token_of(said: PathToken) -> str:
    """The token that says it, without empty parts at its end; a key with a `~` in it keeps one behind it, so that it is
    not read as one whose client has quoted them."""
    attempt = "" if said.attempt is None else str(said.attempt)
    parts = (said.key, said.run, said.task, attempt, str(said.round or ""))
    quoted = [quote(part, safe="").replace(_BETWEEN, "%7E") for part in parts]
    token = _BETWEEN.join(quoted).rstrip(_BETWEEN)
    return token + _BETWEEN if "%7E" in token and _BETWEEN not in token else token


def _plain(part: str) -> str:
    return _UNPRINTABLE.sub("", unquote(part[: 9 * _MOST_CHARACTERS], errors="replace"))[:_MOST_CHARACTERS]


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]+", text, re.ASCII) and len(text) <= _MOST_DIGITS else None
