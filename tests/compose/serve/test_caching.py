"""What the disk holds was asked for before, also by those who have ended since."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from beastmode.cache.asked import Asked
from beastmode.compose.serve.caching import recall_asked
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.store.entries.file import EntriesFile, EntryRow, cache_path
from beastmode.store.entries.upkeep import clear
from tests.cache.answers import NOON, Wall, key

DAY_S = 86_400.0


def serving(home: Path, **changes: Any) -> Serving:
    return Serving((UpstreamSettings("http://127.0.0.1:1"),), home=home, **changes)


def kept(home: Path, **age_s: float) -> None:
    """Answers of these names, as old as that."""
    file = EntriesFile(cache_path(home), NOON)
    generation = file.moment().generation
    file.write(
        [
            EntryRow(key(name), generation, NOON - old, NOON - old + DAY_S, "m", 1, b"a")
            for name, old in age_s.items()
        ]
    )
    file.close()


def known(home: Path, *names: str, asked: Asked | None = None, **changes: Any) -> list[bool]:
    asked = asked or Asked(DAY_S)
    asyncio.run(recall_asked(asked, serving(home, **changes), Wall().clock))
    return [asked.note(key(name), NOON) for name in names]


def test_keys_on_disk_are_noted_up_to_their_age(tmp_path: Path) -> None:
    kept(tmp_path, young=60, old=DAY_S - 60, expired=DAY_S + 60)
    assert known(tmp_path, "young", "old", "expired", "other") == [True, True, False, False]


def test_of_very_many_the_newest_are_noted(tmp_path: Path) -> None:
    kept(tmp_path, **{f"k{n}": n for n in range(1_000)})
    asked = Asked(DAY_S, cells=1 << 10)
    assert known(tmp_path, "k0", "k383", "k384", "k999", asked=asked) == [True, True, False, False]


def test_what_was_cleared_is_not_noted(tmp_path: Path) -> None:
    kept(tmp_path, one=60)
    clear(cache_path(tmp_path), NOON)
    assert known(tmp_path, "one") == [False]


@pytest.mark.parametrize("changes", [{"cache": "off"}, {"cache_disk_bytes": 0}])
def test_where_the_disk_is_not_used_its_file_is_not_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    kept(tmp_path, one=60)
    assert known(tmp_path, "one", **changes) == [False]


@pytest.mark.parametrize("content", [b"", b"no database at all" * 500])
def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path, content: bytes) -> None:
    cache_path(tmp_path).write_bytes(content)
    assert known(tmp_path, "one") == [False]
    cache_path(tmp_path).unlink()
    assert known(tmp_path, "one") == [False]
