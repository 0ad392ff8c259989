"""What the words of an issue say of others: `Depends on #12`, `Blocks #14`, boxes like `- [ ] #123`. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_REFERENCE = r"(?:#|GH-|https?://\S{1,200}?/(?:issues|pull)/)(\d+)"
_ANY = re.compile(_REFERENCE)
_MANY = rf"((?:[\s,;:*_`-]|and|or|&|issues?|PRs?)*{_REFERENCE})+"
_NEEDS = re.compile(
    rf"\b(?:depends?\s+(?:up)?on|dependent\s+on|blocked\s+(?:by|on)|waits?\s+for|waiting\s+(?:on|for)|requires)\b{_MANY}",
    re.IGNORECASE,
)
_BLOCKS = re.compile(rf"\bblock(?:s|ing)\b{_MANY}", re.IGNORECASE)
_BOX = re.compile(rf"^[ \t]*[-*+] \[[ xX]\][ \t]+(?:[*_]*){_REFERENCE}\b", re.MULTILINE)
_HEADED = re.compile(
    r"^(?:#{1,6}[ \t]*|\*\*)(?:depends on|dependencies|blocked by|requires|prerequisites)[ \t]*:?(?:\*\*)?:?[ \t]*$"
    r"((?:\n[ \t]*(?:[-*+] [^\n]*)?)*)",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(
    r"^(```|~~~)[^\n]*\n.*?^\1[^\n]*$|`[^`\n]*`|~~[^~\n]*~~|<!--.{0,5000}?-->|^>[^\n]*$",
    re.MULTILINE | re.DOTALL,
)
_ITEM = re.compile(rf"^[ \t]*[-*+] (?:\[[ xX]\] )?{_REFERENCE}", re.MULTILINE)
_MOST_CHARACTERS = 200_000
"""Of one issue: GitHub keeps 65,536."""


class Mentions(NamedTuple):
    """Numbers of issues: what it waits for, what waits for it, what it is made of."""

    needs: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def mentions_in(body: str) -> Mentions:
    """What a text says, outside of code, quotes and what is struck out."""
    if "#" not in body and "/" not in body and "GH-" not in body:
        return Mentions()
    text = _CODE.sub(" ", body[:_MOST_CHARACTERS].replace("\r\n", "\n"))
    needs = [number for clause in _NEEDS.finditer(text) for number in _ANY.findall(clause[0])]
    headed = [number for part in _HEADED.finditer(text) for number in _ITEM.findall(part[1])]
    text = _HEADED.sub("", text)
    blocks = [number for clause in _BLOCKS.finditer(text) for number in _ANY.findall(clause[0])]
    return Mentions(_once(needs + headed), _once(blocks), _once(_BOX.findall(text)))


def _once(numbers: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.lstrip("0") or "0" for number in numbers))
