"""The schema of beast.toml and its reader agree: on the files of the docs, on every key, on what is refused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from beastmode.compose.serve.settings.choice import choose
from beastmode.compose.serve.settings.file import example_of
from beastmode.compose.serve.settings.schema import json_schema
from beastmode.compose.serve.settings.table import OF_SERVE, OF_UPSTREAM
from beastmode.errors import SettingsError
from tests.runner.formats.test_native_schema import CHECKS, NOTES, accepts, keywords

SCHEMA = json_schema()
PAGES = Path(__file__).parents[4] / "docs"
FILES = [
    block
    for page in sorted(PAGES.glob("*.md"))
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    if "[" in block
]
MAIN = '[upstreams.main]\nurl = "http://a:1"\n'


def reads(text: str, folder: Path) -> bool:
    (folder / "beast.toml").write_text(text, encoding="utf-8")
    try:
        choose({}, {}, folder=folder)
    except SettingsError:
        return False
    return True


def test_every_keyword_of_the_schema_is_checked_here() -> None:
    assert set(keywords(SCHEMA)) - set(CHECKS) - NOTES == set()


@pytest.mark.parametrize("text", FILES)
def test_the_files_of_the_docs_fit_the_schema_and_are_read(text: str, tmp_path: Path) -> None:
    assert accepts(SCHEMA, tomllib.loads(text))
    assert reads(text, tmp_path)


def test_there_are_files_in_the_docs() -> None:
    assert FILES


def test_every_setting_has_its_key_with_a_description() -> None:
    tables = SCHEMA["properties"]
    serve = tables["serve"]["properties"]
    upstream = tables["upstreams"]["additionalProperties"]["properties"]
    assert (serve.keys(), upstream.keys()) == (OF_SERVE.keys(), OF_UPSTREAM.keys())
    assert all(part["description"] for part in (*serve.values(), *upstream.values()))


def test_an_example_of_every_setting_fits_and_is_read(tmp_path: Path) -> None:
    serve = "".join(f"{name} = {example_of(one)}\n" for name, one in OF_SERVE.items())
    upstream = "".join(
        f"{key} = {example_of(one)}\n" for key, one in OF_UPSTREAM.items() if key != "key_file"
    )
    text = f"[serve]\n{serve}[upstreams.main]\n{upstream}"
    assert accepts(SCHEMA, tomllib.loads(text))
    assert reads(text, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[serve]\nprot = 1\n" + MAIN,
        '[serve]\nport = "80"\n' + MAIN,
        "[serve]\nport = 65536\n" + MAIN,
        "[serve]\nretries = -1\n" + MAIN,
        "[serve]\nmax_body = true\n" + MAIN,
        "[serve]\nmax_body = -1\n" + MAIN,
        "[serve]\nidle_timeout = 0\n" + MAIN,
        '[serve]\nledger = "loose"\n' + MAIN,
        '[serve]\nhome = ""\n' + MAIN,
        MAIN + "concurrency = 0\n",
        MAIN + 'concurrency = "some"\n',
        MAIN + 'key_env = "not a name"\n',
        '[upstreams.main]\nrate = "1/s"\n',
        MAIN + "[models]\nx = []\n",
        MAIN + "[models]\nx = 3\n",
        MAIN + "[others]\n",
    ],
)
def test_what_the_schema_refuses_is_refused(text: str, tmp_path: Path) -> None:
    assert not accepts(SCHEMA, tomllib.loads(text))
    assert not reads(text, tmp_path)
