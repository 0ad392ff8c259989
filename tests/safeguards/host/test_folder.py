"""Which server a name means, and a folder that nobody else can write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastmode.errors import PreconditionError, SettingError
from beastmode.safeguards.host.folder import FOLDER_SETTING, file_stem, limits_folder, origin


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (
            ["localhost:8000", "http://LOCALHOST:8000/v1", " 127.0.0.1:8000 ", "http://[::1]:8000/"],
            "http://127.0.0.1:8000",
        ),
        (
            ["https://Example.com", "HTTPS://example.com:443/v1?x=1#y", "https://example.com./"],
            "https://example.com:443",
        ),
        (["gpu-box", "http://gpu-box:80", "gpu-box/v1", "http://user:secret@gpu-box/"], "http://gpu-box:80"),
        (["http://[2001:DB8::1]:9000/v1"], "http://[2001:db8::1]:9000"),
    ],
)
def test_all_spellings_of_a_server_count_together(spellings: list[str], expected: str) -> None:
    assert {origin(spelling) for spelling in spellings} == {expected}
    assert "secret" not in file_stem(expected)


@pytest.mark.parametrize(
    "server", ["", "  ", "http://", "https:///v1", "http://:80", ".", "gpu box:80", "a:b", "a:99999999"]
)
def test_what_names_no_server_is_refused_with_an_example(server: str) -> None:
    with pytest.raises(SettingError) as caught:
        origin(server)
    assert "http://localhost:8000" in caught.value.tip


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_file_name_is_safe_and_its_own(one: str, other: str) -> None:
    stem = file_stem(one)
    assert "/" not in stem
    assert len(stem) <= 80
    assert stem.isascii()
    assert (stem == file_stem(other)) == (one == other)


def test_a_scope_has_a_file_of_its_own_that_does_not_name_it() -> None:
    stems = {file_stem("http://server:1", scope) for scope in ("", "secret", "other")}
    assert len(stems) == 3
    assert not any("secret" in stem for stem in stems)


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_SETTING, str(tmp_path / "a" / "limits"))
    place = limits_folder()
    assert place == tmp_path / "a" / "limits"
    assert place.stat().st_mode & 0o777 == 0o700
    assert limits_folder() == place


def test_home_and_tmpdir_do_not_split_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_SETTING, raising=False)
    made: list[Path] = []
    monkeypatch.setattr(Path, "mkdir", lambda path, **more: made.append(path))
    monkeypatch.setattr(Path, "lstat", lambda path: tmp_path.stat())
    for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    tmp_path.chmod(0o700)
    assert limits_folder() == made[0] == Path(f"/tmp/beastmode-{os.geteuid()}")


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    with pytest.raises(PreconditionError, match="others can write") as caught:
        limits_folder(tmp_path)
    assert f"chmod 700 {tmp_path}" in caught.value.tip
    tmp_path.chmod(0o755)
    assert limits_folder(tmp_path) == tmp_path


def test_a_link_or_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """Someone else may have put the link there."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(PreconditionError) as caught:
            limits_folder(tmp_path / name)
        assert FOLDER_SETTING in caught.value.tip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that is not its own")
def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(PreconditionError, match="not ours"):
        limits_folder(tmp_path)
