"""`beast keys`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import typer

from beastmode.cli.app import new_app
from beastmode.cli.columns import in_columns
from beastmode.errors import PreconditionError, SettingError
from beastmode.runner.home import HOME, prepare_home
from beastmode.settings import filled, parse_duration, parse_rates, parse_timeout
from beastmode.stamps import rfc3339
from beastmode.store.allowance import Allowance, parse_allowances, period_name, period_names, plain, written
from beastmode.store.keys.file import keys_path
from beastmode.store.keys.key import RIGHTS, Key, KeyLimits, parse_models, parse_name, parse_right
from beastmode.store.keys.store import KeyStore

T = TypeVar("T")

app = new_app(no_args_is_help=True)

_HEAD = ("NAME", "ID", "STATE", "MODELS", "RATE", "BUDGET", "RIGHTS", "LAST USED (UTC)", "CREATED (UTC)")

_NAME = typer.Argument(help="Of the key.")
_MODELS = typer.Option(None, help="Models it may ask: gpt-*,claude-*; * for all.")
_RATE = typer.Option(None, help="Its requests at most: 60/min, several with commas; none. More wait.")
_BUDGET = typer.Option(
    None, help="5usd/day, 200000tokens/day, 1000requests/month, several with commas; none."
)
_RIGHT = typer.Option(None, help=f"May be given several times: {', '.join(RIGHTS)}; none.")
_EXPIRES = typer.Option(None, help="It works so long from now: 30d, 12h; none for ever.")
_HOME = typer.Option(Path(HOME), help="Where the keys lie: the home of the gateway.", envvar="BEAST_HOME")


@app.callback()
def keys() -> None:
    """Make, list, change and take away the keys that a gateway asks for. A running one goes by it within a second."""


@app.command()
def add(
    name: str = _NAME,
    models: str | None = _MODELS,
    rate: str | None = _RATE,
    budget: str | None = _BUDGET,
    right: list[str] | None = _RIGHT,
    expires: str | None = _EXPIRES,
    home: Path = _HOME,
) -> None:
    """Make a key and print its secret, this once: only a hash of it is kept."""
    name = _understood("NAME", name, parse_name)
    limits = KeyLimits(**_limits(models, rate, budget, right, expires))
    prepare_home(home)
    store = KeyStore(keys_path(home))
    try:
        key, secret = store.add(name, limits, time.time())
    finally:
        store.close()
    print(secret)
    _say(f"The key {key.name} is shown this once. Send it as the API key, or in the path: /t/KEY/v1/…")
    _warn_of_no_price(key)


@app.command("list")
def list_(
    as_json: bool = typer.Option(False, "--json", help="Print them as JSON on stdout."), home: Path = _HOME
) -> None:
    """List the keys, with what each has used; never their secrets."""
    store = _opened(home)
    try:
        found = store.all()
    finally:
        store.close()
    if as_json:
        print(json.dumps([as_object(key, time.time()) for key in found], indent=2))
        return
    lines = [_HEAD, *(_cells(key, time.time()) for key in found)]
    print("\n".join(in_columns(lines)))


@app.command("set")
def set_(
    name: str = _NAME,
    models: str | None = _MODELS,
    rate: str | None = _RATE,
    budget: str | None = _BUDGET,
    right: list[str] | None = _RIGHT,
    expires: str | None = _EXPIRES,
    home: Path = _HOME,
) -> None:
    """Give a key other limits: those that are named change. What it has used stays counted."""
    limits = _limits(models, rate, budget, right, expires)
    if not limits:
        tip = "Name at least one of --models, --rate, --budget, --right, --expires."
        raise SettingError("nothing was given to set", where=name, tip=tip)
    store = _opened(home)
    try:
        key = store.change(name, **limits)
    finally:
        store.close()
    _say(f"The key {key.name} is changed.")
    _warn_of_no_price(key)


@app.command()
def rotate(
    name: str = _NAME,
    grace: str = typer.Option("1h", help="The old secret works so long; 0 ends it at once."),
    home: Path = _HOME,
) -> None:
    """Give a key a new secret and print it, this once."""
    grace_s = _understood("--grace", grace, parse_duration)
    store = _opened(home)
    try:
        secret = store.rotate(name, grace_s, time.time())
    finally:
        store.close()
    print(secret)
    _say(f"The old secret of {name} works until {_utc(time.time() + grace_s)} UTC." if grace_s else "")


@app.command()
def revoke(name: str = _NAME, home: Path = _HOME) -> None:
    """Take a key away for good."""
    store = _opened(home)
    try:
        key = store.revoke(name, time.time())
        left = any(one.state(time.time()) == "valid" for one in store.all())
    finally:
        store.close()
    rest = "" if left else " No other is good, so nobody is let in: make one with `beast keys add`."
    _say(f"The key {key.name} opens nothing any more.{rest}")


def as_object(key: Key, unix: float) -> dict[str, Any]:
    """A key as others read it; times are RFC 3339 in UTC, null where there is none. `used` is what the current day and
    month have, under their names."""
    limits = key.limits
    return {
        "name": key.name,
        "id": key.id,
        "state": key.state(unix),
        "models": list(limits.models),
        "rate": written(limits.rates),
        "budget": written(limits.allowances),
        "rights": sorted(limits.rights),
        "used": {period: key.used_in(period)._asdict() for period in period_names(unix)},
        "last_used": rfc3339(key.used_unix),
        "created": rfc3339(key.created_unix),
        "expires": rfc3339(limits.expires_unix),
        "revoked": rfc3339(key.revoked_unix),
    }


def _limits(
    models: str | None, rate: str | None, budget: str | None, right: list[str] | None, expires: str | None
) -> dict[str, Any]:
    """Those that were given, by their names in `KeyLimits`."""
    given: dict[str, Any] = {}
    if models is not None:
        given["models"] = _understood("--models", models, parse_models)
    if rate is not None:
        given["rates"] = _understood("--rate", rate, parse_rates)
    if budget is not None:
        given["allowances"] = _understood("--budget", budget, parse_allowances)
    if right:
        wanted = [] if right == ["none"] else right
        given["rights"] = frozenset(_understood("--right", one, parse_right) for one in wanted)
    if expires is not None:
        lasts_s = None if expires == "none" else _understood("--expires", expires, parse_timeout)
        given["expires_unix"] = None if lasts_s is None else time.time() + lasts_s
    return given


def _understood(flag: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(filled(flag, text))
    except SettingError as error:
        raise SettingError(error.what, where=flag, tip=error.tip) from None


def _opened(home: Path) -> KeyStore:
    if not keys_path(home).exists():
        tip = "Make one with `beast keys add NAME`, or name the gateway's home with --home."
        raise PreconditionError("there are no keys here", where=str(home), tip=tip)
    return KeyStore(keys_path(home))


def _warn_of_no_price(key: Key) -> None:
    units = {allowance.unit for allowance in key.limits.allowances}
    if units == {"usd"}:
        _say(
            "Requests to models without a public price are not counted in usd: add a budget of tokens or requests "
            "where such are asked."
        )


def _cells(key: Key, unix: float) -> tuple[str, ...]:
    limits, state = key.limits, key.state(unix)
    until = f" until {_utc(limits.expires_unix)}" if state == "valid" and limits.expires_unix else ""
    budget = ", ".join(_budget(key, one, unix) for one in limits.allowances) or "none"
    return (
        key.name,
        key.id,
        state + until,
        ",".join(limits.models),
        written(limits.rates),
        budget,
        written(sorted(limits.rights)),
        _utc(key.used_unix),
        _utc(key.created_unix),
    )


def _budget(key: Key, allowance: Allowance, unix: float) -> str:
    used = key.used_in(period_name(allowance.period, unix))
    unpriced = f" + {used.unpriced} without a price" if allowance.unit == "usd" and used.unpriced else ""
    return f"{plain(round(allowance.used(used), 6))} of {allowance}{unpriced}"


def _say(words: str) -> None:
    """Beside the secret, which alone goes to stdout."""
    if words:
        print(words, file=sys.stderr)


def _utc(unix: float | None) -> str:
    return "" if unix is None else f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M}"
