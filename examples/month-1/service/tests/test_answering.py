"""A request finds its backend, or the next one; a failure is an answer too."""

from __future__ import annotations

from router.testing import a_world, text_of


def test_the_first_backend_that_serves_the_model_answers() -> None:
    world = a_world()
    assert text_of(world.chat()) == "answer 1 of near"
    assert text_of(world.chat(model="m-large")) == "answer 2 of far"


def test_the_next_backend_answers_where_the_first_fails() -> None:
    world = a_world()
    world.fail("near")
    reply = world.chat()
    assert (reply.status, text_of(reply)) == (200, "answer 2 of far")
    assert [name for name, _ in world.backends.asked] == ["near", "far"]


def test_where_all_fail_the_client_gets_502() -> None:
    world = a_world()
    world.fail("near", "far")
    reply = world.chat()
    assert reply.status == 502
    assert reply.value["error"]["message"]


def test_a_model_that_nobody_serves_is_404_and_asks_nobody() -> None:
    world = a_world()
    assert world.chat(model="m-huge").status == 404
    assert not world.backends.asked


def test_what_is_no_request_is_400() -> None:
    world = a_world()
    bodies = (b"{", b"[]", b'{"model": "m-small"}', b'{"model": "m-small", "messages": []}')
    assert [world.post(body).status for body in bodies] == [400] * 4
    assert world.chat(stream=True).status == 400
