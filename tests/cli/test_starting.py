"""What a command does without at its start: each of these takes a twentieth of it or more."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("begins", "does_without"),
    [
        ("beastmode.cli.run", "rich"),  # plain lines need no tables
        ("beastmode.cli.requests", "beastmode.runner.report.content"),
        ("beastmode.runner.formats.reading", "beastmode.runner.formats.markdown"),  # where the list is YAML
        ("beastmode.compose.ui.serving", "beastmode.gateway.proxy"),
        ("beastmode.compose.serve.server", "genai_prices"),
    ],
)
def test_what_is_not_needed_is_not_loaded(begins: str, does_without: str) -> None:
    script = f"import sys, {begins}; print({does_without!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
