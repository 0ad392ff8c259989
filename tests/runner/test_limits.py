"""What was in force when, as the journal has it."""

from __future__ import annotations

from beastmode.events import LIMITS
from beastmode.runner.limits import between, periods_of, still_held
from beastmode.runner.plain_limits import at_once_in, plain_at_once, plain_rates, rates_in
from beastmode.settings import Auto, Rate
from tests.runner.story import Story

SLOW, FAST = Rate(2, 1.0), Rate(8, 1.0)


def changed() -> Story:
    story = Story().session(3, FAST)
    story.now = 5.0
    story.add(LIMITS, data={"concurrency": 1, "reason": "person"})
    story.now = 7.0
    return story.add(LIMITS, data={"rates": plain_rates([SLOW]), "reason": "auto"})


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    of = periods_of(changed().told())[1]
    assert [(p.since_us, p.concurrency, p.rates) for p in of] == [
        (0, 3, (FAST,)),
        (5_000_000, 1, (FAST,)),
        (7_000_000, 1, (SLOW,)),
    ]


def test_a_session_begins_with_its_own() -> None:
    told = changed().session(4, at=9.0).told()
    assert [p.concurrency for p in periods_of(told)[2]] == [4]
    assert told.settings["concurrency"] == 4


def test_what_was_in_force_at_some_time_between_two_instants() -> None:
    of = periods_of(changed().told())[1]
    assert between(of, 0, 4_999_999) == of[:1]
    assert between(of, 5_000_000, 5_000_000) == of[:2], "at the instant of a change both may hold"
    assert between(of, 5_000_001, 6_000_000) == of[1:2]
    assert between(of, 1, 9_000_000) == of


def test_the_settings_of_a_run_are_those_in_force_now() -> None:
    told = changed().told()
    assert (told.settings["concurrency"], told.rates) == (1, (SLOW,))
    assert rates_in(plain_rates([FAST])) == (FAST,)


def test_a_limit_of_a_person_holds_until_a_flag_says_something_new() -> None:
    persons = {"concurrency": 1, "server": {"rates": plain_rates([SLOW])}}
    before = {"concurrency": 3, "server": {"rates": plain_rates([FAST])}}
    assert still_held(persons, before, before, {"concurrency", "server.rates"}) == persons
    other = {"concurrency": 5, "server": {"rates": plain_rates([FAST])}}
    assert still_held(persons, before, other, set()) == persons, "a default is no word"
    assert still_held(persons, before, other, {"concurrency"}) == {"server": persons["server"]}


def test_an_auto_that_a_person_asked_for_holds_over_a_restart_as_it_was_written() -> None:
    assert [at_once_in(plain_at_once(asked)) for asked in (3, None)] == [3, None]
    again = at_once_in(plain_at_once(Auto(16)))
    assert isinstance(again, Auto)
    assert again == 16
    story = (
        Story()
        .session(3)
        .add(LIMITS, data={"concurrency": 3, "asked": {"concurrency": "auto:16"}, "reason": "person"})
    )
    story.add(LIMITS, data={"concurrency": 7, "reason": "auto", "why": "grows"})
    told = story.told()
    assert told.people.limits["concurrency"] == "auto:16"
    assert told.settings["concurrency"] == 7
