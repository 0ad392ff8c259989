"""The servers of the gateway's rows: upstreams that cost little, and each contender in front of one of them."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from bench.contest import MissingError

MODEL = "gpt-4o-mini"
PATH = "/v1/chat/completions"
PEERS = Path(__file__).parents[1] / ".peers"
"""Where `make bench-peers` installs them."""

_START_S = 60
_LITELLM = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
}
"""Without a look at the network, and without keys, as ours is on loopback."""
_ASK = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Say it in 200 words. " * 20}],
}
BODY = json.dumps(_ASK).encode("ascii")
"""0.5 KB: what a client asks."""
_SAID = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "All is well. " * 64},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300},
}
ANSWER = json.dumps(_SAID).replace("'", "").encode("ascii")
"""1.1 KB: what the model server answers."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers.   url: without a path.   pid: of the process all others of it are below.
    headers: that a request to it needs."""

    url: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)


Front = Callable[[str], AbstractContextManager[Served]]
"""Puts a contender in front of the upstream at this URL."""


@contextmanager
def json_upstream() -> Iterator[Served]:
    """nginx that answers each request with the same 1.1 KB of JSON."""
    answer = f"return 200 '{ANSWER.decode()}';"
    with _nginx(f"location / {{ default_type application/json; {answer} }}") as served:
        yield served


@contextmanager
def stream_upstream() -> Iterator[Served]:
    """A model server that streams 21 events, 1 ms apart."""
    port = _free_port()
    with _started([sys.executable, "-m", "bench.gateway_sse", str(port)], port) as pid:
        yield Served(f"http://127.0.0.1:{port}", pid)


@contextmanager
def beast(upstream: str, *options: str) -> Iterator[Served]:
    """`beast serve` as a user has it, but for the dashboard: ledger on, guard on with limits that are never reached."""
    port = _free_port()
    limits = ["--rate", "1000000/s", "--upstream-concurrency", "1000"]
    with tempfile.TemporaryDirectory() as home:
        command = [
            str(Path(sys.executable).parent / "beast"),
            "serve",
            "--upstream",
            upstream,
            "--home",
            home,
        ]
        # The dashboard is a process of its own, which begins after 2 s, in the middle of a round.
        limited = os.environ | {"BEAST_LIMITS_DIR": home, "BEAST_SERVE_UI": "off"}
        with _started([*command, "--port", str(port), *limits, *options], port, limited) as pid:
            yield Served(f"http://127.0.0.1:{port}", pid)


@contextmanager
def beast_cached(upstream: str) -> Iterator[Served]:
    """`beast serve` with its cache, also for requests that ask for chance."""
    with beast(upstream, "--cache", "all") as served:
        yield served


@contextmanager
def nginx(upstream: str) -> Iterator[Served]:
    """nginx as a proxy, with a line in its log for each request: no limit, no retry, no look into what passes."""
    passed = "access_log log.txt; location / { proxy_pass http://upstream; proxy_buffering off; }"
    with _nginx(passed, _pool(upstream)) as served:
        yield served


@contextmanager
def nginx_cached(upstream: str) -> Iterator[Served]:
    """nginx with proxy_cache, keyed by path and body, and a line in its log for each request."""
    cache = """access_log log.txt; location / {
        proxy_pass http://upstream; proxy_cache answers; proxy_cache_methods POST; proxy_cache_valid 200 1h;
        proxy_cache_key "$request_uri|$request_body"; client_body_buffer_size 64k;
    }"""
    with _nginx(cache, f"proxy_cache_path cache keys_zone=answers:10m; {_pool(upstream)}") as served:
        yield served


@contextmanager
def bare(_upstream: str) -> Iterator[Served]:
    """A raw ASGI application under uvicorn that answers by itself: no upstream is asked, nothing is looked at or kept.
    What is above its cost is ours to save; what it costs itself is not, in Python under this server."""
    port = _free_port()
    with _started([sys.executable, "-m", "bench.gateway_bare", str(port)], port) as pid:
        yield Served(f"http://127.0.0.1:{port}", pid)


@contextmanager
def litellm(upstream: str, *, cached: bool = False) -> Iterator[Served]:
    """LiteLLM's proxy with one worker. It keeps no record without a database of its own."""
    program = PEERS / "litellm" / "bin" / "litellm"
    if not program.exists():
        raise MissingError("make bench-peers")
    port = _free_port()
    called = {"model": f"openai/{MODEL}", "api_base": f"{upstream}/v1", "api_key": "none"}
    settings = {
        "model_list": [{"model_name": MODEL, "litellm_params": called}],
        "litellm_settings": {"cache": cached, "cache_params": {"type": "local"}, "telemetry": False},
    }
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        told = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        with _started([*told, "--num_workers", "1"], port, os.environ | _LITELLM) as pid:
            yield Served(f"http://127.0.0.1:{port}", pid)


@contextmanager
def litellm_cached(upstream: str) -> Iterator[Served]:
    """LiteLLM's proxy with its cache in memory."""
    with litellm(upstream, cached=True) as served:
        yield served


@contextmanager
def portkey(upstream: str) -> Iterator[Served]:
    """Portkey's gateway. It keeps no record."""
    program = PEERS / "portkey" / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not program.exists() or not which("node"):
        raise MissingError("make bench-peers")
    port = _free_port()
    headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{upstream}/v1",
        "authorization": "Bearer x",
    }
    with _started(["node", str(program), f"--port={port}", "--headless"], port) as pid:
        yield Served(f"http://127.0.0.1:{port}", pid, headers)


def _pool(upstream: str) -> str:
    """The upstream of a proxying nginx, to which it keeps connections."""
    return f"""
    upstream upstream {{ server {upstream.removeprefix("http://")}; keepalive 64; keepalive_requests 1000000000; }}
    proxy_http_version 1.1; proxy_set_header Connection "";"""


@contextmanager
def _nginx(location: str, before: str = "") -> Iterator[Served]:
    """nginx with one worker.   before: what its configuration says outside of the server."""
    if not which("nginx"):
        raise MissingError("apt-get install nginx-light")
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        user = "user root;" if os.geteuid() == 0 else ""
        scratch = "".join(
            f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config = Path(folder) / "nginx.conf"
        config.write_text(
            f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log;"
            f"events {{}} http {{ access_log off; keepalive_requests 1000000000; {scratch} {before}"
            f"server {{ listen 127.0.0.1:{port}; {location} }} }}",
            encoding="utf-8",
        )
        with _started(["nginx", "-p", folder, "-c", str(config)], port) as pid:
            yield Served(f"http://127.0.0.1:{port}", pid)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _started(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A process that listens on the port; its id. It is ended afterwards, and killed where it does not end."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
        try:
            if not _listens(process, port):
                said.seek(0)
                told = said.read()[-2000:].decode("utf-8", "replace")
                raise RuntimeError(f"`{shlex.join(command)}` does not listen on port {port}:\n{told}")
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False
