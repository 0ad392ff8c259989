"""Writes docs/failures.md from the tables in `failures/`: classes, rules, tips. `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from beastmode.failures.rules import LATER, RULES, USUAL, Rule
from beastmode.failures.special_tips import ADVICE, Advice
from beastmode.failures.tips import CANNOT_RUN_TIP, REDIRECT_TIP, TIPS
from beastmode.failures.traits import TRAITS

PAGE = Path(__file__).parent.parent / "docs" / "failures.md"

HEAD = """# Failures

<!-- made by scripts/failures_docs.py from the tables in src/beastmode/failures; do not edit -->

Whatever goes wrong between a task and a server becomes one `Failure`: a class, the cause in the other side's own words,
whether a retry can help, how long to wait, what a pause has to cover, and a tip. The same text stands in the terminal,
the report and the log.

* **Passes**: `true`: by itself, soon. `after`: only at a stated time beyond two minutes, or once somebody or something
  has changed. `false`: never, unchanged. A stated wait beyond two minutes turns `true` into `after`.
* **Throttle**: the other side asks for less. It waits and uses up no try. `hinted`: only where a wait was stated.
* **Breaker**: `dropped` counts against the server, `ignored` says nothing about it.
* **Covers**: what a pause has to cover: everything at the `upstream`, the `key`, the `model`, or this `request` alone.
  Limits that name a model cover the model.

Evidence decides, in this order: numbers (more requested than the limit, a limit of 0, per minute or per day), codes,
sentences, the way there, the status, and last the names of exceptions. The word "retry" decides nothing: permanent
errors say it too. How this compares with the rules of SDKs: [Failures compared](failures-compared.md).

How long to wait is read from `retry-after-ms`, `x-ms-retry-after-ms`, `retry-after` (seconds, an HTTP date, epoch,
RFC 3339), fields (`retryDelay`, `resets_in_seconds`, `resets_at`, `retry_after`, `estimated_time`), sentences ("try
again in 6m0s", "after 45 seconds", "5 days 22 hours", "on 2026-09-01", "resets 3pm (Area/City)"), and, where a limit
failed, from the rate headers whose limit is used up. Zeros, negatives, NaN and more than a year are no hint.

Keys, tokens, cookies and credentials in URLs never stand in a cause or a tip.
"""


def page() -> str:
    return "\n".join([HEAD, *_classes(), *_tips(), *_rules()]) + "\n"


def _classes() -> list[str]:
    lines = [
        "## Classes",
        "",
        "| class | passes | throttle | breaker | covers | tip |",
        "|---|---|---|---|---|---|",
    ]
    for name, tip in TIPS.items():
        usual = USUAL[name]
        passes = str(usual.passing).lower()
        lines.append(
            f"| `{name}` | {passes} | {usual.throttle} | {usual.effect} | {usual.scope} | {_cell(tip)} |"
        )
    return [*lines, ""]


def _tips() -> list[str]:
    lines = [
        "## Tips for special cases",
        "",
        "The first that fits and whose facts are known is given; else the tip of the class.",
        "",
        "| class | when | tip |",
        "|---|---|---|",
    ]
    lines += [f"| `{one.class_}` | {_when(one)} | {_cell(' / '.join(one.wordings))} |" for one in ADVICE]
    lines += [f"| `exit_code` | exit code {code} | {_cell(tip)} |" for code, tip in CANNOT_RUN_TIP.items()]
    lines.append(f"| `invalid_response` | 3xx with a `location` | {_cell(REDIRECT_TIP)} |")
    return [*lines, ""]


def _when(advice: Advice) -> str:
    parts = [advice.provider, f"case {advice.case}" if advice.case else ""]
    parts += [" or ".join(f'"{part}"' for part in advice.says)]
    return _cell(", ".join(part for part in parts if part) or "always")


def _rules() -> list[str]:
    lines = [
        "## Rules",
        "",
        "From top to bottom; the first that fits. Of codes, names and words one of each must be there.",
        "",
        "| # | class | passes | with status | needs | from |",
        "|---|---|---|---|---|---|",
    ]
    for at, rule in enumerate((*RULES, *LATER), 1):
        passing = USUAL[rule.class_].passing if rule.passing is None else rule.passing
        cells = (f"`{rule.class_}`", str(passing).lower(), _statuses(rule), _needs(rule), _cell(rule.source))
        lines.append(f"| {at} | {' | '.join(cells)} |")
    lines += ["", "Traits of the structure:", ""]
    return [*lines, *(f"* `{name}`: {meaning}" for name, meaning in TRAITS.items())]


def _statuses(rule: Rule) -> str:
    numbers = sorted(status for status in rule.statuses if status is not None)
    if not rule.statuses:
        return "any"
    shown = [str(number) for number in numbers] if len(numbers) <= 16 else [f"{numbers[0]}-{numbers[-1]}"]
    return ", ".join((["none"] if None in rule.statuses else []) + shown)


def _needs(rule: Rule) -> str:
    parts = []
    for label, values in (("code", rule.codes), ("name", rule.kinds), ("trait", rule.traits)):
        if values:
            parts.append(f"{label} {_some(sorted(values))}")
    parts += [
        f"words {_some(sorted(_quoted(one) for one in says))}" for says in (rule.says, rule.also) if says
    ]
    if rule.unless:
        parts.append(f"not {', '.join(sorted(rule.unless))}")
    return _cell("; ".join(parts)) or "-"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _some(values: list[str]) -> str:
    return ", ".join(values[:6]) + (f" and {len(values) - 6} more" if len(values) > 6 else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    if "--check" in sys.argv:
        current = PAGE.read_text(encoding="utf-8") == page()
        print("docs/failures.md is current" if current else "run scripts/failures_docs.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
