"""Rounds: a talk with the model until its edits are applied: what it wants to see is shown, what is wrong is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.words import one_line
from beastmode.runner.generating import instructions
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.patching import Patch
from beastmode.runner.generating.reading import Read, read
from beastmode.runner.generating.speaking import Message, Said
from beastmode.runner.generating.tree import PROMISED

_WHO = "the model"
_LENGTH_TIP = (
    "Split the task into smaller ones: an answer holds all edits of a task, and this one was too long."
)
_TOUCHES_TIP = "Add what the model needs to the `touches` of the task, or declare none."
_EMPTY_TIP = "Try another model: this one answered with nothing."


@dataclass(slots=True)
class Talk:
    """What came of it.   rounds: requests that were answered or refused.   files: that were changed.   refused: what
    was wrong with answers, all of them in order."""

    failure: Failure | None = None
    rounds: int = 0
    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0


Ask = Callable[[Sequence[Message]], Awaitable[Said | Failure]]
"""Sends the messages so far."""
Show = Callable[[Sequence[str]], str]
"""Files that the model names, as text; "" where all were shown before."""
Patched = Callable[[Read], Awaitable[Patch]]
"""What the edits of an answer come to."""
Applied = Callable[[Patch], str]
"""Brings that onto the disk; says what is in the way, "" where nothing is."""


async def talk(
    question: str, ask: Ask, show: Show, patched: Patched, applied: Applied, limits: Limits, told: Talk
) -> None:
    """Ask until edits are applied, or until there is no more to be had of the model. Applied is all of one answer, or
    nothing of it.   told: is kept as it goes, for a talk may be ended from outside."""
    messages = [Message("user", question)]
    corrections = readings = 0
    while True:
        told.rounds += 1
        said = await ask(messages)
        told.failure = said if isinstance(said, Failure) else _stopped(said, limits)
        if isinstance(said, Failure) or told.failure is not None:
            return
        told.tokens_in += said.tokens_in
        told.tokens_out += said.tokens_out
        found = read(said.text)
        if found.wanted and not (found.edits or found.problems) and readings < limits.readings:
            readings += 1
            shown = show(found.wanted) or "All of it is shown above."
            messages += [Message("assistant", said.text), Message("user", instructions.more(shown))]
            continue
        problems = await _taken(found, patched, applied, told)
        if not problems:
            return
        told.refused += problems
        if corrections == limits.corrections or (problems == [instructions.NO_EDITS] and corrections):
            told.failure = _given_up(problems, said)
            return
        corrections += 1
        messages += [Message("assistant", said.text), Message("user", instructions.correction(problems))]


async def _taken(found: Read, patched: Patched, applied: Applied, told: Talk) -> list[str]:
    """What is wrong with the answer; nothing where its edits are in place."""
    if found.problems:
        return found.problems
    if not found.edits:
        return [instructions.NO_MORE if found.wanted else instructions.NO_EDITS]
    patch = await patched(found)
    if patch.problems:
        return patch.problems
    if not patch.changes:
        return [instructions.SAME]
    if why := applied(patch):
        return [why]
    told.files = [change.path for change in patch.changes]
    return []


def _stopped(said: Said, limits: Limits) -> Failure | None:
    """Why an answer is no whole one."""
    if said.stop == "filter":
        return classify.of_coding("content_filter", _words("the model refused", said), where=_WHO)
    if said.stop == "length":
        cause = f"the answer was cut off at {limits.max_tokens} tokens or by the model's own limit; nothing applied"
        return classify.of_coding("context_length", cause, _LENGTH_TIP)
    if not said.text.strip():
        return classify.of_coding("invalid_response", "the answer is empty", _EMPTY_TIP)
    return None


def _given_up(problems: Sequence[str], said: Said) -> Failure:
    if problems == [instructions.NO_EDITS]:
        return classify.of_coding("no_change", _words("the model answered without edits", said), where=_WHO)
    if problems == [instructions.SAME]:
        return classify.of_coding("no_change", problems[0], where=_WHO)
    more = f" (and {len(problems) - 1} more, see the log)" if len(problems) > 1 else ""
    tip = _TOUCHES_TIP if PROMISED in problems[0] else None
    return classify.of_coding("edit_refused", f"{problems[0].splitlines()[0]}{more}", tip)


def _words(what: str, said: Said) -> str:
    """With what it said, so far as it is short."""
    return one_line(f"{what}: {said.text.strip()}" if said.text.strip() else what)
