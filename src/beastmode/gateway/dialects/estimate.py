"""Estimate: how many tokens a request may cost at most, from its size, before anybody has counted them.

A guess for budgets per minute, settled by the usage that the answer tells. Text is about four bytes a token in
English JSON, three in code and in Chinese; three is taken. Pictures and files in base64 cost far less than their size.
"""

from __future__ import annotations

BYTES_PER_TOKEN = 3
UNSAID_ANSWER = 4096
"""Tokens of an answer where the request sets no limit."""
MOST = 1_000_000_000
"""More is nonsense."""

DATA_URL = b";base64,"
DATA_FIELD = b'"data":'
"""What stands before a file: OpenAI has URLs, Anthropic and Gemini a field."""

_SMALL = 16 * 1024
_PER_FILE, _BYTES_PER_TOKEN_OF_FILE = 2_000, 100


def most_tokens(
    body: bytes, answer: float | None, *, copies: float | None = 1, file_mark: bytes = DATA_URL
) -> int:
    """Prompt and answer together, 0 <= n <= `MOST`.   answer: at most so many tokens, None where unsaid; each copy."""
    each = UNSAID_ANSWER if answer is None else max(0.0, answer)
    return int(min(MOST, prompt_tokens(body, file_mark) + each * max(1.0, copies or 1)))


def prompt_tokens(body: bytes, file_mark: bytes = DATA_URL) -> int:
    """Tokens of a prompt: a third of its bytes; of a file of more than 16 KB in it, 2,000 and a hundredth of its bytes.

    file_mark: what stands before a file; it ends at the next quote but the one that may open it.
    """
    plain, files = len(body), 0
    at = body.find(file_mark) if plain > _SMALL else -1
    while at >= 0:
        start = at + len(file_mark)
        end = body.find(b'"', start + 2)
        size = (end if end >= 0 else len(body)) - start
        if size > _SMALL:
            plain -= size
            files += file_tokens(size)
        at = body.find(file_mark, start + size)
    return plain // BYTES_PER_TOKEN + files


def file_tokens(size: int) -> int:
    """Tokens of a picture or a file in base64, of more than 16 KB."""
    return min(size // BYTES_PER_TOKEN, _PER_FILE + size // _BYTES_PER_TOKEN_OF_FILE)
