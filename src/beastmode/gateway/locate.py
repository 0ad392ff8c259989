"""Locate: the address at the upstream for the path that a client asked for. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_VERSION = re.compile(r"/v\d+(?:p\d+)?(?:(?:alpha|beta|preview)\d*)?(?=/|$)")
_USUAL = "/v1"
"""What clients ask for by habit, whatever the version of the server behind is."""
_BESIDE = "/api/"
"""Where servers have what is no part of a versioned API: Ollama, LM Studio, Anthropic."""


def locate(base: str, path: str, query: str = "") -> str:
    """The whole URL. The base may name its version or not, and the client's path may begin with one or not.

    `…/v1` and `/v1/chat/completions`, `…` and `/v1/chat/completions`, `…/v1` and `/chat/completions` are all
    `…/v1/chat/completions`. Where both name one, that of the base counts for a client that says `/v1` (`…/api/paas/v4`,
    `…/v1beta/openai`), and any other the client's own, in its place (`/v1beta/models`); of several in a base that is
    the last. A path that begins as the base's own does is the whole path already: `…/openai/v1` and
    `/openai/v1/models`, as Groq's and Azure's clients ask; `…/v1/openai` and `/v1/openai/models`.
    `/api/…`, as Ollama's do, lies beside a version that the base begins with. Of two versions one behind the other the
    second counts: for `/v1/v1/messages` asks an Anthropic SDK whose base URL ends with `/v1`.
    """
    located = _located(base, path)
    return f"{located}?{query}" if query else located


@lru_cache(maxsize=64)
def _located(base: str, path: str) -> str:
    """Remembered: clients ask for few paths, and each is asked for again and again."""
    base = base.rstrip("/")
    asked = _VERSION.match(path)
    if asked and (second := _VERSION.match(path, asked.end())):
        path, asked = path[asked.end() :], second
    host_ends = base.find("/", base.find("://") + 3)
    if host_ends < 0:
        return base + path
    host, own = base[:host_ends], base[host_ends:]
    *_, named = None, *_VERSION.finditer(own)
    before = own[: named.start()] if named else own
    if f"{path}/".startswith(f"{own}/") or path.startswith(f"{before}/" if before else _BESIDE):
        return host + path
    if asked and named:
        return base + path.removeprefix(_USUAL) if asked[0] == _USUAL else host + before + path
    return base + path


@lru_cache(maxsize=64)
def climbs(path: str) -> bool:
    """Does a part of it say to go up, or to stay (`..`, `.`)? A server that obeys is asked for something else than was
    read here, and be it outside of its base URL.   path: percent-encoded; so may these parts be."""
    parts = unquote(path).replace("\\", "/").split("/")
    return any(part.partition(";")[0] in (".", "..") for part in parts)
