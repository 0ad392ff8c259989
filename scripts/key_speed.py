"""What the key of a request costs, beside its parts and beside what others do (json, sorted, sha256).

Microseconds of CPU: the best of several rounds, contenders in turn. Compare within one table only.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import msgspec

from beastmode.cache.key import key_of
from beastmode.cache.recipes import recipe_for

ROUNDS, CALLS = 9, 300
HEADERS = (
    (b"host", b"127.0.0.1:8080"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 3.57.0"),
    (b"authorization", b"Bearer sk-1"),
    *((b"x-stainless-%d" % n, b"x") for n in range(8)),
)
WORDS = "The quick brown fox: it jumps over the lazy dog, again and again. "
_ENCODE = msgspec.json.Encoder(order="deterministic").encode


def body(messages: int, **more: Any) -> bytes:
    """A compact body, as SDKs send it."""
    said = [{"role": "user", "content": WORDS * 8}, {"role": "assistant", "content": WORDS * 2}]
    asked = {
        "model": "m",
        "messages": (said * messages)[:messages],
        "temperature": 0,
        "max_tokens": 100,
    } | more
    return json.dumps(asked, separators=(",", ":")).encode()


BODIES = {
    "0.7 KB": body(1),
    "4.5 KB": body(12),
    "104 KB": body(290),
    "104 KB, `user`": body(290, user="u"),
    "104 KB with spaces": json.dumps(json.loads(body(288))).encode(),
    "1 MB": body(2900),
    "8 MB, as it is": body(23000),
}


def ours(sent: bytes) -> None:
    key_of(
        tenant=b"t" * 16,
        upstream="https://api.example.com/v1",
        dialect="openai.chat",
        path="/v1/chat/completions",
        query="",
        stream=False,
        headers=HEADERS,
        body=sent,
        recipe=recipe_for("openai.chat", HEADERS),
    )


def parts(sent: bytes) -> None:
    hashlib.blake2b(_ENCODE(msgspec.json.decode(sent)), digest_size=32).digest()


def usual(sent: bytes) -> None:
    hashlib.sha256(json.dumps(json.loads(sent), sort_keys=True).encode()).digest()


def cost_us(call: Callable[[bytes], None], sent: bytes) -> float:
    calls = max(2, CALLS * 4_000 // (4_000 + len(sent)))
    began = time.process_time()
    for _ in range(calls):
        call(sent)
    return (time.process_time() - began) / calls * 1e6


def main() -> None:
    print("| body | our key | decode, sort, blake2b | json, sort, sha256 |\n|---|---|---|---|")
    for name, sent in BODIES.items():
        rounds = [[cost_us(call, sent) for call in (ours, parts, usual)] for _ in range(ROUNDS)]
        best = [min(column) for column in zip(*rounds, strict=True)]
        print(f"| {name} ({len(sent):,} bytes) | " + " | ".join(f"{us:,.1f}" for us in best) + " |")


if __name__ == "__main__":
    main()
