"""What needs a person: nothing where all is well; else what is wrong, what to do, and where to look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beastmode.dashboard.matters import Lately, Matter, matters_of
from beastmode.dashboard.sources.faults import Fault
from beastmode.dashboard.sources.live import GatewayKilled, GatewayNow, Gauge, UpstreamNow
from beastmode.dashboard.sources.runs import RunLine
from beastmode.dashboard.sources.stats import Figures
from tests.dashboard.reading import gateway_now, run_line

NOW = 2e9
WELL = UpstreamNow("main", "well", "", None, 3, [], "http://a/v1")
QUIET = Lately(Figures(), Figures())


def matters(*runs: RunLine, gateway: GatewayNow | None = None, lately: Lately = QUIET) -> list[Matter]:
    return matters_of([gateway] if gateway else [], runs, lately, NOW)[0]


def gateway(**changes: Any) -> GatewayNow:
    well: dict[str, Any] = {"upstreams": [WELL], "budgets": [], "alarms": []}
    return gateway_now(**well | changes)


def shares(class_: str, now: int, of: int, usual: int, usual_of: int) -> Lately:
    """How often a class came, of how many requests, in the last minutes and in the day before."""
    return Lately(Figures(of, classes={class_: now}), Figures(usual_of, classes={class_: usual}))


def test_where_all_is_well_nothing_needs_a_person() -> None:
    done = run_line(1, state="done", counts={"total": 2, "done": 2}, ended_unix=NOW - 5)
    under = [Gauge("budget of key ci per day", 4.99, 5.0, "usd")]
    assert matters(done, gateway=gateway(budgets=under)) == []


@pytest.mark.parametrize("state", ["open", "unhealthy", "paused", "probing"])
def test_an_upstream_that_is_left_out_leads_to_what_failed_there(state: str) -> None:
    ill = UpstreamNow("gpu", state, "most failed", NOW + 30, 12, [], "http://gpu:8000/v1")  # type: ignore[arg-type]
    (matter,) = matters(gateway=gateway(upstreams=[WELL, ill]))
    assert (matter.level, matter.route, matter.until_unix) == ("wrong", "requests", NOW + 30)
    assert matter.query == {"failed": "on", "upstream": "http://gpu:8000/v1"}
    assert "gpu" in matter.what
    assert "12 wait in line: most failed" in matter.what
    assert matter.tip


def test_alarms_come_first_and_budgets_that_are_used_up_are_told() -> None:
    spent = [Gauge("budget of run r7", 5.2, 5.0, "usd"), Gauge("budget of key ops per day", 1, 9, "requests")]
    alarm, budget = matters(gateway=gateway(alarms=["the ledger cannot be written"], budgets=spent))
    assert alarm.what == "The ledger cannot be written"
    assert (budget.level, budget.what) == ("person", "The budget of run r7 is used up: 5.2 of 5 usd")


def test_a_run_that_waits_for_a_person_leads_to_its_page() -> None:
    (matter,) = matters(run_line(7, counts={"total": 9, "needs_person": 2}))
    assert (matter.level, matter.route, matter.parts) == ("person", "run", {"run": "r7"})
    assert matter.what.startswith("2 tasks need a person in r7")


def test_of_each_roadmap_only_the_last_run_can_have_failed() -> None:
    old = run_line(1, state="failed", ended_unix=NOW - 90, counts={"failed": 1})
    mended = run_line(2, state="done", ended_unix=NOW - 10, counts={})
    other = run_line(3, state="killed", began_unix=NOW - 60, roadmap="/tmp/other.md", counts={})
    long_ago = run_line(
        4, state="failed", ended_unix=NOW - 90_000, roadmap="/tmp/old.md", counts={"failed": 1}
    )
    assert [matter.parts["run"] for matter in matters(long_ago, other, mended, old)] == ["r3"]
    assert [matter.what for matter in matters(old)] == ["r1 (Month 1) ended failed with 1 failed task"]


@pytest.mark.parametrize(
    ("lately", "told"),
    [
        (shares("rate_limit", 12, 100, 50, 5000), True),  # 12 %, and 1 % else
        (shares("rate_limit", 12, 100, 500, 5000), False),  # 12 %, and 10 % else
        (shares("rate_limit", 4, 10, 0, 5000), False),  # four may be chance
        (shares("rate_limit", 6, 1000, 0, 0), False),  # new, and rare
        (shares("rate_limit", 60, 1000, 0, 0), True),  # new, and not rare
    ],
)
def test_a_class_of_failures_is_told_above_its_usual_share(lately: Lately, told: bool) -> None:
    found = matters(lately=lately)
    assert [matter.query for matter in found] == [{"failed": "on", "class": "rate_limit"}] * told
    assert all(matter.tip.startswith("Lower the rate") for matter in found)


def test_of_very_many_the_first_are_shown_and_the_others_counted() -> None:
    runs = [run_line(number, counts={"needs_person": 1}) for number in range(40)]
    shown, left_out = matters_of([], runs, QUIET, NOW)
    assert len(shown) + left_out == 40
    assert left_out > 0


def test_names_of_others_cannot_turn_a_line_around() -> None:
    (matter,) = matters(run_line(1, title="a\u202eb\nc", counts={"needs_person": 1}))
    assert matter.what.isprintable()


def test_what_cannot_be_read_stands_first_with_its_file_and_what_to_do() -> None:
    fault = Fault("the journal cannot be read: it is damaged", "/h/journal.db", "Keep a copy.")
    alarmed = gateway(alarms=["the ledger cannot be written"])
    (first, second), _ = matters_of([alarmed], [], None, NOW, [fault])
    assert first.what == "/h/journal.db: the journal cannot be read: it is damaged"
    assert first.tip == "Keep a copy. What else is recorded is shown."
    assert second.what == "The ledger cannot be written"


def test_a_gateway_that_was_killed_is_told_with_the_command_that_begins_it_again() -> None:
    killed = GatewayKilled("http://h:1", NOW - 900, NOW - 60, "cd /srv && beast serve --upstream http://m")
    (matter,), _ = matters_of([], [], QUIET, NOW, killed=[killed])
    assert matter.what == "The gateway at http://h:1 (serve) ended without a word: it was killed"
    assert (matter.command, matter.route) == (killed.command, "requests")
    assert matter.times == [("at about", NOW - 60), ("it had begun at", NOW - 900)]
    assert "dmesg" in matter.tip
    (matter,), _ = matters_of([], [], QUIET, NOW, killed=[replace(killed, machine=True, command="")])
    assert matter.what.endswith("the machine went down")
    assert ("dmesg" in matter.tip, matter.tip.endswith("Start it again.")) == (False, True)
