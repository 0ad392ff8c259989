"""An agent for tests: asks its model once, as real ones do, and then does what the test's `plan.json` says for its
task. `python agent.py PROMPT_FILE`; the plan lies where `$PLAN` says: {"TASK": [{step of attempt 1}, …]}.

Of a step: `write` (files and their text; `append` adds to them), `says`, `exit`, `sleep`, `asks` (requests, default 1),
`max_tokens` (of each answer, 100).
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def ask(prompt: str, number: int, tokens: int) -> str:
    """What the model says. Ends this process where it says no."""
    url = os.environ.get("OPENAI_BASE_URL")
    if not url:
        return ""
    body = {"model": os.environ.get("MODEL", "m-small"), "temperature": 0, "max_tokens": tokens}
    body["messages"] = [{"role": "user", "content": f"{number}: {prompt}"}]
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    request.add_header("authorization", f"Bearer {os.environ.get('OPENAI_API_KEY', 'own-login')}")
    try:
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])
    except urllib.error.HTTPError as error:
        print(f"the model says {error.code}: {error.read().decode()}")
        sys.exit(3)


def main() -> int:
    prompt = Path(sys.argv[1]).read_text(encoding="utf-8")
    steps: list[dict[str, Any]] = json.loads(Path(os.environ["PLAN"]).read_text("utf-8"))[
        os.environ["BEAST_ID"]
    ]
    step = steps[min(int(os.environ["BEAST_ATTEMPT"]), len(steps)) - 1]
    for number in range(step.get("asks", 1)):
        print(ask(prompt, number, step.get("max_tokens", 100)))
    time.sleep(step.get("sleep", 0))
    for name, text in step.get("write", {}).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    for name, text in step.get("append", {}).items():
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    print(step.get("says", "I am done."))
    return int(step.get("exit", 0))


if __name__ == "__main__":
    sys.exit(main())
