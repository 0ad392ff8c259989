"""Failures: what is wrong, grouped by class and cause, with what to do and what had changed before."""

from __future__ import annotations

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from beastmode.dashboard.class_words import meaning_of
from beastmode.dashboard.filters import query_of
from beastmode.dashboard.series import SPANS
from beastmode.dashboard.site import Site
from beastmode.dashboard.sources import Sources
from beastmode.dashboard.sources.failures import FailureGroup
from beastmode.store.ledger.rollups.shapes import MOST_NAMES
from beastmode.store.ledger.sought import Sought

MOST_GROUPS = 50
ALL = "all"
_USUAL = "24h"
_BETWEEN = re.compile(r"[\s\"'`(),:;=\[\]{}]+")
_LEAST_CHARS, _MOST_WORDS = 3, 8


def routes(site: Site, sources: Sources) -> list[Route]:
    """Reading waits for a disk, so it happens in threads."""

    async def failures(request: Request) -> Response:
        asked = request.query_params.get("since", _USUAL)
        since = asked if asked in SPANS or asked == ALL else _USUAL
        since_unix = 0.0 if since == ALL else sources.unix() - SPANS[since].length_s
        found = await run_in_threadpool(sources.failures.found, since_unix, MOST_GROUPS + 1)
        groups = found.groups
        return site.page(
            request,
            "failures.html",
            groups=[(group, meaning_of(group.class_), query_for(group)) for group in groups[:MOST_GROUPS]],
            more=len(groups) > MOST_GROUPS,
            most_names=MOST_NAMES,
            faults=found.faults,
            since=since,
            spans=[*((name, f"the last {span.words}") for name, span in SPANS.items()), (ALL, "all")],
        )

    return [Route("/failures", failures, name="failures")]


def query_for(group: FailureGroup) -> str:
    """The query that finds the requests of a group: its class, and the first words of its cause. Words with a number in
    them are left out: the requests of a group may differ there."""
    words = [word for word in _BETWEEN.split(group.cause) if word.isalpha() and len(word) >= _LEAST_CHARS]
    return query_of(Sought(gone_wrong=True, class_=group.class_, text=" ".join(words[:_MOST_WORDS])))
