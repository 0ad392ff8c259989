"""Without a pointer and without scripts: everything is reached, read and done all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import NARROW, WIDE, window
from tests.browser.world import World

PAGES = (
    "/",
    "/runs",
    "/runs/r1",
    "/runs/r1/tasks/broke",
    "/requests",
    "/failures",
    "/cache",
    "/settings",
    "/login",
)
ROADMAP = """
title: Without
limits: {concurrency: 1}
tasks:
  - {id: broke, command: [sh, -c, 'echo what broke; exit 3'], retries: 0}
  - {id: waits, gate: person, command: ['true']}
"""
REACHABLE = """() => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
)].filter(one => one.checkVisibility({checkVisibilityCSS: true})).length"""
AT = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  one.dataset.place ??= String(window.places = (window.places ?? 0) + 1);
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const seen = ring && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  return [one.dataset.place, seen, one.outerHTML.slice(0, 90)];
}"""


@pytest.fixture(scope="module")
def lived_in(place: World) -> World:
    assert place.ran(ROADMAP) == 1
    place.ask("once", temperature=0)
    place.server.script.answer = (401, '{"error": {"message": "no such key"}}')
    place.ask("who are you?")
    place.server.script.answer = None
    return place


@pytest.fixture
def plain(browser: Browser, lived_in: World) -> Iterator[Page]:
    """A browser that runs no scripts, of somebody who has the key."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(lived_in.link)
    yield page
    context.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_everything_is_reached_by_keyboard_and_seen_to_be(
    width: int, browser: Browser, lived_in: World
) -> None:
    with window(browser, width=width) as opened:
        opened.page.goto(lived_in.link)
        for path in PAGES:
            opened.show(f"{lived_in.pages}{path}") if path != "/login" else opened.page.goto(
                lived_in.pages + path
            )
            for fold in opened.page.locator("main summary").all():
                fold.focus()
                opened.page.keyboard.press("Enter")
            opened.page.focus(".skip")
            passed: dict[str, str] = {}
            for _ in range(opened.page.evaluate(REACHABLE)):
                place, seen, what = opened.page.evaluate(AT)
                assert seen, f"{path}: {what}"
                passed[place] = what
                opened.page.keyboard.press("Tab")
            assert len(passed) == opened.page.evaluate(REACHABLE), path


def test_every_page_is_read_without_scripts(plain: Page, lived_in: World) -> None:
    for path in PAGES:
        plain.goto(f"{lived_in.pages}{path}")
        assert plain.locator("h1").count() == 1, path
        assert plain.locator("#live").is_hidden()
    plain.goto(f"{lived_in.pages}/")
    plain.click("summary:has-text('The same as a table')")
    assert plain.locator("details.figures tbody tr").first.is_visible()  # the charts' values


def test_filters_and_forms_work_without_scripts(plain: Page, lived_in: World) -> None:
    plain.goto(f"{lived_in.pages}/requests")
    plain.check("input[name=failed]")
    plain.click("button:text-is('Show')")
    plain.click("tbody a")
    plain.click("summary:has-text('Replay')")
    plain.click("#again button:text-is('Send it again')")
    assert "It went well" in plain.locator("#said").inner_text()
    plain.goto(f"{lived_in.pages}/runs/r1/tasks/waits")
    plain.click("button:text-is('Approve')")
    assert "approved" in plain.locator("#said").inner_text()
