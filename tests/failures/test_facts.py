"""What is read out of an error besides its class: the address, the model, the provider, the numbers."""

from __future__ import annotations

import pytest

from beastmode.failures.advice import nearest, spoken
from beastmode.failures.amounts import Amounts, of_budget, of_size
from beastmode.failures.place import host_of, mentioned, model_in
from beastmode.failures.providers import MARKS, PROVIDERS, told
from beastmode.failures.said import kinds, spelled_code, statuses
from beastmode.failures.unwrap import telling


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "Client error '404 Not Found' for url 'http://localhost:11434/api/chat'",
            "http://localhost:11434/api/chat",
        ),
        ("HTTPConnectionPool(host='ollama', port=11434): Max retries exceeded", "ollama:11434"),
        ("Cannot connect to host 10.0.0.7:8000 ssl:default", "10.0.0.7:8000"),
        ("Connect call failed ('127.0.0.1', 11434)", "127.0.0.1:11434"),
        ('Post "http://h:1/v1": dial tcp', "http://h:1/v1"),
        ("read the docs: https://platform.openai.com/docs", ""),
    ],
)
def test_the_address_that_was_called_is_found_and_links_are_not(text: str, address: str) -> None:
    assert mentioned(text, text.lower()) == address


def test_a_host_has_no_credentials() -> None:
    assert host_of("https://user:secret@api.example:8443/v1?key=x") == "api.example:8443"
    assert host_of("localhost:8000") == "localhost:8000"


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("The model `Qwen1.5-14B-Chat` does not exist.", "Qwen1.5-14B-Chat"),
        ("model 'phi3:32k' not found", "phi3:32k"),
        ("limit: 0, model: gemini-2.0-flash-exp", "gemini-2.0-flash-exp"),
        ("the model is overloaded", ""),
    ],
)
def test_the_model_is_found_as_it_was_written(text: str, model: str) -> None:
    assert model_in(text) == model


def test_the_provider_is_told_by_the_surest_sign() -> None:
    assert told("openai", "https://api.groq.com/openai/v1", {}, set()).name == "groq"
    assert told("openai", "", {"anthropic-ratelimit-requests-limit": "5"}, set()).name == "anthropic"
    assert told("openai", "", {}, {"openrouter.ai", "platform.openai.com"}).name == "openrouter"
    assert told("claude", "", {}, set()).key == "ANTHROPIC_API_KEY"
    assert told("nobody", "", {}, set()).name == ""


def test_every_provider_is_known_by_something() -> None:
    assert all(provider.marks for provider in PROVIDERS)
    assert all(mark == mark.lower() for mark in MARKS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status code 404. maybe", [404]),
        ("429 too many requests", [429]),
        ("error code: 503 - {", [503]),
        ("client error '404 not found' for url", [404]),
        ("http/1.1 502 bad gateway", [502]),
        ("limit 500, used 429, requested 404", []),
        ("port=443, read timeout=500", []),
        ("got 429 tokens", []),
        ("transferencodingerror: 400, message='not enough data'", []),
        ("version 4.040 of 2024-04-29", []),
    ],
)
def test_a_number_is_a_status_only_where_something_says_so(text: str, found: list[int]) -> None:
    assert statuses(text) == found


@pytest.mark.parametrize(
    ("http", "inside", "status"),
    [
        (429, [503], 429),
        (401, [500], 401),
        (500, [404], 404),
        (502, [400, 403], 403),
        (400, [429], 429),
        (400, [500], 400),
        (200, [404], 404),
        (None, [400, 429], 429),
        (None, [], None),
        (504, [], 504),
    ],
)
def test_the_status_that_tells_most(http: int | None, inside: list[int], status: int | None) -> None:
    assert telling(http, inside) == status


def test_codes_and_names_are_spelled_one_way() -> None:
    assert len({spelled_code(one) for one in ("rate_limit_error", "RateLimitError", "rate-limit")}) == 1
    assert kinds("a.b.ReadTimeout: x (throttlingException) in 3") == {"ReadTimeout", "throttlingException"}


def test_numbers_of_budgets_and_sizes() -> None:
    said = "limit 100,000, used 96749, requested ~19126. please"
    assert of_budget(said) == Amounts(19_126, 100_000, 96_749)
    assert of_size("prompt is too long: 208656 tokens > 200000 maximum") == Amounts(208_656, 200_000)
    assert of_size("requires more system memory (7.5 gib) than is available (5.2 gib)") == Amounts(7.5, 5.2)
    assert of_size(
        "the input token count (2800010) exceeds the maximum number of tokens allowed (1048575)."
    ) == Amounts(2_800_010, 1_048_575)
    assert of_size(
        "the input (61709 tokens) is longer than the model's context length (40960 tokens)."
    ) == Amounts(61_709, 40_960)
    assert of_size("nothing of the kind") == Amounts()


def test_the_nearest_model_is_near() -> None:
    assert nearest("gpt-4o-minni", ["gpt-4o-mini", "o3"]) == "gpt-4o-mini"
    assert (
        nearest("llama3", ["meta/LLAMA3-70b-instruct-q4_K_M-long-name"])
        == "meta/LLAMA3-70b-instruct-q4_K_M-long-name"
    )
    assert nearest("xyz", ["gpt-4o"]) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.174, "0.174 s"),
        (26, "26 s"),
        (578, "10 min"),
        (13_872, "3 h 51 min"),
        (411_480, "4 days 18 h"),
        (86_400, "1 day"),
    ],
)
def test_a_wait_as_a_person_says_it(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
