"""A log is on the page as it grows, and its reader is left where they are."""

from __future__ import annotations

from tests.browser.chromium import Window
from tests.browser.world import World

SCRIPT = (
    "seq 1 200; until [ -e {go} ]; do sleep 0.02; done; seq 201 300; until [ -e {end} ]; do sleep 0.02; done"
)
ROADMAP = f"""
title: Speaks
tasks:
  - {{{{id: speaks, command: [sh, -c, '{SCRIPT}']}}}}
"""
LOG = "pre.log"
AT_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight < 24"


def test_a_log_is_followed_at_its_end_unless_its_reader_has_scrolled_up(place: World, looks: Window) -> None:
    go, end = place.home.parent / "speak", place.home.parent / "end"
    running = place.run(ROADMAP.format(go=go, end=end), "--fresh", name="speaks")
    looks.show(f"{place.pages}/runs")
    looks.page.click("#r1 a")
    looks.page.click('tr:has(.badge.running) a:text-is("speaks")')
    log = looks.page.locator(LOG)
    looks.page.wait_for_selector(f"{LOG}:has-text('200')")
    assert log.evaluate(AT_END)
    go.touch()
    looks.page.wait_for_selector(f"{LOG}:has-text('300')")
    assert log.evaluate(AT_END)
    log.evaluate("log => { log.scrollTop = 40 }")
    end.touch()
    assert running.wait(30) == 0
    looks.page.wait_for_selector("h1 .badge.done")
    assert log.evaluate("log => log.scrollTop") == 40
