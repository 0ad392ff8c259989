"""Generate: our own code generation. One attempt is one talk with a model, whose edits are applied all or none.

Whether they do what the task wants is not judged here: check and verify follow, and their output comes with the next
attempt, which finds the worktree as this one left it.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from beastmode.failures import classify
from beastmode.failures.failure import Failure
from beastmode.failures.secrets import Secrets
from beastmode.failures.words import one_line
from beastmode.runner.code.coding import CodingSettings, work_of
from beastmode.runner.code.git import GitError
from beastmode.runner.code.workspace import Place, Saved, WorkspaceError, Workspaces
from beastmode.runner.generating.asking import Asking, Refused, host_of
from beastmode.runner.generating.authoring import Author
from beastmode.runner.generating.inside import RefusedPathError
from beastmode.runner.generating.instructions import SYSTEM, again
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.rounds import Ask, Talk
from beastmode.runner.generating.speaking import (
    Dialect,
    Manner,
    Message,
    Said,
    dialects_among,
    other_manner,
    request_of,
    said,
)
from beastmode.runner.generating.tree import Bounds
from beastmode.runner.kinds.protocol import Attempt, Outcome
from beastmode.runner.model_access import Access, ModelAccess, Usage
from beastmode.runner.processes.output import AttemptLog
from beastmode.runner.work import GENERATE, Coding

_OF_THE_ANSWER = ("edit_refused", "no_change")
_TOKEN = re.compile(r"/t/([^/?#]+)")
_CWD_TIP = "Write `cwd` relative to the folder that beast is started in, and within the repository."
_DISK_TIP = "Correct what the cause names, then give the same command again: nothing was changed."
_STREAM_FACTOR = 16
"""How much longer a stream is than what it says: an event for each word."""


class GenerateKind:
    """Has a model write the code of tasks of one run.

    prompt: what is asked of it.   list_file: of the roadmap; no task changes it.
    """

    def __init__(
        self,
        workspaces: Workspaces,
        access: ModelAccess,
        settings: CodingSettings,
        prompt: Callable[[Attempt], str],
        *,
        list_file: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._workspaces, self._access, self._settings = workspaces, access, settings
        self._prompt, self._list_file, self._limits = prompt, list_file, limits or Limits()
        self._manners: dict[str, Manner] = {}
        self._spoken: dict[str, Dialect] = {}
        self._refused: dict[str, str] = {}

    async def perform(self, attempt: Attempt, leaves: Callable[[], None]) -> Outcome:
        """Success is an answer whose edits are applied and committed. Otherwise nothing of the worktree is changed."""
        if not isinstance(attempt.task.work, Coding | None):
            raise TypeError(f"no code to be written: {attempt.task.work!r}")
        work = work_of(attempt.task.work, self._settings)
        if not work.model:
            tip = "Name one with --model, or as `model` in the list."
            return Outcome(classify.bad_request("no model is named", tip))
        try:
            place = await self._workspaces.enter(attempt, work)
        except WorkspaceError as error:
            return Outcome(error.failure)
        access = await self._access.open(attempt)
        log = _Log(attempt, access)
        try:
            talk = await self._talk(attempt, work, place, access, log, leaves)
        finally:
            usage = await self._access.close(attempt)
            log.close()
        failure, saved = await self._saved(attempt, place, talk)
        self._refused.pop(attempt.task.id, None)
        if failure is not None and failure.class_ in _OF_THE_ANSWER:
            self._refused[attempt.task.id] = failure.cause
        if failure is not None:
            failure = log.secrets.hide_in(usage.failure or failure)
        return Outcome(
            failure, failure.effect if failure else "ignored", facts=_facts(work, place, talk, usage, saved)
        )

    async def _talk(
        self,
        attempt: Attempt,
        work: Coding,
        place: Place,
        access: Access,
        log: _Log,
        leaves: Callable[[], None],
    ) -> Talk:
        if not access.url or not dialects_among(access.dialects, work.model):
            talk = Talk(_no_server(access))
        else:
            talk = await self._written(attempt, work, place, self._asks(work, access, log, leaves))
        log.end(talk)
        return talk

    async def _written(self, attempt: Attempt, work: Coding, place: Place, asks: Ask) -> Talk:
        if not place.folder.is_relative_to(place.path):
            return Talk(classify.of_coding("workspace", f"the folder to work in is {place.folder}", _CWD_TIP))
        below = place.folder.relative_to(place.path).as_posix()
        bounds = Bounds(below, work.cwd, attempt.task.options.touches, work.copy, self._kept())
        author = Author(place.path, below, place.base, place.path.parent, bounds, self._limits)
        talk = Talk()
        try:
            async with asyncio.timeout(attempt.timeout_s):
                await author.write(self._told(attempt), asks, talk)
        except TimeoutError:
            talk.failure = classify.timed_out(attempt.timeout_s, where="the model")
        except (RefusedPathError, GitError, OSError) as error:
            talk.failure = classify.of_coding("workspace", str(error), _DISK_TIP)
        return talk

    def _told(self, attempt: Attempt) -> str:
        """The same question would only get the same answer, and from the cache: so it says what became of that."""
        prompt, cause = self._prompt(attempt), self._refused.get(attempt.task.id, "")
        return again(prompt, cause) if cause else prompt

    def _kept(self) -> tuple[str, ...]:
        top, file = self._workspaces.repository.top, self._list_file
        return (file.relative_to(top).as_posix(),) if file and file.is_relative_to(top) else ()

    def _asks(self, work: Coding, access: Access, log: _Log, leaves: Callable[[], None]) -> Ask:
        """Sends messages; a server that has no such endpoint is asked in the next dialect."""
        once = _once(leaves)

        async def ask(messages: Sequence[Message]) -> Said | Failure:
            lacking: list[Failure] = []
            spoken = self._spoken.get(work.model)
            for dialect in [spoken] if spoken else dialects_among(access.dialects, work.model):
                got = await self._ask_in(dialect, work.model, access, messages, log, once)
                if isinstance(got, Said):
                    self._spoken[work.model] = dialect
                elif got.class_ == "not_found_endpoint":
                    lacking.append(got)
                    continue
                return got
            return lacking[0]

        return ask

    async def _ask_in(
        self,
        dialect: Dialect,
        model: str,
        access: Access,
        messages: Sequence[Message],
        log: _Log,
        leaves: Callable[[], None],
    ) -> Said | Failure:
        """One answer; a model that will not have one of our parameters is asked again without it."""
        while True:
            manner = self._manners.get(model) or Manner(self._limits.max_tokens)
            body = request_of(dialect, model, SYSTEM, messages, manner)
            log.asks(model, messages)
            async with Asking() as asking:
                got = await asking.ask(
                    access, dialect, body, self._limits.answer_bytes * _STREAM_FACTOR, leaves
                )
            if not isinstance(got, Refused):
                return log.hears(said(dialect, got.body))
            other = other_manner(manner, got.said)
            if other is None:
                return got.failure
            self._manners[model] = other

    async def _saved(self, attempt: Attempt, place: Place, talk: Talk) -> tuple[Failure | None, Saved | None]:
        """Commit what was applied."""
        if talk.failure is not None:
            return talk.failure, None
        try:
            saved = await self._workspaces.save(place, attempt.task.title or attempt.task.id)
        except WorkspaceError as error:
            return error.failure, None
        if not saved.changed:
            cause = "the edits have undone what the task had changed before: nothing differs from its base"
            return classify.of_coding("no_change", cause, where="the model"), saved
        return None, saved


class _Log:
    """What is asked and answered, as people read it. Secrets are hidden."""

    def __init__(self, attempt: Attempt, access: Access) -> None:
        self.secrets = Secrets.of_environment(os.environ, access.key, *_tokens_of(access.url))
        self._log = AttemptLog(attempt.log_path, attempt.log_limit_bytes)

    def asks(self, model: str, messages: Sequence[Message]) -> None:
        size = sum(len(message.text) for message in messages)
        self._write(f"--- asks {model}: {len(messages)} messages, {size} characters; the last ends:\n")
        self._write(messages[-1].text[-2000:])

    def hears(self, answer: Said) -> Said:
        self._write(f"--- answers ({answer.stop}):\n{answer.text}")
        return answer

    def end(self, talk: Talk) -> None:
        if talk.failure is not None:
            self._write(f"--- {talk.failure.class_}: {talk.failure.cause}")
        else:
            self._write(f"--- applied to {', '.join(talk.files)}")

    def close(self) -> None:
        self._log.close()

    def _write(self, text: str) -> None:
        self._log.write(f"{self.secrets.hide(text)}\n".encode("utf-8", "replace"))


def _tokens_of(url: str) -> list[str]:
    """What the path of a way to a model says of who asks: all of it, and the key, which comes first."""
    return [part for token in _TOKEN.findall(url) for part in (token, token.partition("~")[0])]


def _no_server(access: Access) -> Failure:
    if access.url:
        cause = f"{host_of(access.url)} speaks {', '.join(access.dialects)}, of which {GENERATE} speaks none"
        tip = "Name a server that speaks as OpenAI or Anthropic do."
    else:
        cause = f"{GENERATE} has no model server to ask"
        tip = "Name one with --upstream, or a gateway that runs already with --gateway."
    return classify.bad_request(cause, tip)


def _once(leaves: Callable[[], None]) -> Callable[[], None]:
    """An attempt leaves with its first request; the gateway counts the others."""
    left: list[None] = []

    def leave() -> None:
        if not left:
            left.append(None)
            leaves()

    return leave


def _facts(work: Coding, place: Place, talk: Talk, usage: Usage, saved: Saved | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": GENERATE,
        "tokens_in": talk.tokens_in,
        "tokens_out": talk.tokens_out,
        "refused": [one_line(what) for what in talk.refused[:20]],
    }
    facts: dict[str, Any] = {
        "agent": {name: value for name, value in told.items() if value},
        "model": work.model,
        "rounds": talk.rounds,
        "branch": place.branch,
    }
    facts |= {"commit": saved.commit, "files": list(saved.files)} if saved is not None else {}
    facts |= {"usage": usage.as_facts()} if usage.known else {}
    return facts
