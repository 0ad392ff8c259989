"""Evidence: all that is known about a call that went wrong, as it came. `classify.classify` makes a Failure of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a caller saw of a failed call. Every field may be missing; the more there are, the better the answer.

    status: of HTTP; None where no answer came.   headers: of the answer, names in any case; values that are not
    text are made text.
    body: as received: JSON, JSON in a string, SSE frames, a Python or Node repr, HTML, text, cut off or empty. Of
    more than 64 KB the beginning and the end are read.
    exception: what the client raised, with its chain, or only its text (a traceback, a repr, one line).
    mid_stream: the answer had begun to stream; an ended stream without its terminal event is then a failure.
    provider: a name such as "openai" or "ollama"; "" to tell it from the rest.   url: what was called.
    model: what was asked for.   models: what the server has, so that the tip can name the nearest.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b""
    exception: BaseException | str | None = None
    mid_stream: bool = False
    provider: str = ""
    url: str = ""
    model: str = ""
    models: Sequence[str] = ()
