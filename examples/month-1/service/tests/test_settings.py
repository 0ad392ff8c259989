"""Settings come from a file, and a slip in it is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router.settings import Settings


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(
        json.dumps({"backends": [{"name": "a", "url": "http://a/v1", "models": ["m"]}], "timeout_s": 5})
    )
    settings = Settings.load(path)
    assert (settings.backends[0].models, settings.timeout_s) == (("m",), 5)


def test_the_example_in_the_repository_is_right() -> None:
    assert Settings.load(Path(__file__).parent.parent / "router.json").backends[1].key_env == "FAR_API_KEY"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(TypeError, match="cache_size"):
        Settings.read({"backends": [], "cache_size": 5})
