"""The page of settings: each value with its origin, what somebody has set first; keys without secrets; files."""

from __future__ import annotations

from starlette.testclient import TestClient

from beastmode.dashboard.app import dashboard
from beastmode.dashboard.sources.settings import HomeFile
from tests.dashboard.reading import NASTY, Home, Keeper, Keys, Live, gateway_now, key_line, sources


def page_of(live: Live | None = None, keys: Keys | None = None, home: Home | None = None) -> str:
    given = sources(live=live or Live(), keys=keys or Keys(), home=home or Home(at_work=False))
    here = TestClient(dashboard(given, Keeper()), base_url="http://127.0.0.1:8090")
    return here.get("/settings").text


def setting(name: str, origin: str, **more: str) -> dict[str, str]:
    values = {
        "name": name,
        "value": f"value of {name}",
        "upstream": "",
        "origin": origin,
        "where": "",
        "help": "",
    }
    return values | more


def test_what_somebody_has_set_comes_first_with_where_it_was_said() -> None:
    settings = [
        setting("host", "default"),
        setting("rate", "file", where="beast.toml:3", upstream="spare", help="Requests that it bears."),
        setting("port", "default"),
        setting("cache", "environment", where="BEAST_CACHE"),
    ]
    page = page_of(Live(gateway_now(settings=settings)))
    places = [page.index(f"<code>{name}</code>") for name in ("rate", "cache", "host", "port")]
    assert places == sorted(places)
    for words in ("beast.toml:3", "of spare", "BEAST_CACHE", "Requests that it bears.", "value of port"):
        assert words in page


def test_what_is_the_same_for_several_upstreams_is_said_once() -> None:
    settings = [setting("tokens", "default", upstream=f"u{number}") for number in range(500)]
    settings[7]["value"] = "another"
    page = page_of(Live(gateway_now(settings=settings)))
    assert page.count("<code>tokens</code>") == 2
    assert "of u0, u1, u2 and 496 more" in page
    assert "of u7<" in page


def test_where_all_is_by_default_that_is_said() -> None:
    assert "Everything is as it is by default" in page_of(
        Live(gateway_now(settings=[setting("a", "default")]))
    )


def test_a_run_at_work_shows_its_limits_and_who_has_set_them() -> None:
    page = page_of(home=Home())
    assert "Run r7" in page
    assert page.index("<code>concurrency</code>") < page.index("<code>retries</code>")
    assert "a person" in page


def test_where_nothing_is_at_work_it_says_so() -> None:
    assert "Nothing is at work here" in page_of()


def test_keys_are_shown_with_what_they_may_do_and_how_to_change_them() -> None:
    page = page_of(
        keys=Keys(key_line(), key_line(name="old", id="f" * 12, state="revoked", rights=[], used_unix=1e9))
    )
    for words in ("ci", "any model, 2/s", "metrics", "never", "revoked", "beast keys rotate NAME"):
        assert words in page
    assert "There is none" in page_of()


def test_keys_that_cannot_be_read_do_not_hide_the_rest() -> None:
    page = page_of(keys=Keys(fault="the keys cannot be used"), home=Home())
    assert "the keys cannot be used" in page
    assert "Run r7" in page


def test_a_journal_that_cannot_be_read_does_not_hide_the_rest() -> None:
    page = page_of(keys=Keys(key_line()), home=Home(fault="this is not a journal"))
    assert "this is not a journal" in page
    assert "any model, 2/s" in page


def test_files_are_told_with_their_formats() -> None:
    files = [
        HomeFile("journal.db", "Runs.", 9_400_000, 1, 1),
        HomeFile("ledger.db", "Requests.", 5, 2, 3),
        HomeFile("cache.db", "Answers.", 5, 9, 2),
        HomeFile("keys.db", "Keys.", None, None, 1),
        HomeFile("odd.db", "Nothing.", 5, None, 1),
    ]
    page = page_of(home=Home(files=files))
    for words in (
        "9.4 MB",
        "becomes 3 when",
        "newer than this beast knows (2)",
        "not there yet",
        "cannot be read",
    ):
        assert words in page


def test_what_others_wrote_never_becomes_part_of_the_page() -> None:
    nasty = key_line(name=NASTY, limits=NASTY, rights=[NASTY], state=NASTY)
    page = page_of(Live(gateway_now(NASTY)), Keys(nasty, fault=""), Home(NASTY))
    assert page.count("&lt;script&gt;alert(1)") > 8
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page_of(keys=Keys(fault=NASTY))
