"""Recipes: what agents vary between two runs that are otherwise the same. Pure.

Measured with the published agents: the same prompt in the same folder, twice, against a server that answered the same
(docs/cache-key.md). A recipe knows its client by the User-Agent, and takes away what was seen to differ and says
nothing to the model, or nothing it could use; all else stays. An agent more: one function, one row of `RECIPES`.

In a run, more of it does not count: a list that is given again is to be answered from memory, though it is another day,
another number of the run, and its tasks were merged in another order. A person who asks may mean just these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What does not count in the requests of one agent.

    agent: how its User-Agent begins, in lower case.   dialects: in which it asks.   headers: that name a session,
    names in lower case.   mask: takes from a decoded body what does not count, in place; bears any JSON.
    offers_search: it offers a search of the server's in every request, needed or not; so an offer alone is no state.
    """

    name: str
    agent: bytes
    dialects: frozenset[str]
    headers: frozenset[bytes]
    mask: Callable[[Body], None]
    offers_search: bool = False

    def knows(self, dialect: str, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether this request is of its agent."""
        if dialect not in self.dialects:
            return False
        return any(name == b"user-agent" and value.lower().startswith(self.agent) for name, value in headers)


_BRANCH_OF_RUN = re.compile(r"(\bbeast/)r\d+(?=/(?:task|result)\b)")
"""As `git status` prints it, which agents ask of all things most."""


def _without_run(block: Body, field: str) -> None:
    """A text in which our branches do not bear the number of the run."""
    if isinstance(text := block.get(field), str):
        block[field] = _BRANCH_OF_RUN.sub(r"\1*", text)


def _outputs_without_run(output: Body, field: str) -> None:
    """What a tool gave back, in one piece or in several."""
    _without_run(output, field)
    for block in _texts(output.get(field)):
        _without_run(block, "text")


# ---- Claude Code ----


def _claude_code(body: Body) -> None:
    """`metadata.user_id` holds the session's id. (All of `metadata` is ignored for anybody.)"""
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("user_id", None)


_OUR_BRANCH = re.compile(r"(\nCurrent branch: beast/)r\d+(?=/task/)")
_COMMITS = re.compile(r"(\nRecent commits:\n)(?:[0-9a-f]{7,40} [^\n]*(?:\n|\Z))+")
_TODAY = re.compile(r"(\nToday's date is )\d{4}-\d\d-\d\d\b")
_MONTH = re.compile(r"(\bThe current month is )[A-Z][a-z]+ \d{4}\b")


def _claude_code_in_run(body: Body) -> None:
    """Also the number of the run in the branch, there and in what tools print, on such a branch the recent commits
    (what those did lies in the files that it reads), and the date: in its reminder, and in what it says of its search.
    """
    _claude_code(body)
    for block in _texts(body.get("system")):
        block["text"] = _without_history(block["text"])
    for message in _objects(body.get("messages")):
        for block in _texts(message.get("content")):
            if block["text"].startswith("<system-reminder>"):
                block["text"] = _TODAY.sub(r"\1*", block["text"])
        for block in _objects(message.get("content")):
            if block.get("type") == "tool_result":
                _outputs_without_run(block, "content")
    for tool in _objects(body.get("tools")):
        if tool.get("name") == "WebSearch" and isinstance(told := tool.get("description"), str):
            tool["description"] = _MONTH.sub(r"\1*", told)


def _without_history(text: str) -> str:
    before, mark, status = text.rpartition("\ngitStatus: ")
    status, ours = _OUR_BRANCH.subn(r"\1*", status)
    return before + mark + _COMMITS.sub(r"\1*\n", status) if mark and ours else text


def _objects(value: object) -> Iterator[Body]:
    """The objects of a list, of whatever else there is none."""
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _texts(content: object) -> Iterator[Body]:
    """The blocks that are text."""
    return (block for block in _objects(content) if isinstance(block.get("text"), str))


# ---- Codex ----

_RAN = re.compile(r"\AChunk ID: [0-9a-f]+\nWall time: [0-9.]+ seconds\n")
_SCRIPT = re.compile(r"\A(Script [a-z]+)\nWall time [0-9.]+ seconds\n")
_MADE, _NAMES_OF_A_TURN = "internal_chat_message_metadata_passthrough", ("turn_id", "create_time")
"""In each item that goes to its own provider (`openai_base_url`); to another there is none."""
_IS_OUTPUT = frozenset(("function_call_output", "custom_tool_call_output"))


def _codex(body: Body) -> None:
    """Ids of the session and of every item, and when each was made; of a command's output the chunk's id and how long
    it took.

    `call_id`, which joins a call to its output, comes from the model and stays. So does the id of an
    `item_reference`: it is all that this says.
    """
    body.pop("client_metadata", None)
    body.pop("prompt_cache_key", None)
    items = body.get("input")
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict) or item.get("type") == "item_reference":
            continue
        item.pop("id", None)
        if isinstance(made := item.get(_MADE), dict):
            for name in _NAMES_OF_A_TURN:
                made.pop(name, None)
        kind = item.get("type")
        if isinstance(kind, str) and kind in _IS_OUTPUT:
            _untimed(item)


_DATE = re.compile(r"(<current_date>)\d{4}-\d\d-\d\d(?=</current_date>)")


def _codex_in_run(body: Body) -> None:
    """Also the date in what it says of its surroundings, and the number of the run in branches that tools print."""
    _codex(body)
    for item in _objects(body.get("input")):
        if isinstance(kind := item.get("type"), str) and kind in _IS_OUTPUT:
            _outputs_without_run(item, "output")
        for block in _texts(item.get("content")):
            if block["text"].startswith("<environment_context>"):
                block["text"] = _DATE.sub(r"\1*", block["text"])


def _untimed(item: Body) -> None:
    """The first text of an output, without its chunk and time."""
    output = item.get("output")
    if isinstance(output, str):
        item["output"] = _timeless(output)
    elif isinstance(output, list) and output and isinstance(output[0], dict):
        text = output[0].get("text")
        if isinstance(text, str):
            output[0]["text"] = _timeless(text)


def _timeless(text: str) -> str:
    return _SCRIPT.sub(r"\1\nWall time *\n", _RAN.sub("Chunk ID: *\nWall time: *\n", text))


_CODEX_SESSION = (
    b"session-id",
    b"session_id",
    b"thread-id",
    b"conversation_id",
    b"x-codex-turn-metadata",
    b"x-codex-window-id",
)

# ---- opencode ----

_OPENCODE_SESSION = (b"x-session-affinity", b"x-session-id", b"x-parent-session-id")
_WEEKDAY = re.compile(r"(\n  Today's date: )[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4}(?=\n</env>)")


def _opencode(body: Body) -> None:
    """In the body nothing differs; only headers name the session."""


def _opencode_in_run(body: Body) -> None:
    """The date in what it says of its surroundings, and the number of the run in branches that tools print."""
    for block in _texts(body.get("system")):
        block["text"] = _WEEKDAY.sub(r"\1*", block["text"])
    for message in _objects(body.get("messages")):
        if message.get("role") == "system" and isinstance(text := message.get("content"), str):
            message["content"] = _WEEKDAY.sub(r"\1*", text)
        if message.get("role") == "tool":
            _outputs_without_run(message, "content")
        for block in _objects(message.get("content")):
            if block.get("type") == "tool_result":
                _outputs_without_run(block, "content")


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "claude-code",
        b"claude-cli/",
        frozenset(("anthropic.messages", "anthropic.count_tokens")),
        frozenset((b"x-claude-code-session-id",)),
        _claude_code,
    ),
    Recipe(
        "codex",
        b"codex",
        frozenset(("openai.responses",)),
        frozenset(_CODEX_SESSION),
        _codex,
        offers_search=True,
    ),
    Recipe(
        "opencode",
        b"opencode/",
        frozenset(("openai.chat", "anthropic.messages")),
        frozenset(_OPENCODE_SESSION),
        _opencode,
    ),
)


_MORE_IN_RUN = {"claude-code": _claude_code_in_run, "codex": _codex_in_run, "opencode": _opencode_in_run}
RUN_RECIPES: tuple[Recipe, ...] = tuple(
    replace(recipe, name=f"{recipe.name} in a run", mask=_MORE_IN_RUN[recipe.name]) for recipe in RECIPES
)


def _by_dialect(recipes: Sequence[Recipe]) -> dict[str, tuple[Recipe, ...]]:
    dialects = {dialect for recipe in recipes for dialect in recipe.dialects}
    return {name: tuple(recipe for recipe in recipes if name in recipe.dialects) for name in dialects}


_IN_RUN, _ELSEWHERE = _by_dialect(RUN_RECIPES), _by_dialect(RECIPES)


def recipe_for(
    dialect: str, headers: Sequence[tuple[bytes, bytes]], *, in_run: bool = False
) -> Recipe | None:
    """The recipe of the client that sent these headers; None for any that has none.   in_run: an attempt of a run
    asks."""
    for recipe in (_IN_RUN if in_run else _ELSEWHERE).get(dialect, ()):
        if recipe.knows(dialect, headers):
            return recipe
    return None
