"""What has gone wrong with a home itself, in a browser: a gateway that was killed, a file that cannot be read."""

from __future__ import annotations

import signal

from playwright.sync_api import expect

from tests.browser.chromium import Window
from tests.browser.world import World

LIST = "title: A month\ntasks:\n- {id: one, command: ['true']}\n"


def test_a_gateway_that_was_killed_is_told_until_another_begins(place: World, looks: Window) -> None:
    process = place.serve()
    url = place.url
    place.ask("before it ends")
    looks.show(f"{place.pages}/")
    expect(looks.page.locator("main")).to_contain_text(url)  # its card
    process.send_signal(signal.SIGKILL)
    told = looks.page.locator(f".matters li:has-text('{url} (serve) ended without a word: it was killed')")
    expect(told).to_contain_text("dmesg")
    expect(told.locator("code")).to_contain_text("beast serve --upstream")
    assert looks.faults() == []
    told.locator("a").click()
    expect(looks.page.locator("h1")).to_have_text("Requests")
    looks.show(f"{place.pages}/")
    expect(told).to_have_count(1)
    ends_well = place.serve()
    expect(told).to_have_count(0)
    ends_well.send_signal(signal.SIGTERM)
    expect(looks.page.locator("main")).not_to_contain_text(place.url)
    expect(looks.page.locator("main")).not_to_contain_text("ended without a word")


def test_a_damaged_journal_is_told_shows_the_rest_and_comes_back_by_itself(
    place: World, looks: Window
) -> None:
    place.serve()
    place.ask("one request")
    assert place.ran(LIST) == 0
    journal = place.home / "journal.db"
    well = place.home / "well.db"
    looks.show(f"{place.pages}/")
    journal.rename(well)
    journal.write_bytes(b"garbage" * 2000)
    expect(looks.page.locator(".matters")).to_contain_text(f"{journal}: this is not a journal")
    expect(looks.page.locator(".fault h2")).to_have_text("Runs cannot be read")
    assert looks.faults() == []
    assert not looks.is_wider_than_the_screen()
    before = looks.page.locator(".tile", has_text="requests").first.inner_text()
    place.ask("another request")  # the ledger is well, and what is recorded there is still seen at once
    expect(looks.page.locator(".tile", has_text="requests").first).not_to_have_text(before)
    well.rename(journal)
    expect(looks.page.locator(".fault")).to_have_count(0)
    expect(looks.page.locator("main")).not_to_contain_text("this is not a journal")
