"""Which settings hold: a flag over a variable over beast.toml over the default; every mistake at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from beastmode.compose.serve.settings.choice import Choice, choose
from beastmode.compose.serve.settings.forms import parse_size
from beastmode.compose.serve.settings.serving import Serving, UpstreamSettings
from beastmode.compose.serve.settings.table import BY_NAME, OF_SERVE, OF_UPSTREAM, SETTINGS
from beastmode.errors import SettingError, SettingsError
from beastmode.gateway.client.connection import MOST_HEAD_BYTES
from beastmode.settings import Rate

UPSTREAMS = '[upstreams.main]\nurl = "http://a:1"\n[upstreams.spare]\nurl = "http://b:2"\n'


def chosen(
    folder: Path,
    file: str | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    notes: list[str] | None = None,
) -> Choice:
    if file is not None:
        (folder / "beast.toml").write_text(file, encoding="utf-8")
    tell = (notes if notes is not None else []).append
    return choose(flags or {}, environment or {}, folder=folder, tell=tell)


def refused(*arguments: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        chosen(*arguments)
    assert all(fault.tip for fault in caught.value.faults)
    return str(caught.value)


def test_the_defaults_of_the_table_are_those_of_the_values(tmp_path: Path) -> None:
    serving = chosen(tmp_path, None, {"upstream": ["http://a:1"]}).serving
    assert serving == Serving((UpstreamSettings("http://a:1"),))


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(tmp_path: Path) -> None:
    file = f"[serve]\nport = 1\nretries = 1\ndrain = 1\n{UPSTREAMS}"
    flags = {"port": "3"}
    environment = {"BEAST_SERVE_PORT": "2", "BEAST_SERVE_RETRIES": "2", "BEAST_SERVE_LINGER": ""}
    choice = chosen(tmp_path, file, flags, environment)
    serving = choice.serving
    assert (serving.port, serving.limits.retries, serving.drain_s, serving.linger_s) == (3, 2, 1.0, 2.0)
    wheres = {one.name: one.where for one in choice.chosen if not one.upstream}
    assert wheres["port"] == "--port"
    assert wheres["retries"] == "BEAST_SERVE_RETRIES"
    assert wheres["drain"] == f"{tmp_path}/beast.toml:4"
    assert wheres["linger"] == "default"


def test_upstreams_and_models_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = """
[upstreams]
first = {url = "http://a:1", rate = "2/s", concurrency = "none"}
[upstreams.second]
url = "http://b:2/v1"
key_env = "KEY"
health = "command: test -e ready"
[models]
"gpt-*" = ["second", "first"]
"*" = "first"
"""
    serving = chosen(tmp_path, file).serving
    first = UpstreamSettings("http://a:1", "first", rates=(Rate(2, 1.0),), concurrency=None)
    health = 'command:"test -e ready"'
    assert serving.upstreams == (first, UpstreamSettings("http://b:2/v1", "second", "KEY", health=health))
    assert serving.models == (("gpt-*", ("second", "first")), ("*", ("first",)))


def test_a_flag_of_an_upstream_holds_for_all_of_the_file(tmp_path: Path) -> None:
    serving = chosen(tmp_path, UPSTREAMS + 'rate = "1/s"\n', {"rate": "9/s"}).serving
    assert [one.rates for one in serving.upstreams] == [(Rate(9, 1.0),)] * 2


def test_upstreams_of_the_command_line_stand_in_for_those_of_the_file(tmp_path: Path) -> None:
    notes: list[str] = []
    file = UPSTREAMS + '[models]\n"x" = ["spare"]\n'
    serving = chosen(tmp_path, file, {"upstream": ["http://c:3", "http://d:4"]}, None, notes).serving
    assert [(one.name, one.url) for one in serving.upstreams] == [
        ("main", "http://c:3"),
        ("upstream-2", "http://d:4"),
    ]
    assert serving.models == ()
    assert "--upstream was given: [upstreams] and [models] of the file do not count." in notes


def test_one_key_goes_to_one_server(tmp_path: Path) -> None:
    for upstreams in (None, ["http://c:3", "http://d:4"]):
        said = refused(tmp_path, UPSTREAMS, {"upstream": upstreams, "upstream_key_env": "KEY"})
        assert "--upstream-key-env: one key would go to several servers" in said
    same = {"upstream": ["http://c:3", "http://c:3/v1"], "upstream_key_env": "KEY"}
    assert [one.key_env for one in chosen(tmp_path, None, same).serving.upstreams] == ["KEY"] * 2


def test_it_is_told_where_credentials_of_clients_may_reach_several_servers(tmp_path: Path) -> None:
    told = "Clients' own credentials go to each upstream without a key: "
    for file, names in ((UPSTREAMS, "main, spare."), (UPSTREAMS + 'key_env = "KEY"\n', "main.")):
        notes: list[str] = []
        chosen(tmp_path, file, None, None, notes)
        assert told + names in notes
    notes = []
    chosen(tmp_path, None, {"upstream": ["http://a:1", "http://a:1/v1"]}, None, notes)
    assert not [note for note in notes if note.startswith(told)]


def test_a_key_of_the_command_line_wins_over_both_ways_of_the_file(tmp_path: Path) -> None:
    file = '[upstreams.main]\nurl = "http://a:1"\nkey_file = "key"\n'
    (one,) = chosen(tmp_path, file).serving.upstreams
    assert (one.key_env, one.key_file) == ("", tmp_path / "key")
    (one,) = chosen(tmp_path, file, {"upstream_key_env": "KEY"}).serving.upstreams
    assert (one.key_env, one.key_file) == ("KEY", None)
    assert "named twice" in refused(tmp_path, file + 'key_env = "KEY"\n')


def test_paths_of_the_file_are_seen_from_its_folder(tmp_path: Path) -> None:
    file = f'[serve]\nhome = "h"\n{UPSTREAMS}'
    assert chosen(tmp_path, file).serving.home == tmp_path / "h"
    assert chosen(tmp_path, file, {"home": "h"}).serving.home == Path("h")
    assert chosen(tmp_path, UPSTREAMS).serving.home == Path(".beast")


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = """[serve]
prot = 1
port = -1
drain = true
max_body = "64 elephants"
rate = "8/s"
[upstreams.main]
url = "http://a:1"
rate = "0/s"
tokns = 3
upstream_concurrency = 3
[upstreams.spare]
rate = "1/s"
[models]
"gpt-*" = ["mian"]
gpt-4.1 = ["main"]
"b" = 3
[sevre]
port = 1
"""
    said = refused(tmp_path, file, {"queue_length": "0", "host": ""}, {"BEAST_SERVE_LEDGER": "loose"})
    for line in """\
--queue-length: '0' is not a whole number from 1
--host: nothing was given
BEAST_SERVE_LEDGER: 'loose' is not known
  Write one of: lax, strict.
beast.toml:2: prot is not known in [serve]
  Did you mean port?
beast.toml:3: port: '-1' is no port
beast.toml:4: drain: found true instead of a time like 30s or 10m
  Write it like drain = "30s".
beast.toml:5: max_body: '64 elephants' is not a size
beast.toml:6: rate is not known in [serve]
  Write it as [upstreams.NAME] rate.
beast.toml:9: rate: a rate of 0/s would never start anything
beast.toml:10: tokns is not known in [upstreams.main]
  Did you mean tokens?
beast.toml:11: upstream_concurrency is not known in [upstreams.main]
  Write it as [upstreams.NAME] concurrency.
beast.toml:12: the upstream spare has no url
beast.toml:15: gpt-*: there is no upstream 'mian'
  Did you mean main?
beast.toml:16: gpt-4.1 has a dot
  Put it in quotes: "gpt-4.1" = […].
beast.toml:17: b: found 3 instead of the names of upstreams
beast.toml:18: [sevre] is not known
  Did you mean serve?""".splitlines():
        assert line in said.replace(f"{tmp_path}/", ""), line
    assert [int(line.split(":")[1]) for line in said.splitlines() if "beast.toml:" in line] == sorted(
        int(line.split(":")[1]) for line in said.splitlines() if "beast.toml:" in line
    )


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("", "no model server is named"),
        ("[serve]\n", "no model server is named"),
        ("port = 1\n" + UPSTREAMS, "port stands in no table"),
        ("serve = 3\n" + UPSTREAMS, "found 3 instead of a table for serve"),
        ('[upstreams]\nmain = "http://a:1"\n', "instead of a table for upstreams.main"),
        ("[upstreams.a.b]\n", "[upstreams.a.b] is not known"),
        ('[upstreams.main]\nurl = "a:1"\n', "url: 'a:1' is no base URL"),
        ('[upstreams.main]\nurl = "http://a:1/ b"\n', "no blanks and no control characters"),
        ('[upstreams.main]\nurl = "http://a:1/\\u001b[31m"\n', "no blanks and no control characters"),
        ('[upstreams.main]\nurl = "http://a:99999"\n', "names no server"),
        ('[upstreams.main]\nurl = "http://a:1?key=x"\n', "nothing behind ? or #"),
        ("[serve]\nport = {a = 1}\n" + UPSTREAMS, "port: found a table instead of a port"),
        ('[serve]\nport = "80"\n' + UPSTREAMS, 'port: found the text "80" instead of a port'),
        ("[serve]\nmax_body = 1.5\n" + UPSTREAMS, "max_body: found 1.5 instead of a size"),
        ("[serve]\ndrain = -1\n" + UPSTREAMS, "drain: a duration of -1 is negative"),
        ("[serve]\ndrain = inf\n" + UPSTREAMS, "drain: a time without end is not a duration"),
        ('[serve]\nmax_head = "1MB"\n' + UPSTREAMS, "max_head: '1MB' is no size for a head"),
        ("[serve]\nqueue_timeout = 0\n" + UPSTREAMS, "queue_timeout: 0 would leave no time at all"),
        ("[serve]\nmax_body = 0\n" + UPSTREAMS, "max_body: 0 would refuse every body"),
        ('[serve]\nledger_size = "0MB"\n' + UPSTREAMS, "ledger_size: 0 would keep no request"),
        ("[serve]\nqueue_length = 9999999999\n" + UPSTREAMS, "'9999999999' is too large"),
        (UPSTREAMS + "concurrency = 9999999999\n", "'9999999999' is too large"),
        (UPSTREAMS + 'health = ""\n', "health: nothing was given"),
        ("[serve.port]\n" + UPSTREAMS, "port: found a table instead of a port"),
        ("[upstreams.main.url]\n", "url: found a table instead of a base URL"),
        ("[serve]\nport = 0x" + "f" * 5000 + "\n" + UPSTREAMS, "a number beyond 64 bits"),
        ("[serve]\nport = " + "9" * 5000 + "\n" + UPSTREAMS, "this is no TOML"),
        ("[serve]\nport = 99999\n" + UPSTREAMS, "'99999' is no port"),
        ('[serve]\nhome = "~nobody-of-that-name/x"\n' + UPSTREAMS, "nobody is called 'nobody-of-that-name'"),
        ('[serve]\ntls_cert = "c"\n' + UPSTREAMS, "are needed together"),
        (UPSTREAMS + 'key_env = "sk-live-123"\n', "no name of an environment variable"),
        (UPSTREAMS + '[models]\nx = ["main", "main"]\n', "an upstream is named twice"),
        (UPSTREAMS + "[models]\nx = []\n", "instead of the names of upstreams"),
        (UPSTREAMS + 'health = "ftp://a"\n', "is no health check"),
        (UPSTREAMS + 'health = "command:"\n', "has no command"),
    ],
)
def test_a_file_that_cannot_be_is_refused_in_words(tmp_path: Path, file: str, words: str) -> None:
    said = refused(tmp_path, file)
    assert words in said
    assert "sk-live" not in said


@pytest.mark.parametrize(
    ("setting", "instead"),
    [("cache_ttl", "--cache off"), ("keep_bodies", "--record none"), ("keep_requests", "30d")],
)
def test_to_keep_for_no_time_is_refused_and_says_what_to_write(
    tmp_path: Path, setting: str, instead: str
) -> None:
    """In other programs 0 means never, in others for ever."""
    flag, variable = BY_NAME[setting].flag, BY_NAME[setting].variable
    upstream = {"upstream": ["http://a:1"]}
    for where, said in {
        flag: refused(tmp_path, None, {**upstream, setting: "0"}),
        variable: refused(tmp_path, None, upstream, {variable: "0s"}),
        f"beast.toml:2: {setting}": refused(tmp_path, f"[serve]\n{setting} = 0\n{UPSTREAMS}"),
    }.items():
        assert f"{where}: 0 may mean not at all, or for ever" in said
        assert instead in said
        assert "timeout" not in said


def test_a_url_of_a_wrong_kind_is_one_mistake(tmp_path: Path) -> None:
    assert refused(tmp_path, "[upstreams.main]\nurl = 3\n").count("beast.toml:") == 1


@pytest.mark.parametrize(
    "wrong", ["127.0.0.1:8080", "[::1]:8080", "http://localhost", "a b", "[::1", "*", "\x1b"]
)
def test_a_host_is_an_address_alone(tmp_path: Path, wrong: str) -> None:
    assert "address" in refused(tmp_path, UPSTREAMS, {"host": wrong})


def test_a_host_in_any_spelling_is_one(tmp_path: Path) -> None:
    spellings = {"[::1]": "::1", "::ffff:127.0.0.1": "127.0.0.1", "LOCALHOST": "localhost", "0": "0.0.0.0"}
    hosts = [chosen(tmp_path, UPSTREAMS, {"host": one}).serving.host for one in spellings]
    assert hosts == list(spellings.values())


def test_what_is_said_of_odd_words_is_short_and_shows_no_key(tmp_path: Path) -> None:
    key = "sk-only-for-this-test-1234567890"
    odd = f'"\\u001b[31m{"k" * 5000}" = 1\nport = "{key}"\nhost = 3\nledger = "{key}"\nmax_body = "{"9" * 5000}"\n'
    said = refused(tmp_path, f"{UPSTREAMS}rate = '{key}'\n[serve]\n{odd}", {"upstream_key_env": key})
    assert len(said) < 5000
    assert said.replace("\n", "").isprintable()
    assert key not in said
    for words in ("port: found the text", "ledger: ", "rate: ", "max_body: ", "--upstream-key-env: "):
        assert words in said


def test_a_variable_that_is_misspelt_is_told(tmp_path: Path) -> None:
    notes: list[str] = []
    chosen(tmp_path, UPSTREAMS, None, {"BEAST_SERVE_PROT": "1", "BEAST_LIMITS_DIR": "x"}, notes)
    (note,) = [note for note in notes if "BEAST" in note]
    assert note == "BEAST_SERVE_PROT is no setting and changes nothing. Did you mean BEAST_SERVE_PORT?"


def test_every_setting_has_a_place_of_its_own() -> None:
    assert len(BY_NAME) == len(SETTINGS) == len(OF_SERVE) + len(OF_UPSTREAM)
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)
    assert all(setting.help.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1000", 1000), ("64MB", 64_000_000), ("1 GiB", 1 << 30), ("1.5k", 1500), ("2b", 2)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1e3", "MB", "1iB", "9999999TB", "64 M B", "٣MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        parse_size(text)


def test_no_head_is_larger_than_what_a_connection_reads() -> None:
    assert BY_NAME["max_head"].form.parse("128kB") <= MOST_HEAD_BYTES
