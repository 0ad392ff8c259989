"""Other: whatever no dialect is known of. It passes through, paced and recorded; of its body nothing is read. Only
Ollama's own API is told apart, by how errors are said there."""

from __future__ import annotations

from collections.abc import Mapping

from beastmode.failures import answers
from beastmode.failures.failure import Failure
from beastmode.gateway.dialects.decoding import dumped
from beastmode.gateway.dialects.following import PlainFollower
from beastmode.gateway.dialects.naming import words
from beastmode.gateway.dialects.openai_errors import OpenAISpeaks
from beastmode.gateway.dialects.protocol import NO_HEADERS, NO_USAGE, Asked, Stop, Usage


class Other(OpenAISpeaks):
    """Everything else. Errors have OpenAI's shape, which most clients read."""

    name = "other"
    shape: answers.Dialect | None = None
    keepalive = b""

    def read(self, path: str, query: str, body: bytes) -> Asked:
        return Asked(self.name, stateful=True)

    def usage(self, body: bytes) -> Usage:
        return NO_USAGE

    def stopped(self, body: bytes) -> Stop:
        return "unknown"

    def follow(self) -> PlainFollower:
        return PlainFollower()


class Ollama(Other):
    """Ollama's own API. Its clients show what stands in `error`, of an object as "[object Object]"."""

    def error(self, failure: Failure, status: int, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
        return dumped({"error": words(failure)})
