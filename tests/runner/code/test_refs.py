"""Names of refs: valid for git, one for each id, and apart also where the disk takes `A` for `a`."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beastmode.runner.code.refs import (
    base_ref,
    kept_ref,
    kept_refs,
    result_ref,
    safe_name,
    saved_ref,
    task_ref,
)

ids = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300),
    st.text("aA.-_/~^:?*[ @{\\", min_size=1, max_size=12),
    st.from_regex(r"[a-c]{1,2}-[0-9a-f]{10}", fullmatch=True),
    st.sampled_from(
        ["a.lock", "..", ".", "a..b", "-a", "@", "a@{1}", "HEAD", "é", "e\u0301", "a.", "x" * 81]
    ),
)


def folded(text: str) -> str:
    """As a disk that knows no case and one way to write an accent has it."""
    return unicodedata.normalize("NFC", text).casefold()


@given(st.lists(ids, min_size=2, max_size=20, unique=True))
def test_no_two_ids_share_a_name(some: list[str]) -> None:
    assert len({folded(safe_name(one)) for one in some}) == len(some)


@given(ids)
def test_a_name_is_short_plain_and_no_folder_of_another(task: str) -> None:
    name = safe_name(task)
    assert name.isascii()
    assert len(name) <= 92
    assert not name.startswith((".", "-"))
    assert "/" not in name


@given(st.text("abAB", min_size=1, max_size=3), st.data())
def test_ids_that_are_nearly_alike_stay_apart(task: str, data: st.DataObject) -> None:
    like = data.draw(
        st.sampled_from([task.swapcase(), f"{task}.", f"{task} ", safe_name(task), f"{task}/{task}"])
    )
    assert (folded(safe_name(task)) == folded(safe_name(like))) == (task == like)


@settings(max_examples=40)
@given(st.lists(ids, min_size=5, max_size=5))
def test_git_takes_every_ref(some: list[str]) -> None:
    refs = [ref("r1", task) for task in some for ref in (task_ref, base_ref, saved_ref)]
    refs += [kept_ref("r1", task, 1) for task in some]
    for ref in [*refs, result_ref("r1")]:
        assert subprocess.run(["git", "check-ref-format", ref]).returncode == 0, ref


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("one", "one"),
        ("1.2", "1.2"),
        ("fix-login_page", "fix-login_page"),
        ("T001", "T001-79a10b466c"),
        ("a/b", "a-b-9a159f8121"),
    ],
)
def test_a_plain_id_stays_as_it_is(task: str, name: str) -> None:
    assert safe_name(task) == name


def test_what_is_kept_of_a_task_is_found_by_its_beginning() -> None:
    assert kept_ref("r1", "one", 2) == f"{kept_refs('r1', 'one')}2"
