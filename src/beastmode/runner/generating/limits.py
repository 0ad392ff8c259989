"""Limits of our own code generation: what is sent, what is taken, how often it is asked again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """max_tokens: that the model may answer with.   files_bytes, map_bytes: of the repository that it is shown: the
    files that the task names, and the map.   file_bytes: of one file, shown or written.   files: that one answer may
    change.   edits, answer_bytes: of one answer.   corrections: how often an answer that cannot be applied is asked
    again.   readings: how often it may ask for more files.
    """

    max_tokens: int = 16_384
    files_bytes: int = 160_000
    map_bytes: int = 24_000
    file_bytes: int = 1_000_000
    files: int = 100
    edits: int = 1000
    answer_bytes: int = 4_000_000
    corrections: int = 2
    readings: int = 2
