"""Classify: any error becomes a Failure. One table says which class it is and whether a retry can help.

A new class is a row here and a tip in `tips.py`. Rows are looked at from top to bottom; the first that fits
decides.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from beastmode.failures.failure import Effect, Failure, Passing
from beastmode.failures.hints import retry_after
from beastmode.failures.tips import CANNOT_RUN_TIP, REDIRECT_TIP, TIPS, filled
from beastmode.failures.unwrap import unwrap
from beastmode.failures.words import last_lines, one_line, words_of
from beastmode.settings import SHORT_WAIT_S


class Rule(NamedTuple):
    """What fits, and what it means.

    throttle: "hinted": only where the server says how long to wait.   statuses: of HTTP.   errors: names of
    exception classes and errnos, anywhere in the chain.   exits: exit codes.
    """

    class_: str
    passing: bool
    effect: Effect = "ignored"
    throttle: Literal["never", "hinted", "always"] = "never"
    statuses: Collection[int] = ()
    errors: frozenset[str] = frozenset()
    exits: Collection[int] = ()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULES = (
    # What a program says by how it ends.
    Rule("exit_code", False, exits=(126, 127)),
    Rule("exit_code", True, exits=range(1, 256)),
    Rule("killed", True),
    Rule("verify_failed", True),
    Rule("worker_lost", True),
    Rule("out_of_budget", False),
    # What a server says by its status. 503 without a hint is a fault that passes, not a request for less.
    Rule("auth", False, statuses=(401,)),
    Rule("permission", False, statuses=(403,)),
    Rule("not_found_endpoint", False, statuses=(404,)),
    Rule("timeout", True, "dropped", statuses=(408,)),
    Rule("conflict", True, statuses=(409,)),
    Rule("payload_too_large", False, statuses=(413,)),
    Rule("rate_limit", True, "dropped", "always", statuses=(429,)),
    Rule("bad_request", False, statuses=range(400, 500)),
    Rule("overloaded", True, "dropped", "hinted", statuses=(503,)),
    Rule("overloaded", True, "dropped", "always", statuses=(529,)),
    Rule("server_error", True, "dropped", statuses=range(500, 600)),
    # What the way there says, by names: no client is imported to be compared with. The more telling come
    # first: a failed handshake is also a ConnectionError, an unknown name an OSError.
    Rule(
        "tls",
        False,
        errors=_names(
            "SSLError CertificateError ClientSSLError ServerFingerprintMismatch SSLCertVerificationError"
        ),
    ),
    Rule("dns", True, errors=_names("gaierror ClientConnectorDNSError NameResolutionError")),
    Rule(
        "bad_request",
        False,
        errors=_names("InvalidURL InvalidUrlClientError MissingSchema InvalidSchema UnsupportedProtocol"),
    ),
    Rule(
        "invalid_response",
        True,
        errors=_names(
            "JSONDecodeError ContentTypeError HttpProcessingError BadHttpMessage BadStatusLine LineTooLong"
        ),
    ),
    Rule(
        "connection_refused",
        True,
        "dropped",
        errors=_names("ConnectionRefusedError ECONNREFUSED EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN"),
    ),
    Rule(
        "timeout",
        True,
        "dropped",
        errors=_names("TimeoutError TimeoutException Timeout ETIMEDOUT ReadTimeoutError ConnectTimeoutError"),
    ),
    Rule(
        "connection_reset",
        True,
        "dropped",
        errors=_names(
            "ConnectionResetError BrokenPipeError ConnectionAbortedError ECONNRESET EPIPE ECONNABORTED "
            "ServerDisconnectedError ClientPayloadError ClientConnectionResetError IncompleteReadError "
            "IncompleteRead RemoteDisconnected RemoteProtocolError ReadError WriteError CloseError "
            "ChunkedEncodingError ProtocolError"
        ),
    ),
    # The least telling: a connection that failed, and nothing says how.
    Rule(
        "connection_refused",
        True,
        "dropped",
        errors=_names("ClientConnectorError ConnectError NewConnectionError"),
    ),
    Rule(
        "connection_reset",
        True,
        "dropped",
        errors=_names("ClientConnectionError ClientOSError ConnectionError"),
    ),
    Rule("invalid_response", True),
    Rule("other", True),
)


def from_status(
    status: int, headers: Mapping[str, str], body_text: str, *, now_unix: float, where: str = ""
) -> Failure:
    """The failure of an HTTP answer.   where: host:port, for the tip.   now_unix: for dates in hints."""
    hint = retry_after(headers, now_unix=now_unix)
    cause = _joined(f"HTTP {status}", words_of(body_text))
    if 300 <= status < 400:
        return redirected(headers, cause, where=where)
    rule = next((rule for rule in RULES if status in rule.statuses), None)
    if rule is None:
        return invalid_response(cause, where=where)
    return _failure(rule, cause, retry_after_s=hint, where=where, status=f"HTTP {status}")


def redirected(headers: Mapping[str, str], cause: str, *, where: str = "") -> Failure:
    """An answer that names another address: following it would be a second request that no limit counts."""
    target = next((value for name, value in headers.items() if name.lower() == "location"), "")
    tip = filled(REDIRECT_TIP, {"where": where, "target": one_line(target, 200)})
    return Failure("invalid_response", one_line(cause), False, tip)


def from_exception(error: BaseException, *, where: str = "") -> Failure:
    """The failure behind an exception: the deepest cause that is understood. `other` where none is."""
    known = unwrap(error)
    if known.status is not None:
        return from_status(known.status, known.headers, known.body, now_unix=time.time(), where=where)
    for link in known.links:
        for rule in RULES:
            if rule.errors & link.names:
                return _failure(rule, link.words, where=where)
    return _failure(_rule("other"), known.links[-1].words)


def from_exit(code: int, *, tail: str = "") -> Failure:
    """The failure of a program.   code: not 0; below 0: the signal that ended it.   tail: of its output."""
    if code < 0:
        name = _signal_name(-code)
        return _failure(_rule("killed"), _joined(f"ended by {name}", last_lines(tail)), signal=name)
    rule = next((rule for rule in RULES if code in rule.exits), _rule("exit_code", passing=True))
    cause = _joined(f"exit code {code}", last_lines(tail))
    return _failure(rule, cause, CANNOT_RUN_TIP.get(code), code=str(code))


def timed_out(timeout_s: float, *, where: str = "", effect: Effect = "ignored") -> Failure:
    """The failure of what took too long.   effect: "dropped" where a server was waited for."""
    rule = _rule("timeout")._replace(effect=effect)
    limit = f"{timeout_s:g} s"
    return _failure(rule, f"did not end within {limit}", where=where or "the command", limit=limit)


def verify_failed(code: int, tail: str) -> Failure:
    """The failure of work that says it is done and is not.   code, tail: how the verification ended."""
    cause = _joined(f"the verification ended with {_ending(code)}", last_lines(tail))
    return _failure(_rule("verify_failed"), cause, code=str(code))


def worker_lost(where: str, detail: str = "") -> Failure:
    """The failure of an attempt whose machine or worker went away with it."""
    return _failure(_rule("worker_lost"), _joined(f"{where} was lost", one_line(detail)), where=where)


def out_of_budget(what: str) -> Failure:
    """The failure of what a budget does not allow.   what: which budget, and how much of it is used."""
    return _failure(_rule("out_of_budget"), what)


def invalid_response(cause: str, *, where: str = "") -> Failure:
    """The failure of an answer that came, but is not what was expected."""
    return _failure(_rule("invalid_response"), cause, where=where)


def bad_request(cause: str, tip: str) -> Failure:
    """The failure of a request or call that cannot even be made as it stands in the list."""
    return _failure(_rule("bad_request"), cause, tip)


def _rule(class_: str, *, passing: bool | None = None) -> Rule:
    return next(r for r in RULES if r.class_ == class_ and passing in (None, r.passing))


def _failure(
    rule: Rule, cause: str, tip: str | None = None, *, retry_after_s: float | None = None, **facts: str
) -> Failure:
    throttle = rule.throttle == "always" or (rule.throttle == "hinted" and retry_after_s is not None)
    passing: Passing = rule.passing
    if passing and retry_after_s is not None and retry_after_s > SHORT_WAIT_S:
        passing = "after"
    wait = "" if retry_after_s is None else f"{retry_after_s:g} s"
    return Failure(
        rule.class_,
        one_line(cause),
        passing,
        filled(tip or TIPS[rule.class_], {"wait": wait, **facts}),
        retry_after_s,
        throttle,
        rule.effect,
    )


def _joined(what: str, words: str) -> str:
    return f"{what}: {words}" if words else what


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else _signal_name(-code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
