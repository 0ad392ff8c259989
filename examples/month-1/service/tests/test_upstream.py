"""One call over real HTTP."""

from __future__ import annotations

import pytest

from router.errors import RouterError
from router.routing import Backend
from router.testing import http_backend
from router.upstream import over_http

ASKED = {"model": "m-small", "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (200, b"<html>"), (200, b"{}"), (200, b"[1]")])
def test_what_is_no_completion_is_an_error(status: int, body: bytes) -> None:
    with http_backend(status, body) as url, pytest.raises(RouterError, match="near answered"):
        over_http(5)(Backend("near", url, ("m-small",)), ASKED)
