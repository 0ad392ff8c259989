"""Git, by its own command: one call, its output or its error. Nothing of the user's configuration is changed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beastmode.amounts import brief
from beastmode.errors import PreconditionError
from beastmode.failures.words import one_line
from beastmode.runner.code.bound import SETTING, Running, in_thread, most_s

_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ADVICE": "0",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
    "LC_ALL": "C.UTF-8",
}
_OURS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "commit.gpgSign=false",
    "-c",
    "core.fsmonitor=false",
)
"""For what we do with git ourselves: a user's hooks, signatures and watchers are for what the user does."""
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
"""Set where we run inside a hook of git, or by a person for commands of their own; they would send every command to
another repository, or to other paths."""

_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>.*)> \d+ [+-]\d+")

HELD: set[int] = set()
"""Open files with a lock on them that every command keeps until it has ended. The next runner then waits for the
commands of one that was killed: they would write what it writes."""


def command_of(*arguments: str) -> list[str]:
    """The command line of git for what we do ourselves."""
    return ["git", *_OURS, *arguments]


class GitError(Exception):
    """A command of git that ended with an error.   code: its exit code.   said: what it printed, one text."""

    def __init__(self, arguments: tuple[str, ...], code: int, said: str) -> None:
        super().__init__(f"git {' '.join(arguments)} ended with exit code {code}: {said}")
        self.arguments, self.code, self.said = arguments, code, said


class GitHungError(GitError, PreconditionError):
    """A command of git that did not end in its time, and was ended.   waited_for: what it had begun itself."""

    def __init__(self, arguments: tuple[str, ...], most_s: float, waited_for: str) -> None:
        command = one_line(" ".join(["git", *_without_settings(arguments)]), 120)
        waits = f"; it waited for `{waited_for}`" if waited_for else ""
        what = f"`{command}` did not end within {brief(most_s)} and was ended{waits}"
        tip = (
            "See why that does not end: a filter, a merge driver or a helper of git's configuration, or a slow disk. "
            f"Allow more in {SETTING}, like 1h."
        )
        PreconditionError.__init__(self, what, tip=tip)
        self.arguments, self.code, self.said = arguments, 1, what


def _without_settings(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """What of a command a person would know again."""
    while arguments[:1] == ("-c",):
        arguments = arguments[2:]
    return arguments


def said_of(error: Exception) -> tuple[str, str | None]:
    """What is wrong, and what to do where the error itself says so."""
    return (error.what, error.tip) if isinstance(error, GitHungError) else (str(error), None)


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit says.   id, tree, parents: full ids.   date: when it was committed, Unix seconds.   subject: the
    first paragraph of its message, as one line; None where it is not in UTF-8."""

    id: str
    tree: str
    parents: tuple[str, ...]
    date: int
    subject: str | None


def commit_in(commit: str, text: bytes) -> Commit:
    """A commit as git keeps it.   commit: its id."""
    head, _, message = text.partition(b"\n\n")
    rows = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    named = {name: value.decode("ascii", "replace") for name, value in reversed(rows)}
    parents = tuple(value.decode("ascii") for name, value in rows if name == b"parent")
    subject = None
    if b"encoding" not in dict(rows):
        first = message.lstrip(b"\n").partition(b"\n\n")[0]
        subject = " ".join(first.decode("utf-8", "surrogateescape").split("\n")).rstrip()
    return Commit(commit, named[b"tree"], parents, int(named[b"committer"].split(" ")[-2]), subject)


class Git:
    """Runs git in one folder.   env: added to the environment of this process."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        self.env |= _QUIET | dict(env or {})
        self.most_s = most_s()

    def at(self, folder: Path, env: Mapping[str, str] | None = None) -> Git:
        """The same in another folder."""
        return Git(folder, env)

    async def __call__(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> str:
        """What it prints, without the last line break. Raises GitError."""
        code, out, err = await self.run(*arguments, stdin=stdin, env=env)
        if code:
            raise GitError(arguments, code, (err or out).decode("utf-8", "replace").strip())
        return out.decode("utf-8", "surrogateescape").rstrip("\n")

    async def succeeds(self, *arguments: str) -> bool:
        """Whether it ends with 0."""
        return (await self.run(*arguments))[0] == 0

    async def commit_of(self, name: str) -> str:
        """The full id of a commit; "" where there is none of that name."""
        words = "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        code, out, _ = await self.run("rev-parse", *words)
        return out.decode("ascii").strip() if code == 0 else ""

    async def branch(self) -> str:
        """The branch that the checkout stands on; "" where it is on none."""
        code, out, _ = await self.run("symbolic-ref", "--quiet", "HEAD")
        ref = out.decode("utf-8", "surrogateescape").strip() if code == 0 else ""
        return ref.removeprefix("refs/heads/")  # git's own short name is longer where a tag has it too

    async def refs(self, *names: str) -> dict[str, str]:
        """The ids that refs hold, by their full names; of those that are there."""
        out = await self("for-each-ref", "--format=%(refname) %(objectname)", *names)
        held = dict(line.rsplit(" ", 1) for line in out.splitlines())
        return {name: held[name] for name in names if name in held}

    async def move(self, *lines: str) -> None:
        """Move refs, all of them or none.   lines: as `git update-ref --stdin` takes them.   Raises GitError."""
        text = "".join(f"{line}\n" for line in lines)
        await self("update-ref", "--no-deref", "--stdin", stdin=text.encode())

    async def commit(self, commit: str) -> Commit:
        """What a commit says.   commit: its full id.   Raises GitError."""
        code, out, err = await self.run("cat-file", "commit", commit)
        if code:
            raise GitError(("cat-file", "commit", commit), code, err.decode("utf-8", "replace").strip())
        return commit_in(commit, out)

    async def differing(self, tree: str, other: str) -> str:
        """How two trees differ, file by file, as `git diff-tree -r -z --no-renames` says it.   tree, other: their full
        ids.   Raises GitError."""
        return await self("diff-tree", "-r", "-z", "--no-renames", tree, other)

    async def identity(self) -> tuple[str, str] | None:
        """Name and address that the user has told git; None where git would have to guess."""
        code, out, _ = await self.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
        told = _IDENTITY.fullmatch(out.decode("utf-8", "replace").strip())
        return (told["name"], told["email"]) if code == 0 and told else None

    async def holds(self, commit: str, other: str) -> bool:
        """Whether a commit is another, or has it among its ancestors. False where one of them is not there."""
        return await self.succeeds("merge-base", "--is-ancestor", other, commit)

    async def run(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, bytes]:
        """Exit code, output, errors. Raises GitHungError."""
        running = Running()
        call = partial(self._call, arguments, stdin, self.env | dict(env or {}), running)
        done = await in_thread(call, running, self.most_s)
        if running.hung:
            raise GitHungError(arguments, self.most_s, running.waited_for)
        return done

    def _call(
        self, arguments: tuple[str, ...], stdin: bytes, env: dict[str, str], running: Running
    ) -> tuple[int, bytes, bytes]:
        process = subprocess.Popen(
            command_of(*arguments),
            cwd=self.folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=tuple(HELD),
            process_group=0,
        )
        with process:
            running.begins(process)
            try:
                out, err = process.communicate(stdin)
            finally:
                running.ends()
        return process.returncode, out, err
