"""Classify: any error becomes a Failure. The rules are in `rules/`, what to say in `advice.py`.

`classify` takes all there is to know; the other functions take what one place knows.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from functools import lru_cache

from beastmode.failures.advice import tip_for
from beastmode.failures.evidence import Evidence
from beastmode.failures.facts import Facts
from beastmode.failures.failure import Effect, Failure, Passing, Scope
from beastmode.failures.phrases import Phrases
from beastmode.failures.rules import LATER, NAMES, REST, RULES, USUAL, Rule
from beastmode.failures.tips import CANNOT_RUN_TIP, REDIRECT_TIP, TIPS, filled
from beastmode.failures.unwrap import read
from beastmode.failures.words import last_lines, one_line, secrets_in, without
from beastmode.settings import SHORT_WAIT_S

_PHRASES = Phrases(phrase for rule in (*RULES, *LATER) for phrase in (*rule.says, *rule.also))
_OF_A_MODEL = ("this model", "for model", "per model", "selected model", "the model is")
_LIMITED = frozenset(("rate_limit", "quota_exhausted", "overloaded"))


def classify(evidence: Evidence, *, now_unix: float) -> Failure:
    """The failure behind the evidence. Never raises; `other` where nothing is understood.

    now_unix: seconds; what dates and epochs in hints are compared with.
    """
    facts = read(evidence, now_unix=now_unix)
    rule = rule_for(facts)
    wait_s = _wait(rule, facts)
    passing = _passing(rule, facts, wait_s)
    if passing is False:
        wait_s = None
    secrets = secrets_in(evidence.headers, evidence.url, facts.where)
    tip = tip_for(rule, facts, wait_s=wait_s, models=evidence.models, now_unix=now_unix)
    usual = USUAL[rule.class_]
    return Failure(
        rule.class_,
        without(one_line(_cause(facts)), secrets),
        passing,
        without(tip, secrets),
        wait_s,
        usual.throttle == "always" or (usual.throttle == "hinted" and wait_s is not None),
        rule.effect or usual.effect,
        _scope(rule, facts),
    )


def rule_for(facts: Facts) -> Rule:
    """The first row that fits. Exceptions are asked by name from the deepest cause up, before the rest."""
    said = _PHRASES.found(facts.text, facts.begun)
    for rule in _rules_on(facts.status):
        if rule.says and rule.says.isdisjoint(said):
            continue  # most end here: cheaper than the call
        if fits(rule, facts, said):
            return rule
    for link in facts.links:
        for rule in NAMES:
            if not rule.kinds.isdisjoint(link.names):
                return rule
    later = REST if facts.links else LATER
    return next(
        rule
        for rule in later
        if (not rule.statuses or facts.status in rule.statuses) and fits(rule, facts, said)
    )


def fits(rule: Rule, facts: Facts, said: set[str]) -> bool:
    """Whether all that the row asks for is there; its statuses are looked at by `rule_for`.   said: phrases found."""
    return (
        (not rule.says or not rule.says.isdisjoint(said))
        and (not rule.codes or not rule.codes.isdisjoint(facts.codes))
        and (not rule.traits or rule.traits <= facts.traits)
        and (not rule.kinds or not rule.kinds.isdisjoint(facts.kinds))
        and (not rule.unless or rule.unless.isdisjoint(facts.traits))
        and (not rule.also or not rule.also.isdisjoint(said))
    )


@lru_cache(maxsize=700)
def _rules_on(status: int | None) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if not rule.statuses or status in rule.statuses)


def _wait(rule: Rule, facts: Facts) -> float | None:
    """The stated wait. Resets in rate headers count only where a limit is what failed."""
    if facts.wait_s is not None:
        return facts.wait_s
    return facts.reset_s if rule.class_ in _LIMITED else None


def _passing(rule: Rule, facts: Facts, wait_s: float | None) -> Passing:
    passing = USUAL[rule.class_].passing if rule.passing is None else rule.passing
    if passing is not True:
        return passing
    if wait_s is not None:
        return "after" if wait_s > SHORT_WAIT_S else True
    by_day = rule.class_ == "rate_limit" and not facts.traits.isdisjoint(("per_day", "per_longer"))
    return "after" if by_day else True


def _scope(rule: Rule, facts: Facts) -> Scope:
    """As usual; but a limit or an overload that names the model is that model's."""
    if rule.scope is None and rule.class_ in _LIMITED and _names_the_model(facts):
        return "model"
    return rule.scope or USUAL[rule.class_].scope


def _names_the_model(facts: Facts) -> bool:
    if facts.model and facts.model.lower() in facts.text:
        return True
    by_code = any("permodel" in code for code in facts.codes)
    return by_code or any(words in facts.text for words in _OF_A_MODEL)


def _cause(facts: Facts) -> str:
    words = facts.cause.strip()
    status = facts.http if facts.http is not None else facts.status
    if status is None or (facts.links and facts.http is None):
        return words
    return _joined(
        f"HTTP {status}", words.removeprefix(f"HTTP {status}").removeprefix(str(status)).lstrip(" :")
    )


def from_status(
    status: int, headers: Mapping[str, str], body_text: str, *, now_unix: float, where: str = ""
) -> Failure:
    """The failure of an HTTP answer.   where: host:port, for the tip.   now_unix: for dates in hints."""
    return classify(Evidence(status, headers, body_text, url=where), now_unix=now_unix)


def redirected(headers: Mapping[str, str], cause: str, *, where: str = "") -> Failure:
    """An answer that names another address: following it would be a second request that no limit counts."""
    target = next((value for name, value in headers.items() if name.lower() == "location"), "")
    tip = filled(REDIRECT_TIP, {"where": where, "target": one_line(target, 200)})
    return Failure("invalid_response", one_line(cause), False, tip)


def from_exception(error: BaseException, *, where: str = "") -> Failure:
    """The failure behind an exception: the deepest cause that is understood. `other` where none is."""
    return classify(Evidence(exception=error, url=where), now_unix=time.time())


def from_exit(code: int, *, tail: str = "") -> Failure:
    """The failure of a program.   code: not 0; below 0: the signal that ended it.   tail: of its output."""
    if code < 0:
        name = _signal_name(-code)
        return _of_task("killed", _joined(f"ended by {name}", last_lines(tail)), signal=name)
    cause = _joined(_ending(code), last_lines(tail))
    return _of_task(
        "exit_code", cause, CANNOT_RUN_TIP.get(code), passing=code not in CANNOT_RUN_TIP, code=str(code)
    )


def timed_out(timeout_s: float, *, where: str = "", effect: Effect = "ignored") -> Failure:
    """The failure of what took too long.   effect: "dropped" where a server was waited for."""
    limit = f"{timeout_s:g} s"
    cause = f"did not end within {limit}"
    return _of_task("timeout", cause, effect=effect, where=where or "the command", limit=limit)


def verify_failed(code: int, tail: str) -> Failure:
    """The failure of work that says it is done and is not.   code, tail: how the verification ended."""
    cause = _joined(f"the verification ended with {_ending(code)}", last_lines(tail))
    return _of_task("verify_failed", cause, code=str(code))


def worker_lost(where: str, detail: str = "") -> Failure:
    """The failure of an attempt whose machine or worker went away with it."""
    return _of_task("worker_lost", _joined(f"{where} was lost", one_line(detail)), where=where)


def out_of_budget(what: str) -> Failure:
    """The failure of what a budget does not allow.   what: which budget, and how much of it is used."""
    return _of_task("out_of_budget", what)


def of_coding(
    class_: str,
    cause: str,
    tip: str | None = None,
    *,
    passing: bool | None = None,
    where: str = "",
    code: int = 0,
) -> Failure:
    """The failure of work on code.

    class_: `workspace`, `setup_failed`, `agent_failed`, `agent_login`, `agent_refused`, `no_change`, `edit_refused`,
    `merge_conflict` or `merge_red`.   where: the agent, or the folder.   code: exit code.
    """
    return _of_task(class_, cause, tip, passing=passing, where=where, code=str(code))


def invalid_response(cause: str, *, where: str = "") -> Failure:
    """The failure of an answer that came, but is not what was expected."""
    return _of_task("invalid_response", cause, where=where)


def bad_request(cause: str, tip: str) -> Failure:
    """The failure of a request or call that cannot even be made as it stands in the list."""
    return _of_task("bad_request", cause, tip)


def _of_task(
    class_: str,
    cause: str,
    tip: str | None = None,
    *,
    passing: bool | None = None,
    effect: Effect = "ignored",
    **facts: str,
) -> Failure:
    usual = USUAL[class_]
    passes = usual.passing if passing is None else passing
    words = filled(tip or TIPS[class_], facts)
    return Failure(class_, one_line(cause), passes, words, effect=effect, scope=usual.scope)


def _joined(what: str, words: str) -> str:
    return f"{what}: {words}" if words else what


def _ending(code: int) -> str:
    """How a program ended, in words. A shell says 128 and the number for a child that a signal ended."""
    if code < 0:
        return _signal_name(-code)
    if 128 < code <= 128 + signal.NSIG and code - 128 in set(signal.Signals):
        return f"exit code {code} ({_signal_name(code - 128)}, if a shell says so)"
    return f"exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
