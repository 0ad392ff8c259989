"""Which settings hold and where each came from, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beastmode.cli.columns import in_columns
from beastmode.cli.words import safe
from beastmode.compose.serve.settings.choice import Chosen
from beastmode.failures.words import masked

_WIDEST = 48


def as_table(chosen: Sequence[Chosen], hide: Callable[[str], str]) -> str:
    """One line a setting.   hide: takes known secrets out; what looks like one goes too."""
    rows = [("SETTING", "VALUE", "FROM"), *(_row(one, hide) for one in chosen)]
    return "\n".join(in_columns(rows, _WIDEST))


def _row(one: Chosen, hide: Callable[[str], str]) -> tuple[str, str, str]:
    name = f"{one.name} of {one.upstream}" if one.upstream else one.name
    return safe(name), safe(masked(hide(one.text))) or "-", safe(one.where)
