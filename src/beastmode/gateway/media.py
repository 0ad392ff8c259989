"""Media: where a body carries a picture, a sound or a file in base64, which looks like a secret and is none. Pure.

Only the places in which the dialects carry them, and only where all of the text is base64: a long word anywhere else
may be a key. What an agent has read stands in a text, where quotes are escaped, and so is never taken for such a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_IS = r"\s{0,40}:\s{0,40}"
_BASE64 = r"(?:[A-Za-z0-9+/=_-]++|\\[/nr])*+"
"""Of both alphabets, and as JSON may write it. Never gone back into: a picture of 1 MB is looked at once."""
_WORDS = r'(?:"[^"\\]{0,200}"|null)'
_BESIDE = rf'(?:\s{{0,200}}"\w{{1,40}}"{_IS}{_WORDS}\s{{0,40}},){{0,4}}'
_URL = rf'"(?:url|image_url|file_data)"{_IS}"data:[\w.+/-]{{0,100}}(?:;[\w.=+-]{{1,100}}){{0,4}};base64,'
_FILE = rf'"file_data"{_IS}"(?!data:)'
_DATA = rf'"(?P<of>input_audio|inlineData|inline_data|source)"{_IS}\{{(?P<before>{_BESIDE})\s{{0,200}}"data"{_IS}"'
_MEDIA = re.compile(rf'(?:{_URL}|{_FILE}|{_DATA})(?P<media>{_BASE64})(?="|…\Z)', re.ASCII)
"""The last of it may be cut off, which is where the body ends."""
_IMAGES = re.compile(
    rf'"images"{_IS}\[(?P<media>(?:\s{{0,200}}+"{_BASE64}"\s{{0,200}}+,?)*+(?:\s{{0,200}}+"{_BASE64}(?=…))?+)(?=\]|…\Z)',
    re.ASCII,
)
_OLLAMAS = re.compile(r"/api/(?:chat|generate)/?\Z")
_SAYS_BASE64 = re.compile(rf'"type"{_IS}"base64"')
_MOST_BEHIND = 500


def media_in(text: str, path: str = "") -> Iterator[tuple[int, int]]:
    """Where each of them begins and ends in a body, in order.

    path: that it was sent to. On Ollama's own, all that an `images` list holds is one of them, with its quotes.

    `image_url`, `url` and `file_data` with a `data:` URL (OpenAI), `file_data` with base64 alone, `input_audio.data`;
    `inlineData.data` (Gemini); `source.data` where the source says that it is base64 (Anthropic). Takes time in
    proportion to the text, whatever stands in it.
    """
    if _OLLAMAS.search(path):
        yield from (match.span("media") for match in _IMAGES.finditer(text))
        return
    for match in _MEDIA.finditer(text):
        start, end = match.span("media")
        if match["of"] != "source" or _says_base64(match["before"], text[end : end + _MOST_BEHIND]):
            yield start, end


def _says_base64(before: str, behind: str) -> bool:
    """Whether a source is one of base64: another holds words. Its type may stand on either side of them."""
    return any(_SAYS_BASE64.search(side) for side in (before, behind.partition("}")[0]))
