"""Our own code generation: what a model is shown, what it answers, and how its edits come into a worktree.

`kinds/generate.py` tells one attempt; here is one idea a file. Model output is data: nothing of it is run, and what it
names is looked at before anything is written.
"""
