"""Findings: what is missing, with what to do about it; facts: what was seen and is well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beastmode.failures.secrets import Secrets

CHECKS = {
    "python": "Python, its SQLite, and the system",
    "home": "the home can be written, its file system locks and keeps a journal",
    "disk": "there is room for journal, logs and worktrees",
    "git": "git is there",
    "git_identity": "in a git repository: commits have a name and an address",
    "roadmap": "the roadmap can be read and run",
    "program": "the programs that its tasks and verifications name are on PATH",
    "variable": "the environment variables that its tasks name are set",
    "agent": "the coding agent that is named is on PATH",
    "login": "it is logged in, in a way that passes through the gateway",
    "sandbox": "it has the sandbox of the kernel that it needs to keep to its permissions",
    "health": "the health check that it names is well",
    "server": "the servers that it names take connections",
    "proxy": "proxy variables do not send requests for this machine elsewhere",
    "endpoint": "the model server answers where it is said to be, over the right scheme",
    "key": "the key is there and is accepted",
    "model": "the model exists",
    "quota": "the key has quota or credit left",
    "clock": "this machine's clock agrees with the server's to within a minute",
    "limits": "the limits that the server states",
}
"""Every check, and what it makes sure of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a run needs and does not have.

    check: one of CHECKS.   what: what is so, a sentence without a full stop.   tip: what to do next, imperative.
    class_: of the failure behind it; "" where none was met.
    """

    check: str
    what: str
    tip: str
    class_: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was looked at and needs nothing to be done."""

    check: str
    what: str


@dataclass(slots=True)
class Diagnosis:
    """All that was seen.   paid_requests: how many requests of it may cost money: 0 or 1."""

    findings: list[Finding] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    paid_requests: int = 0

    @property
    def healthy(self) -> bool:
        """Nothing is missing."""
        return not self.findings

    def add(self, *seen: Finding | Fact | None) -> None:
        """Note what a check saw; None is nothing."""
        for one in seen:
            if isinstance(one, Finding):
                self.findings.append(one)
            elif one is not None:
                self.facts.append(one)

    def without(self, secrets: Secrets) -> Diagnosis:
        """The same, with nothing in it that is secret."""
        hide = secrets.hide
        findings = [Finding(f.check, hide(f.what), hide(f.tip), f.class_) for f in self.findings]
        return Diagnosis(findings, [Fact(f.check, hide(f.what)) for f in self.facts], self.paid_requests)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "healthy": self.healthy,
            "paid_requests": self.paid_requests,
            "findings": [
                {"check": f.check, "what": f.what, "tip": f.tip, "class": f.class_} for f in self.findings
            ],
            "facts": [{"check": f.check, "what": f.what} for f in self.facts],
        }
