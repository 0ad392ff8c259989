"""Stopping: why an answer stopped, in one word for the many words of the providers.

A word that is not in the table is unknown, and so is an answer that does not say; such are never remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, get_args

from beastmode.gateway.dialects.protocol import Stop

_WORDS: dict[Stop, str] = {
    # OpenAI, and who speaks like it: Together and TGI say `eos`, Mistral `model_length`, vLLM `abort`
    "complete": "stop eos eos_token stop_sequence completed end_turn STOP",
    "tool": "tool_calls function_call tool_use",
    # Anthropic's pause_turn wants to be asked again; the server's own limit, not the model, has ended it
    "length": "length model_length incomplete max_output_tokens max_tokens pause_turn"
    " model_context_window_exceeded MAX_TOKENS",
    "filter": "content_filter refusal SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR"
    " IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION",
    "error": "error abort failed cancelled insufficient_system_resource MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE"
    " UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE NO_IMAGE IMAGE_OTHER",
}
_MEANING = {word: stop for stop, words in _WORDS.items() for word in words.split()}
_WORSE = {stop: place for place, stop in enumerate(get_args(Stop))}


def meaning(word: object) -> Stop | None:
    """What a provider's word means; None where there is no word yet (null, or "" with some servers)."""
    if word is None or word == "":
        return None
    return _MEANING.get(word, "unknown") if isinstance(word, str) else "unknown"


class Told(NamedTuple):
    """What an answer, a choice of it or an event tells.

    stop: why it stopped, None where this does not tell.   said: it says something, or calls a tool; thoughts alone
    are nothing that a client asked for.
    """

    stop: Stop | None
    said: bool

    def judged(self) -> Stop:
        """Of an answer that has come to its end: not told is unknown, and one that says nothing at all is empty.

        Servers end so when something went wrong, and Anthropic after some tool results; to be asked again may help,
        and would not where that were remembered.
        """
        if self.stop is None:
            return "unknown"
        return "empty" if self.stop in ("complete", "tool") and not self.said else self.stop


UNTOLD = Told(None, said=False)
UNREADABLE = Told("unknown", said=False)


def together(told: Iterable[Told]) -> Told:
    """Of several: the stop that speaks most against remembering, and whether any says something."""
    stop, said = UNTOLD
    for one in told:
        if one.stop is not None and (stop is None or _WORSE[one.stop] > _WORSE[stop]):
            stop = one.stop
        said = said or one.said
    return Told(stop, said)


def sure(told: Told) -> Told:
    """The same of a choice that has to tell: where it does not, that is unknown."""
    return Told("unknown", told.said) if told.stop is None else told
