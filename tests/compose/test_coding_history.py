"""What tasks have taken before: what memory has spared them counts too, for it may not spare others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.coding_history import taken_in
from beastmode.events import ATTEMPT_ENDED, ATTEMPT_STARTED, PLANNED, SESSION_STARTED
from beastmode.runner.home import journal_path
from beastmode.store.journal import Journal
from tests.runner.workplace import in_a_loop


@in_a_loop
@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"requests": 2, "hits": 0, "unpriced": 0, "cost_usd": 0.5}, 0.5),
        ({"requests": 4, "hits": 3, "unpriced": 0, "cost_usd": 0.5}, 2.0),
        ({"requests": 2, "hits": 2, "unpriced": 0, "cost_usd": 0.0}, None),
        ({"requests": 2, "hits": 0, "unpriced": 1, "cost_usd": 0.5}, None),
    ],
)
async def test_what_memory_has_spared_is_no_saving_for_others(
    tmp_path: Path, usage: dict[str, Any], usd: float | None
) -> None:
    journal = Journal(journal_path(tmp_path), "process")
    run = journal.new_run({"roadmap": "/tasks.yaml"})
    journal.append(SESSION_STARTED, run, data={"session": "s", "code": {"agent": "generate"}})
    journal.append(PLANNED, run, data={"tasks": [{"id": "a"}]})
    journal.append(ATTEMPT_STARTED, run, "a", 1)
    await journal.append(ATTEMPT_ENDED, run, "a", 1, {"end": "done", "usage": usage})
    await journal.close()
    assert [taken.usd for taken in taken_in(tmp_path)] == [usd]
