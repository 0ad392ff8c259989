"""A key of ours: who may ask the gateway, for which models, how often and how much, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal, get_args

from beastmode.errors import SettingError
from beastmode.settings import Rate
from beastmode.store.allowance import NO_USE, Allowance, Use
from beastmode.store.keys.secret import PREFIX

Right = Literal["metrics", "bodies", "dashboard", "control"]
RIGHTS: tuple[Right, ...] = get_args(Right)
"""`metrics`: read `/metrics`.   `dashboard`: look at the dashboard.   Together with that, `bodies`: read there what was
asked and answered, logs and diffs;   `control`: change something there."""
State = Literal["valid", "expired", "revoked"]

ALL_MODELS = ("*",)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}", re.ASCII)
_LIKE_NO_KEY = re.compile(r"[0-9a-f]{8}")
"""So the ledger names clients that have no key."""
_PATTERN = re.compile(r"[!-+\--~]{1,200}", re.ASCII)
_MOST_PATTERNS = 100


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key may do.   models: patterns with `*`, `?` and `[…]`.   rates: of its requests.   allowances: what it
    may use up.   rights: beyond asking models.   expires_unix: None for never."""

    models: tuple[str, ...] = ALL_MODELS
    rates: tuple[Rate, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    rights: frozenset[str] = frozenset()
    expires_unix: float | None = None

    def may_use(self, model: str) -> bool:
        """Is this model among its own? One that is not known is only where all are."""
        return self.models == ALL_MODELS or any(fnmatchcase(model, one) for one in self.models if model)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is stored, but for its secret, of which only hashes are kept.

    id: 12 hex digits.   secrets: hash, and until when it works; None for the one that is in force.   used: by day and
    month, see `allowance.period_name`.   used_unix: when it was used last.
    """

    id: str
    name: str
    limits: KeyLimits
    created_unix: float
    revoked_unix: float | None = None
    used_unix: float | None = None
    secrets: tuple[tuple[bytes, float | None], ...] = ()
    used: Mapping[str, Use] = field(default_factory=lambda: MappingProxyType({}))

    def state(self, unix: float) -> State:
        """Whether it opens anything then."""
        if self.revoked_unix is not None:
            return "revoked"
        expires = self.limits.expires_unix
        return "valid" if expires is None or unix < expires else "expired"

    def used_in(self, period: str) -> Use:
        """What it has used in a day or month."""
        return self.used.get(period, NO_USE)


def parse_name(text: str) -> str:
    """A name for a key, as the ledger shows it. Raises SettingError."""
    if text.startswith(PREFIX):
        raise SettingError("that is a secret, not a name", tip="Name the key; `beast keys list` shows names.")
    if not _NAME.fullmatch(text):
        tip = "Write 1 to 40 letters, digits and . _ @ - ; begin with a letter or a digit."
        raise SettingError(f"{text!r} is no name for a key", tip=tip)
    if _LIKE_NO_KEY.fullmatch(text):
        tip = "Choose another: the ledger calls clients without a key by 8 hex digits."
        raise SettingError(f"{text!r} is no name for a key", tip=tip)
    return text


def parse_models(text: str) -> tuple[str, ...]:
    """The patterns in `gpt-*,claude-*`; all models for `*`. Raises SettingError."""
    patterns = tuple(part.strip() for part in text.split(","))
    if len(patterns) > _MOST_PATTERNS or not all(map(_PATTERN.fullmatch, patterns)):
        tip = "Write names of models with * for any letters, several with commas, like gpt-*,claude-*; or *."
        raise SettingError(f"{text!r} names no models", tip=tip)
    return ALL_MODELS if "*" in patterns else patterns


def parse_right(text: str) -> str:
    """One right. Raises SettingError."""
    if text not in RIGHTS:
        raise SettingError(f"{text!r} is no right", tip=f"Write one of: {', '.join(RIGHTS)}.")
    return text
