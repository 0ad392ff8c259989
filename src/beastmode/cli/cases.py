"""Cases: evidence as JSON, one object a line, each answered on one line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from beastmode.cli.explained import as_object
from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.secrets import Secrets

MOST_LINE_BYTES = 16 * 1024 * 1024
_NO_CASE = 'a case is an object, like {"status": 429, "body": "…"}'


def answers(stream: BinaryIO, secrets: Secrets) -> Iterator[dict[str, Any]]:
    """The failure of every line in order, `{"error", "line"}` for one that is no case. Empty lines are passed over."""
    for number, line in enumerate(_lines(stream), 1):
        if not line.strip():
            continue
        try:
            if len(line) > MOST_LINE_BYTES:
                raise ValueError(f"it is longer than {MOST_LINE_BYTES} bytes")
            yield as_object(
                secrets.hide_in(classify(case(secrets.hide(line.decode())), now_unix=time.time()))
            )
        except (ValueError, RecursionError) as error:
            yield {"error": f"line {number}: {secrets.hide(str(error))}", "line": number}


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines; of one that is too long as much as shows that it is."""
    while line := stream.readline(MOST_LINE_BYTES + 1):
        rest = line
        while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_LINE_BYTES + 1)
        yield line


def case(line: str) -> Evidence:
    """The evidence in one line of JSON: status, headers, body, exception, mid_stream, provider, url, model, models.

    All of them may be missing. Raises ValueError where it is no object, or a field is of the wrong type.
    """
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError(_NO_CASE)
    status = value.get("status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
        raise ValueError(f"status is a whole number or null, not {status!r}")
    headers = value.get("headers") or {}
    if not isinstance(headers, dict):
        raise ValueError("headers is an object of names and values")
    models = value.get("models") or ()
    return Evidence(
        status,
        {str(name): str(content) for name, content in headers.items()},
        _text(value, "body"),
        _text(value, "exception") or None,
        bool(value.get("mid_stream")),
        _text(value, "provider"),
        _text(value, "url"),
        _text(value, "model"),
        tuple(str(model) for model in models) if isinstance(models, list) else (),
    )


def _text(value: dict[str, Any], name: str) -> str:
    """A field as text; a body that stands there as JSON is written as JSON again."""
    found = value.get(name)
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found)
