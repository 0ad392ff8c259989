"""Other: whatever no dialect is known of. It passes through, paced and recorded; of its body nothing is read."""

from __future__ import annotations

from beastmode.failures import answers
from beastmode.gateway.dialects.following import PlainFollower
from beastmode.gateway.dialects.openai_errors import OpenAISpeaks
from beastmode.gateway.dialects.protocol import NO_USAGE, Asked, Stop, Usage


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
