"""What operators see."""

from __future__ import annotations

from router.testing import a_world


def test_models_are_listed_once() -> None:
    listed = a_world().get("/v1/models").value["data"]
    assert [model["id"] for model in listed] == ["m-small", "m-large"]


def test_requests_are_listed_newest_first() -> None:
    world = a_world()
    world.chat()
    world.clock.now += 1
    world.chat(model="m-large")
    newest, oldest = world.get("/requests").value
    assert (newest["model"], newest["backend"], newest["status"], newest["cache"]) == (
        "m-large",
        "far",
        200,
        "miss",
    )
    assert (oldest["model"], oldest["at_unix"]) == ("m-small", world.clock.now - 1)


def test_health_answers() -> None:
    assert a_world().get("/health").value == {"status": "ok"}


def test_what_is_nowhere_is_404() -> None:
    assert a_world().get("/nothing").status == 404


def test_a_fault_of_our_own_is_500() -> None:
    world = a_world()
    world.backends.failing["near"] = ZeroDivisionError("a bug")
    assert world.chat().status == 500
