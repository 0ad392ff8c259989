"""Health: evidence ages, failures are asked about less and less often, and one good answer is not yet well."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from beastmode.safeguards.health import PROBE_LEAST_S, PROBE_MOST_S, RECOVER, Health

acts = st.lists(st.tuples(st.sampled_from(["probed", "failed", "call"]), st.floats(0, 40)), max_size=60)


@given(acts)
def test_fresh_means_good_evidence_within_a_second_and_none_bad_since(acts: list[tuple[str, float]]) -> None:
    health, now, past = Health(), 0.0, list[tuple[float, str]]()
    for act, pause_s in acts:
        now += pause_s
        if act == "failed":
            health.failed(now)
        else:
            health.succeeded(now, probe=act == "probed")
        past.append((now, act))
        for later in (now, now + 0.999, now + 1.001):
            assert health.fresh(later) == fresh(past, later)


def fresh(past: list[tuple[float, str]], now: float) -> bool:
    """Since the last failure two probes were answered, then, or without any failure, something within a second."""
    failures = [number for number, (_, act) in enumerate(past) if act == "failed"]
    since = past[failures[-1] + 1 :] if failures else past
    if failures:
        probes = [number for number, (_, act) in enumerate(since) if act == "probed"]
        since = since[probes[RECOVER - 1] :] if len(probes) >= RECOVER else []
    return any(now - at <= 1.0 for at, _ in since)


@given(st.integers(1, 2000))
def test_probes_back_off_to_half_a_minute(failures: int) -> None:
    health = Health()
    for _ in range(failures):
        health.failed(7.0)
    assert health.probe_wait_s(7.0) == min(PROBE_MOST_S, PROBE_LEAST_S * 2 ** min(failures - 1, 20))
    assert health.probe_wait_s(7.0 + PROBE_MOST_S) == 0.0


def test_without_evidence_nothing_is_fresh() -> None:
    assert not Health().fresh(0.0)
    assert Health().probe_wait_s(0.0) == 0.0
    assert Health(math.inf).well


def test_a_call_that_comes_back_well_does_not_outvote_a_probe() -> None:
    """It left before the server fell ill, perhaps."""
    health = Health()
    health.failed(1.0)
    health.succeeded(1.1, probe=False)
    assert not health.fresh(1.1)
    for at in (1.6, 1.7):
        assert not health.well
        health.succeeded(at, probe=True)
    assert health.fresh(1.7)
