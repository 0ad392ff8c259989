"""Credentials in headers and query, and whose they are."""

from __future__ import annotations

import pytest

from beastmode.cache.credentials import tenant_of, without_credentials


def test_a_tenant_is_known_by_all_its_credentials() -> None:
    tenants = [tenant_of(some) for some in ([], [b"a"], [b"b"], [b"a", b"b"], [b"ab"], [b""])]
    assert len(set(tenants)) == len(tenants)
    assert tenant_of([b"b", b"a"]) == tenant_of([b"a", b"b"])


@pytest.mark.parametrize(
    ("query", "kept", "credentials"),
    [
        ("", "", []),
        ("alt=sse&key=sk-1", "alt=sse", ["sk-1"]),
        ("key=sk-1", "", ["sk-1"]),
        ("API-KEY=a&b=2&access_token=c", "b=2", ["a", "c"]),
        ("monkey=1&key", "monkey=1", [""]),
        ("api-version=2024&beta=true", "api-version=2024&beta=true", []),
    ],
)
def test_credentials_are_taken_out_of_a_query(query: str, kept: str, credentials: list[str]) -> None:
    assert without_credentials(query) == (kept, credentials)
