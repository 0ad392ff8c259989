"""What a plan foresees, as lines for people and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from beastmode.amounts import counted
from beastmode.cli.plan_text import Look
from beastmode.cli.what_if import Row, row_lines
from beastmode.failures.advice import spoken
from beastmode.runner.foreseeing.bottleneck import Bottleneck
from beastmode.runner.foreseeing.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a plan foresees.   known: what it is about, where that is not all of the list; "" else."""

    estimate: Estimate
    bottleneck: Bottleneck
    rows: Sequence[Row] = ()
    known: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain values, beside those of the plan itself."""
        return {
            "estimate": self.estimate.as_json() | {"about": self.known},
            "bottleneck": self.bottleneck.as_json(),
            "what_if": [row.as_json() for row in self.rows],
        }


def estimate_lines(foreseen: Foreseen, look: Look) -> Iterator[str]:
    """The lines below the waves."""
    told = foreseen.estimate
    if not told.tasks:
        return
    yield ""
    yield look.bold(f"Takes about {told.seconds.told(spoken)}") + look.dim(f"  ({told.source})")
    if foreseen.known:
        yield f"  {foreseen.known}"
    if told.usd and told.requests and told.tokens:
        tokens = f", {told.tokens.told('{:,.0f}'.format)} tokens" if told.tokens.high else ""
        yield f"  {told.requests.told('{:,.0f}'.format)} requests{tokens}, {told.usd.told('{:,.2f}'.format)} USD"
    if told.attempts.high > told.tasks:
        yield f"  {told.attempts.told('{:,.0f}'.format)} attempts at {counted(told.tasks, 'task')}"
    yield f"  held up by {foreseen.bottleneck}"
    yield look.dim("  of ten runs, nine are expected between the figures in brackets")
    if foreseen.rows:
        yield ""
        yield look.bold("What if")
        yield from (f"  {line}" for line in row_lines(told, foreseen.rows))
