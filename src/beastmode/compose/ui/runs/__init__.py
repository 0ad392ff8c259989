"""Runs for the dashboard: a journal folded as it grows, and what each part of a page needs of that."""
