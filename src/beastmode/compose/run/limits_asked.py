"""Limits that a person asks for while a run is at work: as texts, and as its journal has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beastmode.errors import SettingError
from beastmode.runner.people import SERVER
from beastmode.runner.plain_limits import plain_at_once, plain_rates, plain_tokens, rates_in, tokens_in
from beastmode.runner.progress import Progress
from beastmode.settings import parse_concurrency, parse_rates, parse_token_rates, understood


def limits_now(progress: Progress) -> dict[str, str]:
    """What holds now, as texts by the flag that changes it; only what this run can change."""
    server, kept_by = progress.server_limits, _server_kept_by(progress)
    now = {"--max-concurrency": _most(progress.settings.get("concurrency"))}
    if kept_by == "nobody":
        now["--rate"] = _texts(progress.rates)
    elif kept_by == "run" and server:
        now["--rate"] = _texts(rates_in(server["rates"]))
        now["--upstream-concurrency"] = _most(server["concurrency"])
        now["--tokens"] = _texts(tokens_in(server["tokens"]))
    return now


def limits_asked(given: Mapping[str, str], progress: Progress) -> dict[str, Any]:
    """As the journal has them.   given: texts by flag. Raises SettingError that names the flag."""
    own: dict[str, Any] = {}
    server: dict[str, Any] = {}
    kept_by = _server_kept_by(progress)
    for flag, text in given.items():
        if flag == "--max-concurrency":
            own["concurrency"] = plain_at_once(understood(flag, text, parse_concurrency))
        elif flag == "--rate":
            rates = plain_rates(understood(flag, text, parse_rates))
            (server if kept_by != "nobody" else own)["rates"] = rates
        elif flag == "--tokens":
            server["tokens"] = plain_tokens(understood(flag, text, parse_token_rates))
        else:
            server["concurrency"] = plain_at_once(understood(flag, text, parse_concurrency))
    _see_server(given, server, kept_by)
    return {**own, SERVER: server} if server else own


def _server_kept_by(progress: Progress) -> str:
    """Who keeps the limits of the model server: the `run`, `nobody`, or the URL of a gateway that ran already."""
    code = progress.sessions[-1].started.data.get("code") if progress.sessions else None
    if code is None or code["gateway"] == "none":
        return "nobody"
    return str(code["gateway"] or "run")


def _see_server(given: Mapping[str, str], server: dict[str, Any], kept_by: str) -> None:
    if not server or kept_by == "run":
        return
    names = {"rates": "--rate", "tokens": "--tokens", "concurrency": "--upstream-concurrency"}
    flag = next(names[name] for name in server if names[name] in given)
    if kept_by == "nobody":
        tip = f"This run has no gateway that could keep it. Leave {flag} out."
        raise SettingError("there is no model server to pace", where=flag, tip=tip)
    tip = f"Change it there: {kept_by} has limits of its own."
    raise SettingError("the gateway that this run uses is not its own", where=flag, tip=tip)


def _most(asked: int | str | None) -> str:
    return "none" if asked is None else str(asked)


def _texts(limits: Sequence[object]) -> str:
    return ", ".join(map(str, limits)) or "none"
