"""Worktrees on disk: how they are made, taken up again, kept apart, and taken down without losing work."""
