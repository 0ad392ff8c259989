"""What each class of failure means, in a sentence: for whoever meets its name for the first time."""

from __future__ import annotations

from beastmode.failures.rules import USUAL

MEANINGS: dict[str, str] = {
    "exit_code": "The command of the task ended with an exit code that is not 0.",
    "timeout": "It took longer than it may.",
    "killed": "A signal ended its process.",
    "verify_failed": "The work was done, and its verification says that it is not right.",
    "worker_lost": "The machine that an attempt ran on went away.",
    "workspace": "No folder of its own could be made for the task.",
    "setup_failed": "What prepares the folder of a task ended badly.",
    "agent_failed": "The coding agent says that it failed.",
    "agent_login": "The coding agent is not logged in, or has no key.",
    "agent_refused": "The coding agent was not allowed to do what it wanted.",
    "no_change": "The agent ended and changed nothing.",
    "edit_refused": "The model named an edit that must not or cannot be made.",
    "merge_conflict": "The work does not fit with what others have merged.",
    "merge_red": "The work is right alone, and together with that of others it is not.",
    "out_of_budget": "A budget of requests, tokens or money is used up, or nothing could be recorded any more.",
    "connection_refused": "Nothing answers at that address.",
    "connection_reset": "The other side hung up before its answer was complete.",
    "dns": "The name of the server was not found.",
    "tls": "The encryption could not be agreed upon: a certificate, or http against https.",
    "auth": "The key is missing, wrong or expired.",
    "permission": "The key is known, and may not do this.",
    "not_found_model": "The server has no model of that name, or none for this key.",
    "not_found_endpoint": "The server has nothing at this path.",
    "bad_request": "The server will not take the request as it is.",
    "unsupported_parameter": "The request asks for something that this model cannot do.",
    "context_length": "The prompt and its answer are longer than the model can hold.",
    "content_filter": "A filter refused the prompt or the answer.",
    "payload_too_large": "The request is larger than is taken.",
    "conflict": "Somebody else is at work on the same thing.",
    "rate_limit": "Too much was asked in a short time; more is allowed soon.",
    "quota_exhausted": "What this key may use, or what was paid for, is used up.",
    "overloaded": "The server has more to do than it can.",
    "server_error": "The server failed by itself.",
    "truncated_stream": "The answer broke off before its end.",
    "invalid_response": "What came back is no answer of a model.",
    "model_loading": "The server is still loading the model.",
    "insufficient_memory": "The server lacks the memory for this model or prompt.",
    "region_or_policy_blocked": "The server does not answer from here, or a policy of the account forbids it.",
    "other": "It fits no known class.",
}
_PASSES = {
    "True": "Trying again may help.",
    "after": "It passes at a stated time, or once something has changed.",
    "False": "No retry helps until something has changed.",
}


def meaning_of(class_: str) -> str:
    """What a class means and whether it passes; "" for one that is not known here."""
    usual, meaning = USUAL.get(class_), MEANINGS.get(class_, "")
    return f"{meaning} {_PASSES[str(usual.passing)]}" if usual and meaning else meaning
