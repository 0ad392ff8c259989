"""Secrets: values that are known, and that nothing of ours may ever show.

`words.masked` finds secrets by their form; this hides those that are known, whatever they look like and wherever a
server, a client or a program says them back. Hide before a text is cut: half a secret is not found.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Self
from urllib.parse import quote, quote_plus, unquote, urlsplit

from beastmode.failures.failure import Failure
from beastmode.failures.words import masked

HIDDEN = "***"
LEAST_CHARACTERS = 6
"""A shorter value is no secret worth the name, and would tear holes into ordinary text."""

NO_SECRETS = frozenset(
    ("ollama", "lm-studio", "lmstudio", "not-needed", "no-key", "no-key-required", "sk-no-key-required")
)
"""What people write where a client wants a key and the server none; tips have these words in them."""
_NAMES = re.compile(
    r"KEY(?!BOARD|MAP|CODE|S?_?(?:FILE|PATH|DIR|ID)$)|TOKEN(?!S|IZER)|SECRET|PASSW|CREDENTIAL|COOKIE|"
    r"_AUTH$|^AUTH(?!OR)|_DSN$|(?:^|_)PAT$",
    re.IGNORECASE,
)
_PLACES = re.compile(r"_(?:FILE|PATH|DIR|SOCK)$|^XAUTH", re.IGNORECASE)
_SIGNED = ("sig", "code", "auth", "signature", "X-Amz-Signature")
_CUT = "…"


class Secrets:
    """Hides known values, also as they stand in URLs, in JSON and in base64, and what a cut left of one at the end
    of a text. Values of fewer than 6 characters, numbers, and words that stand for "no key" are not hidden."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if self._forms else None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *more: str) -> Self:
        """The values of variables whose names speak of keys, tokens, secrets or passwords; and `more`."""
        named = (
            value for name, value in environment.items() if _NAMES.search(name) and not _PLACES.search(name)
        )
        return cls([*named, *more])

    def hide(self, text: str) -> str:
        """The text with `***` for each of them."""
        if self._pattern is not None and any(form in text for form in self._forms):
            text = self._pattern.sub(HIDDEN, text)
        return self._without_half(text) if text.endswith(_CUT) else text

    def hide_in(self, failure: Failure) -> Failure:
        """The failure without them."""
        if self._pattern is None:
            return failure
        return replace(failure, cause=self.hide(failure.cause), tip=self.hide(failure.tip))

    def _without_half(self, text: str) -> str:
        whole = text.removesuffix(_CUT)
        for form in self._forms:
            for length in range(min(len(form), len(whole)), 3, -1):
                if whole.endswith(form[:length]):
                    return whole[:-length] + HIDDEN + _CUT
        return text


def secrets_of_url(url: str) -> list[str]:
    """What a URL carries that nobody else should read: its user, its password, keys and tokens of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    user = [unquote(part) for part in (parts.username, parts.password) if part]
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    return user + [unquote(value) for name, _, value in pairs if _NAMES.search(name) or name in _SIGNED]


def without_secrets(query: str) -> str:
    """The query of a URL without the keys and tokens in it: their names go with them."""
    pairs = (pair for pair in query.split("&") if pair)
    return "&".join(pair for pair in pairs if not _is_secret(*pair.partition("=")[::2]))


def _is_secret(name: str, value: str) -> bool:
    return bool(_NAMES.search(name)) or name in _SIGNED or masked(unquote(value)) != unquote(value)


def _forms(value: str) -> Iterable[str]:
    value = value.strip()
    if len(value) < LEAST_CHARACTERS or value.isdigit() or value.lower() in NO_SECRETS:
        return
    yield from (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    yield encoded
