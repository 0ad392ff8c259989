"""Faults: a part of what is to be shown cannot be read; the rest is shown beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from beastmode.errors import BeastError, PreconditionError

Given = ParamSpec("Given")
Read = TypeVar("Read")


class BeingReadError(PreconditionError):
    """A run is so long that it is read in the background when it is first looked at; then its pages are there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """In the place of what cannot be read, as of BeastError.   what: in words.   where: the file.   tip: what to do."""

    what: str
    where: str
    tip: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


def fault_of(error: BeastError) -> Fault:
    """The same as a value."""
    return Fault(error.what, error.where, error.tip)


def or_fault(read: Callable[Given, Read], *given: Given.args, **named: Given.kwargs) -> Read | Fault:
    """What is read, or why it cannot be: one file that is damaged, or held by somebody, hides nothing of the others.
    What is still being read is no fault; that raises BeingReadError."""
    try:
        return read(*given, **named)
    except BeingReadError:
        raise
    except BeastError as error:
        return fault_of(error)
