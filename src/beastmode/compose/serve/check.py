"""Check: all that a gateway would need is looked at, and nothing is served. No completion is asked for: it is free."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from beastmode.clock import SYSTEM_CLOCK
from beastmode.compose.serve.door import door_for
from beastmode.compose.serve.loopback import is_loopback
from beastmode.compose.serve.port import see_port
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.compose.serve.tls import checked_tls
from beastmode.compose.serve.ui_port import listen
from beastmode.compose.serve.upstream_keys import key_of
from beastmode.doctor.asking import Asker
from beastmode.doctor.findings import Diagnosis, Fact, Finding
from beastmode.doctor.home import look_at_home
from beastmode.doctor.keys import key_in
from beastmode.doctor.locate import locate
from beastmode.doctor.look import Asked, Look
from beastmode.doctor.places import upstream_of
from beastmode.errors import BeastError, PreconditionError
from beastmode.failures.secrets import Secrets, secrets_of_url
from beastmode.probes.probe import probe_for
from beastmode.safeguards.host.folder import limits_folder
from beastmode.store.ledger.file import ledger_path
from beastmode.store.ledger.reading.reader import LedgerReader

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Checked:
    """What was seen, and what hides all that is secret in what is shown of the settings."""

    seen: Diagnosis
    secrets: Secrets


def check(serving: Serving, environment: Mapping[str, str] = os.environ) -> Checked:
    """Look at all of it. Nothing in the result is secret, and nothing is left behind."""
    seen = Diagnosis()
    seen.add(
        *look_at_home(serving.home),
        *_look_at_ledger(ledger_path(serving.home)),
        *_refused("limits", limits_folder, "the folder of the limits of this host is there"),
        *_refused("host", lambda: _see_door(serving), f"{serving.host} may be listened at"),
        *_refused(
            "port",
            lambda: see_port(serving.host, serving.port),
            f"{serving.host} port {serving.port or 'any'} is free",
        ),
        *_look_at_dashboard(serving),
        *_look_at_certificate(serving),
    )
    keys = [_look_at_key(one, environment, seen) for one in serving.upstreams]
    asyncio.run(_look_at_upstreams(serving, keys, environment, seen))
    urls = [text for one in serving.upstreams for text in (one.url, one.health)]
    known = [secret for url in urls for secret in secrets_of_url(url)]
    secrets = Secrets.of_environment(environment, *known, *filter(None, keys))
    return Checked(seen.without(secrets), secrets)


def _refused(check: str, see: Callable[[], object], good: str) -> Iterator[Finding | Fact]:
    try:
        see()
    except BeastError as error:
        place = f"{error.where}: " if error.where else ""
        yield Finding(check, f"{place}{error.what}", error.tip)
    else:
        yield Fact(check, good)


def _look_at_ledger(path: Path) -> Iterator[Finding | Fact]:
    if not path.exists():
        return iter([Fact("ledger", f"{path} will be made")])
    return _refused("ledger", lambda: LedgerReader(path).close(), f"{path} can be read")


def _see_door(serving: Serving) -> None:
    """Off loopback a key must be there; a home that is not there yet has none."""
    if not is_loopback(serving.host):
        if not serving.home.exists():
            tip = f"Make one, then start again: beast keys add NAME --home {serving.home}"
            raise PreconditionError("other machines can reach this address, and there is no key", tip=tip)
        door_for(serving.home, serving.host, serving.keys, SYSTEM_CLOCK, 1)


def _look_at_dashboard(serving: Serving) -> Iterator[Finding | Fact]:
    if not serving.ui:
        return iter(())

    def listened() -> None:
        listen(serving.host, serving.ui_port, "--ui-port", but_not=serving.port).close()

    return _refused("port", listened, "there is a port for the dashboard")


def _look_at_certificate(serving: Serving) -> Iterator[Finding | Fact]:
    if serving.tls_cert is None:
        return iter(())
    good = f"{serving.tls_cert} and its key belong together"
    return _refused("tls", lambda: checked_tls(serving.tls_cert, serving.tls_key), good)


def _look_at_key(one: UpstreamSettings, environment: Mapping[str, str], seen: Diagnosis) -> str | None:
    """The key; "" where the clients bring theirs; None where it is missing."""
    try:
        key = key_of(one, environment)
    except BeastError as error:
        place = f"{error.where}: " if error.where else ""
        seen.add(Finding("key", f"upstream {one.name}: {place}{error.what}", error.tip, "auth"))
        return None
    seen.add(key_in(one.key_env, environment)[1])  # blanks or quotes around it, say
    if not key:
        seen.add(Fact("key", f"upstream {one.name}: clients bring their own"))
    return key


async def _look_at_upstreams(
    serving: Serving, keys: list[str | None], environment: Mapping[str, str], seen: Diagnosis
) -> None:
    async with Asker(SYSTEM_CLOCK, _TIMEOUT_S) as asker:
        looks = [
            _look_at_upstream(one, key, asker, environment)
            for one, key in zip(serving.upstreams, keys, strict=True)
            if key is not None  # without it, there is nothing to be learnt about the server
        ]
        for found in await asyncio.gather(*looks):
            seen.add(*found)


async def _look_at_upstream(
    one: UpstreamSettings, key: str, asker: Asker, environment: Mapping[str, str]
) -> list[Finding | Fact]:
    found = Diagnosis()
    variable = one.key_env or str(one.key_file or "")
    asked = Asked(upstream_of(one.url), variable, paid=False)
    place = await locate(Look(asked, asker, found, environment, key, None))
    if one.health:
        failure = await probe_for(one.health, _TIMEOUT_S)(lambda: None)
        well = Fact("health", "its health check says that it is well")
        found.add(well if failure is None else Finding("health", failure.cause, failure.tip, failure.class_))
    findings = [_judged(finding, key, place is not None) for finding in found.findings]
    facts = [Fact(fact.check, f"upstream {one.name}: {fact.what}") for fact in found.facts]
    return [*facts, *(_named(finding, one.name) for finding in findings if finding is not None)]


def _judged(finding: Finding, key: str, located: bool) -> Finding | Fact | None:
    """What the doctor misses, a gateway may do without: clients bring keys, and a server need not list its models."""
    if finding.check == "key" and not key:
        return None
    if finding.class_ == "not_found_endpoint" and not located:
        return Fact(finding.check, "it answers, but lists no models where one would look for them")
    return finding


def _named(one: Finding | Fact, name: str) -> Finding | Fact:
    what = f"upstream {name}: {one.what}"
    return Fact(one.check, what) if isinstance(one, Fact) else Finding(one.check, what, one.tip, one.class_)
