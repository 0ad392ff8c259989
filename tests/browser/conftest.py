"""One browser for all tests of a process, one world for those of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Window, chromium, window
from tests.browser.world import World, world


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def looks(browser: Browser, place: World) -> Iterator[Window]:
    """Somebody who has the key. Afterwards the console is clean, and nobody else was asked for anything."""
    with window(browser) as opened:
        opened.page.goto(place.link)
        yield opened
        assert opened.complaints == []
        assert opened.asked == {"127.0.0.1"}
