"""Locate: the address at the upstream for the path that a client asked for. Pure."""

from __future__ import annotations

import re

_VERSION = re.compile(r"/v\d+[a-z0-9]*(?=/|$)")
_LAST_VERSION = re.compile(r"/v\d+[a-z0-9]*$")


def locate(base: str, path: str, query: str = "") -> str:
    """The whole URL. The base may end with its version or not, and the client's path may begin with one or not.

    `…/v1` and `/v1/chat/completions`, `…` and `/v1/chat/completions`, `…/v1` and `/chat/completions` are all
    `…/v1/chat/completions`; a version in the path wins over that of the base (`/v1beta/models`).
    """
    base = base.rstrip("/")
    if _VERSION.match(path):
        base = _LAST_VERSION.sub("", base)
    return f"{base}{path}?{query}" if query else f"{base}{path}"
