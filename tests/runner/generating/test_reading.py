"""A corpus of answers, in the shapes that models give; beside it what each must be read as."""

from __future__ import annotations

import pytest

from beastmode.runner.generating.edits import Delete, Edit, Rename, Replace, Write
from beastmode.runner.generating.reading import read

BLOCK = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
CHANGE: Edit = Replace("src/a.py", "old\n", "new\n")

SHAPES: dict[str, tuple[str, list[Edit]]] = {
    "path before a fence with its language": (f"src/a.py\n```python\n{BLOCK}```\n", [CHANGE]),
    "path before a fence without a language": (f"src/a.py\n```\n{BLOCK}```\n", [CHANGE]),
    "path in the fence": (f"```python\nsrc/a.py\n{BLOCK}```\n", [CHANGE]),
    "path in backticks with a colon": (f"`src/a.py`:\n```python\n{BLOCK}```\n", [CHANGE]),
    "path in bold": (f"**src/a.py**\n\n```python\n{BLOCK}```\n", [CHANGE]),
    "path in bold and backticks": (f"**`src/a.py`**:\n\n```python\n{BLOCK}```\n", [CHANGE]),
    "path as a heading": (f"### `src/a.py`\n\n```python\n{BLOCK}```\n", [CHANGE]),
    "path with a number": (f"1. `src/a.py`\n\n```python\n{BLOCK}```\n", [CHANGE]),
    "path with a word for it": (f"**File:** `src/a.py`\n```python\n{BLOCK}```\n", [CHANGE]),
    "path with a remark": (f"### src/a.py (updated)\n```python\n{BLOCK}```\n", [CHANGE]),
    "path in a sentence": (f"Next, change `src/a.py` so:\n\n```python\n{BLOCK}```\n", [CHANGE]),
    "path behind the language": (f"```python src/a.py\n{BLOCK}```\n", [CHANGE]),
    "path behind the language with a colon": (f"```python:src/a.py\n{BLOCK}```\n", [CHANGE]),
    "path as a title": (f'```python title="src/a.py"\n{BLOCK}```\n', [CHANGE]),
    "path with ./": (f"./src/a.py\n```\n{BLOCK}```\n", [CHANGE]),
    "no fence at all": (f"src/a.py\n{BLOCK}", [CHANGE]),
    "a fence of tildes": (f"src/a.py\n~~~python\n{BLOCK}~~~\n", [CHANGE]),
    "a fence that is not closed": (f"src/a.py\n```python\n{BLOCK}", [CHANGE]),
    "markers of other lengths": (
        "src/a.py\n<<<<<< SEARCH\nold\n======\nnew\n>>>>>> REPLACE\n",
        [CHANGE],
    ),
    "a closing marker that is longer": (
        "src/a.py\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>>> REPLACE\n",
        [CHANGE],
    ),
    "spaces behind the markers": (
        "src/a.py\n```\n<<<<<<< SEARCH  \nold\n=======  \nnew\n>>>>>>> REPLACE \n```  \n",
        [CHANGE],
    ),
    "Windows line ends": (f"src/a.py\n```\n{BLOCK}```\n".replace("\n", "\r\n"), [CHANGE]),
    "words before and behind": (f"Sure!\n\nsrc/a.py\n```\n{BLOCK}```\n\nThis makes it **new**.\n", [CHANGE]),
    "thoughts first": (
        f"<think>\nsrc/b.py\n```\n{BLOCK}```\n</think>\nsrc/a.py\n```\n{BLOCK}```\n",
        [CHANGE],
    ),
    "the end of thoughts first": (f"so I will do that\n</think>\n\nsrc/a.py\n```\n{BLOCK}```\n", [CHANGE]),
    "two blocks in a fence": (
        f"src/a.py\n```\n{BLOCK}\n<<<<<<< SEARCH\nb\n=======\nc\n>>>>>>> REPLACE\n```\n",
        [CHANGE, Replace("src/a.py", "b\n", "c\n")],
    ),
    "two files in a fence": (
        f"```\nsrc/a.py\n{BLOCK}src/b.py\n{BLOCK}```\n",
        [CHANGE, Replace("src/b.py", "old\n", "new\n")],
    ),
    "a second block without its path": (
        f"src/a.py\n```\n{BLOCK}```\n\nAnd also:\n\n```\n<<<<<<< SEARCH\nb\n=======\nc\n>>>>>>> REPLACE\n```\n",
        [CHANGE, Replace("src/a.py", "b\n", "c\n")],
    ),
    "an indented fence in a list": (
        "1. Change it:\n\n   src/a.py\n   ```python\n   <<<<<<< SEARCH\n   old\n   =======\n   new\n"
        "   >>>>>>> REPLACE\n   ```\n",
        [CHANGE],
    ),
    "a new file by an empty SEARCH": (
        "src/n.py\n```\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n```\n",
        [Replace("src/n.py", "", "x = 1\n")],
    ),
    "lines that go": (
        "src/a.py\n```\n<<<<<<< SEARCH\nold\n=======\n>>>>>>> REPLACE\n```\n",
        [Replace("src/a.py", "old\n", "")],
    ),
    "fences within a block": (
        "R.md\n```md\n<<<<<<< SEARCH\n```sh\nmake\n```\n=======\n```sh\nmake all\n```\n>>>>>>> REPLACE\n```\n",
        [Replace("R.md", "```sh\nmake\n```\n", "```sh\nmake all\n```\n")],
    ),
    "longer markers around usual ones": (
        "a.md\n```\n<<<<<<<< SEARCH\n=======\n========\n<<<<<<< HEAD\n>>>>>>>> REPLACE\n```\n",
        [Replace("a.md", "=======\n", "<<<<<<< HEAD\n")],
    ),
    "a whole file": ("src/n.py\n```python\nx = 1\n\ny = 2\n```\n", [Write("src/n.py", "x = 1\n\ny = 2\n")]),
    "a whole file by its title": ("```python src/n.py\nx = 1\n```\n", [Write("src/n.py", "x = 1\n")]),
    "a whole file without an ending": (
        "Makefile\n```\nall:\n\ttrue\n```\n",
        [Write("Makefile", "all:\n\ttrue\n")],
    ),
    "a new file by its first comment": (
        "```python\n# src/n.py\nx = 1\n```\n",
        [Write("src/n.py", "# src/n.py\nx = 1\n", new=True)],
    ),
    "a whole file with a fence of a language": (
        "R.md\n```markdown\n# Hi\n\n```sh\nmake\n```\n\nBye\n```\n",
        [Write("R.md", "# Hi\n\n```sh\nmake\n```\n\nBye\n")],
    ),
    "a whole file between longer fences": (
        "R.md\n````markdown\n```\nmake\n```\n````\n",
        [Write("R.md", "```\nmake\n```\n")],
    ),
    "an empty file": ("src/__init__.py\n```\n```\n", [Write("src/__init__.py", "")]),
    "a command that is only shown": (
        f"src/a.py\n```\n{BLOCK}```\n\nRun it with `run.sh`:\n\n```bash\nmake test\n```\n",
        [CHANGE],
    ),
    "a file of one word": (
        f"src/a.py\n```\n{BLOCK}```\n\ngradlew\n```\n{BLOCK}```\n",
        [CHANGE, Replace("gradlew", "old\n", "new\n")],
    ),
    "a script that is only shown": (
        f"src/a.py\n```\n{BLOCK}```\n\nTry it:\n\n```sh\n#!/bin/sh\nmake test\n```\n",
        [CHANGE],
    ),
    "orders": (
        "DELETE: src/a.py\nRENAME: src/b.py -> src/c.py\n- **DELETE:** `src/d.py`\n*** Delete File: src/e.py\n",
        [Delete("src/a.py"), Rename("src/b.py", "src/c.py"), Delete("src/d.py"), Delete("src/e.py")],
    ),
    "odd names": (
        "`'a'`\n```\nx\n```\n`__a__`\n```\nx\n```\nDELETE: `-> b`\n",
        [Write("'a'", "x\n"), Write("__a__", "x\n"), Delete("-> b")],
    ),
    "orders in a fence": ("```\nDELETE: src/a.py\n```\n", [Delete("src/a.py")]),
    "a sentence that begins like an order": ("Delete: the old greeting goes.\n", []),
    "words alone": ("The greeting is there already, see src/a.py.\n", []),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_is_understood(shape: str) -> None:
    answer, edits = SHAPES[shape]
    found = read(answer)
    assert (found.problems, found.edits) == ([], edits)


UNREADABLE = {
    "no divider": ("a.py\n```\n<<<<<<< SEARCH\nold\n>>>>>>> REPLACE\n```\n", "no ======= marker"),
    "two dividers": (
        "a.md\n```\n<<<<<<< SEARCH\nA\n=======\nB\n=======\nC\n>>>>>>> REPLACE\n```\n",
        "make all three markers longer",
    ),
    "no end": ("a.py\n```\n<<<<<<< SEARCH\nold\n=======\nnew\n", "stops in the middle"),
    "no end before the next": (
        f"a.py\n```\n<<<<<<< SEARCH\nold\n=======\nnew\n{BLOCK}```\n",
        "before the next begins",
    ),
    "no beginning": ("a.py\n```\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n", "without its SEARCH marker"),
    "no beginning and no fence": ("a.py\nold\n=======\nnew\n>>>>>>> REPLACE\n", "without its SEARCH marker"),
    "a marker left over": (f"a.py\n```\n{BLOCK}=======\nnew\n```\n", "a marker without its SEARCH"),
    "no path": (f"Here it is:\n\n```\n{BLOCK}```\n", "names no file"),
    "code that belongs to no file": ("Do this:\n\n```python\nx = 1\n```\n", "nothing but the path"),
    "a whole file that stops": ("a.py\n```python\nx = 1\n", "has no end"),
    "a text that its own fence cuts": (
        "R.md\n```markdown\n# Hi\n\n```\nmake\n```\n\nBye\n```\n",
        "put the whole file between lines of ````",
    ),
    "a word that may be a file": (f"src/a.py\n```\n{BLOCK}```\n\ngradlew\n```\nx\n```\n", "`gradlew`"),
    "a diff": ("a.py\n```diff\n-old\n+new\n```\n", "a diff is not understood"),
    "a rename to nowhere": ("RENAME: a.py\n", "`RENAME: path -> path`"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said(name: str) -> None:
    answer, words = UNREADABLE[name]
    found = read(answer)
    assert words in " ".join(found.problems)


def test_files_are_asked_for() -> None:
    found = read("I need more first.\n\nREAD: src/a.py\nREAD: `docs/my notes.md`\n")
    assert (found.wanted, found.edits) == (["src/a.py", "docs/my notes.md"], [])


@pytest.mark.parametrize(
    "path", ["../a.py", "/etc/passwd", "C:\\a.py", "src\\a.py", "~/a.py", "..", ".git/config"]
)
def test_a_bad_path_is_kept_to_be_refused(path: str) -> None:
    assert read(f"`{path}`\n```\nx\n```\n").edits == [Write(path, "x\n")]


HOSTILE = [
    "READ: " + " " * 500_000 + "x",
    "```" + " " * 500_000 + "`",
    "`a.py`" + " " * 500_000 + "(new",
    "# " * 250_000,
    "<" * 500_000 + " SEARCH",
    "=" * 500_000 + " x",
    "**" * 250_000,
    "\n".join(["```"] * 100_000),
    "\n".join(["<<<<<<< SEARCH"] * 50_000),
    "\n".join(["a.py", "<<<<<<< SEARCH"] * 30_000),
    "<think>" * 100_000,
    "a.py\n```\n" + "# ... existing" + " " * 500_000 + "\n```",
    "`" * 500_000,
    ("READ: a" + " " * 1900 + "b\n") * 1000,
    ("RENAME: a" + " " * 1900 + "b\n") * 1000,
    ("`a.py`" + " " * 1900 + "b\n") * 1000,
    ("```\n# a" + " " * 1900 + "b\n```\n") * 1000,
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_answer_takes_for_ever(number: int) -> None:
    """These ended within a second, or not at all."""
    read(HOSTILE[number])
