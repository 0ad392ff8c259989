"""TIPS: for every class of failure, what a person does next. At most two sentences, imperative, and a command.

The plain word for each class, in which an unknown fact gets plain words too; `special_tips.py` comes first.
docs/failures.md is made from both.
"""

from __future__ import annotations

TIPS: dict[str, str] = {
    "exit_code": "Read the end of the log: the command ended with exit code {code}. Run it by hand.",
    "timeout": "Find out what {where} waits for, or raise the timeout ({limit}).",
    "killed": "Find what sent {signal}. After SIGKILL look for the out-of-memory killer in the kernel's log.",
    "verify_failed": "Read what the verification printed; it ended with exit code {code}.",
    "worker_lost": "Check that {where} is up and has memory left.",
    "workspace": "Correct what the cause names, then give the same command again: no worktree could be made.",
    "setup_failed": "Run the setup by hand in {where}: it ended with exit code {code}.",
    "agent_failed": "Read the end of the log: {where} says that it failed.",
    "agent_login": "Log in with {where} by hand, or set its key.",
    "agent_refused": "Look at what {where} was not allowed to do: do it yourself, or allow it more.",
    "no_change": "Say in the task what is to be changed: {where} ended and changed nothing.",
    "edit_refused": "Read the cause: the model named an edit that must not or cannot be made.",
    "merge_conflict": "Resolve the conflict by hand with `beast review`, or give the tasks a `needs` between them.",
    "merge_red": "See what broke with `beast review`: alone the work is green, with the others it is not.",
    "out_of_budget": "Raise the budget, then give the same command again; it resumes.",
    "connection_refused": "Start {where} or correct its address: nothing answers there.",
    "connection_reset": "Read the log of {where}: it hung up before its answer was complete. "
    "Check http against https as well.",
    "dns": "Check the name of {where} and the DNS of this machine.",
    "tls": "Renew the certificate of {where}, name its authority in SSL_CERT_FILE, "
    "or write http:// if it speaks no TLS.",
    "auth": "Set a valid key for {where}: it was missing, wrong or expired.",
    "permission": "Ask for access at {where}: the key is known there but may not do this.",
    "not_found_model": "Correct the name of the model: {where} has none of that name, or this key may not use it.",
    "not_found_endpoint": "Correct the address, often its /v1: {where} has nothing at this path.",
    "bad_request": "Correct the request: {where} will not take it as it is.",
    "unsupported_parameter": "Leave out what the cause names, or choose a model that takes it.",
    "context_length": "Shorten the prompt, lower max_tokens, or choose a model with a longer context.",
    "content_filter": "Change the prompt: a filter of {where} refused it and will refuse it again.",
    "payload_too_large": "Send less at once: {where} takes no request of this size.",
    "conflict": "See what else is at work on the same thing at {where}; it passes when that ends.",
    "rate_limit": "Lower the rate or the concurrency for {where}; it asks for a wait of {wait}.",
    "quota_exhausted": "Raise the quota or the balance of this key at {where}; no retry brings it back.",
    "overloaded": "Lower the concurrency for {where}: it is overloaded and asks for a wait of {wait}.",
    "server_error": "Read the log of {where}: it failed by itself.",
    "truncated_stream": "Read the log of {where} and of what stands before it: the stream broke off before its end.",
    "invalid_response": "Check that {where} is the right address: its answer is not what was expected.",
    "model_loading": "Wait until {where} has loaded the model; if it never does, read its log.",
    "insufficient_memory": "Choose a smaller model or a shorter context: {where} lacks the memory.",
    "region_or_policy_blocked": "Call {where} from an allowed network or country, or change the policy of the account.",
    "other": "Read the cause and the log of the attempt.",
}

CANNOT_RUN_TIP = {
    126: "Correct what the cause names; a program must be executable (chmod +x) and a script begin with #!.",
    127: "Install the program or correct its name: the cause names what was not found.",
}
REDIRECT_TIP = "Put the address it points to into the list: {where} redirects to {target}."

UNKNOWN = {
    "where": "the server",
    "wait": "unknown length",
    "limit": "see the settings",
    "signal": "a signal",
    "code": "unknown",
    "target": "another address",
}


def filled(template: str, facts: dict[str, str]) -> str:
    """The template with its facts. Braces inside a fact stay what they are."""
    return template.format_map(UNKNOWN | {name: fact for name, fact in facts.items() if fact})
