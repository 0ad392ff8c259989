"""Answers are forgotten from their page: by tag, and a gateway at work hears of it."""

from __future__ import annotations

import httpx

from tests.browser.chromium import Window
from tests.browser.world import World

TAGGED = {"x-beast-cache-tags": "nightly"}


def told(place: World, words: str, **headers: str) -> str:
    """What the cache has done with a request."""
    body = {"model": "m-small", "messages": [{"role": "user", "content": words}]}
    answer = httpx.post(f"{place.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
    return str(answer.headers.get("x-beast-cache", ""))


def test_a_tag_is_forgotten_and_nothing_else(place: World, looks: Window) -> None:
    for words, headers in (("tagged", TAGGED), ("other", {})):
        told(place, words, **headers)
        assert told(place, words).startswith("hit")
    looks.show(f"{place.pages}/cache")
    row = looks.page.locator("tr", has_text="nightly")
    row.locator("summary").click()
    told(place, "a third")  # the page changes while the fold is open
    looks.page.wait_for_selector("tr:has-text('m-small') td:text-is('3')")
    row.locator("button:text-is('Forget it')").click()
    looks.page.wait_for_selector("#said:has-text('Forgotten: 1 answer with nightly')")
    assert row.count() == 0
    while told(place, "tagged", **{"cache-control": "only-if-cached"}).startswith("hit"):
        looks.page.wait_for_timeout(20)
    assert told(place, "other").startswith("hit")


def test_everything_is_forgotten_only_behind_its_fold(place: World, looks: Window) -> None:
    told(place, "again")
    looks.show(f"{place.pages}/cache")
    button = looks.page.locator("button:text-is('Forget all answers')")
    assert not button.is_visible()
    looks.page.click("summary:text-is('Forget everything…')")
    button.click()
    looks.page.wait_for_selector("#said:has-text('Forgotten:')")
    looks.page.wait_for_selector("p:has-text('0 answers on disk')")
