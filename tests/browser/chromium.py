"""Chromium as Debian has it, and a window that keeps whatever it complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

Scheme = Literal["light", "dark"]
WIDE, NARROW = 1280, 390
LIVE = '#live[data-state="live"]'
LONG_MS = 30_000.0
"""No promise about speed: after this long, what a test waits for is not coming."""
_SERIOUS = ("serious", "critical")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a screen. The test is skipped where none is installed; where CI=true it fails."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed. `make system` installs it on Debian.")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A page in a browser of its own.   complaints: of the console, of scripts and of the content policy, and answers
    with an error.   asked: hosts that it asked for anything."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def show(self, url: str) -> None:
        """Go there and wait until it is live."""
        self.page.goto(url)
        self.page.wait_for_selector(LIVE)

    def is_wider_than_the_screen(self) -> bool:
        """Whether one would have to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def heard(self, message: ConsoleMessage) -> None:
        """What the console says."""
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def broke(self, error: Error) -> None:
        """A script has failed."""
        self.complaints.append(str(error))

    def requested(self, request: Request) -> None:
        """It asks for something."""
        self.asked.add(urlsplit(request.url).hostname or request.url)

    def faults(self) -> list[str]:
        """What axe finds that keeps somebody out: rule, and where."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']} at {node['target']}: {node['failureSummary']}"
            for one in found
            if one["impact"] in _SERIOUS
            for node in one["nodes"]
        ]


@contextmanager
def window(browser: Browser, *, width: int = WIDE, scheme: Scheme = "light") -> Iterator[Window]:
    """A window with cookies of its own.   width: of the screen, in pixels."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(LONG_MS)
    page = context.new_page()
    opened = Window(page)
    page.on("console", opened.heard)
    page.on("pageerror", opened.broke)
    page.on("request", opened.requested)
    try:
        yield opened
    finally:
        context.close()
