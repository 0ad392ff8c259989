"""A request is copied as a command, also where the page was opened before there was anything to copy."""

from __future__ import annotations

from threading import Thread

from tests.browser.chromium import Window
from tests.browser.world import World

_WORK_S = 5.0
"""Of the model: time enough to open the page meanwhile."""


def test_what_was_in_flight_when_its_page_was_opened_can_be_copied_afterwards(
    place: World, looks: Window
) -> None:
    place.serve("--rate", "none", "--record", "all")
    place.server.script.work_s = lambda asked: _WORK_S
    asking = Thread(target=place.ask, args=("what is copied",))
    asking.start()
    looks.show(f"{place.pages}/requests")
    looks.page.click("tbody th a")
    looks.page.wait_for_selector("h1 .badge.running")
    looks.page.wait_for_selector("#curl:has-text('what is copied')")
    looks.page.wait_for_selector("button.copy:visible")
    asking.join()
