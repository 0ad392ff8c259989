"""The first page in a browser: a failing upstream is two clicks away, and charts stay while the page is made anew."""

from __future__ import annotations

from contextlib import suppress

import httpx
from playwright.sync_api import expect

from tests.browser.chromium import Window
from tests.browser.world import World

DRAWN = "document.querySelectorAll('.chart .uplot canvas').length"
ABOUT = "[...document.querySelectorAll('.chart')].map(one => one.dataset.series).join()"


def test_charts_are_drawn_and_go_on_with_what_is_recorded(place: World, looks: Window) -> None:
    place.ask("for the charts")
    looks.show(f"{place.pages}/")
    looks.page.wait_for_function(f"{DRAWN} === 3")
    looks.page.evaluate("document.querySelector('.chart canvas').dataset.mine = 'kept'")
    before = looks.page.evaluate(ABOUT)
    place.ask("and one more")
    looks.page.wait_for_function(f"before => {ABOUT} !== before", arg=before)
    assert looks.page.evaluate(DRAWN) == 3
    assert looks.page.locator('.chart canvas[data-mine="kept"]').count() == 1
    assert "answered" in looks.page.locator(".chart .u-legend").first.inner_text()


def test_what_a_person_has_opened_stays_open(place: World, looks: Window) -> None:
    place.ask("for the table")
    looks.show(f"{place.pages}/")
    looks.page.click("summary")
    place.ask("while it is open")
    before = looks.page.evaluate(ABOUT)
    looks.page.wait_for_function(f"before => {ABOUT} !== before", arg=before)
    expect(looks.page.locator("details table")).to_be_visible()


def test_a_failing_upstream_is_two_clicks_away(place: World, looks: Window) -> None:
    looks.show(f"{place.pages}/")
    expect(looks.page.locator(".card")).to_contain_text("well")
    place.server.script.answer = (500, "out of order")
    while not looks.page.locator(".card.open").count():
        ask_in_vain(place)
    looks.page.click(".matters a:text('What failed there')")
    looks.page.click("tbody tr:has-text('server_error') a >> nth=0")
    looks.page.wait_for_selector("text=out of order")


def ask_in_vain(place: World) -> None:
    """Ask, and go away after a while: once most have failed, nothing is sent, and who asks waits."""
    body = {"model": "m-small", "messages": [{"role": "user", "content": "in vain"}]}
    with suppress(httpx.TimeoutException):
        httpx.post(f"{place.url}/v1/chat/completions", json=body, timeout=8)
