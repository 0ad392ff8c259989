"""Every page, wide and narrow, light and dark: nothing to complain of, nobody kept out, nothing beyond the screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import NARROW, WIDE, Window, window
from tests.browser.world import World

PAGES = (
    "/",
    "/?span=7d",
    "/runs",
    "/runs/r1",
    "/runs/r1/tasks/well",
    "/runs/r1/tasks/breaks",
    "/requests",
    "/requests?failed=on",
    "/failures",
    "/failures?since=all",
    "/cache",
    "/settings",
    "/nowhere",
)
ROADMAP = """
title: Month 1
phases:
  - title: Week 1
    tasks:
      - {id: well, command: [echo, all is well]}
      - {id: breaks, command: [sh, -c, 'echo what broke; exit 3'], retries: 0}
      - {id: behind, command: ['true'], needs: [breaks]}
  - title: Week 2
    tasks:
      - {id: asks, command: ['true'], gate: person}
"""
SCREENS = [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")]


@pytest.fixture(scope="module")
def lived_in(place: World) -> World:
    """A world in which something went well, and something wrong."""
    assert place.ran(ROADMAP) == 1
    for number in range(3):
        place.ask(f"question {number}", temperature=0)
        place.ask(f"question {number}", temperature=0)
    place.server.script.answer = (401, '{"error": {"message": "no such key"}}')
    place.ask("who are you?")
    place.server.script.answer = None
    return place


@pytest.fixture(params=SCREENS, ids=[f"{width}-{scheme}" for width, scheme in SCREENS])
def screen(request: pytest.FixtureRequest, browser: Browser, lived_in: World) -> Iterator[Window]:
    width, scheme = request.param
    with window(browser, width=width, scheme=scheme) as opened:
        opened.page.goto(lived_in.link)
        yield opened


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wrong_with_a_page(path: str, screen: Window, lived_in: World) -> None:
    screen.show(f"{lived_in.pages}{path}")
    assert screen.faults() == []
    assert not screen.is_wider_than_the_screen()
    assert [one for one in screen.complaints if "404" not in one or path != "/nowhere"] == []


@pytest.mark.parametrize("which", ["failed=on", "cache=hit"])
def test_nothing_is_wrong_with_the_page_of_a_request(which: str, screen: Window, lived_in: World) -> None:
    screen.show(f"{lived_in.pages}/requests?{which}")
    screen.page.click("main tbody a")
    screen.page.wait_for_selector("h2:text-is('Where its time went')")
    for fold in screen.page.locator("summary").all():
        fold.click()
    assert screen.faults() == []
    assert not screen.is_wider_than_the_screen()
    assert screen.complaints == []


def test_a_newcomer_s_first_page_is_not_empty(browser: Browser, place: World) -> None:
    with window(browser) as opened:
        opened.show(place.pages)
        assert opened.page.locator("h1").count() == 1
