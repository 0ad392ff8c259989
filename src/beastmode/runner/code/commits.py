"""Commits of ours: who made them and when, the same in every run, so that the same work gives the same commit."""

from __future__ import annotations

from beastmode.runner.code.git import Git

NAME, EMAIL = "beast", "beast@localhost"
"""Who makes a commit where the user has told git no name."""


async def signed_like(git: Git, parent: str) -> dict[str, str]:
    """The environment in which git makes a commit on top of `parent`: by the user or by us, dated as `parent` is.

    parent: full id of a commit."""
    date = (await git.commit(parent)).date
    name, email = await git.identity() or (NAME, EMAIL)
    return signature(name, email, f"{date} +0000")


def signature(name: str, email: str, date: str) -> dict[str, str]:
    """The environment of a commit by one person.   date: as git takes it."""
    values = {"NAME": name, "EMAIL": email, "DATE": date}
    return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in values.items()}
