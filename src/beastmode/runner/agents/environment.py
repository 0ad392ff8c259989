"""The environment of an agent: what it needs of ours, by name, and none of our secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import cache

_LETS_PASS = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "COLORTERM",
        "TMPDIR",
        "TZ",
        "LANG",
        "LANGUAGE",
        "LC_*",
    ),
    *("XDG_*_HOME", "XDG_*_DIRS", "XDG_RUNTIME_DIR"),
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "NVM_DIR", "NVM_BIN", "VOLTA_HOME", "ASDF_*", "JAVA_HOME"),
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("GOPATH", "GOROOT", "CARGO_HOME", "RUSTUP_HOME", "GEM_HOME", "SDKMAN_DIR", "PNPM_HOME", "ANDROID_HOME"),
)
"""What programs need to be found, to speak, and to reach the net; nothing whose name may stand for a secret."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def environment_for(
    ours: Mapping[str, str], own: Iterable[str], given: Mapping[str, str], hidden: Iterable[str]
) -> dict[str, str]:
    """The variables of an agent.

    ours: of this process.   own: patterns of those that hold the agent's login, where it uses its own.   given: what it
    gets whatever we have, the user's names and those that point it at its model.   hidden: names that it never gets.
    Loopback is always asked directly: its way to the model may lie there.
    """
    passes = _any_of((*_LETS_PASS, *own)).match
    kept = {name: value for name, value in ours.items() if passes(name)}
    kept |= given
    for name in hidden:
        kept.pop(name, None)
    return kept | {name: _with_loopback(kept.get(name, "")) for name in ("NO_PROXY", "no_proxy")}


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """What matches the whole of a name that one of some patterns means, with upper and lower case kept apart."""
    return re.compile("|".join(map(translate, patterns)))


def _with_loopback(hosts: str) -> str:
    named = [host.strip() for host in hosts.split(",") if host.strip()]
    return hosts if "*" in named else ",".join(dict.fromkeys((*named, *_LOOPBACK)))
