"""Builds a run or a gateway from settings: its rooms alone know all parts. Used by `cli` and by `beastmode.run`.

Arrows between them: `ui` -> `run` -> `coding` -> `opening`, and `ui`, `coding` -> `serve` -> `serve/settings`.
"""
