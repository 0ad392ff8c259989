"""`beast cache`: what is kept and of what use it was, and forgetting it, for people and for programs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beastmode.store.entries.file import cache_path
from tests.cache.answers import Wall, answer, key, opened, until
from tests.cli.test_looking import HOSTILE, Beast

MINUTE_AGO = Wall(time.time() - 60)


@pytest.fixture
def beast(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Beast:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BEAST_HOME", raising=False)
    return Beast(monkeypatch, capsys)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The cache of a gateway that has ended: three answers, one of them asked for three times, one question missed."""
    home = tmp_path / ".beast"

    async def play() -> None:
        stack = opened(cache_path(home), MINUTE_AGO)
        for name in ("a", "b"):
            tags = ("model:small", f"team:{name}")
            stack.put(key(name), answer(b"b" * 1000, MINUTE_AGO.unix, model="small", tags=tags))
        tags = (f"model:{HOSTILE}", f"task:{HOSTILE}")
        stack.put(key("c"), answer(b"c" * 100_000, MINUTE_AGO.unix + 1, model=HOSTILE, tags=tags))
        for _ in range(3):
            assert stack.at_hand(key("a"))
        assert await stack.find(key("d")) is None
        await stack.close()

    asyncio.run(play())
    return home


def of_json(beast: Beast, *more: str) -> dict[str, Any]:
    said = beast("cache", "stats", "--json", *more)
    assert said.code == 0
    return dict(json.loads(said.out))


def test_what_is_kept_for_programs(beast: Beast, home: Path) -> None:
    said = of_json(beast)
    assert said["tiers"]["l1"] == {"entries": 0, "bytes": 0, "hits": 3, "misses": 1}
    l3 = said["tiers"]["l3"]
    assert (l3["entries"], l3["hits"], l3["misses"], said["gateways"]) == (3, 0, 1, 0)
    assert {model["model"]: model["entries"] for model in said["models"]} == {"small": 2, HOSTILE: 1}
    assert l3["bytes"] == sum(model["bytes"] for model in said["models"]) > 0
    assert said["since"] < said["newest"]
    assert said["oldest"] < said["newest"]
    assert said["newest"].endswith("Z")


def test_what_is_kept_for_people(beast: Beast, home: Path) -> None:
    said = beast("cache", "stats", "--home", str(home))
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[2].split() == ["TIER", "ENTRIES", "BYTES", "HITS", "MISSES", "HIT", "RATE"]
    assert lines[3].split() == ["l1", "0", "0", "B", "3", "1", "75.0", "%"]
    assert any(line.startswith("small  ") for line in lines)
    assert any(line.startswith("team:a  ") for line in lines)
    assert "\x1b" not in said.out


def test_a_gateway_at_work_is_seen_and_cleared(beast: Beast, tmp_path: Path) -> None:
    path, wall = cache_path(tmp_path / ".beast"), Wall(time.time())

    async def play() -> None:
        stack = opened(path, wall)
        stack.put(key("a"), answer(stored_unix=wall.unix))
        await until(lambda: of_json(beast)["tiers"]["l3"]["entries"])
        assert stack.at_hand(key("a"))
        await until(lambda: l1(beast)["hits"] == 1)
        assert (l1(beast)["entries"], l1(beast)["bytes"], of_json(beast)["gateways"]) == (
            1,
            stack.stats().l1_bytes,
            1,
        )
        assert beast("cache", "clear").out == "Cleared: 1 answer in the database.\n"
        await until(lambda: stack.at_hand(key("a")) is None)
        assert await stack.find(key("a")) is None
        await until(lambda: l1(beast)["misses"] == 1)
        assert (l1(beast)["entries"], of_json(beast)["tiers"]["l3"]["entries"]) == (0, 0)
        await stack.close()

    asyncio.run(play())


def l1(beast: Beast) -> dict[str, int]:
    return dict(of_json(beast)["tiers"]["l1"])


def test_a_clear_for_programs(beast: Beast, home: Path) -> None:
    assert json.loads(beast("cache", "clear", "--json").out) == {"cleared": 3}
    assert json.loads(beast("cache", "clear", "--json").out) == {"cleared": 0}
    assert of_json(beast)["models"] == []
    assert beast("cache", "stats").code == 0


@pytest.mark.parametrize(
    ("what", "number", "left"),
    [
        (["--tag", "team:a"], 1, ["small", HOSTILE]),
        (["--tag", "team:a", "--tag", "team:b", "--tag", "none"], 2, [HOSTILE]),
        (["--model", HOSTILE], 1, ["small"]),
        (["--model", "small", "--tag", "team:a"], 2, [HOSTILE]),
        (["--tag", f"task:{HOSTILE}"], 1, ["small"]),
    ],
)
def test_answers_with_a_tag_or_of_a_model_are_forgotten_alone(
    beast: Beast, home: Path, what: list[str], number: int, left: list[str]
) -> None:
    assert json.loads(beast("cache", "clear", "--json", *what).out) == {"cleared": number}
    assert sorted(model["model"] for model in of_json(beast)["models"]) == sorted(left)
    assert "\x1b" not in beast("cache", "clear", *what).out


def test_the_largest_tags_are_told(beast: Beast, home: Path) -> None:
    tags = of_json(beast)["tags"]
    assert {tag["tag"]: tag["entries"] for tag in tags} == {f"task:{HOSTILE}": 1, "team:a": 1, "team:b": 1}
    assert (
        beast("cache", "clear", "--tag", "team:a").out == "Cleared: 1 answer with team:a in the database.\n"
    )


def test_an_empty_tag_clears_nothing(beast: Beast, home: Path) -> None:
    for empty in ("--tag=", "--model="):
        said = beast("cache", "clear", empty)
        assert (said.code, "Name one" in said.err) == (2, True)
    assert len(of_json(beast)["models"]) == 2


@pytest.mark.parametrize("command", ["stats", "clear"])
def test_a_cache_that_is_not_there(beast: Beast, command: str, tmp_path: Path) -> None:
    said = beast("cache", command, "--json")
    assert said.code == 2
    assert "no answer has been kept here yet" in said.err
    assert json.loads(said.out)["error"]["where"] == ".beast"
    assert list(tmp_path.iterdir()) == []


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE cache_format SET version = 99")
    db.close()


@pytest.mark.parametrize("command", ["stats", "clear"])
@pytest.mark.parametrize(
    ("spoil", "code", "to_do"), [(garbage, 74, "Move or delete"), (newer, 2, "Update beastmode")]
)
def test_a_cache_that_cannot_be_used(
    beast: Beast, command: str, home: Path, spoil: Callable[[Path], None], code: int, to_do: str
) -> None:
    spoil(cache_path(home))
    before = cache_path(home).read_bytes()
    said = beast("cache", command)
    assert said.code == code
    assert to_do in said.err
    assert cache_path(home).read_bytes() == before
