"""Other: whatever no dialect is known of. It passes through, paced and recorded; of its body nothing is read."""

from __future__ import annotations

from collections.abc import Mapping

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.following import PlainFollower
from beastmode.gateway.dialects.openai_errors import error_body, error_data
from beastmode.gateway.dialects.protocol import EVENT_STREAM, NO_HEADERS, NO_USAGE, Asked, Usage


class Other:
    """Everything else. Errors have OpenAI's shape, which most clients read."""

    name = "other"
    shape: answers.Dialect | None = None
    keepalive = b""
    stream_head = EVENT_STREAM

    def read(self, path: str, query: str, body: bytes) -> Asked:
        return Asked(self.name, stateful=True)

    def usage(self, body: bytes) -> Usage:
        return NO_USAGE

    def follow(self) -> PlainFollower:
        return PlainFollower()

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return error_body(failure, status)

    def error_event(self, failure: Failure) -> bytes:
        return error_data(failure)
