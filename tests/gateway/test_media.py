"""Media: pictures, sounds and files are kept where the dialects carry them; the same letters elsewhere may be a key."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from beastmode.gateway.media import media_in
from beastmode.gateway.recording import request_body
from tests.gateway.test_recording import BEARER, incoming

PICTURE = base64.b64encode(b"\x89PNG" + b"".join(hashlib.sha256(bytes([n])).digest() for n in range(99)))
WORD = PICTURE.decode()
OF_SAFE_LETTERS = base64.urlsafe_b64encode(base64.b64decode(PICTURE)).decode()
SOURCE = {"type": "base64", "media_type": "image/png", "data": WORD}


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, *parts]}]}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{WORD}", "detail": "low"}},
        {"type": "input_image", "image_url": f"data:image/svg+xml;charset=utf-8;base64,{WORD}"},
        {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{WORD}"},
        {"type": "file", "file": {"file_data": WORD}},
        {"type": "input_audio", "input_audio": {"data": WORD, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"format": "wav", "data": WORD}},
        {"type": "image", "source": SOURCE},
        {"type": "document", "source": dict(reversed(SOURCE.items()))},
        {"inlineData": {"mimeType": "image/png", "data": WORD}},
        {"inline_data": {"mime_type": "image/png", "display_name": None, "data": OF_SAFE_LETTERS}},
    ],
    ids=lambda part: "-".join(map(str, part))[:30],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_picture_is_kept_where_a_dialect_carries_it(part: dict[str, Any], indent: int | None) -> None:
    body = json.dumps(message(part), indent=indent).encode()
    kept, sent = request_body(incoming(), body)
    assert (kept, sent.flaw) == (body, "")


def test_what_stands_around_a_picture_is_looked_at_as_ever() -> None:
    said = {"type": "text", "text": f"my key is {BEARER}"}
    kept, sent = request_body(incoming(), json.dumps(message(said, {"source": SOURCE}, said)).encode())
    assert WORD in kept.decode()
    assert BEARER not in kept.decode()
    assert "secrets" in sent.flaw


@pytest.mark.parametrize(
    "part",
    [
        {"data": WORD},
        {"other": {"data": WORD}},
        {"source": {"type": "text", "media_type": "text/plain", "data": WORD}},
        {"source": {"type": "url", "data": WORD}},
        {"type": "text", "text": json.dumps({"source": SOURCE})},
        {"type": "text", "text": f"data:text/plain;base64,{WORD}"},
        {"image_url": {"url": f"https://h/?key={WORD}"}},
        {"file_data": f"data:text/plain,{WORD}"},
        {"file_data": f"it is {WORD}"},
    ],
    ids=lambda part: "-".join(map(str, part))[:30],
)
def test_anywhere_else_a_long_word_may_be_a_key(part: dict[str, Any]) -> None:
    body = json.dumps(message(part))
    kept, sent = request_body(incoming(), body.encode())
    assert list(media_in(body)) == []
    assert WORD not in kept.decode()
    assert "secrets" in sent.flaw


def test_slashes_and_lines_may_be_escaped() -> None:
    lines = WORD.replace("/", "\\/").replace("A", "A\\r\\n")
    body = f'{{"source": {{"type": "base64", "data": "{lines}"}}}}'
    ((start, end),) = media_in(body)
    assert body[start:end] == lines


def test_of_one_that_was_cut_off_the_beginning_is_kept() -> None:
    ((start, end),) = media_in(f'{{"image_url": "data:image/png;base64,{WORD}…')
    assert end - start == len(WORD)
    assert list(media_in(f'{{"image_url": "data:image/png;base64,{WORD}… and more"')) == []


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", "/ollama/api/chat/"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("images", [[], [WORD], [WORD, OF_SAFE_LETTERS]])
def test_ollamas_pictures_are_kept(path: str, images: list[str], indent: int | None) -> None:
    asked = {"role": "user", "content": "What is it?", "images": images}
    body = json.dumps({"model": "m", "messages": [asked, asked]}, indent=indent).encode()
    kept, sent = request_body(incoming(path=path), body)
    assert (kept, sent.flaw) == (body, "")


@pytest.mark.parametrize(
    ("path", "images"),
    [
        ("/v1/chat/completions", [WORD]),
        ("/api/chatter", [WORD]),
        ("/api/chat", WORD),
        ("/api/chat", [WORD, f"it is {WORD}"]),
        ("/api/chat", [{"data": WORD}]),
        ("/api/chat", [[WORD]]),
    ],
)
def test_a_list_of_images_is_ollamas_only(path: str, images: object) -> None:
    kept, sent = request_body(incoming(path=path), json.dumps({"images": images}).encode())
    assert WORD not in kept.decode()
    assert "secrets" in sent.flaw


@pytest.mark.parametrize("beginning", ["", f'"{WORD}", '])
def test_of_ollamas_pictures_that_were_cut_off_the_beginning_is_kept(beginning: str) -> None:
    text = f'{{"images": [{beginning}"{WORD}…'
    ((start, end),) = media_in(text, "/api/chat")
    assert text[start:end] == f'{beginning}"{WORD}'
