from __future__ import annotations

import pytest

from beastmode.runner.formats.github_mentions import Mentions, mentions_in


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ("Depends on #12", ("12",)),
        ("depends on: #12, #13 and GH-14", ("12", "13", "14")),
        ("**Blocked by** #7.", ("7",)),
        ("This is blocked by issues #7 & #8, not #9", ("7", "8")),
        ("Requires https://github.com/o/r/issues/21", ("21",)),
        ("waiting for #3\r\nwaiting on #4", ("3", "4")),
        ("## Dependencies\n\n- #5\n- [ ] #6 text\n- left-pad\n\n## Other\n- #7", ("5", "6")),
        ("**Blocked by:**\n- #5\n", ("5",)),
        ("fixes #12, see #13, after #14", ()),
        (
            "`depends on #1`\n```\nblocked by #2\n```\n> depends on #3\n~~depends on #4~~\n<!-- depends on #5 -->",
            (),
        ),
        ("it depends on the weather, #1 says", ()),
        ("independent of #1", ()),
        ("no numbers at all", ()),
    ],
)
def test_what_an_issue_waits_for(body: str, needs: tuple[str, ...]) -> None:
    assert mentions_in(body).needs == needs


def test_what_waits_for_it_and_what_it_is_made_of() -> None:
    boxes = "- [ ] #10\n- [x] **#11** title\n* [ ] https://github.com/o/r/pull/12\n- [ ] write #13\n- #14"
    body = f"Blocks #4 and #5.\n{boxes}"
    assert mentions_in(body) == Mentions((), ("4", "5"), ("10", "11", "12"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    ["<!-- ", "depends on https://x", "```\n~~~\n", "blocked by #1, and ", "## Dependencies\n- ", "~~a "],
)
def test_hostile_bodies_take_time_in_proportion(piece: str) -> None:
    mentions_in("#" + piece * (400_000 // len(piece)))
