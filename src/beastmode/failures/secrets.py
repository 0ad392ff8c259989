"""Secrets: values that are known, and that nothing of ours may ever show.

`words.masked` finds secrets by their form; this hides those we know, whatever they look like and wherever a server,
a client or a program says them back.
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

_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)|COOKIE|DSN|PAT$", re.IGNORECASE)
_PATHS = re.compile(r"_(?:FILE|PATH|DIR|SOCK|URL_BASE)$|^SSH_", re.IGNORECASE)


class Secrets:
    """Hides known values, also as they stand in URLs, in JSON and in `Basic` credentials. Values of fewer than 6
    characters are not hidden."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for value in values for form in _forms(value)}
        longest_first = sorted((re.escape(form) for form in forms), key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *more: str) -> Self:
        """The values of variables whose names speak of keys, tokens, secrets or passwords; and `more`."""
        named = (
            value for name, value in environment.items() if _NAMES.search(name) and not _PATHS.search(name)
        )
        return cls([*named, *more])

    def hide(self, text: str) -> str:
        """The text without the known values, and without what has the form of a secret."""
        known = text if self._pattern is None else self._pattern.sub(HIDDEN, text)
        return masked(known)

    def hide_in(self, failure: Failure) -> Failure:
        """The failure without them."""
        return replace(failure, cause=self.hide(failure.cause), tip=self.hide(failure.tip))


def secrets_of_url(url: str) -> list[str]:
    """What a URL carries that nobody else should read: its user, its password, the values of its query."""
    parts = urlsplit(url)
    user = [unquote(part) for part in (parts.username, parts.password) if part]
    return user + [unquote(value) for pair in parts.query.split("&") if (value := pair.partition("=")[2])]


def _forms(value: str) -> Iterable[str]:
    value = value.strip()
    if len(value) < LEAST_CHARACTERS:
        return
    yield from (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    yield encoded
