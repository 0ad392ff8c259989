"""Examples take as long as they take: other work shares the machine, so no test here has a deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
