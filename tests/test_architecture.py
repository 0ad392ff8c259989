"""The arrows of DESIGN.md section 3 point down: every import is read, deferred and TYPE_CHECKING ones too."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "beastmode"

LAYERS = [
    {"__main__", "testing"},
    {"cli"},
    {"compose"},
    {"runner", "gateway", "dashboard", "doctor", "telemetry"},
    {"cache", "probes"},
    {"safeguards"},
    {"store", "failures"},
    {"settings", "events", "clock", "errors", "stamps", "amounts"},
]
"""From top to bottom. The rooms of one layer do not know each other, but for the shared words."""
WITHIN = {
    "compose": [{"ui"}, {"run"}, {"coding"}, {"opening", "serve"}],
    "compose/serve": [{"."}, {"settings"}],
    "compose/ui": [{"."}, {"runs"}, {"files"}],
    "gateway": [{"doors"}, {"."}, {"client", "dialects"}],
    "safeguards": [{"host"}, {"."}],
    "store": [{"journal", "ledger", "entries", "keys"}, {".", "sqlite"}],
    "store/ledger": [{"writing", "reading"}, {"rollups"}, {"."}],
}
"""The same of the rooms in a room; "." are the files that lie in it beside them."""
MAY_READ_ALL = {"testing", "__init__"}
MAY_KNOW_EACH_OTHER = {"settings", "events", "clock", "errors", "stamps", "amounts"}
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def imports(path: Path) -> list[tuple[int, str]]:
    """Every module of ours that a file imports, with the line."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("beastmode"):
            room = ROOT.parent.joinpath(*node.module.split(".")).is_dir()
            names = [f"{node.module}.{alias.name}" for alias in node.names] if room else [node.module]
            found += [(node.lineno, name) for name in names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "beastmode.RELATIVE"))
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name.startswith("beastmode")]
    return found


def room_of(path: Path) -> str:
    part = path.relative_to(ROOT).parts[0]
    return part.removesuffix(".py")


def offences(path: Path) -> list[str]:
    """The arrows of a file that run up or sideways."""
    here = room_of(path)
    if here in MAY_READ_ALL:
        return []
    wrong = []
    for line, name in imports(path):
        there = name.split(".")[1] if "." in name else "__init__"
        if there in (here, "__version__") or {here, there} <= MAY_KNOW_EACH_OTHER:
            continue
        if there not in LEVEL or LEVEL[there] <= LEVEL[here] or there == "testing":
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}: {here} may not know {there}")
    return wrong


def part_of(module: str, house: str) -> str | None:
    """The room in `house` that a module lies in; "." for a file beside them, None for what is not in it."""
    path = ROOT.parent.joinpath(*module.split("."))
    if ROOT / house not in path.parents:
        return None
    part = ROOT / house / path.relative_to(ROOT / house).parts[0]
    return part.name if part.is_dir() else "."


def offences_within(house: str, path: Path) -> list[str]:
    """The arrows of a file that run up or sideways between the rooms of `house`."""
    level = {part: at for at, parts in enumerate(WITHIN[house]) for part in parts}
    here = part_of(".".join(path.relative_to(ROOT.parent).with_suffix("").parts), house)
    assert here in level, f"name the layer of {house}/{here} in WITHIN"
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}: {here} may not know {there}"
        for line, name in imports(path)
        if (there := part_of(name, house)) not in (here, None) and level[there] <= level[here]
    ]


def test_every_room_has_its_place() -> None:
    rooms = {room_of(path) for path in ROOT.rglob("*.py")} - {"__init__"}
    assert rooms <= set(LEVEL), f"name the layer of {rooms - set(LEVEL)} in LAYERS"


def test_no_arrow_runs_up() -> None:
    wrong = [offence for path in sorted(ROOT.rglob("*.py")) for offence in offences(path)]
    assert not wrong, "\n".join(wrong)


def test_no_arrow_runs_up_within_a_room() -> None:
    files = [(house, path) for house in WITHIN for path in sorted((ROOT / house).rglob("*.py"))]
    wrong = [
        offence
        for house, path in files
        if path != ROOT / house / "__init__.py"
        for offence in offences_within(house, path)
    ]
    assert not wrong, "\n".join(wrong)


def test_an_arrow_that_runs_up_is_named(tmp_path: Path) -> None:
    """The test itself can fail: deferred and type-only imports are seen."""
    bad = ROOT / "safeguards" / "window.py"
    source = "def f():\n    from beastmode.runner import execute\n"
    file = tmp_path / "window.py"
    file.write_text(source, encoding="utf-8")
    assert imports(file) == [(2, "beastmode.runner.execute")]
    assert LEVEL["runner"] < LEVEL[room_of(bad)]
    assert part_of("beastmode.compose.serve.tls", "compose/serve") == "."
    assert part_of("beastmode.cache.key", "compose/serve") is None


def test_importing_the_package_does_nothing_else() -> None:
    """`beast --help` answers at once because nothing is loaded before it is needed."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    loaded = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {node.module for node in loaded if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "typing"}
