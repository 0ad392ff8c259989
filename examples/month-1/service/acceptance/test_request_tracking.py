"""Every request leaves one record, whatever became of it."""

from __future__ import annotations

from router.testing import World, a_world


def newest(world: World) -> tuple[str, int, str]:
    record = world.get("/requests").value[0]
    return record["model"], record["status"], record["error"]


def test_a_request_that_no_backend_answers_is_recorded() -> None:
    world = a_world()
    world.fail("near", "far")
    reply = world.chat()
    assert newest(world) == ("m-small", reply.status, "upstream_failed")


def test_an_unknown_model_is_recorded_under_its_name() -> None:
    world = a_world()
    world.chat(model="m-huge")
    assert newest(world) == ("m-huge", 404, "unknown_model")


def test_what_is_no_request_is_recorded_without_a_model() -> None:
    world = a_world()
    for body in (b"{", b'{"model": 5}'):
        world.post(body)
        assert newest(world) == ("", 400, "bad_request")


def test_a_fault_of_our_own_is_answered_and_recorded() -> None:
    world = a_world()
    world.backends.failing["near"] = ZeroDivisionError("a bug")
    reply = world.chat()
    assert reply.status == 500
    assert newest(world) == ("m-small", 500, "internal")


def test_a_request_that_was_answered_has_no_error() -> None:
    world = a_world()
    world.chat()
    assert newest(world) == ("m-small", 200, "")


def test_what_came_is_what_was_answered_and_what_failed() -> None:
    world = a_world(records_kept=2)
    world.chat("one")
    world.chat("one")
    world.fail("near", "far")
    for text in ("two", "three", "four"):
        world.chat(text)
    assert world.get("/stats").value == {"received": 5, "answered": 2, "failed": 3}
    assert len(world.get("/requests").value) == 2
