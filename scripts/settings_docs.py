"""Writes the table of settings in docs/gateway.md from `compose/serve/settings/table.py`. `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from beastmode.compose.serve.settings.table import SETTINGS, Setting

PAGE = Path(__file__).parent.parent / "docs" / "gateway.md"
BEGIN = "<!-- settings: made by scripts/settings_docs.py from serve/settings/table.py; do not edit -->\n"
END = "<!-- end of settings -->\n"


def table() -> str:
    lines = ["| flag | variable | beast.toml | default | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, SETTINGS)]) + "\n"


def page(text: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE.name} has lost its marks"
    return before + BEGIN + table() + END + after


def _row(setting: Setting) -> str:
    cells = (
        f"`{setting.flag}`",
        f"`{setting.variable}`",
        f"`{setting.place}`",
        f"`{setting.default}`" if setting.default else "",
        setting.help.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        current = text == page(text)
        print("docs/gateway.md is current" if current else "run scripts/settings_docs.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.write_text(page(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
