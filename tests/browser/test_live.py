"""What happens is on the page within a second, without a hand laid on it."""

from __future__ import annotations

import statistics
import time

from playwright.sync_api import Browser

from tests.browser.chromium import LIVE, Window, window
from tests.browser.world import World

ROADMAP = """
title: Live
limits: {{concurrency: 2}}
tasks:
  - id: waits
    command: [sh, -c, 'until [ -e {go} ]; do sleep 0.02; done; echo it went']
    verify: [sh, -c, 'until [ -e {proof} ]; do sleep 0.02; done']
  - {{id: after, command: ['true'], needs: [waits]}}
  - {{id: breaks, command: [sh, -c, 'echo what broke; exit 3'], retries: 0}}
"""


def state(task: str, name: str) -> str:
    """Where a page shows that a task is in this state."""
    return f'tr:has(a:text-is("{task}")) .badge.{name}'


def test_a_task_is_followed_through_its_states(place: World, looks: Window) -> None:
    go, proof = place.home.parent / "go", place.home.parent / "proof"
    looks.show(f"{place.pages}/runs")
    running = place.run(ROADMAP.format(go=go, proof=proof), "--fresh")
    looks.page.click("#r1 a")
    looks.page.wait_for_selector(state("waits", "running"))
    looks.page.wait_for_selector(state("breaks", "failed"))
    go.touch()
    looks.page.wait_for_selector(state("waits", "verifying"))
    proof.touch()
    looks.page.wait_for_selector(state("waits", "done"))
    looks.page.wait_for_selector(state("after", "done"))
    assert running.wait(30) == 1
    looks.page.click('a:text-is("breaks")')
    looks.page.wait_for_selector("text=what broke")


def test_a_request_is_seen_within_a_second(place: World, looks: Window) -> None:
    looks.show(f"{place.pages}/requests")
    took = []
    for number in range(9):
        identity = looks.page.locator("tbody tr").first.get_attribute("id") if number else ""
        place.ask(f"how late is {number}?")
        asked = time.monotonic()
        looks.page.wait_for_function(
            "id => document.querySelector('tbody tr') && document.querySelector('tbody tr').id !== id",
            arg=identity,
        )
        took.append(time.monotonic() - asked)
        time.sleep(0.6)  # it had been quiet
    print(f"seconds from the answer to the page: median {statistics.median(took):.3f}, most {max(took):.3f}")


def test_a_failure_is_found_by_its_filter(place: World, looks: Window) -> None:
    place.server.script.trouble = lambda number: None
    place.ask("all is well")
    place.server.script.answer = (401, '{"error": {"message": "no such key"}}')
    assert place.ask("who are you?").status_code == 401
    place.server.script.answer = None
    looks.show(f"{place.pages}/requests")
    looks.page.check("input[name=failed]")
    looks.page.click("button:text('Show')")
    looks.page.wait_for_selector("tbody tr")
    assert looks.page.locator("tbody tr").count() == 1
    looks.page.click("tbody a")
    looks.page.wait_for_selector("text=401")


def test_what_failed_is_sent_again_from_its_page(place: World, looks: Window) -> None:
    place.server.script.answer = (400, '{"error": {"message": "not today"}}')
    assert place.ask("try me again").status_code == 400
    place.server.script.answer = None
    asked = place.server.paid
    looks.show(f"{place.pages}/requests?text=not+today")
    looks.page.click("tbody a")
    failed = looks.page.url
    looks.page.click("summary:has-text('Replay')")
    looks.page.click("#again button:text-is('Send it again')")
    looks.page.wait_for_selector("#said")
    looks.page.wait_for_selector("h1 .badge.upstream_ok")
    assert looks.page.url != failed
    assert place.server.paid == asked + 1


def test_the_page_survives_a_restart_and_catches_up(place: World, looks: Window) -> None:
    second = place.show()
    port = place.pages.rpartition(":")[2]
    looks.page.goto(place.link)
    looks.show(f"{place.pages}/requests")
    second.terminate()
    second.wait(20)
    looks.page.wait_for_selector('#live[data-state="lost"]')
    looks.complaints.clear()  # it says that it could not be reached
    place.ask("while you were away")
    newest = "id => document.querySelector('tbody tr').id !== id"
    before = looks.page.locator("tbody tr").first.get_attribute("id")
    place.show("--port", port)
    looks.page.wait_for_selector(LIVE)
    looks.page.wait_for_function(newest, arg=before)
    looks.complaints.clear()


def test_two_browsers_see_the_same(place: World, looks: Window, browser: Browser) -> None:
    place.ask("for both")
    with window(browser) as other:
        for one in (looks, other):
            one.show(f"{place.pages}/requests")
        seen = [one.page.locator("tbody").inner_html() for one in (looks, other)]
    assert seen[0] == seen[1]
