"""`beast explain` as a person uses it, and as a program does."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CURL = (
    "HTTP/2 429 \r\ncontent-type: application/json\r\nretry-after: 7\r\n\r\n"
    '{"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}'
)
TRACEBACK = """Traceback (most recent call last):
  File "app.py", line 3, in <module>
    main()
httpx.ConnectError: [Errno 111] Connection refused
"""


def explain(*arguments: str, given: str | bytes = b"", **env: str) -> subprocess.CompletedProcess[str]:
    raw = given.encode() if isinstance(given, str) else given
    done = subprocess.run(
        [sys.executable, "-m", "beastmode", "explain", *arguments],
        input=raw,
        env={**os.environ, **env},
        capture_output=True,
        timeout=60,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def answer(given: str | bytes, *arguments: str) -> dict[str, Any]:
    done = explain("--json", *arguments, given=given)
    assert done.returncode == 0, done.stderr
    answered: dict[str, Any] = json.loads(done.stdout)
    return answered


def test_an_answer_of_curl_is_explained_for_people() -> None:
    done = explain(given=CURL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Class:  rate_limit"
    assert "Rate limit reached" in done.stdout
    assert "yes after 7 s" in done.stdout
    assert "To do:" in done.stdout


@pytest.mark.parametrize(
    ("given", "class_", "retryable"),
    [
        (CURL, "rate_limit", True),
        (TRACEBACK, "connection_refused", True),
        (
            '{"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}',
            "auth",
            False,
        ),
        (b"\xff\xfe nothing at all \x00", "other", True),
    ],
)
def test_whatever_is_pasted_has_its_five_fields(given: str | bytes, class_: str, retryable: object) -> None:
    found = answer(given)
    assert list(found) == ["class", "retryable", "retry_after_s", "cause", "tip"]
    assert (found["class"], found["retryable"]) == (class_, retryable)
    assert found["tip"]


def test_a_wait_of_hours_is_said_with_its_time() -> None:
    error = (
        '{"error": {"type": "usage_limit_reached", "message": "The usage limit", "resets_in_seconds": 72000}}'
    )
    done = explain(given=f"HTTP/1.1 429 Too Many Requests\n\n{error}")
    assert "only after 20 h 0 min, at " in done.stdout
    assert " UTC" in done.stdout


def test_files_are_explained_one_by_one(tmp_path: Path) -> None:
    for name, text in (("a.log", CURL), ("b.log", TRACEBACK)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = explain(str(tmp_path / "a.log"), str(tmp_path / "b.log"))
    assert [line for line in done.stdout.splitlines() if line.startswith("==>")] == [
        f"==> {tmp_path / name} <==" for name in ("a.log", "b.log")
    ]
    missing = explain(str(tmp_path / "gone.log"))
    assert (missing.returncode, "gone.log" in missing.stderr) == (2, True)


def test_of_a_huge_log_the_end_is_read(tmp_path: Path) -> None:
    """A gigabyte, as far as the file system says; it is not read."""
    log = tmp_path / "huge.log"
    with log.open("wb") as file:
        file.write(b"HTTP 401 Unauthorized: long ago\n")
        file.seek(1 << 30)
        file.write(b"\n" + TRACEBACK.encode())
    assert answer(b"", str(log))["class"] == "connection_refused"


def test_of_endless_input_the_end_is_kept() -> None:
    noise = b"all is well so far\n" * 1_000_000
    assert answer(noise + TRACEBACK.encode())["class"] == "connection_refused"


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--json", "--jsonl")])
def test_nothing_to_read_says_what_to_do(arguments: tuple[str, ...]) -> None:
    done = explain(*arguments)
    assert done.returncode == 2
    assert "beast explain" in done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["exit_code"] for answer in said] == [2] * ("--json" in arguments)


def test_at_a_terminal_it_does_not_wait_in_silence() -> None:
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "beastmode", "explain"], stdin=slave, capture_output=True, timeout=60
    )
    os.close(master)
    os.close(slave)
    assert (done.returncode, b"beast explain <" in done.stderr) == (2, True)


def test_cases_are_answered_one_a_line_in_order() -> None:
    cases = [
        {
            "status": 401,
            "headers": {},
            "body": "",
            "exception": "",
            "mid_stream": False,
            "provider": "openai",
        },
        {"status": None, "exception": "socket.gaierror: [Errno -2] Name or service not known"},
        {"status": 503, "body": {"error": {"message": "Overloaded"}}},
        {},
    ]
    done = explain("--json", "--jsonl", given="\n".join(json.dumps(case) for case in cases))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["class"] for line in done.stdout.splitlines()] == [
        *("auth", "dns", "overloaded", "other"),
    ]


def test_a_broken_line_is_named_and_the_others_are_answered() -> None:
    lines = ['{"status": 401}', "broken", "", '{"status": "x"}', "[]", '{"headers": 3}', '{"status": 429}']
    done = explain("--json", "--jsonl", given="\n".join(lines))
    assert done.returncode == 2
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("line", one.get("class")) for one in found] == ["auth", 2, 4, 5, 6, "rate_limit"]
    assert all(f"line {one['line']}:" in one["error"] for one in found if "line" in one)


def test_jsonl_is_for_programs_only() -> None:
    done = explain("--jsonl", given="{}")
    assert (done.returncode, "--jsonl" in done.stderr) == (2, True)


def test_a_known_secret_is_hidden_whatever_its_form() -> None:
    secret = "plain-words-nobody-would-mask"
    done = explain(given=f"ValueError: cannot use {secret} for it", MY_API_KEY=secret)
    assert secret not in done.stdout + done.stderr
    assert "cannot use *** for it" in done.stdout
