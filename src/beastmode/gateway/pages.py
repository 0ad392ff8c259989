"""Pages: the gateway's own small answers: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from beastmode.gateway.app import Page
from beastmode.store.ledger.writing.ledger import Counts

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def pages(counts: Callable[[], Counts], why_not_ready: Callable[[], str]) -> dict[str, Page]:
    """`/livez`: the loop turns.   `/readyz`: requests are taken; 503 with the reason where not.   `/metrics`.

    why_not_ready: "" where all is well.
    """
    registry = CollectorRegistry()
    registry.register(_Requests(counts))

    def livez() -> tuple[int, str, bytes]:
        return 200, "text/plain", b"alive\n"

    def readyz() -> tuple[int, str, bytes]:
        why = why_not_ready()
        body = json.dumps({"ready": not why, "reason": why}).encode() + b"\n"
        return 503 if why else 200, "application/json", body

    def metrics() -> tuple[int, str, bytes]:
        return 200, _TEXT, generate_latest(registry)

    return {"/livez": livez, "/readyz": readyz, "/metrics": metrics}


class _Requests:
    """The counts of the ledger as Prometheus reads them: exactly one series per outcome."""

    def __init__(self, counts: Callable[[], Counts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        yield CounterMetricFamily("beast_requests_received", "Requests that came in.", value=counts.received)
        ended = CounterMetricFamily("beast_requests", "Requests by how they ended.", labels=["outcome"])
        for outcome, number in counts.by_outcome.items():
            if outcome != "unfinished":  # no process can count that of itself
                ended.add_metric([outcome], number)
        yield ended
        yield GaugeMetricFamily(
            "beast_requests_in_flight", "Requests that have not ended.", value=counts.in_flight
        )
