"""Paths: what the path of a request tells beside its dialect."""

from __future__ import annotations

from urllib.parse import unquote

_BEFORE_MODEL = ("/deployments/", "/models/", "/tunedModels/")


def plain(path: str) -> str:
    """A path to compare: without query, trailing slashes and percent-encoding."""
    path = path.partition("?")[0].rstrip("/")
    return unquote(path) if "%" in path else path


def model_in(path: str) -> str:
    """The model or deployment that a path names, "" where it names none. Azure, Gemini, Vertex."""
    path = plain(path)
    for mark in _BEFORE_MODEL:
        _, found, rest = path.rpartition(mark)
        if found:
            return rest.partition("/")[0].partition(":")[0]
    return ""
