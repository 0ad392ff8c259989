"""Signed: where a body carries what a provider has signed or encrypted, which looks like a secret and is none. Pure.

A provider gives it with an answer, can alone read it, and wants it back unchanged with the next step. Only in the
places where the dialects carry it, and only where all of the text is base64 and does not begin like a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from beastmode.failures.words import KEY_BEGINS

_NEXT = r"\s{0,200}+"
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_MEMBER = rf'{_NEXT}{_STRING}{_NEXT}:{_NEXT}(?:{_STRING}|[^\s"\\,:\[\]{{}}]++){_NEXT}'
"""Of an object: a name with a word, a number or null, however long. Never gone back into."""
_WORD = rf'{_NEXT}:{_NEXT}"(?P<word>(?!{KEY_BEGINS})(?:[A-Za-z0-9+/=_-]++|\\/)*+)'
_BY_NAME = re.compile(
    rf'"(?:encrypted_(?:content|index|stdout)|thoughtSignature|thought_signature)"{_WORD}(?="|…\Z)', re.ASCII
)
"""Names that nothing else has. The last word of a body may be cut off."""
_BY_TYPE = re.compile(
    rf'\{{(?P<before>(?:{_MEMBER},){{0,8}}?){_NEXT}"(?P<name>signature|data)"{_WORD}'
    rf'(?=…\Z|"(?P<behind>(?:{_NEXT},{_MEMBER}){{0,8}}))',
    re.ASCII | re.DOTALL,
)
"""Names of many things: a member on either side, a few away, says what it is. So all is read a few times at most."""
_TYPE = re.compile(rf'"type"{_NEXT}:{_NEXT}"([a-z._]{{1,40}})"')
_TYPES = {
    "signature": ("thinking", "reasoning.text"),
    "data": ("redacted_thinking", "reasoning.encrypted"),
}


def signed_in(text: str) -> list[tuple[int, int]]:
    """Where each of them begins and ends in a body, in order.

    `signature` of a `thinking` block, `data` of `redacted_thinking`, `encrypted_content` and its like of what the
    server's own tools found (Anthropic); `encrypted_content` of reasoning and compaction (OpenAI's responses);
    `thoughtSignature`, `thought_signature` (Gemini, also behind OpenAI's API); `reasoning_details` (OpenRouter). Takes
    time in proportion to the text, whatever stands in it.
    """
    by_name = (match.span("word") for match in _BY_NAME.finditer(text))
    return sorted([*by_name, *_by_type(text)])


def _by_type(text: str) -> Iterator[tuple[int, int]]:
    for match in _BY_TYPE.finditer(text):
        said = _TYPE.search(match["before"]) or _TYPE.search(match["behind"] or "")
        if said and said[1] in _TYPES[match["name"]]:
            yield match.span("word")
