"""What holds for all tests: properties have no deadline, and limits and settings are not those of the user."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from beastmode.safeguards.host.folder import FOLDER_SETTING
from tests.again import pytest_runtest_logreport, pytest_sessionfinish, pytest_terminal_summary  # noqa: F401 hooks

# Examples take as long as they take: other work shares the machine.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

for name in [name for name in os.environ if name.startswith("BEAST_SERVE_")]:
    del os.environ[name]  # of a gateway of the user
os.environ["BEAST_SERVE_UI"] = "off"  # a process more for each gateway; where it is meant, a flag says so

if FOLDER_SETTING not in os.environ:
    os.environ[FOLDER_SETTING] = tempfile.mkdtemp(prefix="beast-limits-")
    atexit.register(shutil.rmtree, os.environ[FOLDER_SETTING], ignore_errors=True)
elif "PYTEST_XDIST_WORKER" in os.environ:  # a part of the folder of all: tests side by side share no limits
    os.environ[FOLDER_SETTING] = tempfile.mkdtemp(dir=os.environ[FOLDER_SETTING])

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left_in_the_checkout(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test writes goes to a folder of its own; what is hidden, or built, is of the tools."""
    before = set(os.listdir(ROOT))
    yield
    left = [name for name in set(os.listdir(ROOT)) - before if not name.startswith(".") and name != "build"]
    assert not left, f"{request.node.nodeid}, or one beside it, left in the checkout: {left}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: where tests run side by side, the last to end is then a short one."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
