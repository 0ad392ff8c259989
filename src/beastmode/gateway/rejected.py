"""Rejected: the gateway itself says no."""

from __future__ import annotations

from beastmode.failures.failure import Failure


class RejectedError(Exception):
    """The gateway itself refuses the request.   status: what the client gets."""

    def __init__(self, status: int, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.status, self.failure = status, failure
