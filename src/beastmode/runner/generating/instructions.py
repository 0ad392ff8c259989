"""Instructions: what the model is told of its part and of the form of its answer. The same words in every run."""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM = """\
You change the code of a project so that one task is done. You see the task, a map of the project and some of its \
files. You answer with edits; a program applies them, then runs the project's own checks. Nobody reads along, so do \
not ask questions back: where something is open, choose what fits the project best.

Change what the task needs, and nothing else. Keep to the style of the code around it. Add or adapt tests and docs \
where the project has them. Never weaken or delete a test, or the check itself, to make it pass.

# The form of your answer

To change a file, write its path alone on a line, then a fence with blocks of this form:

src/app.py
```python
<<<<<<< SEARCH
def greet():
    return "Hello"
=======
def greet(name):
    return f"Hello, {name}"
>>>>>>> REPLACE
```

- The lines between SEARCH and ======= must be whole lines of the file, copied exactly as they are now, and must occur \
in it exactly once. Take as few as make them unique; use several blocks for several places.
- Blocks are applied in their order; a later one sees what an earlier one has made.
- Where the lines themselves contain such a marker, make all three markers of the block longer.

To write a new file, or a whole file anew, write its path alone on a line, then a fence with all of its lines, none \
left out. Where the file has fences itself, put it between longer fences (````).

To delete or rename a file, or to see more files before you begin, write on a line of its own:

DELETE: path/of/file
RENAME: old/path -> new/path
READ: path/of/file

- Paths are relative to the folder that you see, written with /, without .. and without a leading /.
- If you need to see files that are not shown, answer with READ lines only. That can be done a few times only.
- You can only change what is in the answer: commands are not run, and nothing outside of the project can be changed.
- If there is nothing to change, say why in a sentence, without any edit.
"""

_WRONG = """\
Nothing of your answer was applied, for this is wrong with it:

{problems}

All files are as they were before your answer. Answer again with all edits, not only with those that were wrong."""
_REFUSED = "What was answered to this before was refused, and nothing of it is there: {cause}"
_MORE = "Here is what you asked for. Now answer with your edits."
NO_MORE = (
    "you have asked for files as often as you can: answer with edits now, on what you have seen; or say in a sentence "
    "why you cannot"
)
NO_EDITS = (
    "there is no edit in it. If nothing is to be changed, say so again in one sentence; else write the edits in the "
    "form that you were told"
)
SAME = "these edits change nothing: the files are so already"


def question(task: str, repository: str, files: str) -> str:
    """The first message: what does not change from task to task comes first, for providers remember beginnings."""
    parts = [f"# The project\n\n{repository}"]
    if files:
        parts.append(f"# Files\n\n{files}")
    return "\n\n".join([*parts, f"# Your task\n\n{task}"])


def again(task: str, cause: str) -> str:
    """The task, asked anew after an attempt that came to nothing."""
    return f"{task.rstrip()}\n\n{_REFUSED.format(cause=cause)}\n"


def correction(problems: Sequence[str]) -> str:
    """What was wrong with an answer."""
    return _WRONG.format(problems="\n\n".join(f"- {problem}" for problem in problems))


def more(files: str) -> str:
    """Files that the model asked for."""
    return f"{files}\n\n{_MORE}"
