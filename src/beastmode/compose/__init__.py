"""Builds a run from settings: the only room that knows all parts. Used by `cli` and by `from beastmode import run`."""
