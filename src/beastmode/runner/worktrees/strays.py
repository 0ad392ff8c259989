"""Strays: what was moved, made or deleted elsewhere while an attempt ran, and what a person can do about each. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from beastmode.runner.worktrees.elsewhere import HEADS, TAGS, Elsewhere
from beastmode.runner.worktrees.oddities import named
from beastmode.runner.worktrees.trail import Trail

Kind = Literal["branch", "tag", "stash", "checkout", "files", "commits"]
How = Literal["moved", "made", "deleted", "changed", "left"]

_MOST = 20
"""Recorded of one attempt, one by one."""
_MOST_FILES = 100
"""Named in a command; more are better looked at first."""
_UNKNOWN = "while it ran: by its agent, by another task, or by you"


@dataclass(frozen=True, slots=True)
class Stray:
    """One of them.

    name: of a branch or tag, an id of a stash, what files are called.   old, new: ids, or what the checkout stood on;
    "" where there was none.   own: it is known that the agent did it.   show, back: commands that show it and that put
    it back as it was, unless somebody has gone on from there; "" for none.
    """

    kind: Kind
    how: How
    name: str
    old: str = ""
    new: str = ""
    own: bool = False
    show: str = ""
    back: str = ""

    @property
    def told(self) -> str:
        """A sentence for people, without a full stop."""
        by = "by its agent" if self.own else _UNKNOWN
        if self.kind == "files":
            return f"{self.name} changed in the checkout, {by}"
        if self.kind == "commits":
            return (
                f"{self.new[:12]} was committed on no branch and left there {by}; it is kept as {self.name}"
            )
        if self.kind == "checkout":
            return f"the checkout went from {self.old} to {self.new}, {by}"
        if self.kind == "stash":
            what = "was made" if self.how == "made" else "was dropped or taken out"
            return f"the stash {self.name[:12]} {what}, {by}"
        where = f" from {self.old[:12]} to {self.new[:12]}" if self.how == "moved" else ""
        return f"the {self.kind} {self.name} was {self.how}{where}, {by}"

    def as_fact(self) -> dict[str, Any]:
        """As it is recorded with the end of the attempt."""
        by = "agent" if self.own else "unknown"
        fact = {"kind": self.kind, "how": self.how, "name": _text(self.name), "from": _text(self.old)}
        fact |= {"to": _text(self.new), "by": by, "told": _text(self.told)}
        return fact | {"show": _command(self.show), "back": _command(self.back)}


def _text(name: str) -> str:
    """A name that is not UTF-8 as near as text comes to it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _command(line: str) -> str:
    """None where text cannot say it."""
    return line if line == _text(line) else ""


def as_facts(strays: Sequence[Stray]) -> dict[str, Any]:
    """Nothing where there are none; of very many the first, and one that says how many more there are."""
    facts = [stray.as_fact() for stray in strays[:_MOST]]
    if (more := len(strays) - _MOST) > 0:
        facts.append({**dict.fromkeys(facts[0], ""), "kind": "more", "told": f"{more:,} more like these"})
    return {"elsewhere": facts} if facts else {}


def strays_between(before: Elsewhere, now: Elsewhere, trail: Trail, base: str, top: Path) -> list[Stray]:
    """trail: of the agent's worktree.   base: the commit that it began from.   top: of the user's checkout."""
    git = f"git -C {shlex.quote(str(top))}"
    found = [*_refs(before, now, base, git), *_stashes(before, now, git)]
    found += [*_checkout(before, now, git), *_files(before, now, git)]
    return [replace(stray, own=stray.own or is_of(stray, trail)) for stray in found]


def left_behind(commit: str, kept: str, base: str, top: Path) -> Stray:
    """Commits that an agent made on no branch and went away from.   kept: the branch that holds them now."""
    git = f"git -C {shlex.quote(str(top))}"
    show = f"{git} log --oneline {base}..{shlex.quote(kept)}"
    return Stray("commits", "left", kept, "", commit, True, show)  # nothing of the user's was changed


def is_of(stray: Stray, trail: Trail) -> bool:
    """Whether what a ref holds now was made in that worktree; a new branch also where it went there."""
    if stray.kind in ("branch", "tag"):
        return stray.new in trail.made or (stray.how == "made" and stray.name in trail.branches)
    return False


def _refs(before: Elsewhere, now: Elsewhere, base: str, git: str) -> Iterator[Stray]:
    for ref in sorted(before.refs.keys() | now.refs.keys()):
        old, new = before.refs.get(ref, ""), now.refs.get(ref, "")
        if old == new:
            continue
        kind: Kind = "tag" if ref.startswith(TAGS) else "branch"
        name, quoted = ref.removeprefix(HEADS).removeprefix(TAGS), shlex.quote(ref)
        if not old:
            show, back = f"log --oneline {base}..{quoted}", f"update-ref -d {quoted} {new}"
            yield Stray(kind, "made", name, old, new, False, f"{git} {show}", f"{git} {back}")
        elif not new:
            show, back = f"log --oneline -20 {old}", f"update-ref {quoted} {old} ''"
            yield Stray(kind, "deleted", name, old, new, False, f"{git} {show}", f"{git} {back}")
        else:
            # A commit in the checkout takes its files along; a ref that was moved from afar does not.
            whole = ref == now.branch and before.index != now.index
            still = f'test "$({git} rev-parse {quoted})" = {new} && '
            back = f"{git} update-ref {quoted} {old} {new}"
            back = f"{still}{git} reset --keep {old}" if whole else back
            show = f"log --oneline --left-right {old}...{new}"
            yield Stray(kind, "moved", name, old, new, False, f"{git} {show}", back)


def _stashes(before: Elsewhere, now: Elsewhere, git: str) -> Iterator[Stray]:
    for id_ in now.stashes:
        if id_ not in before.stashes:
            first = f'test "$({git} rev-parse stash@{{0}})" = {id_} && {git} stash drop stash@{{0}}'
            yield Stray("stash", "made", id_, "", id_, False, f"{git} stash show -p {id_}", first)
    for id_ in before.stashes:
        if id_ not in now.stashes:
            back = f"{git} stash store -m 'put back' {id_}"
            yield Stray("stash", "deleted", id_, id_, "", False, f"{git} stash show -p {id_}", back)


def _checkout(before: Elsewhere, now: Elsewhere, git: str) -> Iterator[Stray]:
    """It stands on something else, without a commit of its branch having moved it."""
    if before.head == now.head or not before.head:
        return
    old, new = (_stood_on(one) for one in (before.head, now.head))
    to = f"switch {shlex.quote(old)}" if before.branch else f"switch --detach {old}"
    yield Stray("checkout", "moved", "HEAD", old, new, False, f"{git} reflog -5", f"{git} {to}")


def _stood_on(head: str) -> str:
    return head.removeprefix("ref: ").removeprefix(HEADS)


def _files(before: Elsewhere, now: Elsewhere, git: str) -> Iterator[Stray]:
    paths = sorted(path for path, state in now.files.items() if before.files.get(path) != state)
    branch = now.branch
    # Then files differ because their branch was moved from afar, and by nothing else that is known.
    from_afar = before.refs.get(branch) != now.refs.get(branch) and before.index == now.index
    if not paths or from_afar:
        return
    some = " ".join(shlex.quote(path) for path in paths) if len(paths) <= _MOST_FILES else "."
    back = f"{git} --literal-pathspecs stash push --include-untracked -- {some}"
    back = back if len(paths) <= _MOST_FILES else ""
    show = f"{git} --literal-pathspecs status --short -- {some}"
    yield Stray("files", "changed", named(paths), "", "", False, show, back)
