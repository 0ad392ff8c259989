"""What a run that writes code has used in its earlier sessions, as the ledger has it."""

from __future__ import annotations

from pathlib import Path


def spent_in(home: Path, run: int) -> float:
    """What the requests of earlier sessions of a run have cost, USD; 0 for a new run. Raises BeastError."""
    if not run:
        return 0.0
    from beastmode.store.ledger.file import ledger_path  # SQLAlchemy, which most runs do without
    from beastmode.store.ledger.reading.use import used_in_run

    return sum(use.usd for use in used_in_run(ledger_path(home), f"r{run}").values())


def used_before(home: Path, run: int) -> dict[tuple[str, int], dict[str, float]]:
    """What each attempt of a run has used so far, by task and number: a runner that was killed could not say it.
    Raises BeastError."""
    from beastmode.store.ledger.file import ledger_path  # SQLAlchemy, which most runs do without
    from beastmode.store.ledger.reading.use import used_by_attempts

    return used_by_attempts(ledger_path(home), f"r{run}")
