"""Row: what a rule is made of, and what a class means where no rule says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from beastmode.failures.failure import Effect, Passing, Scope
from beastmode.failures.said import spelled_code

Throttle = Literal["never", "hinted", "always"]


class Usual(NamedTuple):
    """What a class means where no row says otherwise.   throttle: "hinted": only where a wait was stated."""

    passing: Passing
    effect: Effect = "ignored"
    throttle: Throttle = "never"
    scope: Scope = "request"


USUAL: dict[str, Usual] = {
    "auth": Usual(False, scope="key"),
    "permission": Usual(False, scope="key"),
    "not_found_model": Usual(False, scope="model"),
    "not_found_endpoint": Usual(False),
    "bad_request": Usual(False),
    "unsupported_parameter": Usual(False),
    "context_length": Usual(False),
    "content_filter": Usual(False),
    "payload_too_large": Usual(False),
    "rate_limit": Usual(True, "dropped", "always", "key"),
    "quota_exhausted": Usual(False, "ignored", "hinted", "key"),
    "overloaded": Usual(True, "dropped", "hinted", "upstream"),
    "server_error": Usual(True, "dropped", "never", "upstream"),
    "timeout": Usual(True, "dropped", "never", "upstream"),
    "connection_refused": Usual(True, "dropped", "never", "upstream"),
    "dns": Usual(True, scope="upstream"),
    "tls": Usual(False, scope="upstream"),
    "connection_reset": Usual(True, "dropped", "never", "upstream"),
    "truncated_stream": Usual(True, "dropped", "never", "upstream"),
    "invalid_response": Usual(True),
    "model_loading": Usual(True, "ignored", "hinted", "model"),
    "insufficient_memory": Usual(False, scope="model"),
    "region_or_policy_blocked": Usual(False, scope="key"),
    "conflict": Usual(True),
    "other": Usual(True),
    "exit_code": Usual(True),
    "verify_failed": Usual(True),
    "killed": Usual(True),
    "out_of_budget": Usual(False),
    "worker_lost": Usual(True),
    "workspace": Usual(False),
    "setup_failed": Usual(True),
    "agent_failed": Usual(True),
    "agent_login": Usual(False),
    "agent_refused": Usual(False),
    "no_change": Usual(True),
    "edit_refused": Usual(True),
    "merge_conflict": Usual(True),
    "merge_red": Usual(True),
}


class Rule(NamedTuple):
    """One row: what must hold, and what it then is. Of `codes`, `kinds`, `says`, `also` one of each must be there.

    source: the case or document it came from.   statuses: that may stand beside it; empty: any.   codes: of the
    answer, as `said.spelled_code` has them.   kinds: names of exceptions.   says: phrases of the text, at the beginning
    of a word.   also: likewise, in addition.   traits: all of them.   unless: none of them.   passing, scope, effect:
    where not as usual.   tip: a case of `special_tips.ADVICE`.
    """

    class_: str
    source: str
    statuses: frozenset[int | None] = frozenset()
    codes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    says: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    passing: Passing | None = None
    scope: Scope | None = None
    effect: Effect | None = None
    tip: str = ""


def row(
    class_: str,
    source: str,
    *,
    on: Iterable[int | None] = (),
    codes: str = "",
    kinds: str = "",
    says: str = "",
    also: str = "",
    traits: str = "",
    unless: str = "",
    passing: Passing | None = None,
    scope: Scope | None = None,
    effect: Effect | None = None,
    tip: str = "",
) -> Rule:
    """A row, its codes, kinds and traits written as words, its phrases between ` | `."""
    return Rule(
        class_,
        source,
        frozenset(on),
        frozenset(spelled_code(code) for code in codes.split()),
        frozenset(kinds.split()),
        _phrases(says),
        _phrases(also),
        frozenset(traits.split()),
        frozenset(unless.split()),
        passing,
        scope,
        effect,
        tip,
    )


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split(" | ")) if text else frozenset()


NONE = None
SERVER = (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530)
UNSAID = (NONE, 200, *SERVER)
"""No status, or one that a wrapper puts around anything."""
OPEN = (*UNSAID, 400, 404, 409, 422, 424)
"""Where the sentence may tell more than the status."""
