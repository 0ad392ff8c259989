"""feature_list.json: features that pass or do not, as harnesses of long-running agents keep them, often without ids;
see docs/roadmaps-json.md."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from pathlib import Path
from typing import Any

from beastmode.runner.formats.edit import Edit
from beastmode.runner.formats.flagged import FLAGS, STATES, Manner, has_flag, has_name, read_flagged, ticks_of
from beastmode.runner.formats.json_lists import holds, is_keyed
from beastmode.runner.formats.json_records import is_json
from beastmode.runner.formats.list_states import said_by
from beastmode.runner.roadmap import Roadmap

NAME = "feature-list"

_MANNER = Manner(NAME, ("features", "feature_list", "featureList"), by_words=False)
_NAMES = ("feature_list.json", "feature-list.json", "featurelist.json")


def claims_path(path: Path) -> bool:
    """A file of one of the names that harnesses give it, also with more in front (`app_feature_list.json`)."""
    return path.name.lower().endswith(_NAMES)


def claims_text(text: str) -> bool:
    """A list of objects with a name that say whether they pass; or an object with a list of features that say so, or in
    a word that is known how they stand."""
    if not any(f'"{key}"' in text for key in (*FLAGS[:3], *STATES)):
        return False
    top = is_json(text)
    features = list(islice(holds(top, _MANNER.lists), 100))
    says = has_flag if isinstance(top, list) or is_keyed(top) else _says_how_it_stands
    return any(has_name(one) and says(one) for one in features)


def read(text: str, path: Path) -> Roadmap:
    """The features of a text. Raises RoadmapError where it has none, or is no JSON."""
    return read_flagged(text, path, _MANNER)


def ticks(text: str, path: Path, roadmap: Roadmap, done: Collection[str]) -> list[Edit]:
    """`"passes": true` for each of these features, or the word by which the list says so."""
    del roadmap
    return ticks_of(text, path, _MANNER, done)


def _says_how_it_stands(feature: dict[str, Any]) -> bool:
    written = (feature.get(key) for key in STATES)
    return has_flag(feature) or any(isinstance(one, str) and not said_by(one).unknown for one in written)
