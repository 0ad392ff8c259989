"""A run is steered from its page."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.chromium import Window, window
from tests.browser.world import World

ROADMAP = """
title: Steered
limits: {{concurrency: 1}}
tasks:
  - {{id: first, command: [sh, -c, 'until [ -e {go} ]; do sleep 0.02; done']}}
  - {{id: second, command: ['true'], needs: [first]}}
  - {{id: fails, command: [sh, -c, '[ -e {go}.fixed ]'], needs: [second], retries: 0}}
"""


def test_a_run_is_paused_resumed_and_what_failed_is_done_again(place: World, looks: Window) -> None:
    go = place.home.parent / "go"
    running = place.run(ROADMAP.format(go=go), "--fresh")
    looks.show(f"{place.pages}/runs")
    looks.page.click("#r1 a")
    looks.page.click("button:text-is('Pause')")
    looks.page.wait_for_selector("#said:has-text('paused: no attempt begins')")
    go.touch()
    looks.page.wait_for_selector('tr:has(a:text-is("first")) .badge.done')
    assert running.poll() is None
    looks.page.click("button:text-is('Resume')")
    assert running.wait(30) == 1
    looks.page.wait_for_selector('tr:has(a:text-is("fails")) .badge.failed')
    looks.page.click('a:text-is("fails")')
    go.with_name("go.fixed").touch()
    looks.page.click("button:text-is('Retry')")
    looks.page.wait_for_selector("#said:has-text('stands in line again')")
    assert place.run(ROADMAP.format(go=go)).wait(30) == 0
    looks.page.wait_for_selector("h1 .badge.done")


def test_what_is_being_filled_in_stays_when_the_page_changes(place: World, looks: Window) -> None:
    looks.show(f"{place.pages}/runs/r1")
    looks.page.click("summary:text-is('Limits')")
    looks.page.fill("input[name='--max-concurrency']", "9")
    looks.page.evaluate("document.addEventListener('shown', () => { document.body.dataset.again = 'yes' })")
    place.ran(ROADMAP.format(go=place.home.parent / "go"), name="another")
    looks.page.wait_for_selector("body[data-again=yes]")
    assert looks.page.input_value("input[name='--max-concurrency']") == "9"
    looks.page.click("button:text-is('Change the limits')")
    looks.page.wait_for_selector("#said:has-text('at most 9 tasks at once')")


def test_whoever_has_no_key_sees_no_form_and_changes_nothing(place: World, browser: Browser) -> None:
    with window(browser) as stranger:
        stranger.show(f"{place.pages}/runs/r1")
        assert stranger.page.locator("main form").count() == 0
        answer = stranger.page.request.post(
            f"{place.pages}/ask/r1", form={"action": "pause"}, headers={"sec-fetch-site": "same-origin"}
        )
        assert answer.status == 403
