"""Settings told: which settings of a gateway hold, in words, and where each came from. Never a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from beastmode.compose.serve.settings.choice import DEFAULT, Chosen
from beastmode.compose.serve.settings.serving import Serving
from beastmode.compose.serve.settings.table import BY_NAME
from beastmode.failures.words import masked
from beastmode.settings import Auto
from beastmode.store.allowance import written

OF_RUN = "run"
"""The origin of what a run has settled for its gateway."""


def settings_of(chosen: Sequence[Chosen], hide: Callable[[str], str]) -> list[dict[str, Any]]:
    """Each as plain data.   name, value: as one writes them.   upstream: whose it is; "" for one of the gateway.
    origin: `flag`, `environment`, `file`, `default`, or `run`; where: which flag, variable, line of a file or run.
    help: what it does.   hide: takes known secrets out; what looks like one goes too."""
    return [
        {
            "name": one.name,
            "value": masked(hide(one.text)),
            "upstream": one.upstream,
            "origin": _origin(one),
            "where": one.where,
            "help": BY_NAME[one.name].help if one.name in BY_NAME else "",
        }
        for one in chosen
    ]


def chosen_for(serving: Serving, run: str) -> Sequence[Chosen]:
    """What a run has settled for its gateway; all else is by default."""
    return [Chosen(name, text, f"run {run}", upstream) for name, text, upstream in _of_run(serving)]


def _of_run(serving: Serving) -> Iterator[tuple[str, str, str]]:
    for one in serving.upstreams:
        yield "upstream", one.url, one.name
        yield "upstream_key_env", one.key_env, one.name
        yield "rate", written(one.rates), one.name
        yield "tokens", written(one.tokens), one.name
        at_once = one.concurrency
        yield (
            "upstream_concurrency",
            at_once.written if isinstance(at_once, Auto) else str(at_once or "none"),
            one.name,
        )
    yield "cache", serving.cache, ""
    yield "cache_ttl", f"{serving.cache_ttl_s:g}s", ""
    yield "queue_timeout", f"{serving.limits.queue_timeout_s:g}s", ""
    yield "retries", str(serving.limits.retries), ""


def _origin(one: Chosen) -> str:
    setting = BY_NAME.get(one.name)
    if one.where == DEFAULT:
        return DEFAULT
    if one.where.startswith(f"{OF_RUN} "):
        return OF_RUN
    if setting is not None and one.where == setting.flag:
        return "flag"
    return "environment" if setting is not None and one.where == setting.variable else "file"
