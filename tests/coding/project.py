"""A project of a user: a repository, a list of tasks, an agent that does what the test says, and `beast run` in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.repositories import ENVIRONMENT, NAMED, git, repository

AGENT = Path(__file__).with_name("agent.py")
LONG_S = 110
CHECK = "for file in *; do test -s $file || { echo $file is empty; exit 1; }; done"

Step = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command of beast left.   said: on stderr.   summary: of --json."""

    code: int
    said: str
    summary: dict[str, Any]


class Project:
    """Below `at`: the checkout, the user's data, the plan of the agent.   agent: "": the one that does what the plan
    says.   env: of every command of beast.   model: that the agent of the plan asks, "":
    its own."""

    def __init__(
        self,
        at: Path,
        files: dict[str, str] | None = None,
        agent: str = "",
        env: Mapping[str, str] | None = None,
        model: str = "",
    ) -> None:
        self.at, self.top = at, at / "checkout"
        self.model = model
        self.agent, self.env = agent or f"{sys.executable} {AGENT} {{prompt_file}}", env or {}
        repository(self.top, {"README": "hello\n", ".gitignore": ".beast/\n.env\n", **(files or {})})

    def list_(self, text: str, **steps: Sequence[Step]) -> None:
        """The list, which is in no commit, and what the agent does for each of its tasks."""
        model = f", MODEL: {self.model}" if self.model else ""
        head = f"env: {{PLAN: {json.dumps(str(self.at / 'plan.json'))}{model}}}\n"
        (self.top / "tasks.yaml").write_text(head + text, encoding="utf-8")
        (self.at / "plan.json").write_text(json.dumps(steps), encoding="utf-8")

    def environment(self, **env: str) -> dict[str, str]:
        own = {
            "XDG_DATA_HOME": str(self.at / "data"),
            "HOME": str(self.at),
            "PLAN": str(self.at / "plan.json"),
        }
        kept = {name: value for name, value in os.environ.items() if name not in ("CI", "BEAST_HOME")}
        return {**kept, **ENVIRONMENT, **NAMED, **own, **self.env, **env}

    def command(self, *flags: str, command: str = "run", list_: str = "tasks.yaml") -> list[str]:
        return [
            *(sys.executable, "-m", "beastmode", command, list_, "--agent", self.agent, "--yes", "--json"),
            *flags,
        ]

    def set(self, **env: str) -> None:
        """Variables of the list, and so of its agent."""
        file = self.top / "tasks.yaml"
        words = "".join(f", {name}: {json.dumps(value)}" for name, value in env.items())
        file.write_text(file.read_text("utf-8").replace("}\n", f"{words}}}\n", 1), encoding="utf-8")

    def run(
        self,
        *flags: str,
        command: str = "run",
        list_: str = "tasks.yaml",
        long_s: float = LONG_S,
        **env: str,
    ) -> Ran:
        """`beast run`, to its end.   env: variables of the list, and so of its agent."""
        if env:
            self.set(**env)
        ended = subprocess.run(
            self.command(*flags, command=command, list_=list_),
            cwd=self.top,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=long_s,
        )
        assert ended.stdout, ended.stderr
        return Ran(ended.returncode, ended.stderr, json.loads(ended.stdout))

    def start(self, *flags: str, list_: str = "tasks.yaml", **env: str) -> subprocess.Popen[bytes]:
        """`beast run`, to be killed by whoever starts it; what it says goes to a file."""
        with (self.at / "said").open("ab") as said:
            return subprocess.Popen(
                self.command(*flags, list_=list_),
                cwd=self.top,
                env=self.environment(**env),
                stdout=said,
                stderr=said,
            )

    def git(self, *arguments: str) -> str:
        return git(self.top, *arguments)

    def result(self, run: str = "r1") -> dict[str, str]:
        """The files of the result branch, and what they hold."""
        ref = f"beast/{run}/result"
        names = self.git("ls-tree", "-r", "--name-only", ref).splitlines()
        return {name: self.git("show", f"{ref}:{name}") for name in names}

    def merged(self, run: str = "r1") -> list[str]:
        """The tasks on the result branch, in the order in which they were merged."""
        if not self.git("for-each-ref", f"refs/heads/beast/{run}/result"):
            return []  # the run has not begun
        pattern = "%(trailers:key=Beast-Task,valueonly)"
        return self.git("log", "--reverse", f"--format={pattern}", f"main..beast/{run}/result").split()


def writes(name: str, text: str = "made\n", **more: Any) -> list[Step]:
    """A task whose agent writes one file."""
    return [{"write": {name: text}, **more}]
