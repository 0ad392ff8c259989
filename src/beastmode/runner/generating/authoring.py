"""Authoring: one attempt in its worktree: what is shown of it, what edits come to there, and bringing them in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beastmode.runner.code.git import Git
from beastmode.runner.generating.applying import apply
from beastmode.runner.generating.edits import Rename
from beastmode.runner.generating.finding import named_in
from beastmode.runner.generating.inside import Inside, RefusedPathError
from beastmode.runner.generating.instructions import question
from beastmode.runner.generating.limits import Limits
from beastmode.runner.generating.listing import Listed
from beastmode.runner.generating.patching import Patch, patch
from beastmode.runner.generating.reading import Read
from beastmode.runner.generating.rounds import Ask, Talk, talk
from beastmode.runner.generating.showing import Shown
from beastmode.runner.generating.tree import Bounds, changed_since, files_of, ignored_among


@dataclass(slots=True)
class Author:
    """Has one task written.

    worktree: its folder.   below: the folder in it that the task works in, "" for the whole.   base: the commit that
    the task began from.   beside: a folder on the same disk, outside of the worktree.
    """

    worktree: Path
    below: str
    base: str
    beside: Path
    bounds: Bounds
    limits: Limits
    files: list[Listed] = field(default_factory=list)

    async def write(self, prompt: str, ask: Ask, told: Talk) -> None:
        """Show, ask and apply until one answer is in the worktree, or there is none to be had.

        Raises RefusedPathError where the folder to work in cannot be used, GitError where git fails, OSError where
        the disk does.
        """
        inside = Inside(self.worktree, self.below)
        inside.check()
        git = Git(self.worktree / self.below)
        found = await files_of(git, git.folder)
        self.files = [file for file in found if not self.bounds.hides(file.path)]
        changed = await changed_since(git, self.base)
        shown = Shown(inside, self.limits)
        first = await asyncio.to_thread(self._question, prompt, shown, changed)

        async def patched(answer: Read) -> Patch:
            return await self._patched(answer, inside, git)

        def applied(found: Patch) -> str:
            """In the loop, not in a thread: an attempt that is cancelled writes nothing any more."""
            try:
                apply(found.changes, inside, self.beside)
            except RefusedPathError as error:
                return str(error)
            return ""

        def show(paths: Sequence[str]) -> str:
            return self._more(paths, shown)

        await talk(first, ask, show, patched, applied, self.limits, told)

    def _question(self, prompt: str, shown: Shown, changed: Sequence[str]) -> str:
        """The files that the task names come first, then what it has changed before."""
        known = [file.path for file in self.files]
        relevant = [*named_in(prompt, known), *sorted(set(changed) & set(known))]
        repository = shown.map(self.files)
        return question(prompt, repository, shown.files(relevant, self.limits.files_bytes))

    def _more(self, wanted: Sequence[str], shown: Shown) -> str:
        """Only what git has: what it ignores, or what is copied into the worktree, may hold secrets."""
        known = [file.path for file in self.files]
        parts, unknown = [], []
        for name in wanted:
            found = [name] if name in known else named_in(name, known)
            parts += found
            unknown += [] if found else [f"{name} does not exist."]
        return "\n\n".join(
            part for part in (shown.files(parts, self.limits.files_bytes // 2), *unknown) if part
        )

    async def _patched(self, answer: Read, inside: Inside, git: Git) -> Patch:
        named = [
            path
            for edit in answer.edits
            for path in (edit.path, *((edit.to,) if isinstance(edit, Rename) else ()))
        ]
        ignored = await ignored_among(git, named)

        def forbidden(path: str) -> str:
            why = "git ignores it, so that no commit would hold it" if path in ignored else ""
            return why or self.bounds.forbids(path)

        known = [file.path for file in self.files]
        return await asyncio.to_thread(patch, answer.edits, inside, self.limits, forbidden, known)
