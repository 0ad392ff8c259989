"""Dialects: what model clients and servers say to each other, read as it passes. Never a byte is changed here.

A dialect more: one file, one line in `choose.py`, one in the conformance suite (tests/gateway/dialects/).
"""

from beastmode.gateway.dialects.choose import dialect_for
from beastmode.gateway.dialects.protocol import Asked, Dialect, Follower, Stop, Usage

__all__ = ["Asked", "Dialect", "Follower", "Stop", "Usage", "dialect_for"]
