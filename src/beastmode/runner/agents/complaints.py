"""Complaints: what the words with which an agent gave up mean: its model, its login, or itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from beastmode.failures import classify
from beastmode.failures.evidence import Evidence
from beastmode.failures.failure import Failure
from beastmode.failures.words import last_lines
from beastmode.runner.agents.protocol import Heard, Login

_STATUS = re.compile(
    r"(?:status(?: code)?:? |\bHTTP |\bAPI Error: |\bError code: |[Rr]ejected \()([1-5]\d\d)\b"
)
_NOT_OF_A_MODEL = frozenset(("other", "exit_code", "killed", "conflict"))
_SHELL_REFUSALS = (126, 127)


def of_model(name: str, words: str, heard: Heard, *, status: int | None = None, **stated: Any) -> Failure:
    """What an agent's words about its model mean.

    status: of HTTP, where it named one by itself; one in the words counts too.   stated: fields such as `resets_at`
    that came beside them. Words that no rule understands are the agent's own failure.
    """
    found = _STATUS.search(words)
    status = status or (int(found[1]) if found else None)
    body = json.dumps({"error": {"message": words, **stated}}) if stated else words
    failure = classify.classify(Evidence(status, body=body), now_unix=heard.now_unix)
    if failure.class_ in _NOT_OF_A_MODEL:
        return classify.of_coding("agent_failed", f"{name}: {words}", where=name)
    return failure


def of_login(name: str, words: str) -> Failure:
    """An agent that wants a person to log in."""
    return classify.of_coding("agent_login", f"{name} wants a login: {words}", where=name)


def of_exit(name: str, heard: Heard) -> Failure | None:
    """What the exit code alone says: nothing where it is 0, else the end of the output beside it."""
    if heard.code == 0:
        return None
    if heard.code < 0 or heard.code in _SHELL_REFUSALS:
        return classify.from_exit(heard.code, tail=heard.output)
    cause = f"{name} ended with exit code {heard.code}"
    words = last_lines(heard.output)
    return classify.of_coding(
        "agent_failed", f"{cause}: {words}" if words else cause, where=name, code=heard.code
    )


def cannot_pass(name: str, login: Login) -> Failure:
    """A login of the agent's own that does not work through a gateway."""
    tip = f"Run it without a gateway, under task limits only: --gateway none. Or give {name} an API key."
    where = f" ({login.where})" if login.where else ""
    cause = f"{name} is logged in by {login.how}{where}, which cannot pass through the gateway: {login.why}"
    return classify.of_coding("agent_login", cause, tip, where=name)


def not_there(name: str, install: str) -> Failure:
    """An agent whose program is not there.   name: as it was looked for."""
    where = "there" if "/" in name else "on PATH"
    tip = f"Install it: {install}" if install else f"Install {name}, or correct its name."
    return classify.of_coding("agent_failed", f"{name} is not {where}", tip, passing=False, where=name)


def no_sandbox(name: str, words: str) -> Failure:
    """An agent that keeps to its permissions by a sandbox of the kernel, on a machine that lets it have none."""
    tip = f"Allow user namespaces; or, where this machine is itself a sandbox, let {name} do all: --permissions all"
    cause = f"{name} has no sandbox here, which its permissions need: {last_lines(words)}"
    return classify.of_coding("agent_failed", cause, tip, passing=False, where=name)


def needs_model(name: str) -> Failure:
    """An agent that has no model of its own choice at a server that we name."""
    cause = f"{name} cannot choose a model of the server by itself"
    return classify.of_coding("agent_failed", cause, "Name one: --model M", passing=False, where=name)


def other_dialect(name: str, speaks: Sequence[str], spoken: Sequence[str]) -> Failure:
    """An agent and a model server that do not understand each other."""
    cause = f"{name} speaks {' and '.join(speaks)}, and the model server {', '.join(spoken)}"
    tip = "Name another agent or another server: `beast agents` says which agent speaks what."
    return classify.of_coding("agent_failed", cause, tip, passing=False, where=name)


def refused(name: str, what: Sequence[str]) -> Failure:
    """An agent that was not allowed what it needed.   what: not empty."""
    more = f" (and {len(what) - 1} more)" if len(what) > 1 else ""
    return classify.of_coding("agent_refused", f"{name} was not allowed: {what[0]}{more}", where=name)
