"""What telling a failure costs, beside reading its JSON and beside LiteLLM's mapping, where that is installed.

Microseconds of CPU per failure: the best of several rounds, contenders in turn. Compare within one table only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from beastmode.failures.classify import classify
from beastmode.failures.evidence import Evidence

ROUNDS, CALLS = 7, 200
SENTENCE = "The server said at length what it does not like about this request. "
QUOTA = [
    {
        "quotaMetric": f"generativelanguage.googleapis.com/metric_{n}",
        "quotaId": "InputTokensPerModelPerMinute-FreeTier",
    }
    for n in range(24)
]
FRAME = '  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 901, in send\n    response = send(request)\n'
BODIES: dict[str, tuple[int, str]] = {
    "a short JSON error": (
        429,
        json.dumps({"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}),
    ),
    "3 KB of JSON, 24 quotas": (
        429,
        json.dumps(
            {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": SENTENCE, "details": QUOTA}}
        ),
    ),
    "4 KB of JSON, one sentence": (400, json.dumps({"error": {"message": SENTENCE * 58, "type": "invalid"}})),
    "4 KB of text": (400, SENTENCE * 60),
    "4 KB of traceback": (
        500,
        "Traceback (most recent call last):\n" + FRAME * 38 + "httpx.ConnectError: refused",
    ),
    "4 KB of page": (502, "<html><head><title>502 Bad Gateway</title></head><body>" + "<p>sorry</p>\n" * 320),
}


def ours(status: int, body: str) -> None:
    classify(Evidence(status, {"content-type": "application/json"}, body), now_unix=1.0)


def reading(_status: int, body: str) -> None:
    try:
        json.loads(body)
    except ValueError:
        return


def litellm_mapping() -> Callable[[int, str], None] | None:
    """LiteLLM's `exception_type`, fed with what the OpenAI client raises; None where it is not installed."""
    try:
        import httpx
        import litellm
        import openai
    except ImportError:
        return None
    request = httpx.Request("POST", "https://api.openai.com/v1/chat/completions")
    litellm.suppress_debug_info = True

    def mapped(status: int, body: str) -> None:
        answer = httpx.Response(status, text=body, request=request)
        error = openai.APIStatusError(body, response=answer, body=None)
        try:
            litellm.exception_type(model="m", original_exception=error, custom_llm_provider="openai")
        except Exception:  # that is its answer
            return

    return mapped


def cost_us(contender: Callable[[int, str], None], status: int, body: str) -> float:
    began = time.process_time()
    for _ in range(CALLS):
        contender(status, body)
    return (time.process_time() - began) / CALLS * 1e6


def main() -> None:
    contenders = {"beastmode": ours, "json.loads": reading}
    peer = litellm_mapping()
    if peer is not None:
        contenders["LiteLLM"] = peer
    print(f"| failure | bytes | {' | '.join(f'{name}, us' for name in contenders)} |")
    print(f"|---|---|{'---|' * len(contenders)}")
    for name, (status, body) in BODIES.items():
        best = dict.fromkeys(contenders, float("inf"))
        for _ in range(ROUNDS):
            for contender, call in contenders.items():
                best[contender] = min(best[contender], cost_us(call, status, body))
        print(f"| {name} | {len(body)} | {' | '.join(f'{best[one]:.0f}' for one in contenders)} |")


if __name__ == "__main__":
    main()
