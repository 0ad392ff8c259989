"""What a roadmap is known by, and the file that this means."""

from __future__ import annotations

from pathlib import Path

from beastmode.runner.formats.asked import ALL, Asked, file_of


def test_a_key_names_its_file_and_which_of_its_lists(tmp_path: Path) -> None:
    odd = tmp_path / "notes #1.md"
    odd.write_text("- [ ] a\n")
    plain = tmp_path / "tasks.json"
    assert file_of(str(plain)) == (plain, ALL)
    assert file_of(f"{plain}#next") == (plain, Asked("next"))
    assert file_of(str(odd)) == (odd, ALL)
