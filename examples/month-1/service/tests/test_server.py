"""The router over real HTTP, in front of a backend over real HTTP."""

from __future__ import annotations

import json
from threading import Thread
from urllib.request import Request, urlopen

from router.build import build
from router.routing import Backend
from router.server import Server
from router.settings import Settings
from router.testing import completion, http_backend


def test_a_completion_passes_through() -> None:
    with http_backend(200, json.dumps(completion("hello yourself")).encode()) as url:
        settings = Settings((Backend("near", url, ("m-small",)),))
        with Server(build(settings), "127.0.0.1", 0) as server:
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            try:
                body = json.dumps({"model": "m-small", "messages": [{"role": "user", "content": "hello"}]})
                place = f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
                with urlopen(Request(place, body.encode()), timeout=10) as answer:
                    value = json.load(answer)
            finally:
                server.shutdown()
    assert value == completion("hello yourself")
