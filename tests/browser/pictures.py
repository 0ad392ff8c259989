"""The pictures of docs/dashboard: `make pictures` makes them anew, from the runs of examples/month-1, a gateway with
traffic good and bad, and a run at work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page

from beastmode.testing.model_server import ModelServer, Refusal, Script
from beastmode.testing.threads import in_thread
from tests.browser.chromium import NARROW, WIDE, Scheme, chromium, window
from tests.browser.world import World

ROOT = Path(__file__).parents[2]
VIEWS = {
    "overview": "/",
    "runs": "/runs",
    "run": "/runs/r3",
    "run-at-work": "/runs/r4",
    "task": "/runs/r3/tasks/error-context",
    "requests": "/requests",
    "request": "/requests?failed=on",
    "failures": "/failures",
    "cache": "/cache",
    "settings": "/settings",
}
"""Name of the picture, and where it is taken; of one request: the newest of those."""
SCREENS: tuple[tuple[str, int, Scheme], ...] = (
    ("", WIDE, "light"),
    ("-dark", WIDE, "dark"),
    ("-narrow", NARROW, "light"),
    ("-narrow-dark", NARROW, "dark"),
)
LONGEST = 2000.0
"""Pixels of a page that are shown."""
_AT_WORK = """
title: "Month 2: Many teams"
limits: {{concurrency: 3, rate: 4/s}}
order: needs
phases:
  - title: "Week 5: Isolation"
    tasks:
      - {{id: tenants, title: A key for each team, command: [sleep, '1']}}
      - {{id: quotas, title: Quotas by team, command: [sleep, '2'], needs: [tenants]}}
      - {{id: audit, title: An audit log, command: [sh, -c, 'echo "disk quota exceeded" >&2; exit 3'], retries: 1}}
      - {{id: alerts, title: Alerts by mail, command: ['true'], needs: [audit]}}
  - title: "Week 6: Regions"
    tasks:
      - {{id: mirror, title: A mirror in a second region, command: [sh, -c, 'until [ -e {go} ]; do sleep 0.1; done']}}
      - {{id: failover, title: Failover by hand, command: ['true'], needs: [mirror]}}
      - {{id: launch, title: Launch, command: ['true'], gate: person}}
"""


@contextmanager
def lived_in() -> Iterator[World]:
    """What the pictures show."""
    copy = (
        Path(tempfile.mkdtemp(prefix="beast-")) / "month-1"
    )  # no path of whoever takes the pictures is on them
    shutil.copytree(ROOT / "examples/month-1", copy)
    example = subprocess.run(
        [sys.executable, str(copy / "run.py")], capture_output=True, text=True, check=True, cwd=copy
    )
    home = re.search(r"(/\S+/home)/runs", example.stdout + example.stderr)
    assert home, example.stdout
    with ExitStack() as stack:
        server = stack.enter_context(in_thread(ModelServer(Script(work_s=_work_s))))
        place = World(Path(home[1]), server)
        stack.callback(place.end)
        place.serve("--rate", "12/s", "--upstream-concurrency", "4", "--tokens", "200000/min")
        _traffic(place)
        place.run(_AT_WORK.format(go=place.home.parent / "go"), name="month-2")
        place.show()
        time.sleep(8)
        yield place
        (place.home.parent / "go").touch()


def _work_s(asked: object) -> float:
    return 0.05 + len(str(asked)) % 7 / 20


def _traffic(place: World) -> None:
    """A day in a minute: questions, some of them again, and what goes wrong."""
    for number in range(24):
        place.ask(f"What does module {number % 9} do?", temperature=0)
    place.server.script.answer = (401, '{"error": {"message": "Incorrect API key provided"}}')
    for number in range(3):
        place.ask(f"Write module {number}")
    place.server.script.answer = (
        400,
        '{"error": {"message": "max_tokens is too large: 90000", "code": "invalid"}}',
    )
    place.ask("Write everything", model="m-large")
    place.server.script.answer = None
    place.server.script.refusals.append(Refusal(429, retry_after="1"))
    for number in range(8):
        place.ask(f"Explain change {number}", model="m-large", stream=True)


def take(browser: Browser, place: World, folder: Path) -> None:
    """Each view on each screen."""
    for suffix, width, scheme in SCREENS:
        with window(browser, width=width, scheme=scheme) as opened:
            opened.page.goto(place.link)
            for name, path in VIEWS.items():
                opened.show(f"{place.pages}{path}")
                if name == "request":
                    opened.page.click("main tbody a")
                    opened.page.wait_for_selector('#live[data-state="live"]')
                opened.page.wait_for_timeout(300)
                _shoot(opened.page, folder / f"{name}{suffix}.png")


def _shoot(page: Page, path: Path) -> None:
    """The whole page, as far as somebody reads on."""
    size = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    clip: FloatRect = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], LONGEST)}
    page.screenshot(path=path, full_page=True, clip=clip)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, lived_in() as place:
        take(browser, place, folder)
    print(f"{len(VIEWS) * len(SCREENS)} pictures in {os.path.relpath(folder)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
