"""Waves in each of the ways seen: objects, lists, numbers as keys, arrows."""

from __future__ import annotations

import pytest

from beastmode.runner.formats.kiro_waves import Waves, waves_of
from beastmode.runner.formats.lines import scan
from beastmode.runner.formats.outline import outline


def waves(fence: str, heading: str = "## Task Dependency Graph") -> Waves:
    return waves_of(outline(scan(f"{heading}\n\n```json\n{fence}\n```\n")))


def names(fence: str) -> list[tuple[str, ...]]:
    return [wave.names for wave in waves(fence).waves]


@pytest.mark.parametrize(
    "fence",
    [
        '{"waves": [{"id": 0, "tasks": ["1.1", "2"]}, {"id": 1, "tasks": ["1.2"]}]}',
        '{"waves": [{"wave": 1, "description": "x", "tasks": ["1.1", "2"]}, {"wave": 2, "tasks": ["1.2"]}]}',
        '{"waves": [{"id": 1, "tasks": ["1.2"], "depends_on": [0]}, {"id": 0, "tasks": ["1.1", "2"]}]}',
        '{"waves": [["1.1", "2"], ["1.2"]]}',
        '{"waves": [[1.1, 2], [1.2]]}',
        '{"waves": {"0": ["1.1", "2"], "1": ["1.2"]}}',
        '[["1.1", "2"], ["1.2"]]',
        '{"waves": [{"id": 0, "tasks": [{"id": "1.1"}, {"id": "2"}]}, {"id": 1, "tasks": ["Task 1.2"]}]}',
        "1.1 --> 1.2\n2 --> 1.2",
        "T1.1 -> T1.2\nT2 -> T1.2",
        "1.1 & 2 → 1.2",
        'graph TD\n  A["1.1 Set up"] --> B[1.2: Go on]\n  C(2. Other) --> B',
        "graph LR\n  T1_1 --> T1_2\n  T2 -->|then| T1_2",
        "Task 1.1 → Task 1.2\nTask 2 → Task 1.2",
    ],
)
def test_one_order_in_many_ways(fence: str) -> None:
    assert names(fence) == [("1.1", "2"), ("1.2",)]


def test_numbers_keep_what_they_end_with() -> None:
    assert names('{"waves": [[1.1], [1.10]]}') == [("1.1",), ("1.10",)]


def test_a_chain_and_the_title_of_a_wave() -> None:
    assert names("T1 --> T2 --> T3") == [("1",), ("2",), ("3",)]
    [wave] = waves('{"waves": [{"id": 3, "name": "The\\n API", "tasks": ["1"]}]}').waves
    assert wave.title == "Wave 3: The API"


@pytest.mark.parametrize(
    ("fence", "fault"),
    [
        ("T1 --> T2 --> T1", "its arrows lead in a circle"),
        ("a picture", "no arrow between two tasks was found in it"),
        ('{"waves": []}', "no waves with tasks were found in it"),
        ('{"waves": 3}', "no waves with tasks were found in it"),
        ('{"phases": [["1"]]}', "no waves with tasks were found in it"),
        ('{"waves": [', "it is no JSON"),
        ("[" * 5_000, "it is no JSON"),
    ],
)
def test_what_cannot_be_followed_is_told_at_its_fence(fence: str, fault: str) -> None:
    [(line, said)] = waves(fence).faults
    assert (line.number, said.startswith(f"order not followed: {fault}")) == (3, True)


def test_other_fences_are_left_alone_and_waves_need_no_heading() -> None:
    assert waves("T1 --> T2", heading="## Diagram") == Waves()
    assert len(waves('{"waves": [["1"]]}', heading="## More").waves) == 1


def test_the_first_graph_counts() -> None:
    fence = '```\n{"waves": [["1"], ["2"]]}\n```\n'
    read = waves_of(outline(scan(fence + "\nwords\n\n" + fence)))
    assert [wave.names for wave in read.waves] == [("1",), ("2",)]
    assert [said for _, said in read.faults] == ["order not followed: another graph came first"]
