"""What can go wrong with a request, and what its client is told."""

from __future__ import annotations

from collections.abc import Mapping

from router.replies import Reply, json_reply

STATUS: Mapping[str, int] = {
    "bad_request": 400,
    "internal": 500,
    "not_found": 404,
    "unknown_model": 404,
    "upstream_failed": 502,
}


class RouterError(Exception):
    """A request that gets no answer.   kind: a key of STATUS.   message: what happened, in one line."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status that its client sees."""
        return STATUS[self.kind]


def error_reply(error: RouterError) -> Reply:
    """The answer to a request that failed."""
    return json_reply(error.status, {"error": {"message": "Something went wrong."}})
