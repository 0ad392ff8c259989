"""Commits of ours: who made them and when, the same in every run, so that the same work gives the same commit."""

from __future__ import annotations

import re

from beastmode.runner.git import Git

NAME, EMAIL = "beast", "beast@localhost"
"""Who makes a commit where the user has told git no name."""
_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>.*)> \d+ [+-]\d+")


async def identity_of(git: Git) -> tuple[str, str] | None:
    """Name and address that the user has told git; None where git would have to guess."""
    code, out, _ = await git.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
    told = _IDENTITY.fullmatch(out.decode("utf-8", "replace").strip())
    return (told["name"], told["email"]) if code == 0 and told else None


async def signed_like(git: Git, parent: str) -> dict[str, str]:
    """The environment in which git makes a commit on top of `parent`: by the user or by us, dated as `parent` is."""
    date = await git("show", "-s", "--format=%ct +0000", parent)
    name, email = await identity_of(git) or (NAME, EMAIL)
    return signature(name, email, date)


def signature(name: str, email: str, date: str) -> dict[str, str]:
    """The environment of a commit by one person.   date: as git takes it."""
    values = {"NAME": name, "EMAIL": email, "DATE": date}
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in values.items()}
