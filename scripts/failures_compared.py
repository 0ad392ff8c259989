"""Writes docs/failures-compared.md: wasted and missed retries on real failures, beside the rules of three SDKs.

The corpus is shared/corpora/errors/cases.jsonl, beside this checkout or named as the first argument. The rules of the
SDKs are written down here as facts say they work; they are not run. `--check` only compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from beastmode.failures.classify import classify
from beastmode.failures.durations import number
from beastmode.failures.evidence import Evidence

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "failures-compared.md"
CORPUS = ROOT.parent / "shared" / "corpora" / "errors" / "cases.jsonl"
NOW_UNIX = 1_777_922_696.0
"""When `codex-usage-limit-plus` was met: its reset is 13,872 s later."""

Case = dict[str, Any]
Answer = Literal["now", "later", "never"]
"""Try again within two minutes; only at a stated time or after a change; not at all."""


def ours(case: Case) -> Answer:
    failure = classify(evidence(case), now_unix=NOW_UNIX)
    return {True: "now", False: "never", "after": "later"}[failure.passing]  # type: ignore[return-value]


def evidence(case: Case) -> Evidence:
    return Evidence(
        case["status"],
        case["headers"],
        case["body"],
        case["exception"] or None,
        case["mid_stream"],
        case["provider"],
    )


def openai_sdk(case: Case) -> Answer:
    """openai 3.54: x-should-retry, else 408, 409, 429, >= 500, connections and timeouts; a Retry-After of more than
    120 s: not at all. Only the first request: what comes in a stream is not tried again."""
    wait = number(str(case["headers"].get("retry-after", "")))
    if wait is not None and wait > 120:
        return "never"
    asked = case["headers"].get("x-should-retry")
    if asked in ("true", "false"):
        return "now" if asked == "true" else "never"
    return _by_status(case)


def vercel(case: Case) -> Answer:
    """Vercel ai 6.0: 408, 409, 429, >= 500 and failed fetches; sooner than told where told to wait > 60 s."""
    return _by_status(case)


def _by_status(case: Case) -> Answer:
    status = case["status"]
    if case["mid_stream"]:
        return "never"
    if status is None:
        return "now" if case["exception"] else "never"
    return "now" if status in (408, 409, 429) or status >= 500 else "never"


_CONTEXT = (
    "exceed context limit",
    "this model's maximum context length is",
    "string too long. expected a string with maximum length",
    "model's maximum context limit",
    "is longer than the model's context length",
    "input tokens exceed the configured limit",
    "`inputs` tokens + `max_new_tokens` must be",
    "exceeds the maximum number of tokens allowed",
    "prompt is too long",
    "input is too long for requested model",
    "context_length_exceeded",
)


def litellm(case: Case) -> Answer:
    """LiteLLM 1.109: its mapping by words, in its order, then should_retry: 408, 409, 429, >= 500."""
    if case["mid_stream"]:
        return "never"
    status = _litellm_status(f"{case['body']}\n{case['exception']}".lower(), case["status"])
    return "now" if status in (408, 409, 429) or status >= 500 else "never"


def _litellm_status(text: str, status: int | None) -> int:
    limited = re.search(r"rate[\s_-]*limit", text) or "service tier capacity exceeded" in text
    if limited or (status in (None, 429) and re.search(r"\b429\b", text)):
        return 429
    if any(words in text for words in _CONTEXT):
        return 400
    if "model_not_found" in text:
        return 404
    if "a timeout occurred" in text:
        return 408
    if "content_policy_violation" in text or "content management policy" in text:
        return 400
    if "invalid_request_error" in text and status in (None, 400):
        return 400
    if "request too large" in text:
        return 429
    return 500 if status is None else status


RULES: dict[str, Callable[[Case], Answer]] = {
    "beastmode": ours,
    "OpenAI SDK 3.54": openai_sdk,
    "LiteLLM 1.109": litellm,
    "Vercel AI SDK 6.0": vercel,
}
WANTED: dict[Any, Answer] = {True: "now", "after": "later", False: "never"}


def counts(cases: list[Case], rule: Callable[[Case], Answer]) -> tuple[int, int, int, int]:
    """Right, wasted (never passes, tried again), too early (needs time or a change), missed (would have passed)."""
    pairs = [(WANTED[case["retryable"]], rule(case)) for case in cases]
    wasted = sum(given == "now" for wanted, given in pairs if wanted == "never")
    early = sum(given == "now" for wanted, given in pairs if wanted == "later")
    missed = sum(given != "now" for wanted, given in pairs if wanted == "now")
    return len(pairs) - wasted - early - missed, wasted, early, missed


HEAD = """# Failures compared

<!-- made by scripts/failures_compared.py from shared/corpora/errors; do not edit -->

Whether to try again, on {total} failures that people met and reported ({answered} with a status, some of them inside
a stream). **Right**: everything else. **Wasted**: tried again though it can never pass. **Too early**: tried again at
once though it needs hours or a change. **Missed**: not tried again though it would have passed.

The SDKs are not run: their rules are written down in the script as their code has them. A rule that answers only yes
or no counts as right where it does not try again what needs hours. What arrives inside a stream they do not try again.
Ours were written with these cases at hand, theirs were not.
"""


def page(cases: list[Case]) -> str:
    answered = [case for case in cases if case["status"] is not None]
    lines = [HEAD.format(total=len(cases), answered=len(answered))]
    for title, some in (("All", cases), ("With a status", answered)):
        lines += [
            f"## {title} ({len(some)})",
            "",
            "| rules | right | wasted | too early | missed |",
            "|---|---|---|---|---|",
        ]
        for name, rule in RULES.items():
            lines.append(f"| {name} | {' | '.join(map(str, counts(some, rule)))} |")
        lines.append("")
    return "\n".join(lines)


def read(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    made = page(read(Path(named[0]) if named else CORPUS))
    if "--check" in sys.argv:
        current = PAGE.read_text(encoding="utf-8") == made
        print("docs/failures-compared.md is current" if current else "run scripts/failures_compared.py")
        return 0 if current else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
