"""Requests as the pages read them, and what may be done with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from beastmode.dashboard.sources.plain import Plain
from beastmode.store.ledger.sought import Sought


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some requests, newest first: the fields of `store.entry.Entry` as plain values.

    next_before: go on with this as `before`; "" where nothing older is left. A page may be short, or empty, and not
    the last: what is rare is not looked for through millions of rows in one go.   looked_to_unix: how far back it was
    looked; None where all was.
    """

    rows: Sequence[Plain]
    next_before: str
    looked_to_unix: float | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What requests can be asked for by: the names that are known, each list bounded."""

    classes: Sequence[str] = ()
    upstreams: Sequence[str] = ()
    models: Sequence[str] = ()
    keys: Sequence[str] = ()


class RequestReader(Protocol):
    """Requests as the ledger has them. Each call sees all that was committed before it."""

    def version(self) -> str:
        """As of RunReader."""

    def page(self, sought: Sought, most: int) -> RequestPage:
        """The newest `most` that fit. Bounded in time however many requests there are."""

    def request(self, name: str) -> Plain | None:
        """With its bodies and `sent`, where they were recorded. None where there is none of that id."""

    def choices(self) -> Choices:
        """For the filters."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """How a recorded request can be sent again.

    why_not: why it cannot, with what to do about it; "" where it can.   changed: why it would not be the very same, as
    words after "it"; "" where it is, byte for byte.   to: base URL that it is sent to.   key_envs: variables for the
    key of that server that are set where the pages are served; unset: those that are not.   curl: the same as a command
    line, without credentials; "" where its body was not kept.
    """

    why_not: str = ""
    changed: str = ""
    to: str = ""
    key_envs: Sequence[str] = ()
    unset: Sequence[str] = ()
    curl: str = ""


class RequestControl(Protocol):
    """Sends a request once more."""

    def repeatable(self, name: str) -> Repeatable:
        """What can be done with it, before anything is."""

    def replay(self, name: str, *, key_env: str = "", anyway: bool = False) -> tuple[str, str]:
        """What has come of it in words, and the id of the new request; "" where that is not known.

        key_env: one of the variables for its key; "" for none.   anyway: also where it is not the very same request.
        Waits for its answer, up to a minute; after that it goes on by itself. Raises BeastError where it cannot be
        sent, with what to do instead.
        """
