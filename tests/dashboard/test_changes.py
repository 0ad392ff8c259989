"""Whoever looks hears of the last change, however slow; one watcher looks for all."""

from __future__ import annotations

import asyncio

import pytest

from beastmode.dashboard import changes as module
from beastmode.dashboard.changes import Changes


class Source:
    def __init__(self) -> None:
        self.now, self.asked = "1", 0

    def __call__(self) -> str:
        self.asked += 1
        return self.now


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.005)


def test_the_first_version_comes_at_once_and_then_each_change() -> None:
    async def story() -> list[str]:
        source = Source()
        heard: list[str] = []
        async for version in Changes(source).follow():
            heard.append(version)
            if len(heard) == 3:
                return heard
            source.now = f"{len(heard) + 1}"
        return heard

    assert asyncio.run(asyncio.wait_for(story(), 20)) == ["1", "2", "3"]


def test_many_followers_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.02)

    async def story() -> tuple[int, int]:
        source, heard = Source(), 0
        changes = Changes(source)

        async def one() -> None:
            nonlocal heard
            async for version in changes.follow():
                heard += version == "2"
                if version == "2":
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(one())
            await asyncio.sleep(0.05)
            source.now = "2"
        return heard, source.asked

    heard, asked = asyncio.run(asyncio.wait_for(story(), 20))
    assert heard == 50
    assert asked < 50  # 50 followers that each looked for themselves would have asked 100 times


def test_nobody_looks_when_nobody_follows() -> None:
    async def story() -> int:
        source = Source()
        changes = Changes(source)
        follower = changes.follow()
        await anext(follower)
        await follower.aclose()
        asked = source.asked
        await asyncio.sleep(0.1)
        return source.asked - asked

    assert asyncio.run(asyncio.wait_for(story(), 20)) == 0


def test_silence_is_broken_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STILL_THERE_S", 0.01)

    async def story() -> list[str]:
        follower = Changes(Source()).follow()
        return [await anext(follower), await anext(follower)]

    assert asyncio.run(asyncio.wait_for(story(), 20)) == ["1", ""]


def test_a_source_that_fails_for_a_while_silences_nobody() -> None:
    class Failing(Source):
        def __call__(self) -> str:
            if super().__call__() == "broken":
                raise OSError("the disk is busy")
            return self.now

    async def story() -> list[str]:
        source = Failing()
        follower = Changes(source).follow()
        heard = [await anext(follower)]
        source.now = "broken"
        asked = source.asked
        while source.asked < asked + 2:
            await asyncio.sleep(0)
        source.now = "2"
        return [*heard, await anext(follower)]

    assert asyncio.run(asyncio.wait_for(story(), 20)) == ["1", "2"]


def test_what_was_told_is_known_while_somebody_follows() -> None:
    async def story() -> list[str | None]:
        changes = Changes(Source())
        told = [changes.told]
        follower = changes.follow()
        await anext(follower)
        told.append(changes.told)
        await follower.aclose()
        return [*told, changes.told]

    assert asyncio.run(asyncio.wait_for(story(), 20)) == [None, "1", None]


def test_who_leaves_while_something_is_told_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_S", 0.005)
    monkeypatch.setattr(module, "REST_EACH_S", 0.0)

    async def story() -> list[str]:
        source, heard = Source(), [""] * 20
        changes = Changes(source)

        async def follow(number: int) -> None:
            async for version in changes.follow():
                heard[number] = version

        staying = [asyncio.create_task(follow(number)) for number in range(20)]
        for round_ in range(200):
            leaving = [asyncio.create_task(follow(0)) for _ in range(5)]
            source.now = f"{round_}"
            await asyncio.sleep(0.001 * (round_ % 7))
            for task in leaving:
                task.cancel()
        source.now = "last"
        while set(heard) != {"last"} and not any(task.done() for task in staying):
            await asyncio.sleep(0.005)
        ended = [task for task in staying if task.done()]
        for task in staying:
            task.cancel()
        assert not ended, ended[0].exception()
        return heard

    assert asyncio.run(asyncio.wait_for(story(), 30)) == ["last"] * 20
